"""What the spline editor is sent is the curve itself; what a gesture tells becomes one edit or a refusal in words."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.analysis.curves import edge_curve
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Batch, MoveControlPoint
from kanviz.errors import EditError
from kanviz.ui.components.editor import edit_of, editor_payload
from tests.figures import small_data, small_kan
from tests.helpers import kans, table_for

EDGE = EdgeId(0, 0, 0)


def drawn(payload: dict) -> np.ndarray:
    """The curve as the browser makes it."""
    rest = np.array([math.nan if v is None else v for v in payload["rest"]])
    parts = zip(payload["first"], payload["basis"], strict=True)
    return rest + [sum(b * payload["coef"][at + k] for k, b in enumerate(row)) for at, row in parts]


@given(kans(), st.data())
def test_the_curve_is_the_edges_own(kan, data):
    edges = [edge for edge in kan.edges() if kan.edge(edge).active]
    if not edges:
        return
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
        rows = payload["rows"]
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


def test_no_error_is_followed_for_several_outputs_or_without_rows():
    assert editor_payload(small_kan(), edge_curve(small_kan(), EDGE), None)["rows"] is None
    kan = init([2, 2], seed=0)
    assert editor_payload(kan, edge_curve(kan, EDGE), table_for(kan))["rows"] is None


def test_a_drag_is_one_move_and_a_pull_is_several():
    assert edit_of(EDGE, {"rev": "r", "words": "Move", "points": [[3, 0.5]]}, "r") == MoveControlPoint(EDGE, 3, 0.5)
    edit = edit_of(EDGE, {"rev": "r", "words": "Pull", "points": [[1, 0.5], [2, 1]]}, "r")
    assert isinstance(edit, Batch)
    assert str(edit) == "Pull: 2 control points of edge 0,0,0"
    forged = edit_of(EDGE, {"rev": "r", "words": "<b>", "points": [[1, 0.5], [2, 1]]}, "r")
    assert str(forged).startswith("Change")


@pytest.mark.parametrize(
    "told",
    [None, "x", {}, {"rev": "old", "points": [[1, 2]]}, {"rev": "r"}, {"rev": "r", "points": []},
     {"rev": "r", "points": [[1]]}, {"rev": "r", "points": [["a", 2]]}, {"rev": "r", "points": "ab"}],
    ids=str,
)  # fmt: skip
def test_a_gesture_on_a_curve_that_is_gone_or_none_at_all_is_refused(told):
    with pytest.raises(EditError):
        edit_of(EDGE, told, "r")


def test_names_are_shown_with_their_units():
    kan = small_kan()
    payload = editor_payload(kan, edge_curve(kan, EDGE, small_data(kan)), small_data(kan), look="dark", point=1)
    assert payload["point"] == 1
    assert payload["x_label"] == edge_curve(kan, EDGE).x_label
    assert len(payload["density"]) == len(payload["edges"]) - 1
