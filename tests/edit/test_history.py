"""Undo, redo and jump give the very same objects; a recipe says how a network was made and makes it again."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig, trained
from kanviz.edit import history as module
from kanviz.edit import proposals
from kanviz.edit.edits import (
    EDITS,
    AddSplines,
    Batch,
    Edit,
    FixFormula,
    FreezeEdge,
    MoveControlPoint,
    Prune,
    RefineGrid,
    ReleaseFormula,
    Retrain,
    Rewrite,
    ThawEdge,
)
from kanviz.edit.history import History, replay
from kanviz.edit.stretches import finer
from kanviz.errors import EditError, UserError
from tests.helpers import as_json, digest, kans, table_for

EDGE = EdgeId(0, 0, 0)


def wishes(draw, history: History) -> Edit | None:
    """Some edit that may fit the present network."""
    kan = history.present
    edge = draw(st.sampled_from(list(kan.edges(pruned=True))))
    kind = draw(st.sampled_from([kind for kind in EDITS if kind not in ("retrain", "batch", "to splines")]))
    height = draw(st.floats(-3, 3, width=32))
    try:
        return {
            "prune": lambda: proposals.prune(kan, [edge]),
            "restore": lambda: proposals.restore(history, [edge]),
            "move control point": lambda: MoveControlPoint(edge, 1, height),
            "fix formula": lambda: FixFormula(edge, Formula("tanh", height)),
            "release formula": lambda: ReleaseFormula(edge, refit=height > 0),
            "add splines": lambda: AddSplines((edge,)),
            "freeze": lambda: FreezeEdge((edge,)),
            "thaw": lambda: ThawEdge((edge,)),
            "refine grid": lambda: RefineGrid(edge.layer, kan.layers[edge.layer].grid + 1),
            "insert knots": lambda: finer(kan, edge, *sorted((height, kan.edge(edge).domain[0]))),
            "rewrite": lambda: Rewrite.of(kan, kan.with_layer(0, bias=kan.layers[0].bias + height), "Shifted"),
        }[kind]()
    except UserError:
        return None


@given(kans(deepest=2), st.data())
def test_any_sequence_of_edits_is_undone_redone_and_replayed_to_the_bit(kan, data):
    history = History.start(kan)
    for _ in range(data.draw(st.integers(1, 6))):
        edit = wishes(data.draw, history)
        try:
            history = history.apply(edit, merge=data.draw(st.booleans())) if edit else history
        except UserError:
            continue
    versions = [version.kan for version in history.versions]
    bits = [digest(version) for version in versions]

    back = history
    for wanted in reversed(versions[:-1]):
        back = back.undo()
        assert back.present is wanted
    assert back.present is kan
    assert not back.can_undo
    forth = back
    for wanted in versions[1:]:
        forth = forth.redo()
        assert forth.present is wanted
    assert not forth.can_redo
    assert [digest(version) for version in versions] == bits

    recipe = as_json(history.recipe())
    again = replay(kan, recipe)  # pyright: ignore[reportArgumentType]
    assert [digest(version.kan) for version in again.versions] == bits
    assert again.recipe() == history.recipe()


def moved(kan: KAN, *heights: float) -> History:
    history = History.start(kan)
    for point, height in enumerate(heights):
        history = history.apply(MoveControlPoint(EDGE, point, height))
    return history


def test_a_drag_is_one_entry():
    history = History.start(init([1, 1])).apply(FreezeEdge((EDGE,)))
    start = history.present
    for height in (0.1, 0.2, 0.3):
        history = history.apply(MoveControlPoint(EDGE, 2, height), merge=True)
    assert len(history.versions) == 3
    assert float(history.present.edge(EDGE).coef[2]) == pytest.approx(0.3)
    assert history.undo().present is start
    assert len(history.apply(MoveControlPoint(EDGE, 3, 0.3), merge=True).versions) == 4
    assert len(history.apply(MoveControlPoint(EDGE, 2, 0.4)).versions) == 4, "without merge it is a step of its own"
    named = history.named("kept")
    assert len(named.apply(MoveControlPoint(EDGE, 2, 0.4), merge=True).versions) == 4, "a named version stays"


def test_an_edit_after_undo_drops_what_was_undone():
    history = moved(init([1, 1]), 1, 2, 3).undo().undo()
    other = history.apply(FreezeEdge((EDGE,)))
    assert [str(v) for v in other.versions] == [
        "Opened",
        "Move control point 0 of edge 0,0,0 to 1",
        "Freeze edge 0,0,0",
    ]
    assert not other.can_redo
    assert history.can_redo, "the history it came from is as it was"


def test_jump_goes_anywhere_and_no_further():
    history = moved(init([1, 1]), 1, 2, 3)
    for at in (0, 2, 3, 1):
        assert history.jump(at).present is history.versions[at].kan
    for wrong, words in ((-1, "nothing to undo"), (4, "nothing to redo")):
        with pytest.raises(EditError, match=words):
            history.jump(wrong)
    with pytest.raises(EditError, match="nothing to undo"):
        history.jump(0).undo()
    with pytest.raises(EditError, match="nothing to redo"):
        history.redo()


def test_versions_can_be_named():
    history = moved(init([1, 1]), 1, 2).named("  before the trip ", 1).named("now")
    assert [str(v) for v in history.versions] == ["Opened", "before the trip", "now"]
    assert str(history.named("", 1).versions[1]) == "Move control point 0 of edge 0,0,0 to 1"
    for wrong in (-1, 3):
        with pytest.raises(EditError, match="versions 0 to 2"):
            history.named("x", wrong)


def test_a_refused_edit_leaves_the_history_as_it_is():
    history = moved(init([1, 1]), 1)
    with pytest.raises(EditError):
        history.apply(RefineGrid(0, 2))
    assert len(history.versions) == 2


def test_a_full_history_says_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 3)
    with pytest.raises(EditError, match=r"full at 3 steps\. Save the network"):
        moved(init([1, 1]), 1, 2, 3)


def test_versions_share_what_did_not_change():
    history = moved(init([2, 3, 1]), 1)
    before, after = (version.kan for version in history.versions)
    assert after.layers[1] is before.layers[1]
    assert after.layers[0].knots is before.layers[0].knots


def test_the_recipe_tells_the_way_to_the_present_alone():
    history = moved(init([1, 1]), 1, 2, 3).undo()
    recipe = history.recipe()
    assert [edit["point"] for edit in recipe["edits"]] == [0, 1]
    assert (recipe["start"], recipe["end"]) == (history.versions[0].kan.digest, history.present.digest)
    assert json.dumps(recipe)


def retrained() -> tuple[KAN, History]:
    kan = init([2, 2, 1], seed=1)
    data, config = table_for(kan), TrainConfig("adam", steps=3)
    last = trained(kan, data, config)
    history = History.start(kan).record(Retrain.of(config, data, last), last.best)
    return kan, history.apply(MoveControlPoint(EDGE, 0, 1.0))


def test_a_recipe_with_a_training_replays_on_its_table():
    kan, history = retrained()
    for tables in (table_for(kan), [table_for(kan, seed=5), table_for(kan)]):
        assert replay(kan, history.recipe(), tables).present.digest == history.present.digest


def test_a_recipe_with_a_training_in_a_batch_finds_its_table_too():
    kan, history = retrained()
    together = Batch(tuple(v.edit for v in history.versions[1:] if v.edit), "Train and move")
    recipe = History.start(kan).apply(together, table_for(kan)).recipe()
    assert replay(kan, recipe, [table_for(kan, seed=5), table_for(kan)]).present.digest == history.present.digest


@pytest.mark.parametrize("which", ["none", "another"])
def test_a_recipe_with_a_training_says_that_it_needs_its_table(which):
    kan, history = retrained()
    with pytest.raises(EditError, match="needs the table it was done on; load that table first"):
        replay(kan, history.recipe(), None if which == "none" else table_for(kan, seed=5))


def test_a_recipe_for_another_network_is_refused():
    recipe = moved(init([1, 1]), 1).recipe()
    with pytest.raises(EditError, match="written for another network"):
        replay(init([1, 1], seed=2), recipe)


@pytest.mark.parametrize("wrong", [None, [], "recipe", {}, {"format": 2}, {"format": 1, "edits": {}}, {"format": 1}])
def test_what_is_no_recipe_is_refused(wrong):
    with pytest.raises(EditError, match="not a recipe"):
        replay(init([1, 1]), wrong)


numbers = st.integers() | st.floats() | st.sampled_from([10**400, -1, 0, 2**63])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
KAN_OF_ALL = FixFormula(EDGE, Formula("sin")).apply(Prune((EdgeId(0, 1, 0),), (0.5,)).apply(init([2, 1], grid=2)))
FIELDS = {
    "edges": st.just([[0, 0, 0]]), "edge": st.just([0, 0, 0]), "means": st.just([0.5]), "biases": st.just([0.5]),
    "splines": st.just([True]), "formulas": st.just([None]), "point": st.just(0), "height": st.just(0.5),
    "formula": st.just(Formula("sin")).map(vars), "refit": st.booleans(), "layer": st.just(0), "grid": st.just(4),
    "config": st.just(TrainConfig(steps=1).to_json()), "data_digest": st.just("0"), "steps": st.just(1),
    "label": st.just(""), "edits": st.just([]), "knots": st.just([[0.5], [0.5]]),
}  # fmt: skip


@st.composite
def hostile_steps(draw):
    """A step of a real kind in which a field or two are missing, of another type, or far too large."""
    kind = draw(st.sampled_from(list(EDITS)))
    record = {"kind": kind} | {name: draw(good) for name, good in FIELDS.items()}
    for name in draw(st.lists(st.sampled_from([*FIELDS, "kind"]), max_size=3)):
        record[name] = draw(values)
    for name in draw(st.lists(st.sampled_from([*FIELDS, "kind"]), max_size=1)):
        record.pop(name)
    return record


@given(st.lists(hostile_steps() | values, max_size=3))
def test_a_recipe_from_anywhere_is_replayed_or_refused(steps):
    before = digest(KAN_OF_ALL)
    recipe = {"format": 1, "start": KAN_OF_ALL.digest, "edits": steps}
    try:
        history = replay(KAN_OF_ALL, recipe, table_for(KAN_OF_ALL))
        assert len(history.versions) == len(steps) + 1
        assert history.present(torch.zeros(1, 2)).shape == (1, 1)
    except UserError as refusal:
        assert len(str(refusal)) > 20  # noqa: PT017 (whether it refuses is not the question here, only how)
    assert digest(KAN_OF_ALL) == before
