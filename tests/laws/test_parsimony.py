"""A law at the level of the noise without what the rows do not ask for."""

import math

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Float, cos, cosh, exp, sin, sqrt

from kanviz.laws.constants.refit import refit
from kanviz.laws.expressions.canonical_form import normalised
from kanviz.laws.expressions.template import Rows, nodes, templated
from kanviz.laws.parsimony import length, limited, simpler
from tests.laws.sample_expressions import INPUTS, X, Y, laws, rows

NOISE = 0.01


def seen(truth: sympy.Expr, noise: float = NOISE) -> Rows:
    """300 rows of the truth with noise, as a share of its spread."""
    spread = float(rows(truth, 300).y.std())
    return rows(truth, 300, noise=noise * spread)


def left(law: sympy.Expr, at: Rows, primitives: tuple[str, ...] | None = None) -> sympy.Expr:
    """The law fitted and without what it can spare."""
    return limited(refit(templated(normalised(law, at)), at), at, primitives=primitives).template.filled()


@pytest.mark.parametrize(
    ("truth", "law"),
    [
        (X**2 + Y, Float(-80.0) * cos(Float(0.15) * X) + Float(80.0) + Float(1.0) * Y),
        (X + exp(Y), Float(150.0) * exp(Float(0.0066) * X) - Float(150.0) + exp(Float(1.01) * Y)),
        (X * Y, Float(1.01) * X * Y + Float(0.003) * sin(Float(2.0) * X)),
        (Y * cos(2 * X), Float(1.0) * Y * sin(Float(2.0) * X + Float(1.565))),
        (sqrt(X + 2), Float(1.0) * (X + Float(2.1)) ** Float(0.51)),
        ((X + 1.5) * exp(-Y), Float(1.0) * (X + Float(1.5)) * exp(Float(-1.0) * Y) + Float(0.002)),
    ],
)
def test_what_the_rows_do_not_ask_for_is_gone(truth: sympy.Expr, law: sympy.Expr) -> None:
    at = seen(truth)
    found = left(law, at)
    assert nodes(found) <= nodes(truth) + 2 * len(found.atoms(sympy.Float))
    clean = rows(truth, 300)
    assert math.sqrt(clean.mse(found)) < NOISE * float(clean.y.std())
    assert {part.func for part in found.atoms(sympy.Function)} == {part.func for part in truth.atoms(sympy.Function)}


def test_what_the_rows_ask_for_stays() -> None:
    truth = sin(2 * X) + Y**3 / 2
    at = seen(truth)
    found = left(Float(1.1) * sin(Float(1.9) * X) + Float(0.4) * Y**3, at)
    assert found.has(sin)
    assert found.has(Y**3)


def test_without_noise_nothing_that_shows_is_left_out() -> None:
    truth = cosh(X / 4) + Y
    at = rows(truth, 300)
    assert left(Float(1.0) * cosh(Float(0.25) * X) + Float(1.0) * Y, at).has(cosh)


def test_only_functions_that_are_allowed_come_in() -> None:
    at = seen(Y * cos(2 * X))
    law = Float(1.0) * Y * sin(Float(2.0) * X + Float(1.565))
    assert left(law, at).has(cos)
    assert not left(law, at, ("x", "sin")).has(cos)


@settings(max_examples=6)
@given(laws(2), st.integers(0, 5))
def test_the_description_is_never_longer(law: sympy.Expr, seed: int) -> None:
    at = rows(law, 80, noise=0.05, seed=seed)
    fit = refit(templated(law), at)
    assert length(limited(fit, at)) <= length(fit)


@settings(max_examples=25)
@given(laws(3))
def test_simpler_laws_have_values_wherever_the_law_has_and_no_new_inputs(law: sympy.Expr) -> None:
    at = rows(law, 20)
    for one in simpler(law, at):
        assert one.free_symbols <= set(INPUTS)
        assert at.values(one).shape == (20,)


def test_time_that_is_up_leaves_the_fit_as_it_is() -> None:
    at = seen(X**2 + Y)
    fit = refit(templated(Float(-80.0) * cos(Float(0.15) * X) + Float(80.0) + Y), at)
    assert limited(fit, at, -math.inf) is fit
    assert torch.isfinite(at.values(fit.template.filled())).all()
