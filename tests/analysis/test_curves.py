"""Curves of edges: the parts, the control points, and where the data lie."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kanviz.analysis.curves import edge_curve, visible_range
from kanviz.analysis.thumbnails import FLAT, all_curves
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import Edge, EdgeId
from tests.figures import small_data, small_kan

EDGES = list(small_kan().edges(pruned=True))


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_the_parts_that_count_sum_to_the_activation(edge):
    kan = small_kan()
    curve = edge_curve(kan, edge, small_data(kan))
    parts = [part for part in (curve.spline, curve.base, curve.formula) if part is not None]
    variable = kan.inputs[edge.source]
    x = (curve.x - variable.shift) / variable.scale if edge.layer == 0 else curve.x
    columns = torch.from_numpy(x)[:, None].expand(-1, kan.layers[edge.layer].sources)
    activation = kan.layers[edge.layer].activations(columns)[:, edge.source, edge.target].numpy()
    np.testing.assert_allclose(curve.total, sum(parts, np.zeros_like(curve.x)), atol=1e-14)
    np.testing.assert_allclose(curve.total, activation, atol=1e-14)


def test_the_derivative_is_the_slope_in_table_units():
    kan = small_kan()
    curve = edge_curve(kan, EdgeId(0, 0, 0), points=4001)
    numeric = np.gradient(curve.total, curve.x)
    np.testing.assert_allclose(curve.derivative[5:-5], numeric[5:-5], atol=2e-3 * np.abs(numeric).max())


def test_an_input_is_drawn_in_table_units_and_named_with_its_unit():
    curve = edge_curve(small_kan(), EdgeId(0, 0, 0), small_data(small_kan()))
    assert (curve.grid, curve.data, curve.x_label, curve.unit) == ((5.0, 15.0), (5.0, 15.0), "width (mm)", "mm")
    np.testing.assert_allclose(curve.points_x, [2.5, 7.5, 12.5, 17.5])


def test_a_formula_on_an_input_is_written_in_table_units():
    kan = small_kan()
    kan = kan.with_layers({0: kan.layers[0].with_formula(0, 0, Formula("sin", 2.0, 1.0, 1.0, 0.0))})
    assert edge_curve(kan, EdgeId(0, 0, 0)).formula_text == "sin(0.4 x - 3)"
    assert edge_curve(kan, EdgeId(1, 1, 0)).formula_text == "sin(2 x)"


def test_the_density_integrates_to_one_over_the_data():
    kan = small_kan()
    for edge in EDGES:
        curve = edge_curve(kan, edge, small_data(kan))
        assert np.sum(curve.density * np.diff(curve.edges)) == pytest.approx(1.0)
        assert curve.data is not None
        assert curve.edges[0] == pytest.approx(curve.data[0])
        assert curve.share(*curve.data) == 1.0


def test_without_data_there_is_no_density_and_no_range():
    curve = edge_curve(small_kan(), EdgeId(0, 0, 0))
    assert curve.data is None
    assert len(curve.density) == 0
    assert np.isnan(curve.share(0, 1))


def test_a_column_that_never_changes_still_has_a_density():
    kan = small_kan()
    data = small_data(kan)
    flat = replace(data, x=torch.cat([torch.full_like(data.x[:, :1], 12.0), data.x[:, 1:]], 1))
    curve = edge_curve(kan, EdgeId(0, 0, 0), flat)
    assert curve.data == (12.0, 12.0)
    assert np.sum(curve.density * np.diff(curve.edges)) == pytest.approx(1.0)


def test_a_control_point_moves_the_curve_exactly_within_its_reach():
    kan = init([1, 1], grid=6, order=3, outside="zero", seed=3)
    before = edge_curve(kan, EdgeId(0, 0, 0), points=2001)
    coef = kan.layers[0].coef.clone()
    coef[0, 0, 4] += 1.0
    after = edge_curve(kan.with_layer(0, coef=coef), EdgeId(0, 0, 0), points=2001)
    low, high = before.reach(4)
    moved = before.x[before.total != after.total]
    assert low < moved[0] < low + 0.01
    assert high - 0.01 < moved[-1] < high
    assert after.points_y[4] - before.points_y[4] == pytest.approx(1.0)


def test_a_border_point_of_a_linear_continuation_reaches_to_infinity():
    kan = init([1, 1], grid=6, order=3, outside="linear")
    curve = edge_curve(kan, EdgeId(0, 0, 0))
    assert curve.reach(0)[0] == -np.inf
    assert curve.reach(8)[1] == np.inf
    assert all(np.isfinite(curve.reach(4)))
    hats = edge_curve(init([1, 1], grid=6, order=1, outside="linear"), EdgeId(0, 0, 0))
    assert [k for k in range(7) if hats.reach(k)[0] == -np.inf] == [0, 1]
    assert [k for k in range(7) if hats.reach(k)[1] == np.inf] == [5, 6]


def test_a_pruned_edge_is_zero_and_shows_what_it_was():
    curve = edge_curve(small_kan(), EdgeId(0, 1, 1))
    assert curve.state == "pruned"
    assert not curve.total.any()
    assert curve.resting is not None
    assert curve.resting.any()
    assert len(curve.points_x) == 0


def test_data_far_outside_do_not_squash_the_grid():
    kan = small_kan()
    data = small_data(kan)
    far = replace(data, x=torch.cat([data.x[:, :1] * 1000, data.x[:, 1:]], 1))
    curve = edge_curve(kan, EdgeId(0, 0, 0), far)
    assert curve.data is not None
    assert curve.data[1] == pytest.approx(15_000)
    assert curve.x[-1] - curve.x[0] < 3.5 * (curve.grid[1] - curve.grid[0])


def test_a_pole_is_cut_and_values_that_are_no_numbers_are_left_out():
    x = np.linspace(-1, 1, 401)
    with np.errstate(divide="ignore"):
        low, high = visible_range(1 / x)
    assert -200 < low < 0 < high < 200
    assert visible_range(np.array([np.nan, np.inf])) == (0.0, 0.0)


@pytest.mark.parametrize("shared", [False, True])
def test_thumbnails_are_the_curves_in_unit_boxes(shared):
    kan = small_kan()
    thumbnails = all_curves(kan, points=51, shared=shared)
    assert [t.id for t in thumbnails] == EDGES
    assert [t.state for t in thumbnails] == [kan.edge(e).state for e in EDGES]
    for t in thumbnails:
        x = torch.linspace(-1, 1, 51, dtype=torch.float64)
        y = kan.edge(t.id)(x)
        if t.state == "pruned":
            y = kan.edge(t.id).spline_part(x) + kan.edge(t.id).base_part(x)
        others = [other for other in thumbnails if other.id.layer == t.id.layer]
        largest, counting = (max(o.size for o in some) for some in (others, [o for o in others if o.state != "pruned"]))
        assert t.scale == (largest if shared else max(t.size, FLAT * counting))
        np.testing.assert_allclose(t.heights * t.scale, y - (y.max() + y.min()) / 2, atol=1e-12)
        assert np.abs(t.heights).max() <= 1 + 1e-9


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1, 0.001])
def test_an_idle_edge_looks_idle_and_one_that_matters_fills_its_box(share):
    kan = small_kan()
    first = kan.layers[0]
    coef, base = first.coef.clone(), first.base_weight.clone()
    coef[0, 1], base[0, 1] = share * coef[0, 0], share * base[0, 0]
    thumbnails = {t.id: t for t in all_curves(kan.with_layer(0, coef=coef, base_weight=base))}
    largest = max(t.size for t in thumbnails.values() if t.id.layer == 0 and t.state != "pruned")
    small = thumbnails[EdgeId(0, 0, 1)]
    assert small.heights.max() == pytest.approx(min(1.0, small.size / (FLAT * largest)), rel=1e-6)


def test_a_thumbnail_is_the_same_asked_for_by_place_or_by_edge():
    kan = small_kan()
    thumbnails = all_curves(kan, small_data(kan))
    assert len(thumbnails) == len(EDGES)
    for at, edge in enumerate(EDGES):
        one, two = thumbnails[at], thumbnails.of(edge)
        assert (one.id, one.source, one.target, one.state, one.frozen) == (edge, *_words(kan.edge(edge)))
        assert (one.formula_text, one.size, one.scale) == (two.formula_text, two.size, two.scale)
        np.testing.assert_array_equal(one.heights, two.heights)
    assert [t.id for t in thumbnails[1:3]] == EDGES[1:3]


def _words(edge: Edge) -> tuple[str, str, str, bool]:
    return edge.source, edge.target, edge.state, edge.frozen


def test_thumbnails_of_edges_that_give_no_numbers_are_empty():
    kan = small_kan()
    coef = kan.layers[0].coef.clone()
    coef[0, 0] = torch.nan
    broken = all_curves(kan.with_layer(0, coef=coef), small_data(kan))
    assert np.isnan(broken[0].heights).all()
    assert np.isfinite(broken[1].heights).all()
