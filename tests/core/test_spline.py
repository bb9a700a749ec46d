"""B-splines against scipy, and their laws: partition of unity, locality, straight lines, exact refinement."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from kanviz.core.spline import basis, domain, fit, greville, local_basis, refine, spline, uniform_knots
from tests.helpers import random_knots

ORDERS = range(1, 6)
seeds = st.integers(0, 2**32)


def random_spline(seed: int, order: int, grid: int, *, uniform: bool, sources: int = 2, targets: int = 3):
    rng = torch.Generator().manual_seed(seed)
    knots = random_knots(rng, sources, grid, order, uniform=uniform)
    return knots, torch.randn(sources, targets, grid + order, generator=rng, dtype=torch.float64)


def points(knots: torch.Tensor, order: int, count: int = 60) -> torch.Tensor:
    """Inside the grid, outside it, and on every knot. Shape (rows, source)."""
    low, high = knots[:, 0], knots[:, -1]
    even = torch.linspace(-0.2, 1.2, count, dtype=knots.dtype)[:, None] * (high - low) + low
    return torch.cat([even, knots.T])


def by_scipy(x, knots, coef, order: int, derivative: int = 0) -> torch.Tensor:
    """One spline over its whole support, zero outside: scipy's own domain is only the inner grid, so pad with zeros."""
    step = np.arange(1, order + 1)
    wide = np.concatenate([knots[0] - step[::-1], knots, knots[-1] + step])
    reference = BSpline(wide, np.concatenate([np.zeros(order), coef, np.zeros(order)]), order)
    value = reference(x, nu=derivative)
    return torch.from_numpy(np.where((x >= knots[0]) & (x <= knots[-1]), value, 0.0))


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_values_and_derivatives_equal_scipy(order, uniform):
    knots, coef = random_spline(order, order, 5, uniform=uniform)
    x = points(knots, order)
    for derivative in range(order + 1):
        found = spline(x, knots, coef, derivative)
        for i in range(2):
            for j in range(3):
                wanted = by_scipy(x[:, i].numpy(), knots[i].numpy(), coef[i, j].numpy(), order, derivative)
                inner = (
                    x[:, i] < knots[i, -1]
                )  # scipy looks at its very last knot from the left, with our padding right
                size = max(1.0, float(wanted.abs().max()))
                assert float((found[inner, i, j] - wanted[inner]).abs().max()) <= 1e-12 * size


@pytest.mark.parametrize("order", ORDERS)
def test_clamped_knots_equal_scipy_up_to_and_with_the_last_one(order):
    knots = torch.tensor([[0.0] * order + [0.0, 0.5, 1.5, 2.0] + [2.0] * order], dtype=torch.float64)
    coef = torch.linspace(1, 2, order + 3, dtype=torch.float64)[None, None]
    x = torch.cat([torch.linspace(0, 2, 41, dtype=torch.float64), knots[0]])[:, None]
    for derivative in range(2):
        wanted = BSpline(knots[0].numpy(), coef[0, 0].numpy(), order)(x[:, 0].numpy(), nu=derivative)
        assert np.abs(spline(x, knots, coef, derivative)[:, 0, 0].numpy() - wanted).max() <= 1e-11


@pytest.mark.parametrize("order", ORDERS)
def test_linear_outside_continues_the_curve_of_the_inside(order):
    knots, coef = random_spline(order, order, 4, uniform=False, sources=1, targets=1)
    low, high = (float(v) for v in domain(knots, order))
    reference = BSpline(knots[0].numpy(), coef[0, 0].numpy(), order)
    # scipy's derivative at the last point of the grid comes from the left, too
    for border, beyond in ((low, low - 1.5), (high, high + 1.5)):
        value, slope = float(reference(border)), float(reference(border, nu=1))
        x = torch.tensor([[border], [beyond]], dtype=torch.float64)
        found = spline(x, knots, coef, outside="linear")[:, 0, 0]
        assert found.tolist() == pytest.approx([value, value + slope * (beyond - border)], rel=1e-11, abs=1e-11)
        slopes = spline(x, knots, coef, 1, outside="linear")[:, 0, 0]
        assert slopes.tolist() == pytest.approx([slope, slope], rel=1e-11, abs=1e-11)
        assert float(spline(x, knots, coef, 2, outside="linear")[1, 0, 0]) == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@given(seeds, st.integers(1, 5), st.integers(1, 12), st.booleans())
def test_inside_the_grid_the_basis_sums_to_one(dtype, seed, order, grid, uniform):
    knots = random_spline(seed, order, grid, uniform=uniform)[0].to(dtype)
    low, high = domain(knots, order)
    x = low + (high - low) * torch.linspace(0, 1, 30, dtype=dtype)[:, None]
    weights = basis(x.clamp(low, high), knots, order)
    assert float((weights.sum(-1) - 1).abs().max()) <= (1e-13 if dtype == torch.float64 else 1e-5)
    assert float(weights.min()) >= (-1e-15 if dtype == torch.float64 else -1e-6)


@given(seeds, st.integers(1, 5), st.integers(1, 8), st.booleans(), st.data())
def test_a_coefficient_acts_on_its_intervals_only_bit_for_bit(seed, order, grid, uniform, data):
    knots, coef = random_spline(seed, order, grid, uniform=uniform)
    point = data.draw(st.integers(0, grid + order - 1))
    moved = coef.clone()
    moved[0, 1, point] += 0.7
    x = points(knots, order)
    before, after = spline(x, knots, coef), spline(x, knots, moved)
    differs = before != after
    inside = (x[:, 0] > knots[0, point]) & (x[:, 0] < knots[0, point + order + 1])
    assert bool((differs[:, 0, 1] == inside).all())
    differs[:, 0, 1] = False
    assert not differs.any()


def test_only_order_plus_one_functions_are_evaluated():
    weights, first = local_basis(torch.rand(7, 1, dtype=torch.float64), uniform_knots(0, 1, 100, 3), 3)
    assert weights.shape == (7, 1, 4)
    assert first.shape == (7, 1)


@given(seeds, st.integers(1, 5), st.booleans())
def test_control_points_on_a_line_give_that_line(seed, order, uniform):
    knots, _ = random_spline(seed, order, 5, uniform=uniform)
    coef = (2 * greville(knots, order) - 0.3)[:, None]
    low, high = domain(knots, order)
    x = low + (high - low) * torch.linspace(0, 1, 30, dtype=torch.float64)[:, None]
    assert float((spline(x, knots, coef)[..., 0] - (2 * x - 0.3)).abs().max()) <= 1e-12
    far = torch.cat([low[None] - 9, high[None] + 9])
    assert float((spline(far, knots, coef, outside="linear")[..., 0] - (2 * far - 0.3)).abs().max()) <= 1e-11


@pytest.mark.parametrize("outside", ["zero", "linear"])
@given(seeds, st.integers(1, 5), st.integers(1, 6), st.integers(0, 15), st.booleans())
def test_refining_the_grid_keeps_the_curve(outside, seed, order, grid, more, uniform):
    knots, coef = random_spline(seed, order, grid, uniform=uniform)
    finer, values = refine(knots, coef, grid + more)
    assert values.shape[2] == grid + more + order
    x = points(knots, order)
    before, after = spline(x, knots, coef, outside=outside), spline(x, finer, values, outside=outside)
    assert float((before - after).abs().max()) <= 1e-12 * max(1.0, float(before.abs().max()))


def test_a_finer_grid_is_even_where_the_grid_was():
    finer, _ = refine(uniform_knots(-1, 1, 5, 3), torch.zeros(1, 1, 8, dtype=torch.float64), 15)
    inner = finer[0, 3:-3]
    assert inner.tolist() == pytest.approx(torch.linspace(-1, 1, 16).tolist(), abs=1e-6)


def test_refining_in_float32_keeps_the_curve_to_its_precision():
    knots, coef = (part.float() for part in random_spline(3, 3, 5, uniform=False))
    x = points(knots, 3)
    assert float((spline(x, knots, coef) - spline(x, *refine(knots, coef, 17))).abs().max()) <= 1e-5


def test_refining_cannot_coarsen():
    knots, coef = random_spline(0, 3, 5, uniform=True)
    with pytest.raises(ValueError, match="cannot be refined"):
        refine(knots, coef, 4)


@pytest.mark.parametrize("outside", ["zero", "linear"])
@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_gradients_are_those_of_finite_differences(order, outside):
    knots, coef = random_spline(order, order, 4, uniform=False)
    x = points(knots, order, 11)[:11] + 0.013
    inputs = (x.requires_grad_(True), coef.requires_grad_(True))
    assert torch.autograd.gradcheck(lambda a, b: spline(a, knots, b, outside=outside), inputs)
    if order > 2:
        assert torch.autograd.gradgradcheck(lambda a, b: spline(a, knots, b, outside=outside), inputs)


def test_a_grid_without_width_gives_zero_and_not_nan():
    knots, coef = torch.full((1, 12), 0.5, dtype=torch.float64), torch.ones(1, 1, 8, dtype=torch.float64)
    x = torch.tensor([[0.5], [0.4], [0.6]], dtype=torch.float64)
    for outside in ("zero", "linear"):
        assert spline(x, knots, coef, outside=outside).tolist() == [[[0.0]]] * 3
    assert refine(knots, coef, 9)[1].isfinite().all()


def test_not_a_number_stays_not_a_number():
    knots, coef = random_spline(0, 3, 4, uniform=True, sources=1, targets=1)
    assert spline(torch.tensor([[torch.nan]], dtype=torch.float64), knots, coef).isnan().all()


def test_fit_finds_a_spline_again_and_stays_calm_without_data():
    knots, coef = random_spline(5, 3, 6, uniform=False)
    low, high = domain(knots, 3)
    x = low + (high - low) * torch.linspace(0, 1, 200, dtype=torch.float64)[:, None]
    assert float((fit(x, spline(x, knots, coef), knots, 3, 0.0) - coef).abs().max()) <= 1e-9
    even = uniform_knots(-1, 1, 10, 3)
    x = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    half = x[:60]
    guess = fit(half, (half * 2)[..., None], even, 3)
    assert float((spline(x, even, guess)[..., 0] - 2 * x).abs().max()) <= 1e-3
    assert fit(half[:0], half[:0, :, None], even, 3).eq(0).all()
