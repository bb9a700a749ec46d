"""Hold a candidate formula for a curve, with its errors and warnings for the reader."""

import math
from dataclasses import dataclass

from kanviz.core.formulas.formula import Formula, exponent, gaps_of, primitive

POINT = 1e-3  # of the range: a shorter interval counts as a point
NEAR = 0.03  # of the range: a pole closer than this to the data gets a warning
SCALES = ("sqrt", "x^1.5", "x^2.5", "cbrt", "1/sqrt(x)", "1/x^1.5", "log", "abs")
"""f(k u) is f(u) up to a factor and a shift, for k > 0."""


@dataclass(frozen=True)
class Candidate:
    """One closed form for a curve.

    rmse: root mean square gap, in the curve's own units · error: the same as a share of the curve's standard deviation
    · r2: 1 - error^2 · complexity: of the primitive, in bits · score: description length in nats, lower is better:
    n log(error^2 + noise^2) + constants log n + 2 log 2 complexity, n the points that count as independent; a small
    difference of scores means little · warnings: sentences for the reader · rivals: primitives that fit as well with no
    more constants, on this range · free: how many numbers inside the function were fitted.

    >>> import kanviz
    >>> best = kanviz.suggest([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 5.0, 10.0, 17.0], primitives=["x^2"])[0]
    >>> round(best.formula.c * best.formula.a**2, 6), best.error < 1e-6
    (1.0, True)
    """

    formula: Formula
    rmse: float
    error: float
    r2: float
    complexity: float
    score: float
    warnings: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    free: int = 2

    def __str__(self) -> str:
        return f"{self.formula} (error {self.error:.2%} of the spread)"


def simplest(name: str, a: float, b: float, names: tuple[str, ...], largest: float) -> tuple[str, float, float]:
    """Return the same function, up to a factor and a shift, with a and b as simple as its symmetries allow.

    names: primitives that may be used. largest: the largest |x|, so that e^(a x) without its shift does not overflow.
    """
    row = primitive(name)
    if name == "x":
        return name, 1.0, 0.0
    if name == "exp":
        return name, a, 0.0 if abs(a) * largest < 50 else b
    if name in SCALES or exponent(name) is not None:
        return name, math.copysign(1.0, a), b / abs(a)
    if row.kind in ("loc", "locp"):
        return name, 1.0, b / a
    if a < 0 and row.symmetry:
        a, b = -a, -b
    if name == "sin":
        return _wave(a, b, names)
    if name == "tanh" and "tanh" not in names and "sigmoid" in names:
        return "sigmoid", 2 * a, 2 * b
    if name == "arcsin" and "arcsin" not in names and "arccos" in names:
        return "arccos", a, b
    return name, a, b


def _wave(a: float, b: float, names: tuple[str, ...]) -> tuple[str, float, float]:
    """Return sin or cos, whichever has the smaller shift."""
    b = math.remainder(b, math.pi)
    if "cos" in names and ("sin" not in names or abs(b) > math.pi / 4):
        return "cos", a, b - math.copysign(math.pi / 2, b)
    return "sin", a, b


def range_warnings(formula: Formula, data: tuple[float, float], reach: tuple[float, float]) -> list[str]:
    """Return warnings of poles near the data, and of places in the grid where the formula is undefined.

    data, reach: ranges of x of the data and of the grid.
    """
    row = primitive(formula.primitive)
    if formula.a == 0:
        return []
    width = max(data[1] - data[0], 1e-300)
    found, poles = [], [(pole - formula.b) / formula.a for pole in row.poles]
    for low, high in _gaps(formula, reach):
        if high - low <= POINT * width:
            poles.append((low + high) / 2)
        else:
            found.append(f"It is NaN or infinite from x = {low:.3g} to {high:.3g}.")
    for at in poles:
        if data[0] <= at <= data[1]:
            found.append(f"It is infinite at x = {at:.4g}, inside the range of the data.")
        elif data[0] - NEAR * width <= at <= data[1] + NEAR * width:
            found.append(f"It is infinite at x = {at:.4g}, just outside the range of the data.")
        elif reach[0] <= at <= reach[1]:
            found.append(f"It is infinite at x = {at:.4g}, where the grid reaches but the data do not.")
    ends = sorted((end - formula.b) / formula.a for end in row.domain)
    low, high = max(ends[0], reach[0]), min(ends[1], reach[1])
    if (low, high) != reach and not (set(row.poles) & set(row.domain) and found):
        found.append(
            f"It is defined only from x = {low:.4g} to {high:.4g}; the grid goes from {reach[0]:.4g} to {reach[1]:.4g}."
        )
    return found


def _gaps(formula: Formula, reach: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the intervals of x where a typed expression is NaN or infinite."""
    ends = sorted(formula.a * x + formula.b for x in reach)
    found = gaps_of(formula.primitive, ends[0], ends[1])
    if formula.a < 0:
        found = [(high, low) for low, high in reversed(found)]
    return [((low - formula.b) / formula.a, (high - formula.b) / formula.a) for low, high in found]
