"""A law written as a Python function says what the law says."""

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.analysis.symbolic.source import NUMPY, TAKEN, python_source
from kanviz.analysis.symbolic.walk import Walk
from kanviz.errors import FormulaError
from kanviz.text import written_names

X, Y = sympy.symbols("x y", real=True)
ROWS = np.random.default_rng(0).uniform(0.1, 0.9, (50, 2))


def function(expression, inputs=("x", "y"), **more):
    """The function as a person gets it who saves the text and imports it."""
    space: dict = {}
    exec(python_source(expression, inputs, **more), space)
    return space["law"]


def walked(expression) -> np.ndarray:
    values = torch.from_numpy(ROWS)
    return Walk({X: values[:, 0], Y: values[:, 1]}, {})(expression).numpy()


EXPRESSIONS = [
    X * Y / (X + 2) ** 2,
    -sympy.Rational(2, 3) * X ** sympy.Rational(5, 2) - 1 / sympy.sqrt(Y),
    sympy.exp(-(X**2) / 2) / sympy.sqrt(2 * sympy.pi),
    (X + Y) ** (-X),
    sympy.Float(0.1) * sympy.sin(3 * X - 1) ** 2 + sympy.E,
    sympy.erf(X) + sympy.sinc(5 * Y),
    sympy.besselj(0, 7 * X) - sympy.besselj(1, 2 * Y),
    sympy.Integer(3),
    *(head(X / 2) for head in NUMPY if head is not sympy.acosh),
    sympy.acosh(X + 1),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_the_function_gives_the_values_of_the_law(expression):
    found = np.broadcast_to(function(expression)(*ROWS.T), len(ROWS))
    np.testing.assert_allclose(found, walked(expression), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("order", [0, 1])
def test_bessel_functions_hold_far_out(order):
    from scipy.special import jv

    u = np.linspace(-290, 290, 2001)
    law = function(sympy.besselj(order, X), ("x",))
    np.testing.assert_allclose(law(u), jv(order, u), atol=1e-13)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_constant_is_lost(value: float):
    assert function(sympy.Float(value, 17) + 0 * X, ("x",))(1.0) == value


names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@settings(max_examples=60)
@given(names)
def test_any_columns_become_arguments(columns: list[str]):
    assert not set(written_names(columns, TAKEN)) & set(TAKEN)
    symbols = [sympy.Symbol(name, real=True) for name in columns]
    law = function(sum((k + 1) * s for k, s in enumerate(symbols)), columns)
    assert law(*range(len(columns))) == sum((k + 1) * k for k in range(len(columns)))


@given(st.text(max_size=60))
def test_what_is_said_of_a_law_never_ends_its_docstring(says: str):
    assert function(X, ("x",), docstring=says)(2.5) == 2.5


def test_it_takes_numbers_as_well_as_arrays():
    assert function(X**-2, ("x",))(2) == 0.25
    assert math.isclose(function(sympy.erf(X), ("x",))(0.5), math.erf(0.5))


def test_a_curve_without_a_formula_is_refused():
    with pytest.raises(FormulaError, match="no closed form"):
        python_source(sympy.Function("phi")(X), ["x"])
