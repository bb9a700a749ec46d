"""What the picture of rows is sent, and which rows a gesture on it means."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from kanviz.analysis.errors_on_rows import predictions
from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.errors import EditError
from kanviz.ui.components.scatter.payload import VALUES, clicked_row, marked, picked_rows, scatter_payload
from tests.figures import small_data, small_kan
from tests.helpers import table_for

REV = "this one"


def picture(rows: int | None = None, **more):
    kan = small_kan()
    data = small_data(kan) if rows is None else table_for(kan, rows)
    found = predictions(kan, data)
    return scatter_payload(found, data, REV, **more), found, data


def test_every_row_has_its_point_its_part_and_its_values():
    payload, found, data = picture()
    assert payload["rows"] == list(range(len(data)))
    np.testing.assert_allclose(payload["x"], data.y[:, 0], rtol=1e-4)
    np.testing.assert_allclose(payload["y"], found.predicted[:, 0], rtol=1e-4)
    np.testing.assert_allclose(payload["miss"], found.gap[:, 0], rtol=1e-4)
    assert [k for k, held in enumerate(payload["test"]) if held] == data.test.tolist()
    np.testing.assert_allclose(np.array(payload["values"]).T, data.x, rtol=1e-4, atol=1e-6)
    assert payload["names"][0] == "width (mm)"
    assert (payload["x_label"], payload["unit"]) == ("measured force (kN)", "kN")
    low, high = payload["span"]
    assert low < min(*payload["x"], *payload["y"])
    assert high > max(*payload["x"], *payload["y"])
    assert payload["miss_span"][0] < min(*payload["miss"], 0)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload, "it is plain data"


@pytest.mark.parametrize("level", [5.0, -1e9, 0.0, 1e-300])
def test_a_column_without_width_has_an_axis_with_room(level):
    _, found, data = picture()
    flat = np.full_like(found.measured, level)
    flat[0] = np.nextafter(level, np.inf)
    same = replace(found, measured=torch.from_numpy(flat), predicted=torch.from_numpy(flat))
    payload = scatter_payload(same, data, REV)
    low, high = payload["span"]
    assert low < level < high
    assert high - low > 0.01 * abs(level)


def test_of_very_many_rows_some_are_drawn_evenly_and_the_rest_is_counted():
    payload, _, _ = picture(5_000)
    assert len(payload["rows"]) == 2_000
    assert (payload["rows"][0], payload["rows"][-1], payload["total"]) == (0, 4_999, 5_000)
    assert max(np.diff(payload["rows"])) == 3
    assert len(json.dumps(payload, separators=(",", ":"))) < 130_000


def test_a_row_without_a_number_has_no_point():
    _, found, data = picture()
    broken = replace(found, predicted=found.predicted.clone())
    broken.predicted[[3, 5]] = torch.nan
    payload = scatter_payload(broken, data, REV)
    assert set(range(len(data))) - set(payload["rows"]) == {3, 5}
    assert payload["no_number"] == 2
    nothing = scatter_payload(replace(found, predicted=found.predicted * torch.nan), data, REV)
    assert nothing["rows"] == []
    assert nothing["span"][0] < nothing["span"][1]


def test_an_output_that_never_changes_still_has_a_picture():
    _, found, data = picture()
    flat = torch.full_like(found.measured, 7.0)
    low, high = scatter_payload(replace(found, measured=flat, predicted=flat), data, REV)["span"]
    assert low < 7 < high


def test_names_are_cut_and_of_many_inputs_the_first_are_told():
    kan = init([9, 1], seed=0, inputs=tuple(Variable(f"<b>{'n' * 60}{k}") for k in range(9)))
    data = table_for(kan)
    payload = scatter_payload(predictions(kan, data), data, REV)
    assert len(payload["names"]) == len(payload["values"]) == VALUES
    assert payload["more"] == 3
    assert all(len(name) < 60 for name in payload["names"])


def test_what_is_picked_and_taken_is_marked_without_another_picture():
    payload, _, _ = picture(5_000)
    one = marked(payload, [0, 1, 4_999], 3)
    assert (one["picked"], one["count"], one["row"]) == ([0, 1_999], 3, 3), "row 1 is not drawn, and counts"
    assert one["rev"] == payload["rev"]
    assert "picked" not in payload


def test_a_rectangle_means_all_rows_in_it_whether_drawn_or_not():
    payload, found, _ = picture(5_000)
    low, high = payload["span"]
    box = {"rev": REV, "box": [high, low, low, high], "add": False}
    assert picked_rows(box, REV, found, 0, (1,)) == tuple(range(5_000)), "from whichever corner it was drawn"
    y = found.measured[:, 0]
    half = picked_rows({**box, "box": [0.0, high, low, high]}, REV, found, 0, ())
    assert list(half) == (y >= 0).nonzero()[:, 0].tolist()
    none = {**box, "box": [high + 1, high + 2, low, high]}
    assert picked_rows(none, REV, found, 0, (5,)) == ()
    assert picked_rows({**none, "add": True}, REV, found, 0, (5,)) == (5,)


def test_a_rectangle_over_what_is_missed_means_the_rows_missed_so_much():
    payload, found, _ = picture()
    gap = found.gap[:, 0]
    told = {"rev": REV, "box": [*payload["span"], 0.05, payload["miss_span"][1]], "of": "miss", "add": False}
    wanted = (gap >= 0.05).nonzero()[:, 0].tolist()
    assert 0 < len(wanted) < len(gap)
    assert list(picked_rows(told, REV, found, 0, ())) == wanted


def test_a_space_picks_one_more_or_less_and_escape_none():
    _, found, _ = picture()
    assert picked_rows({"rev": REV, "row": 4}, REV, found, 0, (2,)) == (2, 4)
    assert picked_rows({"rev": REV, "row": 4}, REV, found, 0, (2, 4)) == (2,)
    assert picked_rows({"rev": REV, "none": True}, REV, found, 0, (2, 4)) == ()


@pytest.mark.parametrize("told", [
    None, 3, {}, {"rev": "another", "none": True}, {"rev": REV}, {"rev": REV, "box": [1, 2, 3]},
    {"rev": REV, "box": ["a", 1, 2, 3]}, {"rev": REV, "row": "4"},
    {"rev": REV, "row": float("nan")}, {"rev": REV, "row": float("inf")}, {"rev": REV, "row": True},
])  # fmt: skip
def test_a_gesture_on_another_picture_or_none_at_all_is_refused(told):
    _, found, _ = picture()
    with pytest.raises(EditError):
        picked_rows(told, REV, found, 0, ())
    with pytest.raises(EditError):
        clicked_row(told, REV)


def test_a_click_takes_a_row():
    assert clicked_row({"rev": REV, "row": 7}, REV) == 7
