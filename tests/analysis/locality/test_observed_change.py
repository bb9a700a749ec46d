"""What changed is said edge by edge and row by row, and a lamp is green only where every bit is the same."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.analysis.locality.observed_change import changes, lamps
from kanviz.analysis.locality.supports import EVERYWHERE, Interval
from kanviz.core.init import init
from kanviz.core.layer import EdgeId, Variable
from kanviz.edit.edits import FreezeEdge, MoveControlPoint, Prune, RefineGrid
from kanviz.errors import EditError, UserError
from tests.helpers import kans, rows_for

EDGE = EdgeId(0, 0, 0)


@given(kans())
def test_a_network_and_its_copy_light_every_lamp(kan):
    found = changes(kan, kan.to(kan.dtype), rows_for(kan))
    assert found.changed == ()
    assert found.lamps.share == 1.0
    assert set(found.lamps.largest) == set(found.lamps.rms) == {0.0}
    assert all(move.span.empty and move.on_rows == 0 for move in found.edges)


@given(kans(), st.data())
def test_lamps_are_out_only_where_some_changed_edge_changed(kan, data):
    there = [edge for edge in kan.edges() if kan.edge(edge).active]
    assume(there)
    edge = data.draw(st.sampled_from(there))
    point = data.draw(st.integers(0, len(kan.edge(edge).coef) - 1))
    after = MoveControlPoint(edge, point, float(kan.edge(edge).coef[point]) + 1).apply(kan)
    found = changes(kan, after, rows_for(kan))
    (move,) = found.changed
    assert (move.id, move.edge.coefficients, move.grid_changed) == (edge, (point,), False)
    if kan.layers[edge.layer].outside == "zero":  # straight lines part ever more beyond the grids
        assert move.on_rows <= 1.05 * move.edge.gap + 1e-6
    assert move.on_rows > 0 or found.lamps.share == 1.0
    assert not found.lamps.change[found.lamps.kept].nan_to_num(0.0).any()


def test_the_last_bit_puts_a_lamp_out():
    kan = init([1, 1], dtype=torch.float32)
    layer = kan.layers[0]
    after = kan.with_layer(0, bias=torch.nextafter(layer.bias, layer.bias + 1) + 1e-7)
    found = changes(kan, after, rows_for(kan))
    assert found.biases == ("y",)
    assert found.changed == ()
    assert found.lamps.share < 1
    assert str(found).startswith("1 of 1 edges bit-identical; ")


def test_intervals_are_the_union_of_supports_in_table_units():
    kan = replace(init([1, 2, 1], grid=10, outside="zero"), inputs=(Variable("t", "s", 10.0, 5.0),))
    after = MoveControlPoint(EDGE, 3, 1.0).apply(MoveControlPoint(EDGE, 5, 1.0).apply(kan))
    after = MoveControlPoint(EdgeId(1, 1, 0), 4, 1.0).apply(after)
    first, second = changes(kan, after, rows_for(kan)).changed
    assert first.edge.coefficients == (3, 5)
    assert tuple(first.span) == pytest.approx((10 - 5 * 1.0, 10 + 5 * 0.2))
    assert tuple(second.span) == pytest.approx((-0.8, 0.0))
    assert max(first.edge.gap, second.edge.gap) < 2


def test_another_grid_another_base_and_another_flag_are_told_apart():
    kan = init([1, 1], grid=5, outside="zero")
    x = rows_for(kan)
    (finer,) = changes(kan, RefineGrid(0, 10).apply(kan), x).changed
    assert finer.grid_changed
    assert finer.edge.coefficients is None
    assert finer.on_rows < 1e-12
    (base,) = changes(kan, kan.with_layer(0, base_weight=kan.layers[0].base_weight + 1), x).changed
    assert (base.grid_changed, base.span) == (False, EVERYWHERE)
    (frozen,) = changes(kan, FreezeEdge((EDGE,)).apply(kan), x).changed
    assert frozen.span.empty
    assert frozen.edge.frozen_changed
    bare = kan.with_layer(0, base="zero")
    (gone,) = changes(bare, Prune((EDGE,), (0.0,)).apply(bare), x).changed
    assert gone.span == Interval(*(float(kan.layers[0].knots[0, k]) for k in (0, -1)))


def test_errors_before_and_after_are_those_of_the_targets():
    kan = init([2, 3, 1])
    x = rows_for(kan, 10_000)
    after = kan.with_layer(1, bias=kan.layers[1].bias + 3)
    found = lamps(kan, after, x, kan(x))
    assert found.error_before == (0.0,)
    assert found.error_after == pytest.approx((3.0,))
    assert found.largest == pytest.approx((3.0,))
    assert found.rms == pytest.approx((3.0,))
    assert str(found) == "0 of 10,000 predictions bit-identical"
    assert lamps(kan, after, x).error_after is None


def test_two_precisions_are_compared_exactly():
    kan = init([1, 2, 1], dtype=torch.float32)
    found = changes(kan, kan.to(torch.float64), rows_for(kan))
    assert found.changed == ()
    assert found.lamps.share < 1, "float64 computes other bits"
    assert found.lamps.largest[0] < 1e-5


def test_a_prediction_that_is_no_number_before_and_after_is_kept():
    kan = init([1, 1])
    broken = kan.with_layer(0, bias=kan.layers[0].bias * torch.nan)
    found = lamps(broken, broken, rows_for(kan))
    assert found.share == 1.0
    assert found.largest == (0.0,)
    assert math.isnan(float(found.change[0, 0]))
    assert lamps(kan, broken, rows_for(kan)).share == 0.0


def test_what_cannot_be_compared_is_refused_in_words():
    kan = init([2, 3, 1])
    with pytest.raises(EditError, match="different shapes cannot be compared"):
        changes(kan, init([2, 2, 1]), rows_for(kan))
    with pytest.raises(UserError, match="no old rows"):
        changes(kan, kan, rows_for(kan)[:0])
    with pytest.raises(UserError, match=r"50 rows and 1 columns.*\(50,\)"):
        lamps(kan, kan, rows_for(kan), torch.zeros(50))
