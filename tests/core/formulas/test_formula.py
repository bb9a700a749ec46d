"""The table of primitives: PyTorch, SymPy, slope and domain of one row say the same; formulas read as they compute."""

import math

import pytest
import sympy
import torch

from kanviz.core.formulas.formula import PRIMITIVES, Formula, Primitive, primitive
from kanviz.errors import FormulaError

TYPED = ("exp(-x^2) sin(3x)", "x/(1+x^2)", "sqrt(x^2+2)")
ROWS = [*PRIMITIVES, *TYPED]


def inside(row: Primitive) -> torch.Tensor:
    """Points within the domain, away from its ends, from poles and from kinks."""
    low, high = max(row.domain[0], -3.0), min(row.domain[1], 3.0)
    u = low + (high - low) * torch.linspace(0.03, 0.97, 24, dtype=torch.float64)
    return u[u.abs() > 0.05]


@pytest.mark.parametrize("name", ROWS)
def test_sympy_and_torch_agree(name):
    row = primitive(name)
    u = inside(row)
    x = sympy.Symbol("x", real=True)
    expression = row.sympy(sympy, x)
    exact = [float(expression.subs(x, sympy.Float(float(v), 30)).evalf(20)) for v in u]
    torch.testing.assert_close(row.torch(u), torch.tensor(exact, dtype=torch.float64), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ROWS)
def test_slope_is_the_derivative(name):
    row = primitive(name)
    u, h = inside(row), 1e-6
    measured = (row.torch(u + h) - row.torch(u - h)) / (2 * h)
    torch.testing.assert_close(row.slope(u), measured, rtol=1e-6, atol=1e-7)


def test_the_slope_of_sinc_has_no_hole_at_zero():
    u = torch.tensor([0.0, 1e-6, 9e-5, 1.1e-4], dtype=torch.float64)
    torch.testing.assert_close(primitive("sinc").slope(u), -u / 3, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.kind])
def test_domain_and_poles_say_where_it_is_a_number(name):
    row = PRIMITIVES[name]
    assert bool(row.torch(inside(row)).isfinite().all())
    for pole in row.poles:
        assert not math.isfinite(float(row.torch(torch.tensor(pole, dtype=torch.float64))))
    if name not in ("tan", "cbrt"):  # one branch of tan is searched, and the positive side of the cube root
        outside = torch.tensor([end + math.copysign(0.1, end - 0.5) for end in row.domain if math.isfinite(end)])
        assert not bool(row.torch(outside).isfinite().any())


def test_search_covers_at_least_40_primitives():
    assert sum(row.kind is not None for row in PRIMITIVES.values()) >= 40
    assert {row.kind for row in PRIMITIVES.values()} == {None, "lin", "loc", "locp", "rate", "ab", "half", "dom"}


@pytest.mark.parametrize("name", ["sin", "x^3", "exp", "1/(1+x^2)", TYPED[0]])
def test_a_formula_is_the_same_in_numbers_symbols_and_slope(name):
    formula = Formula(name, 1.5, -0.25, -2.0, 0.75)
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    symbol = sympy.Symbol("x", real=True)
    expression = formula.sympy(symbol)
    exact = torch.tensor([float(expression.subs(symbol, float(v)).evalf(20)) for v in x], dtype=torch.float64)
    torch.testing.assert_close(formula(x), exact, rtol=1e-13, atol=1e-13)
    measured = (formula(x + 1e-6) - formula(x - 1e-6)) / 2e-6
    torch.testing.assert_close(formula.derivative(x), measured, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (Formula("sin", 2, 0, 3, -1), "3 sin(2 x) - 1"),
        (Formula("x^2", 1, 0.5, 1, 0), "(x + 0.5)^2"),
        (Formula("exp", 1, 0, -1, 0), "-exp(x)"),
        (Formula("x"), "x"),
        (Formula("0", 1, 0, 0, 2.5), "2.5"),
    ],
)
def test_a_formula_reads_as_people_write_it(formula, words):
    assert str(formula) == words


@pytest.mark.parametrize("name", ["sinn(x)", "", "__import__('os')", "y+1"])
def test_what_is_no_formula_is_refused(name):
    with pytest.raises(FormulaError):
        Formula(name)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (Formula("sin", 1.00001, 0.0001, 1.00003, 2.0), "sin(x + 0.0001) + 2"),
        (Formula("cos", -1.00001, 0.0, -1.00003), "-cos(-x)"),
        (Formula("1.10532042779826*x^2-0.83448512", c=1.0000002, d=0.5), "1.105*x^2-0.8345 + 0.5"),
        (Formula("x^1.3712345", 2.0), "(2 x)^1.371"),
    ],
)
def test_a_formula_is_written_for_the_eye_in_four_digits_without_ones(formula, text):
    assert str(formula) == text
