"""Curves that are a product of two functions, or a polynomial: found, written, and the same when read back."""

import pytest
import torch

from kanviz.analysis.symbolic.polynomial import polynomials
from kanviz.analysis.symbolic.product import ENVELOPES, PARTNERS, products
from kanviz.analysis.symbolic.samples import samples
from kanviz.analysis.symbolic.search import search_many
from kanviz.core.formulas.formula import Formula

CURVES = {
    "a wave that dies away": (lambda x: 3 * torch.exp(-0.4 * x) * torch.cos(2 * x), 0.0, 6.0),
    "a wave that grows": (lambda x: x * torch.sin(3 * x) + 1, -2.0, 5.0),
    "a wave over its distance": (lambda x: torch.sin(x) / x, 1.0, 20.0),
    "a packet": (lambda x: torch.exp(-x * x) * torch.sin(5 * x + 1), -2.0, 2.0),
    "a wave about something": (lambda x: torch.exp(-0.3 * x) * (torch.cos(3 * x) + 0.5), 0.0, 5.0),
}


def points(law, low, high, noise=None):
    x = torch.linspace(low, high, 600, dtype=torch.float64)
    return samples(x, law(x), noise=noise)


@pytest.mark.parametrize("name", list(CURVES))
def test_a_product_is_found_to_rounding(name):
    curve = points(*CURVES[name])
    best = min(products(curve), key=lambda one: one.score)
    assert best.error < 1e-10
    again = Formula(*(getattr(best.formula, part) for part in ("primitive", "a", "b", "c", "d")))
    assert torch.equal(again(curve.x), best.formula(curve.x))


@pytest.mark.parametrize("name", list(CURVES))
def test_the_search_offers_it_first_where_no_single_function_does(name):
    assert search_many([points(*CURVES[name])], None, 1, deeper=True)[0][0].error < 1e-10


def test_few_digits_are_written_where_the_curve_asks_for_no_more():
    law, low, high = CURVES["a wave that dies away"]
    best = min(products(points(law, low, high, noise=1e-3)), key=lambda one: one.score)
    assert len(best.formula.primitive) < 40


@pytest.mark.parametrize("degree", [3, 4, 5, 6])
def test_a_polynomial_is_found_at_its_own_degree(degree):
    factors = [0.7, -1.2, 0.4, 2.0, -0.3, 1.1, 0.6][: degree + 1]
    curve = points(lambda x: sum(f * x**n for n, f in enumerate(factors)), -1.0, 1.5)
    last = polynomials(curve)[-1]
    assert last.error < 1e-12
    assert f"x^{degree}" in last.formula.primitive
    assert f"x^{degree + 1}" not in last.formula.primitive


def test_a_curve_that_is_no_number_beyond_its_border_is_not_followed_there():
    curve = points(lambda x: torch.sqrt(x) * torch.cos(2 * x), 0.1, 6.0)
    for one in products(curve):
        assert bool(one.formula(curve.x).isfinite().all())


INSIDE = [(one.curve, one.slope, one.starts) for one in ENVELOPES] + [
    (curve, slope, one.starts) for one in PARTNERS for curve, slope in zip(one.columns, one.slopes, strict=True)
]


@pytest.mark.parametrize(("curve", "slope", "starts"), INSIDE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slopes_are_those_of_their_curves(curve, slope, starts, dtype):
    x = torch.linspace(0.3, 2.0, 9, dtype=dtype)
    inner = torch.tensor(starts(0.3, 2.0), dtype=dtype)[:, None].expand(-1, 9).clone().requires_grad_()
    (wanted,) = torch.autograd.grad(curve(x, inner).sum(), inner)
    torch.testing.assert_close(slope(x, inner).broadcast_to(wanted.shape), wanted, equal_nan=True)
