"""What the spline editor is sent is the curve itself; what a gesture tells becomes one edit or a refusal in words."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.analysis.curves import edge_curve
from kanviz.analysis.rows import entering, typical_inputs
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Batch, MoveControlPoint
from kanviz.errors import EditError
from kanviz.ui.components.editor.payload import editor_payload, rounded
from kanviz.ui.components.protocol import EditorCurve
from kanviz.ui.state.gestures import edge_of, edit_of, point_of, stretch_of, which_of
from kanviz.ui.state.session import Session
from kanviz.ui.workbench.points import edit_of_rows
from tests.figures import small_data, small_kan
from tests.helpers import kans, not_none, table_for
from tests.ui.test_pages import opened, visit

EDGE = EdgeId(0, 0, 0)


def drawn(payload: EditorCurve) -> np.ndarray:
    """The curve as the browser makes it."""
    rest = np.array([math.nan if v is None else v for v in payload["rest"]])
    parts = zip(payload["first"], payload["basis"], strict=True)
    coef = [not_none(v) for v in payload["coef"]]
    return rest + [sum(not_none(b) * coef[at + k] for k, b in enumerate(row)) for at, row in parts]


@given(kans(), st.data())
def test_the_curve_is_the_edges_own(kan, data):
    edges = [edge for edge in kan.edges() if kan.edge(edge).active]
    assume(edges)
    edge = data.draw(st.sampled_from(edges))
    payload = editor_payload(kan, edge_curve(kan, edge), None)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload, "it is plain data"
    variable = kan.inputs[edge.source] if edge.layer == 0 else None
    x = torch.tensor(payload["x"], dtype=torch.float64)
    inside = (x - variable.shift) / variable.scale if variable else x
    true = kan.edge(edge)(inside.to(kan.dtype)).double().numpy()
    found = drawn(payload)
    size = np.abs(true[np.isfinite(true)]).max(initial=1.0)
    both = np.isfinite(true) & np.isfinite(found)
    assert both.sum() >= 0.9 * len(true)
    off = np.abs(found - true)[both] / size
    assert np.quantile(off, 0.95) < 1e-3  # x is rounded: beside a jump or a pole the value is another


def test_the_error_is_followed_exactly_in_the_last_layer_and_to_first_order_before():
    kan = init([2, 3, 1], seed=0)
    data = table_for(kan, 60)
    for edge, exact in ((EdgeId(1, 1, 0), True), (EdgeId(0, 0, 1), False)):
        payload = editor_payload(kan, edge_curve(kan, edge, data), data)
        rows = not_none(payload["rows"])
        assert rows["exact"] is exact
        after = MoveControlPoint(edge, 2, float(kan.edge(edge).coef[2]) + 1e-3).apply(kan)
        x, y = data.rows("train")
        true = float((after(x) - y)[:, 0].square().mean().sqrt())
        place = torch.tensor(rows["x"], dtype=torch.float64)
        if edge.layer == 0:
            place = (place - kan.inputs[0].shift) / kan.inputs[0].scale
        change = (after.edge(edge)(place) - kan.edge(edge)(place)).numpy() * rows["gain"]
        told = float(np.sqrt(np.mean((np.array(rows["off"]) + change) ** 2)))
        assert told == pytest.approx(true, rel=1e-5 if exact else 1e-4)


@pytest.mark.parametrize("shape", [[2, 2], [2, 3, 1], [2, 3, 2]], ids=str)
def test_without_an_error_to_follow_the_outputs_change_is_followed(shape):
    kan, edge = init(shape, seed=0), EdgeId(0, 1, 0)
    data = table_for(kan) if shape == [2, 2] else None
    rows = not_none(editor_payload(kan, edge_curve(kan, edge, data), data)["rows"])
    assert rows["off"] is None
    assert rows["sampled"] is (data is None)
    assert rows["exact"] is (len(shape) == 2)
    x = typical_inputs(kan, data, 300 if len(kan.outputs) == 1 else 100)
    after = MoveControlPoint(edge, 3, float(kan.edge(edge).coef[3]) + 1e-4).apply(kan)
    true = (after(x) - kan(x)).abs().amax(1)
    place = (x[:, 1] - kan.inputs[1].shift) / kan.inputs[1].scale
    found = ((after.edge(edge)(place) - kan.edge(edge)(place)) * torch.tensor(rows["gain"])).abs()
    assert float(true.max()) > 1e-6
    assert torch.allclose(found, true, rtol=0, atol=2e-3 * float(true.max()))


def test_an_edge_without_a_spline_is_drawn_with_words_and_without_control_points():
    kan = small_kan()
    formula = editor_payload(kan, edge_curve(kan, EdgeId(1, 1, 0)))
    assert (formula["coef"], formula["rows"], formula["state"]) == ([], None, "formula")
    assert "sin(2 x). Release it" in formula["why"]
    assert drawn(formula) == pytest.approx(np.sin(2 * np.array(formula["x"])), abs=1e-4)
    pruned = editor_payload(kan, edge_curve(kan, EdgeId(0, 1, 1)))
    assert "Restore it" in pruned["why"]
    assert not drawn(pruned).any()
    assert max(abs(not_none(y)) for y in not_none(pruned["resting"])) > 0.1, "the curve it had is shown"
    assert editor_payload(kan, edge_curve(kan, EDGE))["why"] == ""


def test_the_parts_of_an_edge_add_up_to_its_curve():
    kan = small_kan()
    payload = editor_payload(kan, edge_curve(kan, EdgeId(0, 1, 0)))
    assert payload["state"] == "both"
    assert np.array(payload["base"]) + payload["formula"] == pytest.approx(np.array(payload["rest"]), abs=1e-5)
    assert editor_payload(kan, edge_curve(kan, EDGE))["formula"] is None


@pytest.mark.parametrize("edge", [EDGE, EdgeId(1, 0, 0)], ids=str)
def test_picked_rows_have_a_density_of_their_own_over_the_same_bins(edge):
    kan = small_kan()
    data = small_data(kan)
    curve, rows = edge_curve(kan, edge, data), (0, 4, 5)
    assert editor_payload(kan, curve, data)["picked"] is None
    assert editor_payload(kan, curve, None, picked=rows)["picked"] is None
    found = not_none(editor_payload(kan, curve, data, picked=rows)["picked"])
    shares = np.array(found["density"]) * np.abs(np.diff(curve.edges))
    assert found["words"] == ["training rows", "3 picked rows"]
    assert shares.sum() == pytest.approx(1, abs=1e-4)
    values = entering(kan, data.x[list(rows)], edge.layer)[edge.layer][:, edge.source].numpy()
    values = values * (kan.inputs[0].scale if edge.layer == 0 else 1) + (kan.inputs[0].shift if edge.layer == 0 else 0)
    middles = (curve.edges[1:] + curve.edges[:-1]) / 2
    inside = values.clip(curve.edges[0], curve.edges[-1]).mean()
    assert (shares * middles).sum() == pytest.approx(inside, abs=curve.edges[1] - curve.edges[0])
    everything = not_none(editor_payload(kan, curve, data, picked=data.train.tolist())["picked"])
    assert everything["density"] == pytest.approx(curve.density, abs=1e-3)


def test_numbers_are_told_to_six_digits():
    told = rounded(np.array([0.0, 1 / 3, -123456.789, 1.2e-30, 9.87654321e20, np.nan, np.inf]))
    assert told[:3] == [0.0, 0.333333, -123457.0], "as few digits as it takes"
    assert told[3:5] == pytest.approx([1.2e-30, 9.87654e20], rel=1e-12)
    assert told[5:] == [None, None]


def test_a_drag_is_one_move_and_a_pull_is_several():
    assert edit_of(EDGE, {"rev": "r", "words": "Move", "points": [[3, 0.5]]}, "r") == MoveControlPoint(EDGE, 3, 0.5)
    edit = edit_of(EDGE, {"rev": "r", "words": "Pull", "points": [[1, 0.5], [2, 1]]}, "r")
    assert isinstance(edit, Batch)
    assert str(edit) == "Pull: 2 control points of edge 0,0,0"
    forged = edit_of(EDGE, {"rev": "r", "words": "<b>", "points": [[1, 0.5], [2, 1]]}, "r")
    assert str(forged).startswith("Change")


@pytest.mark.parametrize(
    "told",
    [None, "x", {}, {"rev": "old", "points": [[1, 2]]}, {"rev": "r", "points": [[1, True]]},
     {"rev": "r", "points": [[1, math.nan]]}, {"rev": "r"}, {"rev": "r", "points": []},
     {"rev": "r", "points": [[1]]}, {"rev": "r", "points": [["a", 2]]}, {"rev": "r", "points": "ab"},
     {"rev": "r", "points": [[0.5, 2]]}, {"rev": "r", "points": [[math.nan, 2]]}, {"rev": "r", "points": [[-1, 2]]}],
    ids=str,
)  # fmt: skip
def test_a_gesture_on_a_curve_that_is_gone_or_none_at_all_is_refused(told):
    with pytest.raises(EditError):
        edit_of(EDGE, told, "r")


@pytest.mark.parametrize(
    "told", [None, "x", [0, 0], [0, 0, True], [0, 0, math.nan], [math.inf, 0, 0], [-1, 0, 0]], ids=str
)
def test_a_click_that_names_no_edge_and_no_point_is_refused(told):
    for read in (edge_of, point_of):
        with pytest.raises(EditError, match="Click it again"):
            read(told)


def test_a_click_names_an_edge_or_a_point_however_a_browser_writes_numbers():
    assert edge_of([1, 0, 2.0]) == EdgeId(1, 0, 2)
    assert point_of(3.0) == 3
    assert which_of({"which": 2}) == 2
    assert [which_of(odd) for odd in (None, {"which": math.nan}, {"which": 1e9}, {"which": True}, {})] == [0] * 5


def test_a_stretch_is_told_in_the_curves_units_and_taken_in_the_networks():
    kan = small_kan()
    assert stretch_of(kan, EDGE, {"rev": "r", "region": [5, 12.5]}, "r") == (-1.0, 0.5)
    assert stretch_of(kan, EdgeId(1, 0, 0), {"rev": "r", "region": [0.5, -1]}, "r") == (-1.0, 0.5)
    for wrong in (None, [1], [1, "2"], "ab", [1, math.inf]):
        with pytest.raises(EditError, match="Mark a stretch"):
            stretch_of(kan, EDGE, {"rev": "r", "region": wrong}, "r")
    with pytest.raises(EditError, match="changed meanwhile"):
        stretch_of(kan, EDGE, {"rev": "old", "region": [5, 12]}, "r")


def test_rows_of_the_table_that_were_typed_are_one_edit():
    assert edit_of_rows(EDGE, {}) is None
    assert edit_of_rows(EDGE, {0: {}}) is None
    assert edit_of_rows(EDGE, {2: {"height": 3}}) == MoveControlPoint(EDGE, 2, 3.0)
    edit = edit_of_rows(EDGE, {2: {"height": 0.1}, 0: {"height": -1.5}})
    assert isinstance(edit, Batch)
    assert str(edit) == "Type: 2 control points of edge 0,0,0"
    assert edit.edits == (MoveControlPoint(EDGE, 0, -1.5), MoveControlPoint(EDGE, 2, 0.1))


@pytest.mark.parametrize("height", [None, "1", True, math.nan, math.inf, 1e31], ids=str)
def test_what_is_no_number_in_the_table_is_refused_in_words(height):
    with pytest.raises(EditError, match="Control point 1 needs a number"):
        edit_of_rows(EDGE, {1: {"height": height}})


def test_names_are_shown_with_their_units():
    kan = small_kan()
    payload = editor_payload(kan, edge_curve(kan, EDGE, small_data(kan)), small_data(kan), look="dark")
    assert payload["x_label"] == edge_curve(kan, EDGE).x_label
    assert len(payload["density"]) == len(payload["edges"]) - 1


def sent(session: Session) -> dict:
    """What the editor on the workbench is given."""
    app = visit("app.py", session)
    (proto,) = (e.proto for e in app.get("bidi_component") if e.proto.component_name == "kanviz.editor")
    return json.loads(proto.json)


def test_the_workbench_shows_rows_that_were_picked_over_the_density():
    session = opened("Five hidden nodes, one at work")
    assert sent(session)["picked"] is None
    session.looking.pick((3, 1, 4))
    assert sent(session)["picked"]["words"] == ["training rows", "3 picked rows"]


def test_the_workbench_draws_every_edge_with_the_editor():
    session = Session()
    session.open(small_kan(), "small", data=small_data(small_kan()))
    for edge, state in (
        (EDGE, "spline"),
        (EdgeId(0, 1, 0), "both"),
        (EdgeId(1, 1, 0), "formula"),
        (EdgeId(0, 1, 1), "pruned"),
    ):
        session.select(edge)
        payload = sent(session)
        assert (payload["state"], bool(payload["why"])) == (state, state in ("formula", "pruned"))
        assert payload["open"] is True


@pytest.mark.parametrize(
    ("told", "which"),
    [({"which": 3}, 3), ({"which": 2.0}, 2), ({}, 0), (None, 0), ({"which": -1}, 0), ({"which": 1e9}, 0),
     ({"which": float("nan")}, 0), ({"which": "2"}, 0), ({"which": True}, 0)],
)  # fmt: skip
def test_which_formula_is_asked_for_is_a_small_number_or_the_first(told, which):
    assert which_of(told) == which
