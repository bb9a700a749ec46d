"""Write fits of two functions as one expression in x, with no more digits than the curve needs."""

import math
import re
from collections.abc import Callable, Sequence

from kanviz.analysis.symbolic.candidate import Candidate, simplest
from kanviz.analysis.symbolic.judge import AS_GOOD, Fit, candidate, complexity_of
from kanviz.analysis.symbolic.samples import Samples
from kanviz.analysis.symbolic.shapes import FREE, kind_of
from kanviz.analysis.symbolic.two import free_outside
from kanviz.core.formulas.formula import primitive

DIGITS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17)

JOINED = 1.0  # bits of a plus sign, or of nesting
NESTED = 4.0  # additional bits for a special function inside a special function
PLAIN = ("x", "x^2", "x^3", "x^4", "1/x", "1/x^2", "sqrt", "x^1.5", "1/sqrt(x)", "abs")
LARGEST_SHIFT = 30.0  # exp(x + shift) becomes e^shift exp(x) up to this shift
LARGEST_SHARE = 1e6
DEGREES = {"x^2": 2.0, "x^3": 3.0, "abs": 1.0, "sqrt": 0.5, "1/x": -1.0}
"""Inner functions with g(k u) = k^degree g(u) for k > 0."""

Line = tuple[float, float]
Spell = Callable[[Samples, tuple[str, str], Line, Line], Candidate | None]

Short = Callable[[float, float], float]
"""A number with fewer digits; they count from the larger of the number and a scale it is added to."""


def spelled(name: str, argument: str) -> str:
    """Return a primitive of an argument as people type it: f(u), (u)^2, 1/(u)."""
    if not re.search(r"\bx\b", name):
        return f"{name}({argument})"
    return re.sub(r"\(x\)|\bx\b", lambda _: argument if argument == "x" else f"({argument})", name)


def affine(factor: float, body: str, shift: float) -> str:
    """Write factor*body + shift without ones and zeros."""
    head = "" if factor == 1 else "-" if factor == -1 else f"{word(factor)}*"
    return f"{head}{body}{signed(shift)}"


def signed(value: float) -> str:
    """Write a number with its sign, as a term to add; "" for 0."""
    return f" {'-' if value < 0 else '+'} {word(abs(value))}" if value else ""


def word(value: float) -> str:
    """Write every digit; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def shortest(points: Samples, spell: Callable[[Short], Fit | None]) -> Candidate | None:
    """Return the candidate with the fewest digits that fits as well as the full one; None where there is none.

    spell: builds the fit, and passes each of its numbers through the given function.
    """

    def written(digits: int) -> Candidate | None:
        fit = spell(lambda value, scale: rounded(value, scale, digits))
        return candidate(points, fit, ()) if fit else None

    whole = written(DIGITS[-1])
    if whole is None:
        return None
    for digits in DIGITS[:-1]:
        one = written(digits)
        if one and one.error**2 <= AS_GOOD * whole.error**2 + points.floor**2:
            return one
    return whole


def rounded(value: float, scale: float, digits: int) -> float:
    """Round the value to so many significant digits of the larger of itself and the scale."""
    largest = max(abs(value), scale)
    if not math.isfinite(largest) or largest == 0:
        return value
    return float(f"{value:.{max(0, digits - 1 - math.floor(math.log10(largest)))}f}")


def pair_bits(first: str, second: str, *, nested: bool) -> float:
    both_special = nested and first not in PLAIN and second not in PLAIN
    return complexity_of(first) + complexity_of(second) + JOINED + (NESTED if both_special else 0.0)


def chain(points: Samples, names: tuple[str, str], outside: Line, inside: Line) -> Candidate | None:
    """Write f(alpha g(a x + b) + beta), with as few of the four numbers as f and g need."""
    (f, g), (alpha, beta), (a, b) = names, outside, inside
    if g in DEGREES:
        alpha, a, b = alpha * abs(a) ** DEGREES[g], math.copysign(1.0, a), b / abs(a)
    elif g == "log":
        beta, a, b = beta + alpha * math.log(abs(a)), math.copysign(1.0, a), b / abs(a)
    elif g == "exp" and abs(b) < LARGEST_SHIFT:
        alpha, b = alpha * math.exp(b), 0.0
    elif g == "sin":
        g, b, sign = wave(b)
        alpha *= sign
    f, (alpha, beta) = _outside(f, alpha, beta)
    size = float(primitive(g).torch(a * points.x + b).abs().max())
    largest, free = float(points.x.abs().max()), FREE[kind_of(g)] + int(sum(free_outside(f)))

    def spell(short: Short) -> Fit:
        name = spelled(f, affine(short(alpha, 0.0), spelled(g, "x"), short(beta, abs(alpha) * size)))
        return Fit(name, short(a, 0.0), short(b, abs(a) * largest), free, pair_bits(f, g, nested=True))

    return shortest(points, spell)


def _outside(f: str, alpha: float, beta: float) -> tuple[str, Line]:
    """Return the same outer function up to a factor and a shift, with plain numbers where possible."""
    match kind_of(f):
        case "rate":
            return f, (alpha, 0.0)
        case "loc" | "locp" if alpha:
            alpha, beta = math.copysign(1.0, alpha), beta / abs(alpha)
            return f, (1.0, beta * alpha) if kind_of(f) == "locp" or f.startswith("1/x^2") or f == "1/x" else (
                alpha,
                beta,
            )
    if alpha < 0 and primitive(f).symmetry:
        alpha, beta = -alpha, -beta
    if f == "sin":
        f, beta, _ = wave(beta)
    return f, (alpha, beta)


def wave(shift: float) -> tuple[str, float, float]:
    """Write sin(u + shift) as a sign times sin or cos of u and a shift of at most pi/4."""
    rest = math.remainder(shift, math.pi)
    sign = -1.0 if round((shift - rest) / math.pi) % 2 else 1.0
    if abs(rest) <= math.pi / 4:
        return "sin", rest, sign
    quarter = math.copysign(math.pi / 2, rest)
    return "cos", rest - quarter, math.copysign(sign, quarter * sign)


def total(points: Samples, names: tuple[str, str], first: Line, second: Line) -> Candidate | None:
    """Write f(a x + b) + k g(a' x + b')."""
    largest = float(points.x.abs().max())
    f, a, b = simplest(names[0], *first, ("sin", "cos"), largest)
    g, a2, b2 = simplest(names[1], *second, ("sin", "cos"), largest)

    def spell(short: Short) -> Fit | None:
        ends = tuple((short(p, 0.0), short(q, abs(p) * largest)) for p, q in ((a, b), (a2, b2)))
        share = _share(points, (f, g), ends)
        if share is None:
            return None
        one, other = (spelled(name, affine(p, "x", q)) for name, (p, q) in zip((f, g), ends, strict=True))
        share = short(share, 0.0)
        name = f"{one} {'-' if share < 0 else '+'} {affine(abs(share), other, 0.0)}"
        return Fit(name, 1.0, 0.0, FREE[kind_of(f)] + FREE[kind_of(g)] + 1, pair_bits(*names, nested=False))

    return shortest(points, spell)


def _share(points: Samples, names: tuple[str, str], lines: Sequence[Line]) -> float | None:
    """Return the factor of the second function divided by that of the first, by least squares."""
    first, second = (primitive(name).torch(a * points.x + b) for name, (a, b) in zip(names, lines, strict=True))
    first, second = first - first @ points.w, second - second @ points.w
    heavy = first * points.w
    size = heavy @ first
    overlap = (heavy @ second) / size
    apart = second - overlap * first
    factor = (apart * points.w) @ points.y / ((apart * points.w) @ apart)
    share = float(factor / ((heavy @ points.y) / size - overlap * factor))
    return share if math.isfinite(share) and 0 < abs(share) < LARGEST_SHARE else None
