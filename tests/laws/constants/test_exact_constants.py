"""Exact numbers for constants, as far as the rows allow."""

import math

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import E, Float, Integer, Rational, exp, log, pi, sin, sqrt

from kanviz.laws.constants.exact_constants import snapped
from kanviz.laws.constants.exact_numbers import nice_numbers
from kanviz.laws.constants.refit import refit
from kanviz.laws.expressions.template import templated
from tests.laws.sample_expressions import X, Y, laws, rows

NUMBERS = [
    Integer(1), Integer(-1), Integer(7), Integer(120), Rational(1, 2), Rational(-2, 3), Rational(5, 7),
    Rational(981, 100), pi, 2 * pi, -pi / 2, 1 / pi, 1 / (4 * pi), 3 / (8 * pi), pi**2, sqrt(2), sqrt(2) / 2,
    1 / sqrt(3), sqrt(5), 2 * sqrt(3),
    1 / sqrt(2 * pi), sqrt(pi), E, 1 / E, log(2), log(3), log(Rational(5, 2)), -log(2 * pi) / 2, sqrt(Rational(3, 2)),
    Rational(1, 1000),
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_a_number_of_the_field_is_offered(number: sympy.Expr) -> None:
    value = float(number)
    found = [nice.exact for nice in nice_numbers(value, 1e-13 * abs(value)) if sympy.simplify(nice.exact - number) == 0]
    assert found
    first = nice_numbers(value, 1e-13 * abs(value))[0].exact
    assert abs(float(first) - value) <= 1e-12 * abs(value)


@given(st.floats(0.01, 100.0), st.integers(2, 12))
def test_what_is_offered_lies_within_reach_cheapest_first(value: float, digits: int) -> None:
    tolerance = value * 10.0**-digits
    found = nice_numbers(value, tolerance)
    assert all(abs(float(nice.exact) - value) <= tolerance * (1 + 1e-6) + 1e-14 * value for nice in found)
    assert [nice.bits for nice in found] == sorted(nice.bits for nice in found)


def test_chance_agreements_are_rarely_offered() -> None:
    offered = sum(bool(nice_numbers(0.3 + 2.5 * math.modf(k * 0.6180339887498949)[0], 1e-4)) for k in range(1, 501))
    assert offered <= 50


def test_a_constant_that_the_rows_do_not_determine_may_be_zero_or_one() -> None:
    assert [nice.exact for nice in nice_numbers(0.37, math.inf)] == [0, 1, -1]


@settings(max_examples=20)
@given(laws(4), st.sampled_from([0.0, 1e-6, 1e-2]), st.integers(0, 20))
def test_snapping_never_raises_the_errors_beyond_its_bound(law: sympy.Expr, noise: float, seed: int) -> None:
    seen, held = rows(law, 200, noise, seed), rows(law, 100, noise, seed + 1000)
    fit = refit(templated(law), seen)
    found = snapped(fit, seen, held)
    factor = 200 ** (found.count / 200) * (1 + 1e-9)
    rounding = (1e-12 * float(seen.y.abs().max())) ** 2
    before = held.mse(fit.template.filled())
    assert found.fit.mse <= max(fit.mse, rounding) * factor
    assert held.mse(found.fit.template.filled()) <= max(before, fit.mse, rounding) * factor


def test_an_exact_law_is_found_from_its_constants() -> None:
    law = sin(pi * X) / sqrt(2 * pi) + log(2) * Y**2 - Rational(3, 4)
    seen, held = rows(law), rows(law, seed=1)
    start = (
        Float(0.399) * sin(Float(3.1415) * X + Float(1e-5)) + Float(0.69314) * Y**2 - Float(0.75001) + Float(1e-4) * Y
    )
    found = snapped(refit(templated(start), seen), seen, held).fit.template
    assert found.symbols == ()
    assert sympy.simplify(found.expression - law) == 0


def test_decimals_stay_decimals() -> None:
    law = Float(1.37210934) * exp(Float(-0.48129031) * X) + Float(0.91238471) * Y
    found = snapped(refit(templated(law), rows(law)), rows(law), rows(law, seed=1))
    assert found.count == 0


def test_a_term_that_the_noise_hides_is_left_out() -> None:
    law = 2 * sin(X)
    seen, held = rows(law, 1000, 0.01), rows(law, 1000, 0.01, seed=1)
    start = Float(1.99) * sin(X) + Float(0.001) * Y**3 + Float(0.0004)
    found = snapped(refit(templated(start), seen), seen, held)
    assert found.fit.template.expression == 2 * sin(X)


def test_a_term_that_the_rows_show_is_kept() -> None:
    law = 2 * sin(X) + Float(0.05) * Y**3
    seen, held = rows(law, 1000, 0.01), rows(law, 1000, 0.01, seed=1)
    found = snapped(refit(templated(Float(1.99) * sin(X) + Float(0.0301) * Y**3), seen), seen, held)
    assert found.fit.template.expression.has(Y)
