"""Laws without redundant constants."""

import math

import pytest
import sympy
from hypothesis import given
from sympy import Float, Integer, cos, exp, log, sin, sqrt

from kanviz.laws.expressions.canonical_form import normalised
from kanviz.laws.expressions.template import templated
from tests.laws.sample_expressions import X, Y, laws, rows


def constants(law: sympy.Expr) -> int:
    return len(templated(law).symbols)


@given(laws(6))
def test_a_law_without_redundant_constants_has_the_same_values(law: sympy.Expr) -> None:
    seen = rows(law)
    off = (seen.values(normalised(law, seen)) - seen.y).abs().max()
    assert off <= 1e-9 * max(seen.y.abs().max(), 1e-300)


@given(laws(6))
def test_no_constant_is_added(law: sympy.Expr) -> None:
    assert constants(normalised(law, rows(law))) <= constants(law)


@pytest.mark.parametrize(
    ("law", "left"),
    [
        (Float(2.0) * (Float(3.0) * X + Float(1.5)), 2),
        (Float(1.3) * exp(Float(0.7) * X + Float(0.2)), 2),
        (Float(1.3) * log(Float(0.7) * X + Float(2.2)) + Float(0.1), 3),
        (Float(1.3) * sqrt(Float(0.7) * X + Float(2.2)), 2),
        (Float(1.3) / (Float(0.7) * X**2 + Float(2.2) * Y**2 + Float(0.3)), 3),
        ((Float(1.3) * X + Float(0.1)) * (Float(2.3) * Y + Float(0.7)), 3),
        (Float(1.3) * (Float(1.1) * X + Float(0.1)) ** 2 + Float(0.2) * X + Float(1.7), 3),
        (Float(2.0) * exp(Float(0.5) * X + Float(1.0)) * exp(Float(0.25) * Y - Float(2.0)), 3),
    ],
)
def test_numbers_leave_brackets_powers_and_functions(law: sympy.Expr, left: int) -> None:
    assert constants(normalised(law, rows(law))) == left


@pytest.mark.parametrize("turns", [-3, -1, 1, 4])
def test_a_phase_is_less_than_a_quarter_turn(turns: int) -> None:
    law = Float(1.2) * sin(Float(2.5) * X + Float(0.3 + turns * math.pi))
    found = normalised(law, rows(law))
    assert found.has(sin)
    assert [c for c in found.atoms(Float) if abs(abs(c) - 0.3) < 1e-9]


def test_a_cosine_with_a_phase_is_a_sine() -> None:
    law = cos(Float(2.5) * X + Float(0.3))
    assert normalised(law, rows(law)).has(sin)


def test_a_power_of_a_negative_number_gets_a_whole_exponent() -> None:
    law = X ** Float(2.0001)
    assert normalised(law, rows(X**2)) == X ** Integer(2)
