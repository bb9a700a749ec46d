"""The edit that turns a network of other families into B-splines: ranges, notes, refusals, and the laws of edits."""

import json
from dataclasses import replace

import pytest
import torch

import kanviz
from kanviz.core.families import SPLINE
from kanviz.core.kan import Caution
from kanviz.core.layer import EdgeId
from kanviz.edit import proposals
from kanviz.edit.conversion import GAP, ToSplines, to_splines
from kanviz.edit.edits import Batch, MoveControlPoint, edit_from_json
from kanviz.edit.history import History
from kanviz.errors import EditError, UserError
from kanviz.io import native, open_model
from tests.core.test_families import ROWS, layer
from tests.edit.test_script import check, folder_of
from tests.families import KINDS, gaussian, network
from tests.helpers import check_edit, rows_for


@pytest.mark.parametrize(
    ("family", "step", "dtype"),
    [*((*kind, torch.float64) for kind in KINDS), *((*kind, torch.float32) for kind in KINDS[::4])],
)
def test_a_conversion_obeys_the_laws_of_edits(family, step, dtype):
    kan = network(family, step, dtype)
    after = check_edit(kan, ToSplines.of(kan))
    assert all(layer.family == SPLINE for layer in after.layers)
    assert [layer.step for layer in after.layers] == ["", step]
    assert after.edge((0, 1, 1)).state == "pruned"
    assert after.edge((0, 1, 2)).formula == kan.edge((0, 1, 2)).formula
    assert after.edge((0, 0, 2)).frozen
    assert (after.inputs, after.outputs) == (kan.inputs, kan.outputs)


@pytest.mark.parametrize(("family", "step"), KINDS)
def test_a_converted_network_computes_the_same(family, step):
    kan = network(family, step)
    x = 0.3 * rows_for(kan)
    data = kanviz.Dataset.from_arrays(x, x[:, 0], inputs=["x1", "x2"], outputs=["y"])
    after = to_splines(kan, 1e-8, data)
    assert after(x) == pytest.approx(kan(x), abs=1e-6)


def test_rows_give_the_ranges_and_a_caution_names_them():
    kan = network("chebyshev")
    x = 3 * rows_for(kan)
    data = kanviz.Dataset.from_arrays(x, x[:, 0], inputs=["x1", "x2"], outputs=["y"])
    edit = ToSplines.of(kan, data=data)
    low, high = zip(*edit.ranges[0], strict=True)
    values = kan.normalise(data.matching(kan).rows()[0])
    assert bool((torch.tensor(low) < values.amin(0)).all() & (torch.tensor(high) > values.amax(0)).all())
    new = edit.converted(kan)
    cautions = [note for note in new.kan.notes if isinstance(note, Caution)]
    assert len(cautions) == 2
    assert "go on as straight lines" in cautions[0]
    assert f"{min(low):.4g}" in cautions[0]
    assert new.words == new.kan.notes


def test_without_rows_the_range_is_at_least_what_is_worth_drawing():
    edit = ToSplines.of(network("fourier"))
    for row, old in zip(edit.ranges, network("fourier").layers, strict=True):
        low, high = old.domain
        assert all(a <= b for (a, _), b in zip(row, low.tolist(), strict=True))
        assert all(a >= b for (_, a), b in zip(row, high.tolist(), strict=True))


def test_bells_and_values_after_a_tanh_are_converted_everywhere():
    assert ToSplines.of(gaussian()).ranges == ((), ())
    assert ToSplines.of(network("chebyshev", "tanh"), low=-2, high=2).ranges == (((-2.0, 2.0),) * 2, ())
    new = to_splines(gaussian())
    assert not new.cautions
    far = torch.tensor([[100.0, -100.0], [3.7, -4.4]])
    assert new(far) == pytest.approx(gaussian()(far), abs=1e-4)


def test_notes_say_gap_and_bound():
    new = ToSplines.of(gaussian()).converted(gaussian())
    assert set(new.layers) == {0, 1}
    assert new.gap <= new.bound <= 3e-6
    assert f"bounded by {new.bound:.2g}" in str(new)
    assert "float32 has no more digits" in new.kan.notes[0]
    exact = ToSplines.of(gaussian().to(torch.float64)).converted(gaussian().to(torch.float64))
    assert exact.bound <= GAP
    assert "digits" not in exact.kan.notes[0]


def test_other_layers_are_not_touched():
    kan = network("gaussian")
    mixed = kanviz.KAN((kan.layers[0], kanviz.init([3, 1], seed=2).layers[0]), kan.inputs, kan.outputs)
    edit = ToSplines.of(mixed)
    assert {edge.layer for edge in edit.touches(mixed)} == {0}
    assert edit.apply(mixed).layers[1] is mixed.layers[1]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: to_splines(kanviz.init([2, 1])), "B-splines already"),
        (lambda: to_splines(network("chebyshev"), gap=0.0), "share of a curve's spread"),
        (lambda: to_splines(network("chebyshev"), gap=float("nan")), "share of a curve's spread"),
        (lambda: to_splines(network("chebyshev"), low=1.0), "both ends"),
        (lambda: to_splines(network("chebyshev"), low=1.0, high=1.0), "to a greater one"),
        (lambda: to_splines(network("chebyshev"), low=1.0, high=float("inf")), "to a greater one"),
        (lambda: ToSplines(1e-6, ()).apply(network("chebyshev")), "another shape"),
        (lambda: ToSplines(1e-6, ((), ())).apply(kanviz.init([2, 3, 1])), "B-splines already"),
        (lambda: ToSplines(1e-6, ((), ())).apply(network("power")), "another shape"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_words(ask, words):
    with pytest.raises(EditError, match=words):
        ask()


def test_values_that_are_not_finite_need_a_range():
    kan = network("power")
    huge = kan.with_layer(0, bias=torch.full((3,), 1e308, dtype=torch.float64) * 10)
    with pytest.raises(UserError, match="Give it"):
        to_splines(huge)
    assert to_splines(huge, low=-1, high=1).layers[1].order == 3


@pytest.mark.parametrize(
    "record",
    [
        {"gap": 1e-6},
        {"gap": "small", "ranges": []},
        {"gap": 1e-6, "ranges": [[[0]]]},
        {"gap": 1e-6, "ranges": [[[0, "a"]]]},
        {"gap": 1e-6, "ranges": [[[1, 0]]]},
        {"gap": 1e-40, "ranges": []},
        {"gap": 1e-6, "ranges": 4},
    ],
)
def test_a_damaged_step_is_refused(record):
    with pytest.raises(EditError):
        edit_from_json({"kind": "to splines", **record})


def test_a_conversion_is_part_of_a_history_a_file_and_a_script(tmp_path):
    kan = network("chebyshev", "tanh")
    history = History.start(kan).apply(Batch((ToSplines.of(kan),), "All splines"))
    moved = history.apply(MoveControlPoint(EdgeId(1, 0, 0), 5, 0.5)).apply(
        proposals.prune(history.present, [EdgeId(0, 0, 0)])
    )
    assert moved.undo().undo().undo().present is kan
    again = open_model({"a.safetensors": native.to_bytes(moved.present)})
    assert again.digest == moved.present.digest
    assert kanviz.replay(kan, json.loads(json.dumps(moved.recipe()))).present.digest == moved.present.digest
    check(folder_of(tmp_path / "script", moved), moved)


@pytest.mark.parametrize("family", ROWS)
def test_a_wide_layer_of_every_family_is_converted_within_the_gap(family):
    one = replace(layer(family, sources=1, targets=2), base="zero")
    kan = kanviz.KAN((one,), kanviz.init([1, 2]).inputs, kanviz.init([1, 2]).outputs)
    edit = ToSplines.of(kan, 1e-4)
    assert edit.converted(kan).bound <= 1e-4
