"""Simplify a law whose error is noise or rounding: remove terms and replace functions by simpler ones.

On noisy rows, cos(0.15 v) fits as well as v^2, and one more term always fits a little better; on exact rows, 1e-12 (u +
1e12 v) fits as well as v. Each such part is replaced by its simpler limit and everything is fitted again. The change is
accepted where the law's description gets shorter.
"""

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import sympy
import torch
from sympy import Add, Integer, Pow, Rational

from kanviz.analysis.symbolic.linear import number
from kanviz.laws.constants.refit import Fit, refit
from kanviz.laws.expressions.canonical_form import normalised
from kanviz.laws.expressions.template import Rows, nodes, templated

PART = 2.0  # nats for each part of an expression: the choice among about eight functions, inputs and constants
ALL = frozenset({SQUARE := "x^2", COSINE := "cos", ROOT := "sqrt"})  # functions that may be introduced
MOST = 60  # nodes; a longer law is a fit to data
TRIES = 4  # simpler laws that are fitted in each round: the most promising after one Gauss-Newton step


def limited(
    fit: Fit,
    rows: Rows,
    deadline: float = math.inf,
    primitives: Sequence[str] | None = None,
    floor: float = 0.0,
) -> Fit:
    """Remove or simplify every part of the fit where that shortens the description.

    Ends at the deadline (time.monotonic) with the best so far. primitives: names in PRIMITIVES that may be introduced;
    None allows all. floor: a mean square error below which a smaller error does not count.
    """
    allowed = ALL if primitives is None else frozenset(primitives)
    best, least = fit, length(fit, floor)
    while math.isfinite(least) and nodes(best.template.expression) <= MOST:
        found = None
        for one in _promising(best.template.filled(), rows, allowed, deadline, floor):
            new = refit(templated(one), rows, deadline, trial=True)
            if length(new, floor) < (least if found is None else length(found, floor)):
                found = new
        if found is None or time.monotonic() >= deadline:
            return best
        best = refit(found.template, rows, deadline)
        least = length(best, floor)
    return best


def length(fit: Fit, floor: float = 0.0) -> float:
    """Return the description length in nats of the law and its errors on the rows, like `front.Scale.description`."""
    mse = max(fit.mse, floor)
    if not 0 < mse < math.inf:
        return mse if mse else -math.inf
    return PART * nodes(fit.template.expression) + _nats(fit) + 0.5 * fit.rows * math.log(mse)


def _nats(fit: Fit) -> float:
    """Return the nats of its constants."""
    return 0.5 * math.log(fit.rows) * len(fit.template.symbols)


def _promising(law: Any, rows: Rows, allowed: frozenset[str], deadline: float, floor: float) -> list[Any]:
    """Return the simpler laws with the shortest description after their constants are fitted to first order."""
    fit = Fit(templated(law), rows.mse(law) * len(rows.y), len(rows.y))
    most = max(fit.squares, floor * fit.rows) * math.exp(
        2 * (PART * nodes(law) + _nats(fit)) / fit.rows
    )  # no shorter law can pay for a larger error
    found: dict[Any, float] = {}
    for one in simpler(law, rows, allowed):
        if time.monotonic() >= deadline:
            break
        if one.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I) or _stepped(one, rows).squares > most:
            continue
        written = normalised(one, rows)
        if written not in found and written.free_symbols:
            found[written] = length(_stepped(written, rows), floor)
    return sorted((one for one in found if math.isfinite(found[one])), key=found.__getitem__)[:TRIES]


def _stepped(law: Any, rows: Rows) -> Fit:
    """Return the law with the error that one Gauss-Newton step predicts."""
    template = templated(law)
    value, slopes = rows.value_and_slopes(template, torch.tensor(template.values, dtype=torch.float64))
    off = value - rows.y
    if not bool(off.isfinite().all()) or not bool(slopes.isfinite().all()):
        return Fit(template, math.inf, len(rows.y))
    if slopes.shape[1]:
        q, _ = torch.linalg.qr(slopes / slopes.norm(dim=0).clamp(min=1e-300))
        off = off - q @ (q.T @ off)
    return Fit(template, float(off.square().sum()), len(rows.y))


def simpler(law: Any, rows: Rows, allowed: frozenset[str] = ALL) -> Iterator[Any]:
    """Generate the laws with one part made simpler.

    A term of a sum is left out; a function becomes a number, or a line or parabola of its argument; a phase becomes a
    right angle; an exponent becomes a whole number or a half.
    """
    if not law.free_symbols:
        return
    if law.is_Add and len(law.args) > 1:
        for n in range(len(law.args)):
            yield Add(*law.args[:n], *law.args[n + 1 :])
    if _bends(law):
        yield from _limits(law, rows, (1, 2) if SQUARE in allowed else (1,))
    if law.func is sympy.sin and COSINE in allowed:
        phase, rest = law.args[0].as_coeff_Add()
        if phase.is_Float:
            yield sympy.cos(rest) if phase > 0 else -sympy.cos(rest)
    if law.is_Pow and law.exp.is_Float and ROOT in allowed:
        yield from (Pow(law.base, one) for one in _near(float(law.exp)))
    for n, part in enumerate(law.args):
        for one in simpler(part, rows, allowed):
            yield law.func(*law.args[:n], one, *law.args[n + 1 :])


def _bends(part: Any) -> bool:
    """Return whether a part is a function of one argument and is not a sum, a product or a positive whole power."""
    if part.is_Pow:
        return part.exp.is_number and not (part.exp.is_Integer and part.exp > 0)
    return part.is_Function or part.func is sympy.exp


def _limits(part: Any, rows: Rows, powers: Sequence[int]) -> Iterator[Any]:
    """Generate the nearest number on the rows, and the nearest line, parabola ... of the argument."""
    inside = part.base if part.is_Pow else part.args[0]
    y, u = rows.values(part), rows.values(inside)
    seen = y.isfinite() & u.isfinite()
    if int(seen.sum()) < len(y):
        return
    yield number(float(y.mean()))
    for power in powers:
        columns = torch.stack([torch.ones_like(u), u**power], 1)
        shift, factor = torch.linalg.lstsq(columns, y).solution.tolist()
        yield number(shift) + number(factor) * inside**power


def _near(exponent: float) -> list[Any]:
    """Return the nearest multiple of 1/2 and the nearest whole number, without 0."""
    found = [Rational(round(2 * exponent), 2), Integer(round(exponent))]
    return [one for one in dict.fromkeys(found) if one != 0]
