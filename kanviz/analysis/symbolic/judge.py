"""Compare fits of one curve: errors, description length, rivals, and warnings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from kanviz.analysis.symbolic.candidate import Candidate, range_warnings, simplest
from kanviz.analysis.symbolic.samples import Samples
from kanviz.analysis.symbolic.shapes import FREE, POWER, kind_of
from kanviz.core.formulas.formula import PRIMITIVES, Formula, primitive

ROUNDING = 8 * 2.2e-16  # a shift smaller than this share of the sum is set to 0
MISFIT = 0.05  # a share of the spread that is clearly a misfit
CANCELLING = 1e3  # a factor this many times the curve's spread makes a formula the limit of a simpler one
SAME = 1e-6  # errors, as shares of the spread, that differ by less do not separate two formulas
POWER_BITS = 5.0  # complexity of a power with a fitted exponent
NO_POWER = 1e-3  # a smaller exponent is the logarithm
AS_GOOD = 1.001  # a square error this many times larger is accepted for a shorter exponent


@dataclass(frozen=True)
class Fit:
    """The fit f(a x + b) found by the search. free: how many numbers within f were fitted."""

    name: str
    a: float
    b: float
    free: int
    complexity: float

    @staticmethod
    def of(name: str, a: float, b: float, *, as_typed: bool = False) -> "Fit":
        return Fit(name, a, b, 0 if as_typed else FREE[kind_of(name)], complexity_of(name))


def complexity_of(name: str) -> float:
    """Return the bits of a primitive, or of a power with a fitted exponent."""
    return POWER_BITS if name == POWER else primitive(name).complexity


def description(error2: float, free: int, complexity: float, points: Samples) -> float:
    """Return the length of the curve's description in nats, up to a constant: residual, constants, function."""
    count = points.independent
    return count * math.log(error2 + points.floor**2) + free * math.log(count) + 2 * math.log(2) * complexity


def candidate(points: Samples, fit: Fit, names: Sequence[str]) -> Candidate | None:
    """Return the fit with these inner constants, c and d by least squares; None where it is NaN or infinite anywhere.

    names: primitives that may be used to write it.
    """
    largest = float(points.x.abs().max())
    name, a, b = simplest(fit.name, fit.a, fit.b, tuple(names), largest)
    row = primitive(name)
    value = row.torch(a * points.x + b)
    between = row.torch(a * torch.linspace(*points.range, 200, dtype=torch.float64) + b)
    if not bool(value.isfinite().all() and between.isfinite().all()):
        return None
    mean = float(value @ points.w)
    size = float((value - mean) ** 2 @ points.w)
    if size <= 1e-30 * max(1.0, mean * mean):
        return None
    c = float((value - mean) * (points.y - points.mean) @ points.w) / size
    d = points.mean - c * mean
    b = 0.0 if abs(b) < ROUNDING * abs(a) * largest else b
    d = 0.0 if abs(d) < ROUNDING * float(points.y.abs().max()) else d
    formula = Formula(name, a, b, c, d)
    rmse = float((((formula(points.x) - points.y) ** 2) @ points.w).sqrt())
    error = rmse / points.std
    if not math.isfinite(error):
        return None
    score = description(error**2, fit.free, fit.complexity, points)
    warnings = tuple(range_warnings(formula, points.range, points.reach))
    return Candidate(formula, rmse, error, 1 - error**2, fit.complexity, score, warnings, free=fit.free)


def power(points: Samples, a: float, b: float, exponent: float, names: Sequence[str]) -> Candidate | None:
    """Return a power with the shortest exponent that fits as well; None where it is in the table, or the logarithm."""
    whole = _power(points, a, b, exponent, names) if abs(exponent) > NO_POWER else None
    if whole is None:
        return None
    for digits in range(1, 16):
        short = float(f"{exponent:.{digits}g}")
        one = _power(points, a, b, short, names)
        if one and one.error**2 <= AS_GOOD * whole.error**2 + points.floor**2:
            return one if _name(short) not in PRIMITIVES else None
    return whole


def _name(exponent: float) -> str:
    whole = f"{exponent:g}" if exponent.is_integer() else f"{exponent!r}"
    table = {0.5: "sqrt", -0.5: "1/sqrt(x)", -1.5: "1/x^1.5", -1.0: "1/x", 1.0: "x", 0.0: "log"}
    return table.get(exponent) or (f"1/x^{-exponent:g}" if exponent.is_integer() and exponent < 0 else f"x^{whole}")


def _power(points: Samples, a: float, b: float, exponent: float, names: Sequence[str]) -> Candidate | None:
    return candidate(points, Fit(_name(exponent), a, b, FREE["pow"], POWER_BITS), names)


def constant(points: Samples, warnings: tuple[str, ...] = ()) -> Candidate:
    """Return the mean as a candidate."""
    error = 0.0 if points.std == 0 else 1.0
    formula = Formula("0", 1.0, 0.0, 0.0, points.mean)
    return Candidate(formula, points.std, error, 1 - error, 0.0, 0.0, warnings, free=0)


def tie(points: Samples) -> float:
    """Return the difference of errors (shares of the spread) below which two formulas count as equally good."""
    return max(3 * points.floor, SAME)


def judged(found: Sequence[Candidate], points: Samples) -> tuple[Candidate, ...]:
    """Return the candidates best first, without formulas that are the limit of another one, and with warnings."""
    ordered = sorted(_without_limits(found, points), key=lambda one: one.score)
    return tuple(_with_rivals(ordered, points)) if ordered else ()


def _without_limits(found: Sequence[Candidate], points: Samples) -> list[Candidate]:
    """Leave out 3e8 cos(1e-5 x) - 3e8 where x^2 fits as well, whichever scores better: it is only a limit of x^2."""
    limits = [_degenerate(one, points) for one in found]
    sound = [one.error for one, limit in zip(found, limits, strict=True) if not limit]
    best = min(sound, default=math.inf) - tie(points)
    return [one for one, limit in zip(found, limits, strict=True) if not limit or one.error < best]


def _degenerate(one: Candidate, points: Samples) -> bool:
    """Return whether its constants are far too large for the curve: far out on a tail, or a tiny part of f."""
    formula = one.formula
    size = abs(formula.c) / points.std
    row = primitive(formula.primitive)
    if size * float(row.torch(formula.a * points.x + formula.b).abs().max()) > CANCELLING:
        return True
    width = abs(formula.a) * (points.range[1] - points.range[0])
    return one.free == 2 and not (1 / CANCELLING < size < CANCELLING and width > 0.02)


def _with_rivals(found: list[Candidate], points: Samples) -> list[Candidate]:
    """Warn of rivals that fit as well as the best, and of candidates that do not fit."""
    limit = found[0].error + tie(points)
    close = [c for c in found if c.error <= min(limit, MISFIT)]
    chosen = []
    for one in found:
        rivals = tuple(c.formula.primitive for c in close if c is not one and c.free <= one.free)
        if one in close and rivals:
            listed = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
            warning = f"The range is too short, or the curve too noisy, to separate it from {listed}."
            one = replace(one, rivals=rivals, warnings=(*one.warnings, warning))
        elif one.error > MISFIT and one.formula.primitive != "0":
            warning = f"It does not follow the curve: its error is {one.error:.0%} of its spread."
            one = replace(one, warnings=(*one.warnings, warning))
        chosen.append(one)
    return chosen
