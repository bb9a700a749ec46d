"""A change reaches what its support says and nothing else, at any depth; what was only looked at is labelled so."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.analysis.locality.maps import reach_map
from kanviz.analysis.locality.planned_change import edge_change, network_change, point_change
from kanviz.analysis.locality.reach import reach
from kanviz.analysis.locality.supports import EVERYWHERE, Interval, hull, supports, visited
from kanviz.core.init import init
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.spline import basis
from kanviz.edit.edits import FixFormula, MoveControlPoint, Prune, RefineGrid
from kanviz.errors import EditError, UserError
from tests.figures import small_data, small_kan
from tests.helpers import kans, not_none, rows_for, table_for

EDGE = EdgeId(0, 0, 0)


def a_point(draw, kan):
    """Some control point of some edge with a spline."""
    there = [edge for edge in kan.edges() if kan.edge(edge).active]
    assume(there)
    edge = draw(st.sampled_from(there))
    return edge, draw(st.integers(0, len(kan.edge(edge).coef) - 1))


@given(kans(), st.data())
def test_a_basis_function_is_zero_outside_its_support_and_not_inside(kan, data):
    layer = kan.layers[-1]
    low, high = supports(layer.knots, layer.order, layer.outside)
    width = float(layer.knots.max() - layer.knots.min())
    x = torch.linspace(float(layer.knots.min()) - width, float(layer.knots.max()) + width, 301, dtype=kan.dtype)
    table = basis(x[:, None].expand(-1, layer.sources), layer.knots, layer.order, 0, layer.outside)
    inside = (x[:, None, None] > low) & (x[:, None, None] < high)
    assert not table[~inside & (x[:, None, None] != low) & (x[:, None, None] != high)].any()
    assert (low < high).all()
    endless = 0 if layer.outside == "zero" else max(layer.order, 2)
    assert ((low == -math.inf).sum(1) == endless).all()
    assert ((high == math.inf).sum(1) == endless).all()


def test_with_straight_lines_outside_a_hat_that_begins_at_the_border_goes_on_without_end():
    low, _ = supports(init([1, 1], grid=4, order=1).layers[0].knots, 1, "linear")
    assert (low[0] == -math.inf).tolist() == [True, True, False, False, False]
    cubic, _ = supports(init([1, 1], grid=4).layers[0].knots, 3, "linear")
    assert (cubic[0] == -math.inf).tolist() == [True, True, True, False, False, False, False]


@given(kans(), st.data())
def test_rows_a_moved_point_does_not_reach_keep_their_bits_and_those_it_reaches_are_the_ones_on_its_support(kan, data):
    edge, point = a_point(data.draw, kan)
    table = table_for(kan)
    at = reach(point_change(kan, edge, point), table)
    after = MoveControlPoint(edge, point, float(kan.edge(edge).coef[point]) + 1).apply(kan)
    before_y, after_y = kan(at.x), after(at.x)
    kept = (before_y == after_y) | (before_y.isnan() & after_y.isnan())
    assert kept[~at.reached].all()
    assert not at.change[~at.reached].nan_to_num(0.0).any()
    real = reach(network_change(kan, after), table)
    assert torch.equal(real.reached, at.reached)
    assert [part.points for part in real.acts] == [(point,)]
    assert real.acts[0].span == at.acts[0].span
    assert at.how["rows"] == at.how["acts"] == "exact"


@given(kans(dtypes=(torch.float64,)), st.data())
def test_the_change_for_each_unit_is_the_derivative(kan, data):
    edge, point = a_point(data.draw, kan)
    at = reach(point_change(kan, edge, point), table_for(kan))
    height, h = float(kan.edge(edge).coef[point]), 1e-5
    up, down = (MoveControlPoint(edge, point, height + d).apply(kan)(at.x) for d in (h, -h))
    slope = (up - down) / (2 * h)
    good = slope.isfinite() & at.change.isfinite() & (slope.abs() < 1e3)
    assert ((slope - at.change).abs()[good] <= 1e-4 * (1 + slope.abs()[good]) * (1 + kan(at.x).abs().max())).all()


def test_one_layer_changes_by_its_basis_function_and_says_where_in_table_units():
    kan = replace(init([2, 1], grid=4, outside="zero"), inputs=(Variable("a", "m", 10.0, 2.0), Variable("b")))
    at = reach(point_change(kan, EDGE, 3), table_for(kan, 400))
    assert at.acts[0].span == Interval(10 - 2 * 1.0, 10 + 2 * 1.0)
    assert at.slab == (at.acts[0].span, EVERYWHERE)
    assert at.how["slab"] == "exact"
    assert torch.equal(at.reached, ((at.x[:, 0] - 10) / 2).abs() < 1)
    assert 0.6 < at.largest[0] <= 2 / 3
    assert at.mean[0] < at.largest[0]


def test_deeper_points_reach_a_slab_that_was_sampled():
    kan = init([2, 3, 1], grid=12)
    table = table_for(kan, 500)
    at = reach(point_change(kan, EdgeId(1, 0, 0), 7), table)
    assert 0 < at.count < len(at.x)
    assert at.how["slab"] == "sampled"
    met = at.x[at.reached]
    assert at.slab == tuple(map(Interval, met.amin(0).tolist(), met.amax(0).tolist()))
    assert reach(point_change(kan, EdgeId(1, 0, 0), 7), table, rows=50).how["rows"] == "sampled"
    assert reach(point_change(kan, EdgeId(1, 0, 0), 7)).how["rows"] == "sampled"


@given(kans(), st.data())
def test_a_silent_edge_reaches_its_knots_where_it_is_a_spline_alone_and_everything_otherwise(kan, data):
    edge = data.draw(st.sampled_from(list(kan.edges(pruned=True))))
    view, at = kan.edge(edge), reach(edge_change(kan, edge), table_for(kan))
    assert not at.change[~at.reached].nan_to_num(0.0).any()
    if view.state == "pruned":
        assert at.acts == ()
    elif view.state == "spline" and (view.outside, view.base) == ("zero", "zero"):
        ends = sorted(float(view.knots[k]) for k in (0, -1))
        assert edge.layer == 0 or tuple(at.acts[0].span) == tuple(ends)
        assert at.acts[0].span.low > -math.inf
    else:
        assert at.acts[0].span == EVERYWHERE


@given(kans(dtypes=(torch.float64,)))
def test_no_change_reaches_nothing(kan):
    at = reach(network_change(kan, kan.to(kan.dtype)), table_for(kan))
    assert (at.count, at.acts, at.share) == (0, (), 0.0)
    assert all(span.empty for span in at.slab)
    assert not any(at.largest)


def test_a_formula_a_grid_and_a_bias_reach_what_they_may():
    kan, data = small_kan(), small_data(small_kan())
    wave = FixFormula(EDGE, not_none(small_kan().edge(EdgeId(1, 1, 0)).formula))
    assert reach(network_change(kan, wave.apply(kan)), data).acts[0].span == EVERYWHERE
    spline = init([1, 1], base="zero", outside="zero")
    finer = reach(network_change(spline, RefineGrid(0, 10).apply(spline)))
    first, last = spline.layers[0].knots[0, [0, -1]].tolist()
    assert finer.acts[0].span.low <= first
    assert finer.acts[0].span.high >= last
    assert finer.largest[0] < 1e-12
    pruned = reach(network_change(kan, Prune((EDGE,), (0.5,)).apply(kan)), data)
    assert pruned.everywhere
    assert pruned.count == len(pruned.x)


def test_what_has_no_point_is_refused_in_words():
    kan = small_kan()
    with pytest.raises(UserError, match="has no spline, so no control point acts"):
        point_change(kan, EdgeId(1, 1, 0), 0)
    with pytest.raises(UserError, match="control points 0 to 3; there is no 4"):
        point_change(kan, EDGE, 4)
    with pytest.raises(EditError, match="different shapes"):
        network_change(kan, init([2, 3, 1]))


def test_a_map_holds_the_change_over_two_inputs_and_the_others_at_their_medians():
    kan = init([3, 2, 1], outside="zero", base="zero")
    table = table_for(kan, 200)
    change = point_change(kan, EDGE, 4)
    found = reach_map(change, table, 0, 2, points=9)
    x = torch.tensor([[float(found.x[3]), found.held[0][1], float(found.y[5])]])
    assert found.size[5, 3] == pytest.approx(float(change.at(x.double()).abs()), abs=1e-12)
    span = reach(change, table).acts[0].span
    assert not found.size[:, ~span.holds(found.x)].any()
    assert found.size.max() > 0
    with pytest.raises(UserError, match="two different inputs"):
        reach_map(change, table, 1, 1)
    with pytest.raises(UserError, match="no output 3"):
        reach_map(change, table, 0, 1, 3)


def test_intervals_join_and_show_themselves():
    assert hull([Interval(0, 1), hull([]), Interval(3, 4)]) == Interval(0, 4)
    assert str(hull([])) == "nowhere"
    assert str(Interval(-1, math.inf)) == "-1 to inf"


@given(kans())
def test_visited_points_are_those_the_rows_depend_on(kan):
    layer, x = kan.layers[0], kan.normalise(rows_for(kan, 5))
    seen = visited(x, layer.knots, layer.order, layer.outside)
    coef = torch.where(seen[:, None], layer.coef, layer.coef + 1e3)
    assert torch.equal(replace(layer, coef=coef)(x), layer(x))
    assert (seen.sum(1) <= 5 * (layer.order + 1)).all()
    # every value here is inside a cell or on a knot: there the functions that are not zero are known one by one
    table = basis(x, layer.knots, layer.order, 0, layer.outside)
    assert torch.equal(seen & (table != 0).any(0), (table != 0).any(0))
    if layer.outside == "zero":
        assert torch.equal(seen, (table != 0).any(0))


@pytest.mark.parametrize("outside", ["zero", "linear"])
def test_rows_on_knots_visit_the_points_whose_functions_are_not_zero_there(outside):
    even = init([1, 1], grid=4, outside=outside).layers[0].knots
    clamped = torch.tensor([[-1.0] * 4 + [-0.5, 0.0, 0.5] + [1.0] * 4], dtype=torch.float64)
    for knots in (even, clamped):
        for at in knots[0, 3:-3].tolist():
            x = torch.tensor([[at]], dtype=torch.float64)
            there = basis(x, knots, 3, 0, outside)[0] != 0
            slope = basis(x, knots, 3, 1, outside)[0] != 0
            if outside == "linear" and abs(at) == 1:  # the border counts with the straight line beyond it
                there |= slope
            assert torch.equal(visited(x, knots, 3, outside), there)
