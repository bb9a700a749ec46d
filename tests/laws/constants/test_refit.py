"""Constants by least squares, and their standard errors."""

import math

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st
from sympy import Float, exp, sin

from kanviz.laws.constants.refit import refit, standard_errors
from kanviz.laws.expressions.canonical_form import normalised
from kanviz.laws.expressions.template import Rows, Template, templated
from tests.laws.sample_expressions import INPUTS, X, Y, laws, rows

LAW = Float(1.3) * sin(Float(2.1) * X + Float(0.4)) + Float(0.8) * exp(Float(-0.9) * Y)
TRUTH = {1.3, 2.1, 0.4, 0.8, 0.9}


@given(laws(5), st.integers(0, 9))
def test_slopes_by_constants_are_those_of_small_differences(law: sympy.Expr, seed: int) -> None:
    template, seen = templated(law), rows(law, 20, seed=seed)
    values = torch.tensor(template.values, dtype=torch.float64)
    _, slopes = seen.value_and_slopes(template, values)
    step = 1e-6
    for k in range(len(values)):
        ends = [values.clone() for _ in range(2)]
        ends[0][k] += step
        ends[1][k] -= step
        high, low = (seen.value_and_slopes(template, end)[0] for end in ends)
        assert torch.allclose(
            slopes[:, k], (high - low) / (2 * step), rtol=1e-4, atol=1e-4 * float(1 + high.abs().max())
        )


@given(laws(5), st.floats(0.5, 1.5), st.integers(0, 9))
def test_a_fit_is_never_worse_than_its_start(law: sympy.Expr, factor: float, seed: int) -> None:
    seen = rows(law, noise=0.01, seed=seed)
    template = templated(law)
    start = template.at([factor * value for value in template.values])
    before = seen.mse(start.filled())
    assert refit(start, seen).mse <= before * (1 + 1e-12)


def test_a_fit_from_nearby_finds_the_constants_to_rounding() -> None:
    template = templated(LAW)
    start = template.at([1.05 * value for value in template.values])
    assert refit(start, rows(LAW)).mse < 1e-28


def test_a_start_that_is_no_number_on_some_rows_is_rescued() -> None:
    seen = rows(sympy.sqrt(X + Y + 2), 500)
    off = templated(Float(1.01) * sympy.sqrt(Float(1.02) * X + Float(0.99) * Y + Float(1.9)))
    assert not seen.values(off.filled()).isfinite().all()
    assert refit(off, seen).mse < 1e-25


def test_constants_that_trade_off_have_no_standard_error() -> None:
    c = sympy.symbols("c0:4", real=True)
    template = Template(c[0] * exp(c[1] * X + c[2]) + c[3] * Y, c, (1.2, 0.5, 0.3, 0.7))
    errors = standard_errors(template, rows(template.filled(), noise=0.01))
    assert [error is None for error in errors] == [True, False, True, False]


def test_without_rows_to_spare_nothing_is_said_of_errors() -> None:
    template = templated(LAW)
    assert standard_errors(template, rows(LAW, 5)) == (None,) * 5


def test_intervals_of_95_percent_hold_the_truth_in_95_of_100() -> None:
    template = templated(normalised(LAW, rows(LAW)))
    truth = {round(abs(value), 6): value for value in template.values}
    assert set(truth) == TRUTH
    x = rows(LAW, 120).x
    clean = Rows(INPUTS, x, x[:, 0]).values(LAW)
    rng = torch.Generator().manual_seed(7)
    held = total = 0
    for _ in range(400):
        seen = Rows(INPUTS, x, clean + 0.05 * torch.randn(len(x), generator=rng, dtype=torch.float64))
        fit = refit(template, seen)
        for value, true, error in zip(
            fit.template.values, template.values, standard_errors(fit.template, seen), strict=True
        ):
            assert error is not None
            held += abs(value - true) <= 1.96 * error
            total += 1
    # 2,000 intervals, about 400 independent fits: the share itself is known to about one point
    assert math.isclose(held / total, 0.95, abs_tol=0.03)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_rows_that_are_no_numbers_do_not_crash_the_fit(value: float) -> None:
    seen = rows(LAW)
    seen.y[3] = value
    assert refit(templated(LAW), seen).squares == math.inf
