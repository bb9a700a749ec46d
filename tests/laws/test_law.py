"""From a network's formula to the law behind it."""

import json
import math

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Float, atanh, exp, log, sin, tanh

from kanviz.laws.expressions.equivalence import digits_at
from kanviz.laws.law import Law, polished, same_law
from tests.laws.sample_expressions import INPUTS, X, Y, laws, rows
from tests.laws.samples import (
    BY_NAME,
    SAMPLES,
    Sample,
    a,
    as_a_network_writes_it,
    b,
    c,
    m,
    sigma,
    theta,
    u,
    v,
    w,
    x,
    y,
)  # fmt: skip

F = Float


@pytest.mark.parametrize("off", [1e-3, 1e-6])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_law_is_recovered_exactly_from_what_a_network_writes(sample: Sample, off: float) -> None:
    law = polished(as_a_network_writes_it(sample.law, 1, off), sample.inputs, *sample.four(), seconds=1200)
    assert same_law(law.expression, sample.law, sample.inputs, sample.ranges)
    assert law.free == 0


ROUNDABOUT = [
    ("product_sum_nodes", F(0.250013) * (F(1.0001) * x + F(0.9999) * y + F(1e-4)) ** 2
     - F(0.2499) * (F(1.0002) * x - F(0.99993) * y - F(2e-4)) ** 2 + F(1e-5)),
    ("ratio_positive", F(1.0002) * exp(F(0.9998) * log(F(2) * x + F(1e-4)) - F(1.0001) * log(F(3) * y) + F(0.405))),
    ("ratio_positive", F(1.0002) * x ** F(0.99997) * y ** F(-1.00003) + F(1e-5)),
    ("feynman_I_16_6", F(1.0001) * tanh(F(0.9999) * atanh(F(0.99992) * a) + F(1.00013) * atanh(F(0.99991) * b))),
    ("feynman_I_6_2", exp(F(-0.91888) - F(1.0001) * log(F(1.00003) * sigma) - F(0.50002) * theta**2 * sigma**-2)),
    ("hypot", exp(F(0.50003) * log(F(1.0001) * x**2 + F(1.00002) * y**2 + F(1e-5)))),
    ("nguyen_10_noise", F(1.0001) * sin(x + F(0.9999) * y + F(1e-4)) + F(0.9998) * sin(x - F(1.0002) * y + F(1e-4))),
    ("feynman_I_15_3x", exp(F(1.0001) * log(-F(1.0001) * a + F(1.0001))
     - F(0.50001) * log(F(1.00001) - F(1.0001) * b**2))),
    ("feynman_I_13_4", F(0.4999) * (F(0.70711) * m + F(0.7071) * u**2 + F(0.7072) * v**2 + F(0.7071) * w**2) ** 2
     - F(0.25) * m**2 - F(0.25) * (u**2 + F(1.0001) * v**2 + w**2) ** 2),
    ("feynman_II_6_15a", F(0.15916) * exp(F(1.0001) * log(c) + F(0.5001) * log(F(0.25002) * a**2 + F(0.25001) * b**2))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "written"), ROUNDABOUT, ids=[name for name, _ in ROUNDABOUT])
def test_a_law_written_in_a_roundabout_way_is_recovered(name: str, written: sympy.Expr) -> None:
    sample = BY_NAME[name]
    law = polished(written, sample.inputs, *sample.four(), seconds=1200)
    assert same_law(law.expression, sample.law, sample.inputs, sample.ranges)


def decimals(noise: float) -> Law:
    truth = F(1.37210934) * exp(F(-0.48129031) * X) + F(0.91238471) * sin(F(1.732901) * Y)
    seen, held = rows(truth, 1000, noise), rows(truth, 300, noise, seed=1)
    start = F(1.372) * exp(F(-0.4815) * X) + F(0.9121) * sin(F(1.7333) * Y + F(1e-4)) + F(1e-4)
    return polished(start, INPUTS, seen.x, seen.y, held.x, held.y, seconds=1200)


def test_constants_that_are_no_numbers_of_the_field_stay_decimals_with_small_errors() -> None:
    law = decimals(0.01)
    truth = (1.37210934, 0.48129031, 0.91238471, 1.732901)
    free = law.constants[: law.free]
    assert law.free == 4
    for value in truth:
        near = min(free, key=lambda constant: abs(abs(constant.value) - value))
        assert near.error is not None
        assert abs(abs(near.value) - value) < 4 * near.error


def test_without_noise_decimals_are_found_to_rounding() -> None:
    assert sorted(abs(one.value) for one in decimals(0.0).constants if not one.exact) == pytest.approx(
        sorted((1.37210934, 0.48129031, 0.91238471, 1.732901)), rel=1e-11
    )


def test_errors_are_those_on_the_rows_given() -> None:
    truth = F(1.37210934) * exp(F(-0.48129031) * X)
    seen, held = rows(truth, 500, 0.01), rows(truth, 200, 0.01, seed=1)
    law = polished(truth, INPUTS, seen.x, seen.y, held.x, held.y, seconds=1200)
    assert law.train_rmse == pytest.approx(float((law(seen.x) - seen.y).square().mean().sqrt()))
    assert law.test_rmse == pytest.approx(float((law(held.x) - held.y).square().mean().sqrt()))


@settings(max_examples=10)
@given(laws(4), st.integers(0, 9))
def test_a_polished_law_is_never_worse_than_what_the_bound_allows(law: sympy.Expr, seed: int) -> None:
    seen, held = rows(law, 200, 0.01, seed), rows(law, 200, 0.01, seed + 1000)
    found = polished(law, INPUTS, seen.x, seen.y, held.x, held.y, seconds=1200)
    # at most a dozen constants, each of which may cost a factor of N^(1/N) in the mean square
    assert found.train_rmse <= math.sqrt(seen.mse(law) * 200 ** (12 / 200))


def test_a_law_read_back_from_json_is_the_same() -> None:
    law = decimals(0.01)
    back = Law.from_json(json.loads(json.dumps(law.to_json())))
    assert back == law
    assert back.expression == law.expression


def test_a_law_called_on_rows_is_its_expression() -> None:
    law = decimals(0.01)
    at = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    exact = digits_at(law.expression, {X: Float(0.3), Y: Float(-0.7)})
    assert float(law(at)[0]) == pytest.approx(float(exact), rel=1e-13)


def test_a_law_whose_time_is_over_is_still_a_law() -> None:
    sample = BY_NAME["kan_toy_exp_sin_sq"]
    start = as_a_network_writes_it(sample.law, 1, 1e-3)
    law = polished(start, sample.inputs, *sample.four(), seconds=0.0)
    assert law.free > 0
    assert math.isfinite(law.test_rmse)


def test_exact_numbers_are_named_among_the_constants() -> None:
    sample = BY_NAME["feynman_II_6_15a"]
    law = polished(as_a_network_writes_it(sample.law, 1, 1e-3), sample.inputs, *sample.four(), seconds=1200)
    assert [one.exact for one in law.constants] == ["1/(4*pi)"]
    assert law.constants[0].identifiable


def test_a_law_that_is_no_number_is_said_to_be_none() -> None:
    seen = rows(X**2)
    law = polished(log(X - 5) + F(1.5), INPUTS, seen.x, seen.y, seen.x, seen.y, seconds=1200)
    assert law.train_rmse == math.inf
    assert any("not a number" in note for note in law.notes)
