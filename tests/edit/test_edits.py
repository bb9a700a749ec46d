"""Every kind of edit: what it is there for, and the laws all of them obey."""

import math
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.analysis.diff import diff, same_bits
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig, train
from kanviz.edit import proposals
from kanviz.edit.edits import (
    EDITS,
    AddSplines,
    Batch,
    Edit,
    FixFormula,
    FreezeEdge,
    InsertKnots,
    MoveControlPoint,
    Prune,
    RefineGrid,
    ReleaseFormula,
    Restore,
    Retrain,
    Rewrite,
    ThawEdge,
    ToSplines,
    edit_from_json,
)
from kanviz.edit.history import History
from kanviz.edit.stretches import finer
from kanviz.errors import EditError, UserError
from tests.helpers import DTYPES, check_edit, close, digest, kans, rows_for, stretches, table_for

E000, E010, E100, E110 = EdgeId(0, 0, 0), EdgeId(0, 1, 0), EdgeId(1, 0, 0), EdgeId(1, 1, 0)
SINE = Formula("sin", 1.5, 0.25, -2.0, 0.125)


def small(dtype: torch.dtype = torch.float64) -> KAN:
    """[2, 1+1x, 1] with one pruned edge, one formula, one edge that is both, and one frozen."""
    kan = init([2, [1, 1], 1], seed=1, dtype=dtype)
    kan = Prune((EdgeId(0, 1, 2),), (0.5,)).apply(kan)
    kan = FixFormula(EdgeId(0, 0, 1), SINE).apply(kan)
    kan = kan.with_layers({0: kan.layers[0].with_formula(0, 2, Formula("x^2", c=0.5))})
    return FreezeEdge((E110,)).apply(kan)


def config(**how) -> TrainConfig:
    return TrainConfig(**{"steps": 3, "l1": 1e-4, "frozen": (E010,), "follow": 1} | how)


def table() -> Dataset:
    return table_for(small())


def rewrite() -> Rewrite:
    """One curve becomes a formula, others on another grid, a bias moves."""
    kan = FixFormula(E000, SINE).apply(RefineGrid(1, 11).apply(small()))
    return Rewrite.of(small(), kan.with_layer(0, bias=kan.layers[0].bias + 0.5), "Formulas for all edges")


def examples() -> list[Edit]:
    """One of every kind, each fit for `small()`."""
    both = EdgeId(0, 0, 2)
    return [
        Prune((E000, both), (0.25, -1.5)),
        Restore((EdgeId(0, 1, 2),), (True,), (SINE,), (0.75,)),
        MoveControlPoint(E000, 3, -1.25),
        FixFormula(E000, SINE),
        ReleaseFormula(EdgeId(0, 0, 1), refit=True),
        AddSplines((EdgeId(0, 0, 1), EdgeId(0, 1, 2))),
        FreezeEdge((E000, E100)),
        ThawEdge((E110,)),
        RefineGrid(1, 11),
        InsertKnots(E000, ((-0.7, 0.05, 0.5), (0.1, 0.3, 0.95))),
        Retrain(config(), table().digest, 2),
        rewrite(),
        Batch(
            (MoveControlPoint(E000, 0, 1.0), Batch((RefineGrid(0, 7), Prune((E100,), (0.0,))), "inner")), "Both at once"
        ),
    ]


def test_every_kind_of_edit_has_an_example():
    others = [edit for edit in EDITS.values() if edit is not ToSplines]  # it has its own: tests/edit/test_conversion.py
    assert [type(edit) for edit in examples()] == others
    assert all(kind == edit.kind for kind, edit in EDITS.items())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("edit", examples(), ids=str)
def test_every_edit_obeys_the_laws(edit, dtype):
    after = check_edit(small(dtype), edit, table())
    assert digest(after) != digest(small(dtype)), "it did nothing"


@pytest.mark.parametrize("edit", examples(), ids=str)
def test_every_edit_is_said_in_words(edit):
    assert str(edit)[0].isupper()
    assert "(" not in str(edit).split(" as ")[0]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "how",
    [TrainConfig("lm", steps=3), TrainConfig.for_trained(steps=3), TrainConfig.for_new(2, steps=40, starts=2)],
    ids=["lm", "trained", "new"],
)
def test_a_training_by_levenberg_marquardt_obeys_the_laws(how, dtype):
    kan, data = small(dtype), table_for(small(), 200)
    last = list(train(kan, data, how))[-1]
    edit = Retrain.of(how, data, last)
    assert edit.config.solver == last.solver == "lm"
    assert digest(check_edit(kan, edit, data)) == digest(last.best)


# What each is there for.


def test_pruning_hides_the_edge_and_folds_its_mean_into_the_bias():
    kan = small()
    after = check_edit(kan, Prune((E000,), (0.25,)))
    assert after.edge(E000).state == "pruned"
    assert float(after.layers[0].bias[0]) == float(kan.layers[0].bias[0]) + 0.25
    assert same_bits(after.layers[0].coef, kan.layers[0].coef).all(), "the spline is kept for Restore"


@given(kans(dtypes=(torch.float64,)), st.integers(0, 20))
def test_pruning_keeps_the_mean_of_every_sum(kan, which):
    there = list(kan.edges())
    assume(there)
    id, data = there[which % len(there)], table_for(kan)
    edit, x = proposals.prune(kan, [id], data), data.rows("train")[0]
    before, after = kan.trace(x).sums[id.layer], check_edit(kan, edit).trace(x).sums[id.layer]
    size = max(1.0, float(before.abs().max()), abs(edit.means[0]))
    assert float((before.mean(0) - after.mean(0)).abs().max()) <= 1e-12 * size


def test_pruning_in_several_layers_keeps_the_mean_of_the_output():
    kan = init([2, 3, 1], seed=4)
    data = table_for(kan)
    x = data.rows("train")[0]
    after = check_edit(kan, proposals.prune(kan, [E000, EdgeId(0, 1, 1), E100], data))
    # the mean is kept layer by layer: edges of the last layer see the already pruned first one
    pruned_first = proposals.prune(kan, [E000, EdgeId(0, 1, 1)], data).apply(kan)
    assert float(after(x).mean()) == pytest.approx(float(pruned_first(x).mean()), rel=1e-12)


def test_an_edge_that_is_not_a_number_is_pruned_without_a_mean():
    kan = small()
    broken = kan.with_layer(0, base_weight=torch.full_like(kan.layers[0].base_weight, torch.nan))
    assert proposals.prune(broken, [E000]).means == (0.0,)


@given(kans(), st.data())
def test_restoring_what_was_pruned_brings_back_every_bit(kan, data):
    there = list(kan.edges())
    assume(there)
    chosen = data.draw(st.lists(st.sampled_from(there), min_size=1, unique=True))
    history = History.start(kan).apply(proposals.prune(kan, chosen, table_for(kan)))
    edit = proposals.restore(history, chosen)
    assert digest(check_edit(history.present, edit)) == digest(kan)


def test_restoring_one_of_several_takes_its_mean_out_of_the_bias_again():
    kan = small()
    history = History.start(kan).apply(Batch((Prune((E000, E010), (0.5, 0.25)),), "Two")).apply(FreezeEdge((E100,)))
    after = check_edit(history.present, proposals.restore(history, [E010]))
    assert float(after.layers[0].bias[0]) == float(kan.layers[0].bias[0]) + 0.75 - 0.25
    assert after.edge(E010).coef.equal(kan.edge(E010).coef)


def test_restoring_after_a_retrain_keeps_what_was_learned():
    kan, data = small(), table()
    history = History.start(kan).apply(Prune((E000,), (0.5,)))
    history = history.apply(Retrain(config(follow=0), data.digest, 3), data)
    after = check_edit(history.present, proposals.restore(history, [E000]))
    assert float(after.layers[0].bias[0]) == float(history.present.layers[0].bias[0]) - 0.5


def test_an_edge_pruned_in_its_file_comes_back_as_its_spline():
    kan = small().with_layer(1, active=torch.zeros(2, 1, dtype=torch.bool))
    after = check_edit(kan, proposals.restore(History.start(kan), [E100]))
    assert after.edge(E100).state == "spline"
    assert after.layers[1].bias.equal(kan.layers[1].bias)


@given(kans(), st.data())
def test_a_moved_control_point_is_the_only_number_that_changes(kan, data):
    movable = [id for id in kan.edges() if kan.edge(id).active]
    assume(movable)
    id = data.draw(st.sampled_from(movable))
    point = data.draw(st.integers(0, len(kan.edge(id).coef) - 1))
    height = data.draw(st.floats(-1e6, 1e6, width=32))
    after = check_edit(kan, MoveControlPoint(id, point, height))
    wanted = kan.layers[id.layer].coef.clone()
    wanted[id.source, id.target, point] = height
    assert same_bits(after.layers[id.layer].coef, wanted).all()
    assert digest(after.with_layer(id.layer, coef=kan.layers[id.layer].coef)) == digest(kan)


def test_a_formula_takes_the_place_of_the_spline_and_gives_it_back():
    kan = small()
    fixed = check_edit(kan, FixFormula(E000, SINE))
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    assert fixed.edge(E000).state == "formula"
    assert torch.equal(fixed.edge(E000)(x), SINE(x))
    assert digest(check_edit(fixed, ReleaseFormula(E000))) == digest(kan)


@pytest.mark.parametrize("id", [EdgeId(0, 0, 1), EdgeId(0, 0, 2)], ids=["formula", "both"])
def test_releasing_with_refit_keeps_the_curve(id):
    kan = RefineGrid(0, 60).apply(small())
    after = check_edit(kan, ReleaseFormula(id, refit=True))
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)
    assert after.edge(id).state == "spline"
    assert close(after.edge(id)(x), kan.edge(id)(x), 1e-6)


@given(kans())
def test_adding_splines_changes_no_value(kan):
    assume(not all(bool(layer.active.all()) for layer in kan.layers))
    wide = check_edit(kan, proposals.widen(kan))
    assert all(bool(layer.active.all()) for layer in wide.layers)
    x = torch.linspace(-1.5, 1.5, 7 * kan.shape[0]).reshape(7, -1)
    assert close(wide(x), kan(x), 1e-12 if kan.dtype == torch.float64 else 1e-5)


@given(kans(), st.integers(1, 9), st.data())
def test_refining_leaves_every_function_as_it_is(kan, more, data):
    n = data.draw(st.integers(0, len(kan.layers) - 1))
    after = check_edit(kan, RefineGrid(n, kan.layers[n].grid + more))
    assert after.layers[n].grid == kan.layers[n].grid + more
    low, high = kan.layers[n].knots.min() - 1, kan.layers[n].knots.max() + 1
    x = torch.linspace(float(low), float(high), 57, dtype=kan.dtype)[:, None].expand(-1, kan.layers[n].sources)
    tolerance = 1e-12 if kan.dtype == torch.float64 else 2e-5 if kan.layers[n].order > 1 else 1e-3
    assert close(kan.layers[n].activations(x), after.layers[n].activations(x), tolerance)


@given(kans(), st.data())
def test_knots_in_a_stretch_leave_every_function_as_it_is(kan, data):
    edges = [id for id in kan.edges() if kan.edge(id).active]
    assume(edges)
    id = data.draw(st.sampled_from(edges))
    low, high = kan.edge(id).domain
    begin, end = data.draw(stretches(1e-3))
    ends = low + (high - low) * begin, low + (high - low) * end
    edit = finer(kan, id, *ends)
    after, layer = check_edit(kan, edit), kan.layers[id.layer]
    assert after.layers[id.layer].grid == layer.grid + len(edit.knots[id.source])
    old = [float(t) for t in layer.knots[id.source] if low <= t <= high]
    for at in edit.knots[id.source]:
        before, behind = max(t for t in old if t < at), min(t for t in old if t > at)
        assert max(before, ends[0]) < min(behind, ends[1]), "a knot far from the stretch"
    x = torch.linspace(float(layer.knots.min()) - 1, float(layer.knots.max()) + 1, 57, dtype=kan.dtype)
    x = x[:, None].expand(-1, layer.sources)
    tolerance = 1e-12 if kan.dtype == torch.float64 else 2e-5 if layer.order > 1 else 1e-3
    assert close(layer.activations(x), after.layers[id.layer].activations(x), tolerance)


def test_knots_in_a_stretch_halve_its_intervals_and_the_widest_of_the_other_grids():
    kan = init([2, 1], grid=4, seed=0)
    first = finer(kan, E000, -0.6, 0.6)
    assert first.knots == ((-0.25, 0.25), (-0.75, -0.25))
    again = finer(first.apply(kan), E000, 0.05, 0.1)
    assert again.knots == ((0.125,), (0.25,))
    assert str(first) == "Insert 2 knots into the grid of edge 0,0,0, as many into the others of layer 0"


def test_freezing_and_thawing_only_mark():
    kan = small()
    frozen = check_edit(kan, FreezeEdge((E000, E100)))
    assert frozen.edge(E000).frozen
    assert frozen.edge(E100).frozen
    assert [e.frozen_changed for e in diff(kan, frozen).changed] == [True, True]
    assert digest(check_edit(frozen, ThawEdge((E000, E100)))) == digest(kan)
    x = rows_for(kan)
    assert torch.equal(kan(x), frozen(x))


def test_a_retrain_stands_for_the_run_that_was_stopped():
    kan, data = small(), table()
    run = train(kan, data, config(steps=9))
    last = next(item for item in run if item.step == 4)
    edit = Retrain.of(config(steps=9), data, last)
    assert edit.steps == 4
    assert digest(check_edit(kan, edit, data)) == digest(last.best)


@pytest.mark.parametrize("aid", ["replay", "ewc"])
def test_a_retrain_says_what_old_rows_did_for_it_in_words_and_in_its_recipe(aid):
    edit = Retrain(config(), table().digest, 2, aid)
    assert edit_from_json(edit.to_json()) == edit
    assert str(edit) != str(replace(edit, aid=""))
    assert "old rows" in str(edit)


def test_a_retrain_of_fewer_steps_learns_less():
    kan, data = small(), replace(table(), test=torch.zeros(0, dtype=torch.long))
    two, three = (Retrain(config(), data.digest, steps).apply(kan, data) for steps in (2, 3))
    assert digest(two) != digest(three)


def test_a_retrain_touches_what_is_neither_frozen_nor_pruned():
    kan, pruned = small(), EdgeId(0, 1, 2)
    assert Retrain(config(follow=0), "", 1).touches(kan) == {*kan.edges()} - {E010, E110}
    assert pruned not in Retrain(config(), "", 1).touches(kan), "grids of the inputs do not move"


def test_a_retrain_finds_its_table_with_the_columns_in_any_order():
    kan, data = small(), table()
    turned = replace(data, x=data.x[:, [1, 0]], inputs=data.inputs[::-1])
    edit = Retrain.of(config(), turned, next(train(kan, turned, config())))
    assert edit.data_digest == data.digest
    edit.apply(kan, turned)


def test_a_batch_is_its_edits_in_turn():
    kan, one, two = small(), MoveControlPoint(E000, 0, 1.0), Prune((E100,), (0.5,))
    after = check_edit(kan, Batch((one, two), "Both at once"))
    assert digest(after) == digest(two.apply(one.apply(kan)))


def test_only_drags_of_the_same_point_merge():
    drag = MoveControlPoint(E000, 1, 1.0)
    assert drag.merge(MoveControlPoint(E000, 1, 2.0)) == MoveControlPoint(E000, 1, 2.0)
    assert drag.merge(MoveControlPoint(E000, 2, 2.0)) is None
    assert drag.merge(MoveControlPoint(E010, 1, 2.0)) is None
    assert all(edit.merge(edit) is None for edit in examples() if not isinstance(edit, MoveControlPoint))


# Refusals.


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Prune((EdgeId(5, 0, 0),), (0.0,)), "no layer 5: this network has layers 0 to 1"),
        (Prune((EdgeId(0, 1, 2),), (0.0,)), "pruned already"),
        (Prune((E000,), (math.nan,)), "not a finite number"),
        (Restore((E000,), (True,), (None,), (0.0,)), "not pruned; there is nothing to restore"),
        (Restore((EdgeId(0, 1, 2),), (False,), (None,), (0.0,)), "neither a spline nor a formula"),
        (MoveControlPoint(EdgeId(0, 9, 0), 0, 0.0), "sources 0 to 1 and targets 0 to 2"),
        (MoveControlPoint(E000, 8, 0.0), "control points 0 to 7; there is no 8"),
        (MoveControlPoint(E000, -1, 0.0), "there is no -1"),
        (MoveControlPoint(E000, 0, math.nan), "finite height"),
        (MoveControlPoint(E000, 0, math.inf), "finite height"),
        (MoveControlPoint(EdgeId(0, 0, 1), 0, 0.0), "no spline to move. Release its formula first"),
        (MoveControlPoint(EdgeId(0, 1, 2), 0, 0.0), "no spline to move. Restore it first"),
        (FixFormula(EdgeId(0, 1, 2), SINE), "pruned. Restore it first"),
        (FixFormula(E000, Formula("sin", math.nan)), "must be finite"),
        (FixFormula(EdgeId(0, 0, -1), SINE), "no edge 0,0,-1"),
        (ReleaseFormula(E000), "no formula to release"),
        (ReleaseFormula(EdgeId(0, 0, 9)), "no edge 0,0,9"),
        (AddSplines((EdgeId(0, 0, 1), E000)), "edge 0,0,0 has a spline already"),
        (AddSplines((EdgeId(0, 5, 1),)), "no edge 0,5,1"),
        (FreezeEdge((EdgeId(2, 0, 0),)), "no layer 2"),
        (ThawEdge((EdgeId(0, 0, 3),)), "no edge 0,0,3"),
        (RefineGrid(2, 9), "no layer 2"),
        (RefineGrid(0, 5), "5 intervals already"),
        (RefineGrid(0, 1001), "at most 1,000"),
        (InsertKnots(E000, ((0.5,),)), "equally many new knots, one or more, for each of 2 sources"),
        (InsertKnots(E000, ((0.5,), (0.1, 0.2))), "equally many"),
        (InsertKnots(E000, ((), ())), "one or more"),
        (InsertKnots(E000, ((0.5,), (1.0,))), "inside its grids"),
        (InsertKnots(E000, ((0.5, 0.3), (0.1, 0.2))), "ascending order"),
        (InsertKnots(E000, ((0.5,), (math.nan,))), "inside its grids"),
        (InsertKnots(E000, ((0.5,), (-0.2,))), "on one that exists"),
        (InsertKnots(EdgeId(0, 9, 0), ((0.5,), (0.1,))), "sources 0 to 1"),
        (Retrain(config(), "0" * 64, 1), "needs the table it was done on"),
        (Retrain(config(), table().digest, 1, "replay"), "old rows mixed in.* Retrain page"),
        (Retrain(config(), table().digest, 1, "ewc"), "does not hold the old rows"),
        (Batch((FreezeEdge((E000,)), RefineGrid(0, 1)), "x"), "5 intervals already"),
    ],
    ids=str,
)
@pytest.mark.parametrize("data", [None, table()], ids=["no table", "a table"])
def test_an_edit_that_does_not_fit_is_refused_in_words(edit, words, data):
    kan = small()
    before = digest(kan)
    with pytest.raises(UserError, match=words):
        edit.apply(kan, data)
    assert digest(kan) == before


def test_a_height_beyond_float32_is_refused_there():
    with pytest.raises(EditError, match="finite height"):
        MoveControlPoint(E000, 0, 1e300).apply(small(torch.float32))
    with pytest.raises(EditError, match="constants of a formula"):
        FixFormula(E000, Formula("sin", 1e300)).apply(small(torch.float32))


def test_a_formula_that_is_not_finite_on_its_grid_is_not_refitted():
    kan = FixFormula(E000, Formula("log")).apply(small())
    with pytest.raises(EditError, match="not finite on its grid"):
        ReleaseFormula(E000, refit=True).apply(kan)
    check_edit(kan, ReleaseFormula(E000))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Prune((), ()), "at least one edge"),
        (lambda: Prune((E000,), ()), "as many numbers as edges"),
        (lambda: Prune((E000, E000), (0.0, 0.0)), "named twice"),
        (lambda: FreezeEdge(()), "at least one edge"),
        (lambda: AddSplines((E000, E000)), "named twice"),
        (lambda: proposals.widen(init([2, 1])), "nothing to add"),
        (lambda: Restore((E000,), (True,), (), (0.0,)), "as many numbers as edges"),
        (lambda: Retrain(config(), "", 4), "3 steps cannot have done 4"),
        (lambda: Retrain(config(), "", 3, "magic"), "unknown here"),
        (lambda: proposals.prune(small(), []), "at least one edge"),
        (lambda: proposals.restore(History.start(small()), []), "at least one edge"),
    ],
)
def test_an_edit_that_makes_no_sense_cannot_be_made(make, words):
    with pytest.raises(EditError, match=words):
        make()


HOSTILE = [
    None,
    True,
    -1,
    0.5,
    10**400,
    math.nan,
    math.inf,
    "x",
    "",
    [],
    {},
    [[]],
    [None],
    {"kind": "prune"},
    [[0, 0, 0.5]],
]

HARMLESS = [
    ("refit", True), ("edits", []), ("height", -1), ("height", 0.5), ("formulas", [None]), ("config", {}),
    ("label", "x"), ("label", ""), ("aid", ""),
]  # fmt: skip
NEWER = {"aid"}  # recipes written before it was there are read all the same


@pytest.mark.parametrize("edit", examples(), ids=lambda edit: edit.kind)
def test_a_damaged_record_of_any_edit_is_refused(edit):
    record = edit.to_json()
    assert {*record} == {"kind", *(part.name for part in fields(edit))}
    for name in record:
        less = {key: value for key, value in record.items() if key != name}
        if name in NEWER:
            assert edit_from_json(less) == edit
        else:
            with pytest.raises(UserError):
                edit_from_json(less)
        for value in HOSTILE:
            try:
                found = edit_from_json({**record, name: value})
                found.apply(small(), table())
            except UserError:
                continue
            assert (name, value) in HARMLESS, f"{name} = {value!r} was taken"


def test_a_record_nested_too_deep_is_refused():
    record = {"kind": "batch", "label": "", "edits": []}
    for _ in range(5_000):
        record = {"kind": "batch", "label": "", "edits": [record]}
    with pytest.raises(EditError, match="incomplete or damaged"):
        edit_from_json(record)


@pytest.mark.parametrize("record", [None, [], "prune", {}, {"kind": None}, {"kind": []}, {"kind": "explode"}, 5])
def test_what_is_no_edit_is_refused_with_what_could_be(record):
    with pytest.raises(EditError, match="must be one of prune, restore, move control point"):
        edit_from_json(record)


def test_the_effect_of_an_edit_is_measured_before_it_is_kept():
    kan, data = small(), table()
    edit = Prune((E100,), (0.0,))
    found = proposals.effect(kan, edit, data)
    x, y = data.rows("all")
    assert found.before == pytest.approx(float(((kan(x) - y) ** 2).mean().sqrt()))
    assert found.after == pytest.approx(float(((edit.apply(kan)(x) - y) ** 2).mean().sqrt()))
    assert found.shift == pytest.approx(float((edit.apply(kan)(x) - kan(x)).abs().max()))
    assert found.rows == len(data)
    blind = proposals.effect(kan, edit)
    assert (blind.before, blind.after) == (None, None)
    assert blind.shift > 0


def test_without_a_table_typical_rows_fill_the_first_grid():
    kan = replace(init([2, 1]), inputs=tuple(replace(v, shift=10.0, scale=5.0) for v in init([2, 1]).inputs))
    x = proposals.typical_inputs(kan, None)
    assert float(x.min()) >= 5
    assert float(x.max()) <= 15
    assert float(x.max() - x.min()) > 9.9
