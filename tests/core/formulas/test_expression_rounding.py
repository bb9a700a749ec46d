"""The estimate of a formula's rounding error is above the error, and not far above where a formula is harmless."""

import mpmath
import pytest
import torch

from kanviz.core.formulas.expression_rounding import ULP, rounding
from kanviz.core.formulas.parser import evaluate, parse

mp = mpmath.mp.clone()
mp.dps = 60

EXACT = {
    "(x + 1e12) - 1e12": lambda x: x,
    "sin(1e10*x)": lambda x: mp.sin(10**10 * x),
    "1/(x - 0.5) * (x - 0.5)": lambda x: mp.mpf(1),
    "exp(50*x) - exp(50*x - 1)": lambda x: mp.exp(50 * x) - mp.exp(50 * x - 1),
    "log(1 + x^2) / x^2": lambda x: mp.log(1 + x**2) / x**2,
    "sqrt(1 - x^2)": lambda x: mp.sqrt(1 - x**2),
    "x^7 - x^6*x": lambda x: mp.mpf(0),
    "2^(30*x)": lambda x: mp.mpf(2) ** (30 * x),
    "-x^-3 / 7": lambda x: -(x**-3) / 7,
}


def points() -> torch.Tensor:
    return torch.rand(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.98 + 0.01


@pytest.mark.parametrize("text", EXACT)
def test_no_error_is_above_the_estimate(text: str) -> None:
    tree, x = parse(text, ("x",)).tree, points()
    exact = [EXACT[text](mp.mpf(value)) for value in x.tolist()]
    wrong = [abs(float(mp.mpf(v) - e)) for v, e in zip(evaluate(tree, {"x": x}).tolist(), exact, strict=True)]
    estimate = rounding(tree, {"x": x})
    assert bool((torch.tensor(wrong, dtype=torch.float64) <= estimate).all())


@pytest.mark.parametrize("text", ["x", "exp(x)", "sin(3*x) + x^2", "x*cos(x)/(1 + x)", "-pi*x^3", "(-x)^3"])
def test_the_estimate_of_a_harmless_formula_is_some_last_digits(text: str) -> None:
    tree, x = parse(text, ("x",)).tree, points()
    assert float(rounding(tree, {"x": x}).max()) < 50 * ULP * float(evaluate(tree, {"x": x}).abs().max())


def test_at_the_end_of_a_domain_the_estimate_is_infinite() -> None:
    x = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64)
    assert rounding(parse("log(x - 0.5 + 1e-17)", ("x",)).tree, {"x": x}).isinf().tolist() == [False, True, False]
