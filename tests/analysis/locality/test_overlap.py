"""Overlap counts what new rows share with old ones; none means that learning them cannot touch the old."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.analysis.locality.overlap import overlap
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.core.training.train import TrainConfig, trained
from kanviz.errors import UserError
from tests.helpers import kans, rows_for


def line(low: float, high: float, rows: int = 100) -> torch.Tensor:
    return torch.linspace(low, high, rows, dtype=torch.float64)[:, None]


@given(kans(), st.integers(1, 20))
def test_rows_share_everything_with_themselves(kan, rows):
    x = rows_for(kan, rows)
    found = overlap(kan, x, x)
    assert len(found.coordinates) == sum(layer.sources for layer in kan.layers)
    for one in found.coordinates:
        assert torch.equal(one.cells_old, one.cells_new)
        assert torch.equal(one.points_old, one.points_new)
        assert one.cells[0] == one.cells[2]
        if one.layer == 0 and kan.layers[0].outside == "linear":
            assert one.rows == 1.0, "every value is in some cell"
    some = any(one.weight and one.points_new.any() for one in found.coordinates)
    assert found.shared == 1.0 if some else math.isnan(found.shared)


@given(kans(), st.integers(1, 20))
def test_what_both_visit_is_no_more_than_either_and_visited_cells_are_those_of_visited_points(kan, rows):
    found = overlap(kan, rows_for(kan, rows, 1), rows_for(kan, rows, 2))
    for one in found.coordinates:
        order = kan.layers[one.layer].order
        assert one.cells[2] <= min(one.cells[:2])
        assert one.points[2] <= min(one.points[:2])
        assert int(one.points_old.sum()) <= (order + 1) * int(one.cells_old.sum())
        assert bool(one.cells_old.any()) == bool(one.points_old.any())
    assert not found.shared - 1 > 0


def test_one_input_is_counted_by_hand():
    kan = replace(init([1, 1], grid=10, base="zero", outside="linear"), inputs=(Variable("t", "s", 10.0, -5.0),))
    found = overlap(kan, 10 - 5 * line(-0.99, -0.61), 10 - 5 * line(0.01, 0.79))
    (one,) = found.coordinates
    assert (one.name, one.unit, one.weight) == ("t", "s", 1)
    assert one.cells == (0.2, 0.4, 0.0)
    assert one.points == pytest.approx((5 / 13, 7 / 13, 0.0))
    assert (one.edges[0], one.edges[-1]) == (15.0, 5.0)
    assert (one.rows, found.shared) == (0.0, 0.0)
    near = overlap(kan, 10 - 5 * line(-0.99, -0.61), 10 - 5 * line(-0.59, -0.41))
    assert near.coordinates[0].rows == 0.0
    assert near.shared == 3 / 4, "rows of the next cell share all but one of their control points"


def test_a_value_beyond_the_grid_is_in_the_outermost_cell_or_in_none():
    far, near = line(3, 4), line(0.81, 0.99)
    (linear,) = overlap(init([1, 1], grid=10), near, far).coordinates
    assert (linear.rows, linear.points[1], linear.points[2]) == (1.0, 3 / 13, 3 / 13)
    zero = overlap(init([1, 1], grid=10, outside="zero"), near, far)
    assert not zero.coordinates[0].cells_new.any()
    assert math.isnan(zero.shared)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_nothing_is_shared_learning_coefficients_keeps_every_bit_of_the_old(solver, dtype):
    kan = init([1, 1], grid=20, base="zero", outside="zero", dtype=dtype)
    old, new = line(-0.9, -0.5), line(0.2, 0.8)
    assert overlap(kan, old, new).shared == 0
    data = Dataset.from_arrays(new, torch.sin(5 * new), test=0)
    raw = replace(data, inputs=kan.inputs, outputs=kan.outputs)
    after = trained(kan, raw, TrainConfig(solver=solver, steps=10, parts=("coef",), smooth=0.0)).kan
    assert not torch.equal(after(new), kan(new))
    assert torch.equal(after(old), kan(old))


def test_pruned_edges_weigh_nothing_and_rows_that_are_none_are_refused():
    kan = init([2, 1])
    active = kan.layers[0].active.clone()
    active[1] = False
    found = overlap(kan.with_layer(0, active=active), rows_for(kan), rows_for(kan))
    assert [one.weight for one in found.coordinates] == [1, 0]
    with pytest.raises(UserError, match="no old rows"):
        overlap(kan, rows_for(kan)[:0], rows_for(kan))
    assert math.isnan(overlap(kan, rows_for(kan), rows_for(kan)[:0]).coordinates[0].rows)
