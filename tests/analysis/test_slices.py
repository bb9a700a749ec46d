"""Slices and planes are the network's own values in table units, and the point is told where nothing backs it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given

from kanviz.analysis.extrapolation import beyond, grids_of
from kanviz.analysis.slices import FINE, plane, slices
from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from tests.figures import small_data, small_kan
from tests.helpers import kans, rows_for, table_for


@given(kans())
def test_a_slice_is_the_network_itself_and_goes_through_the_point(kan):
    data, point = table_for(kan), rows_for(kan, 1, 7)[0]
    exact = kan.to(torch.float64)
    found = slices(kan, point.tolist(), data)
    assert [one.input for one in found] == list(kan.inputs)
    for i, one in enumerate(found):
        assert len(one.x) == FINE
        assert (np.diff(one.x) >= 0).all()
        rows = point.repeat(FINE, 1)
        rows[:, i] = torch.from_numpy(one.x)
        np.testing.assert_allclose(one.y, exact(rows).numpy(), rtol=1e-12, atol=1e-12)
        at = int(np.flatnonzero(one.x == one.at)[0])
        np.testing.assert_allclose(one.y[at], exact(point[None])[0].numpy(), rtol=1e-12, atol=1e-12)


def test_a_slice_shows_grid_data_and_density_in_table_units():
    kan = small_kan()
    data = small_data(kan)
    wide, age = slices(kan, [10.0, 0.0], data)
    assert wide.grid == (5.0, 15.0)
    x = data.rows("train")[0]
    assert wide.data == (float(x[:, 0].min()), float(x[:, 0].max()))
    assert float((age.density * np.diff(age.edges)).sum()) == pytest.approx(1)
    (alone,) = slices(kan, [10.0, 0.0], None, [1])
    assert alone.data is None
    assert len(alone.density) == 0
    assert alone.input == kan.inputs[1]


def test_a_slice_reaches_a_point_far_outside():
    kan = small_kan()
    one = slices(kan, [100.0, 0.0], small_data(kan))[0]
    assert one.x[-1] == one.at == 100.0


def test_inputs_scaled_backwards_keep_their_axis_upright():
    kan = small_kan()
    kan = replace(kan, inputs=(Variable("width", "mm", 10.0, -5.0), kan.inputs[1]))
    assert grids_of(kan)[0] == (5.0, 15.0)
    assert "width" not in {one.name for one in beyond(kan, [14.0, 0.0])}


def test_a_plane_is_the_network_itself():
    kan = small_kan()
    found = plane(kan, [8.0, 0.25], 1, 0, 0, small_data(kan), points=5)
    for row, y in enumerate(found.y):
        for column, x in enumerate(found.x):
            said = kan(torch.tensor([[y, x]]).double())[0, 0]
            assert found.z[row, column] == pytest.approx(float(said))
    assert found.at == (0.25, 8.0)
    assert found.rows[:, 1].min() >= 5
    assert len(plane(kan, [8.0, 0.25], 1, 0).rows) == 0


@pytest.mark.parametrize(("act", "words"), [
    (lambda kan: slices(kan, [1.0]), "each of the 2 inputs"),
    (lambda kan: slices(kan, [1.0, float("nan")]), "finite value"),
    (lambda kan: slices(kan, [1.0, 1.0], inputs=[2]), "no input 2"),
    (lambda kan: plane(kan, [1.0, 1.0], 1, 1), "two different inputs"),
    (lambda kan: plane(kan, [1.0, 1.0], 0, 1, 3), "no output 3"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(act, words):
    with pytest.raises(UserError, match=words):
        act(small_kan())


def test_a_point_outside_is_told_of_data_and_grid_and_of_a_later_grid():
    kan = small_kan()
    data = small_data(kan)
    data = replace(data, x=data.x.clone())
    data.x[:, 1] = data.x[:, 1].clamp(-0.25, 0.25)
    assert {one.name for one in beyond(kan, data.rows("train")[0][0].tolist(), data)} <= {"h1,0", "h1,1"}
    found = beyond(kan, [16.0, 0.5], data)
    assert [(one.name, one.what) for one in found if one.name[0] != "h"] == [
        ("width", "data"), ("<b>age</b> $x$", "data"), ("width", "grid")
    ]  # fmt: skip
    assert (found[0].value, found[0].high, found[0].unit) == (16.0, 15.0, "mm")
    pushed = kan.with_layer(0, bias=kan.layers[0].bias + 5)
    assert ("h1,0", "grid") in [(one.name, one.what) for one in beyond(pushed, [10.0, 0.0])]


def test_a_node_whose_edges_have_no_spline_has_no_grid_to_leave():
    kan = init([1, 2, 1], seed=0)
    kan = kan.with_layer(0, bias=kan.layers[0].bias + 50)
    assert {one.name for one in beyond(kan, [0.0])} == {"h1,0", "h1,1"}
    active = kan.layers[1].active.clone()
    active[1] = False
    assert {one.name for one in beyond(kan.with_layer(1, active=active), [0.0])} == {"h1,0"}
