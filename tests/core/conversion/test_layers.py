"""Layers of other families as B-splines: the bound holds, also between the places where it is computed."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from kanviz.core.conversion import curves, layers
from kanviz.core.conversion.curves import BELLS, START, Range, complete_range
from kanviz.core.conversion.layers import converted
from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import Layer
from kanviz.errors import UserError
from tests.core.test_families import ROWS, layer
from tests.helpers import DTYPES

GAP = 1e-6
CASES = [(family, step) for family in ROWS for step in ("", "tanh")]


def ends(one: Layer, stretch: float = 1.3) -> Range | None:
    return None if complete_range(one) else Range(*(stretch * end for end in one.domain))


def learned(one: Layer, x: torch.Tensor) -> torch.Tensor:
    """Return the values of the curves without base functions, in float64."""
    parts = ("knots", "coef", "base_weight", "bias", "offset", "affine", "norm")
    exact = replace(one, **{part: getattr(one, part).double() for part in parts})
    return replace(exact, base_weight=0 * exact.base_weight).activations(x)


def dense(new: Layer, beyond: float) -> torch.Tensor:
    """Return many places of each grid, with its knots; beyond: how far past its ends, in widths."""
    low, high = (end.double() for end in new.domain)
    low, high = low - beyond * (high - low), high + beyond * (high - low)
    x = low + (high - low) * torch.linspace(0, 1, 20_011, dtype=torch.float64)[:, None]
    return torch.cat([x, new.knots.double().T.clamp(low, high)])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("family", "step"), CASES)
def test_no_curve_is_further_away_than_the_bound(family, step, dtype):
    old = layer(family, dtype=dtype, step=step)
    found = converted(old, ends(old), GAP, "Layer 0")
    x = dense(found.layer, 0.5 if family in BELLS and not step else 0.0)
    before, after = learned(old, x), learned(found.layer, x)
    gap = float(((after - before).abs().amax(0) / (before.amax(0) - before.amin(0))).max())
    assert gap <= found.bound * (1 + 1e-6)
    assert gap <= 1.1 * found.gap + 1e-9, "the measured gap is about the largest"
    assert found.bound <= (GAP if dtype == torch.float64 else 3e-6)
    assert 5 * found.gap >= found.bound, "the bound is near what was measured"


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-9])
def test_a_smaller_gap_needs_more_intervals(gap):
    old = layer("gaussian")
    found, finer = (converted(old, None, each, "Layer 0") for each in (gap, gap / 100))
    assert found.bound <= gap
    assert finer.layer.grid > found.layer.grid


def test_polynomials_of_degree_three_are_exact_on_the_first_grid():
    old = layer("power", coef=torch.ones(2, 3, 4, dtype=torch.float64))
    found = converted(old, Range(*(2 * end for end in old.domain)), GAP, "Layer 0")
    assert found.layer.grid == START
    assert found.bound < 1e-13


def test_the_rest_of_a_layer_stays():
    old = layer("gaussian")
    old = replace(
        old, active=torch.tensor([[True, True, False], [True, False, True]]), frozen=~old.frozen, base="identity"
    )
    old = old.with_formula(1, 1, Formula("sin"))
    new = converted(old, None, GAP, "Layer 0").layer
    for part in ("base_weight", "active", "bias", "offset", "affine", "frozen", "norm"):
        assert torch.equal(getattr(new, part), getattr(old, part))
    for part in ("formulas", "arity", "base", "step"):
        assert getattr(new, part) == getattr(old, part)
    assert (new.family, new.order, new.outside) == ("spline", 3, "zero")


def test_a_curve_that_is_pruned_asks_for_no_knots_and_nan_in_it_stays_there():
    old = layer("gaussian")
    coef = old.coef.clone()
    coef[0, 0] = torch.nan
    with pytest.raises(UserError, match="prune these edges"):
        converted(replace(old, coef=coef), None, GAP, "Layer 0")
    active = old.active.clone()
    active[0, 0] = False
    new = converted(replace(old, coef=coef, active=active), None, GAP, "Layer 0").layer
    assert bool(new.activations(torch.zeros(1, 2, dtype=torch.float64)).isfinite().all())


def test_sources_of_one_kind_share_a_grid_and_others_have_as_many_knots():
    old = layer(
        "gaussian",
        sources=3,
        knots=torch.tensor([[-1.0, 0.0, 0.5, 0.7], [-1.0, 0.0, 0.5, 0.1], [-1.0, 0.0, 0.5, 0.7]], dtype=torch.float64),
    )
    new = converted(old, None, GAP, "Layer 0").layer
    assert torch.equal(new.knots[0], new.knots[2])
    assert not torch.equal(new.knots[0], new.knots[1])
    x = dense(new, 0.0)
    spread = learned(old, x).amax(0) - learned(old, x).amin(0)
    assert float(((learned(old, x) - learned(new, x)).abs().amax(0) / spread).max()) <= GAP


def test_a_constant_curve_is_converted_relative_to_its_size():
    old = layer("chebyshev", coef=torch.tensor([1000.0, 0, 0, 0, 0, 0], dtype=torch.float64).expand(2, 3, 6).clone())
    found = converted(old, Range(*old.domain), GAP, "Layer 0")
    assert found.bound < 1e-13


def test_a_corner_gets_a_triple_knot():
    row = torch.tensor([[1.0, 1.0, 2.0, -1.0]], dtype=torch.float64)  # |2 x - x^2| has corners at 0 and 2
    old = layer("quotient_abs", sources=1, knots=row)
    new = converted(old, Range(torch.tensor([-3.0]), torch.tensor([3.0])), GAP, "Layer 0").layer
    for corner in (0.0, 2.0):
        assert int(((new.knots[0] - corner).abs() < 1e-12).sum()) == 3


def test_a_pole_in_the_range_is_refused_with_its_place():
    row = torch.tensor([[1.0, 1.0, 0.0, -0.25]], dtype=torch.float64)
    old = layer("quotient", sources=1, knots=row)
    with pytest.raises(UserError, match="pole at -2 for source 0"):
        converted(old, Range(torch.tensor([-3.0]), torch.tensor([3.0])), GAP, "Layer 0")
    assert converted(old, Range(torch.tensor([-1.5]), torch.tensor([1.5])), GAP, "Layer 0").bound <= GAP


def test_too_many_intervals_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(layers, "MOST_INTERVALS", 50)
    with pytest.raises(UserError, match=r"up to 50 intervals.*smaller range"):
        converted(layer("gaussian"), None, GAP, "Layer 0")
    monkeypatch.setattr(layers, "MOST_NUMBERS", 100)
    with pytest.raises(UserError, match="100 coefficients"):
        converted(layer("fourier"), Range(*layer("fourier").domain), GAP, "Layer 0")


def test_curves_too_large_for_a_number_are_refused():
    old = layer("power", sources=1, coef=torch.full((1, 1, 5), 1e300, dtype=torch.float64), targets=1)
    with pytest.raises(UserError, match="too large"):
        converted(old, Range(torch.tensor([-1e30]), torch.tensor([1e30])), GAP, "Layer 0")


def test_blocks_of_sources_give_the_same_bits(monkeypatch):
    old = layer("gaussian", sources=5)
    whole = converted(old, None, GAP, "Layer 0")
    monkeypatch.setattr(curves, "AT_ONCE", 1)
    parts = converted(old, None, GAP, "Layer 0")
    assert torch.equal(whole.layer.coef, parts.layer.coef)
    assert math.isclose(whole.bound, parts.bound)


@given(st.sampled_from(CASES), st.sampled_from(DTYPES), st.floats(-1.5, 1.0), st.floats(-7, -2), st.integers(0, 2**32))
def test_the_bound_holds_for_any_curves_and_gap(case, dtype, width, gap, seed):
    (family, step), rng = case, torch.Generator().manual_seed(seed)
    old = layer(family, sources=2, targets=2, dtype=dtype, step=step)
    scale = 10 ** torch.tensor(width, dtype=torch.float64)
    knots = (old.knots.double() * scale * (1 + torch.rand(old.knots.shape, generator=rng))).to(dtype)
    if family.startswith("jacobi"):  # polynomials exist for parameters above -1 only
        knots = knots.clamp(min=-0.9)
    old = replace(old, knots=knots, coef=torch.randn(old.coef.shape, generator=rng).to(dtype))
    try:
        found = converted(old, ends(old), 10**gap, "Layer 0")
    except UserError as refusal:
        assume("pole" not in str(refusal) and "intervals" not in str(refusal))
        raise
    x = dense(found.layer, 0.5 if family in BELLS and not step else 0.0)[::7]
    before, after = learned(old, x), learned(found.layer, x)
    spread, size = before.amax(0) - before.amin(0), before.abs().amax(0)
    away = (after - before).abs().amax(0)
    assert bool((away <= found.bound * torch.where(spread > 1e-9 * size, spread, size) * 1.001 + 1e-12 * size).all())
