"""Whether two laws are one."""

import pytest
import sympy
from hypothesis import given
from sympy import Float, Rational, Symbol, cos, log, sin, sqrt

from kanviz.laws.expressions.equivalence import same_law
from tests.laws.sample_expressions import INPUTS, X, Y, laws

RANGES = ((-1.0, 1.0), (0.5, 2.0))


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (sin(X) ** 2, 1 - cos(X) ** 2),
        (log(Y) / 2, log(sqrt(Y))),
        ((X + Y) ** 2, X**2 + 2 * X * Y + Y**2),
        (Float(0.5) * X, X / 2),
        (Symbol("x") * Y, Symbol("x", positive=True) * Y),
    ],
    ids=str,
)
def test_equal_laws_are_the_same_however_they_are_written(f: sympy.Expr, g: sympy.Expr) -> None:
    assert same_law(f, g, INPUTS, RANGES)


@given(laws(4))
def test_a_law_is_the_same_as_itself_and_not_as_one_slightly_off(law: sympy.Expr) -> None:
    assert same_law(law, law, INPUTS, RANGES)
    assert not same_law(law * (1 + Rational(1, 10**11)) + Rational(1, 10**11), law, INPUTS, RANGES)


@pytest.mark.parametrize("law", [log(X), sqrt(X - 2), log(-Y)], ids=str)
def test_what_is_no_number_is_the_same_as_nothing(law: sympy.Expr) -> None:
    assert not same_law(law, law, INPUTS, RANGES)
