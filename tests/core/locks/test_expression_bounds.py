"""Bounds of typed expressions hold what a network computes, in either precision, over intervals short and long."""

import pytest
import torch

from kanviz.core.formulas.formula import primitive
from kanviz.core.intervals.formula_bounds import formula_bounds
from tests.core.locks.test_bounds import inside, intervals

EXPRESSIONS = [
    "sin(3x) + x^2", "x exp(-x^2) + 1", "tanh(x)/(2+cos(x))", "abs(x)^1.5 - 3x", "(x^2+1)^-0.5", "2^x - x/3", "1/x + x",
    "tan(x/3)", "log(1+x^2) - sqrt(2+sin(x))", "sinc(2x)", "acos(x/9) + asin(x/9)", "(1+x) - x", "-x^3", "silu(x)",
    "1/(x-x+1)", "log(x)", "(2+sin(x))^x", "gaussian(x) cosh(x)", "x^-2", "sign(x) + e",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("width", [1.0, 1e-6])
def test_what_a_typed_expression_computes_lies_within_its_bounds(text, dtype, width):
    low, high = (v[:, 0] for v in intervals(3, 300, 1, 4.0))
    high = low + width * (high - low)
    affine = torch.tensor([1.1, 0.2, -3.0, 1e3], dtype=torch.float64)
    below, above = formula_bounds(text, affine, low, high, torch.finfo(dtype).eps)
    a, b, c, d = affine.to(dtype)
    y = (c * primitive(text).torch(a * inside(low, high, 60).to(dtype) + b) + d).double()
    known = below.isfinite() & above.isfinite()
    assert bool(((y >= below) & (y <= above))[:, known].all())
    assert bool(y[:, known].isfinite().all())
    assert float(known.double().mean()) > 0.3


def test_bounds_of_a_typed_expression_are_as_wide_as_its_values_on_a_short_interval():
    low = torch.linspace(-2, 2, 50, dtype=torch.float64)
    high = low + 1e-6
    affine = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
    for text in EXPRESSIONS[:6]:
        below, above = formula_bounds(text, affine, low, high, torch.finfo(torch.float64).eps)
        y = primitive(text).torch(inside(low, high, 30))
        assert float(((above - below) - (y.amax(0) - y.amin(0))).abs().max()) < 2e-5
