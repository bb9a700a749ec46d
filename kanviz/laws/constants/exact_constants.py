"""Make constants of a law exact, one at a time and the simplest first, as far as the data allow it."""

import math
import time
from dataclasses import dataclass
from typing import Any

import sympy
import torch

from kanviz.laws.constants.exact_numbers import Nice, nice_numbers
from kanviz.laws.constants.refit import Fit, refit, standard_errors
from kanviz.laws.expressions.template import Rows, Template

REACH = 4.0  # standard errors within which exact numbers are tried
EXACT = 1e-12  # share of the target's largest value; errors below it count as rounding
CLOSEST = 1e-10  # share of a constant's size that is always within reach: rounding errors give no standard error
MOST_CONSTANTS = 100  # a law with more is too long to be read


@dataclass(frozen=True)
class Snapped:
    """The law after constants were made exact, and how many were."""

    fit: Fit
    count: int


def snapped(fit: Fit, rows: Rows, held: Rows, deadline: float = math.inf) -> Snapped:
    """Make every constant of the fitted law exact that may be.

    An exact number is accepted when the rows allow it: N log(m_new / m_old) < log N, m the mean square error after the
    other constants are refitted (BIC), or m_new is at the level of rounding. So k exact numbers raise m by at most a
    factor of N^(k/N), and never let the held-out mean square error exceed that factor times the larger of its and m's
    first value.
    """
    n = len(rows.y)
    rounding = (EXACT * float(rows.y.abs().max())) ** 2
    first = max(fit.mse, held.mse(fit.template.filled()), rounding)
    tried: set[tuple[sympy.Symbol, Any]] = set()
    count = 0
    while (
        0 < len(fit.template.symbols) <= MOST_CONSTANTS and math.isfinite(fit.squares) and time.monotonic() < deadline
    ):
        found = None
        for symbol, nice in _candidates(fit.template, rows):
            if (symbol, nice.exact) in tried or time.monotonic() >= deadline:
                continue
            tried.add((symbol, nice.exact))
            new = _with(fit, symbol, nice, rows, max(fit.mse * n ** (1 / n), rounding), deadline)
            if new and held.mse(new.template.filled()) <= first * n ** ((count + 1) / n):
                found = new
                break
        if found is None:
            break
        fit, count = found, count + 1
    return Snapped(fit, count)


def _candidates(template: Template, rows: Rows) -> list[tuple[sympy.Symbol, Nice]]:
    """Return exact numbers that the constants may be, cheapest first.

    A number is within reach when it is inside the standard errors, or moves the law by no more than rounding.
    """
    rounding = EXACT * float(rows.y.abs().max())
    errors = standard_errors(template, rows, rounding)
    _, slopes = rows.value_and_slopes(template, torch.tensor(template.values, dtype=torch.float64))
    effects = slopes.square().mean(0).sqrt().clamp(min=1e-300)
    unseen = (rounding / effects).tolist()
    found = []
    for symbol, value, error, blind in zip(template.symbols, template.values, errors, unseen, strict=True):
        tolerance = math.inf if error is None else max(REACH * error, CLOSEST * abs(value), blind)
        found += [(symbol, nice) for nice in nice_numbers(value, tolerance)]
    return sorted(found, key=lambda pair: (pair[1].bits, pair[0].name))


def _with(fit: Fit, symbol: sympy.Symbol, nice: Nice, rows: Rows, allowed: float, end: float) -> Fit | None:
    """Return the law with one constant exact and the others refitted; None when its error is above the allowed one."""
    template = fit.template.with_exact(symbol, nice.exact)
    if template.expression.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
        return None
    new = refit(template, rows, end, trial=True)
    return new if new.mse <= allowed else None
