"""Tell whether two laws are equal, by their values to 30 digits at random points in given ranges."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import sympy

DIGITS = 30
POINTS = 12
SAME = 1e-12
SMALLEST = 1e-3  # differences are relative to the value, or to this where the value is smaller

Range = tuple[float, float]


def interior_points(
    inputs: Sequence[Any], ranges: Sequence[Range], count: int = POINTS, seed: int = 0
) -> list[dict[Any, Any]]:
    """Return random points well inside the ranges, as exact numbers."""
    draw = random.Random(seed)
    return [
        {
            symbol: sympy.Rational(round(10**6 * (low + (high - low) * draw.uniform(0.02, 0.98))), 10**6)
            if high - low > 1e-3
            else sympy.Float(low + (high - low) * draw.uniform(0.02, 0.98), 15)
            for symbol, (low, high) in zip(inputs, ranges, strict=True)
        }
        for _ in range(count)
    ]


def digits_at(expression: Any, point: Mapping[Any, Any]) -> Any:
    """Return the value to 30 digits, or None where it is not a real number."""
    known = {symbol: value for symbol, value in point.items() if symbol in expression.free_symbols}
    value = expression.evalf(DIGITS, subs=known)
    real, imaginary = value.as_real_imag()
    if not real.is_Float and not real.is_Integer:
        return None
    if imaginary and abs(imaginary) > 1e-20 * max(1, abs(real)):
        return None
    return real


def same_law(
    f: sympy.Expr,
    g: sympy.Expr,
    inputs: Sequence[sympy.Symbol],
    ranges: Sequence[Range],
    *,
    tolerance: float = SAME,
) -> bool:
    """Return whether f and g differ by less than 1e-12 of g (of 1e-3 where g is smaller) at 12 random points.

    ranges: (low, high) of each input. Symbols are matched by name. False where f or g is not a real number.
    """
    f, g = (_by_name(law, inputs) for law in (f, g))
    for point in interior_points(inputs, ranges):
        a, b = digits_at(f, point), digits_at(g, point)
        if a is None or b is None or not abs(a - b) < tolerance * max(abs(b), SMALLEST):
            return False
    return True


def _by_name(law: Any, inputs: Sequence[Any]) -> Any:
    named = {symbol.name: symbol for symbol in inputs}
    return law.xreplace({symbol: named.get(symbol.name, symbol) for symbol in law.free_symbols})
