"""Fits of two functions as one expression in x, with no more digits than the curve asks for."""

import math
import re
from collections.abc import Callable

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.judge import AS_GOOD, Fit, candidate
from kanviz.analysis.symbolic.samples import Samples

DIGITS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17)

Short = Callable[[float, float], float]
"""A number with fewer digits; they count from the larger of the number and a scale it is added to."""


def spelled(name: str, argument: str) -> str:
    """A primitive of an argument, as people type it: f(u), (u)^2, 1/(u)."""
    if not re.search(r"\bx\b", name):
        return f"{name}({argument})"
    return re.sub(r"\(x\)|\bx\b", lambda _: argument if argument == "x" else f"({argument})", name)


def affine(factor: float, body: str, shift: float) -> str:
    """factor*body + shift without ones and zeros."""
    head = "" if factor == 1 else "-" if factor == -1 else f"{_word(factor)}*"
    tail = "" if shift == 0 else f" {'+' if shift > 0 else '-'} {_word(abs(shift))}"
    return f"{head}{body}{tail}"


def _word(value: float) -> str:
    """Every digit; whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def shortest(points: Samples, spell: Callable[[Short], Fit | None]) -> Candidate | None:
    """The candidate with the fewest digits that fits as well as the one with all; None where there is none.

    spell: the fit, each of its numbers passed through what it is given.
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
    """The value to so many significant digits of the larger of itself and the scale."""
    largest = max(abs(value), scale)
    if not math.isfinite(largest) or largest == 0:
        return value
    return float(f"{value:.{max(0, digits - 1 - math.floor(math.log10(largest)))}f}")
