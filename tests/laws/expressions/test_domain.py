"""What is said of a law outside its data."""

import pytest
import sympy
import torch
from sympy import atanh, exp, log, sin, sqrt

from kanviz.laws.expressions.domain import domain_notes
from kanviz.laws.expressions.template import Rows
from tests.laws.sample_expressions import INPUTS, X, Y


def notes(law: sympy.Expr, low: float, high: float) -> tuple[str, ...]:
    x = low + (high - low) * torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return domain_notes(law, Rows(INPUTS, x, x[:, 0]))


@pytest.mark.parametrize(
    ("law", "low", "high", "said"),
    [
        (1 / X, 0.1, 2.0, ("Infinite at x = 0, outside the data.",)),
        (X / Y, -1.0, 1.0, ("Infinite at y = 0, within the range of the data.",)),
        (
            Y * sqrt(1 - X**2), -0.9, 0.9,
            ("Not a number for x below -1, outside the data.", "Not a number for x above 1, outside the data."),
        ),
        (log(X), 0.1, 1.0, ("Not a number for x below 0, outside the data.", "Infinite at x = 0, outside the data.")),
        (1 / (1 + X * Y), -0.9, 0.9, ("Infinite where x*y + 1 = 0, outside the data.",)),
        (
            sqrt(1 - X**2 - Y**2), -0.6, 0.6,
            ("Not a number where -x**2 - y**2 + 1 < 0, outside the data.",),
        ),
    ],
    ids=str,
)  # fmt: skip
def test_where_a_law_ends_is_said(law: sympy.Expr, low: float, high: float, said: tuple[str, ...]) -> None:
    assert notes(law, low, high) == said


@pytest.mark.parametrize("law", [sin(X) + Y, sqrt(X**2 + Y**2), 1 / (X**2 + 1), exp(X) * Y, atanh(X / 9)], ids=str)
def test_nothing_is_said_of_a_law_without_limits(law: sympy.Expr) -> None:
    assert notes(law, -1.0, 1.0) == ()


def test_a_law_that_runs_away_is_said_to() -> None:
    (note,) = notes(exp(X**2) * Y, -5.0, 5.0)
    assert note.startswith("Grows beyond 100 times")
