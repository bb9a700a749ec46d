"""Find exact numbers near a float, the simplest first: fractions times pi, roots, e, logarithms, and their powers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import Integer, Rational, sqrt

BASES: tuple[tuple[Any, float], ...] = (
    (Integer(1), 0.0),
    (sympy.pi, 2.0),
    (1 / sympy.pi, 3.0),
    (sqrt(2), 3.0),
    (sqrt(3), 4.0),
    (sqrt(5), 5.0),
    (sympy.E, 4.0),
    (sympy.log(2), 5.0),
    (1 / sympy.log(2), 6.0),
    (sympy.log(10), 7.0),
    (1 / sympy.log(10), 7.0),
    (sympy.pi**2, 5.0),
    (1 / sympy.pi**2, 5.0),
    (sqrt(sympy.pi), 5.0),
    (1 / sqrt(sympy.pi), 5.0),
    (sqrt(2 * sympy.pi), 5.0),
    (1 / sqrt(2 * sympy.pi), 5.0),
    (1 / sympy.E, 5.0),
    (sqrt(sympy.E), 6.0),
)
"""Numbers of which a constant may be a fraction, each with what it costs in bits."""
VALUES = tuple((base, float(base), bits) for base, bits in BASES)
MOST_BITS = 24.0
MOST_PART = 1e6  # largest numerator or denominator of a fraction
SURE_BITS = 2.0  # numbers as simple as this (0, 1, -1, 2) are tried however uncertain the constant is
GUARD = 4.0  # bits of agreement, above its own cost, that an exact number must show


@dataclass(frozen=True, order=True)
class Nice:
    """An exact number and its cost in bits, as a prior: minus log2 of its expected frequency."""

    bits: float
    value: float
    exact: Any


def nice_numbers(value: float, tolerance: float) -> list[Nice]:
    """Return exact numbers within the tolerance, cheapest first.

    An exact number that costs b bits is offered only when the float agrees with it to more than b bits: there are 2^b
    such numbers, so a looser agreement may be chance. The constant, its square and its exponential are tried, so that a
    number under a root or in a logarithm is found too.
    """
    found = [Nice(0.0, 0.0, Integer(0))] if abs(value) <= tolerance else []
    if math.isinf(tolerance):
        return [*found, *(Nice(1.0 + n, float(n), Integer(n)) for n in (1, -1))]
    size = abs(value)
    if size > 0 and tolerance < size:
        sign = 1 if value > 0 else -1
        room = min(MOST_BITS, max(SURE_BITS, math.log2(size / max(tolerance, 1e-300)) - GUARD))
        for bits, exact in _positive(size, tolerance, room):
            found.append(Nice(bits, sign * float(exact), sign * exact))
        for power, cost in ((1, 3.0), (2, 4.0), (-1, 3.0), (-2, 4.0)):  # exp(power value) is exact
            inside = math.exp(power * value) if abs(power * value) < 50 else 0.0
            if not inside or inside < 1:
                continue
            for bits, exact in _positive(inside, inside * abs(power) * tolerance, room - cost, bases=FRACTIONS_AND_PI):
                logarithm = sympy.log(exact) / power
                found.append(Nice(bits + cost, float(logarithm), logarithm))
    cheapest: dict[sympy.Expr, Nice] = {}
    for nice in sorted(found, key=lambda nice: nice.bits):
        if abs(nice.value - value) <= tolerance * (1 + 1e-9) + 1e-15 * size:
            cheapest.setdefault(nice.exact, nice)
    return list(cheapest.values())


FRACTIONS_AND_PI = VALUES[:2]


def _positive(
    value: float, tolerance: float, room: float, bases: tuple[tuple[Any, float, float], ...] = VALUES
) -> Iterator[tuple[float, Any]]:
    for base, size, cost in bases:
        ratio, width = value / size, tolerance / size
        for fraction in fractions(ratio, width):
            if (bits := cost + fraction_bits(fraction)) <= room:
                yield bits, Rational(fraction.numerator, fraction.denominator) * base
    if bases is VALUES:  # the square is a fraction, or a fraction of pi or 1/pi
        for base, size, cost in VALUES[:3]:
            for fraction in fractions(value**2 / size, 2 * value * tolerance / size):
                if (bits := cost + 2.0 + fraction_bits(fraction)) <= room:
                    yield bits, sqrt(Rational(fraction.numerator, fraction.denominator) * base)


def fractions(value: float, tolerance: float) -> list[Fraction]:
    """Return fractions within the tolerance: the first convergent, the nearest whole number, the shortest decimal."""
    if not 1e-9 < value < 1e9:
        return []
    found = _convergent(value, tolerance)
    if (whole := round(value)) > 0 and abs(whole - value) <= tolerance:
        found.append(Fraction(whole))
    for digits in range(1, 7):
        short = f"{value:.{digits}g}"
        if abs(float(short) - value) <= tolerance:
            found.append(Fraction(short))
            break
    return list(dict.fromkeys(found))


def _convergent(value: float, tolerance: float) -> list[Fraction]:
    """Return the first convergent of the continued fraction that is within the tolerance.

    Every p/q nearer than 1/(2 q^2) is a convergent (Hardy and Wright, theorem 184); costlier fractions are not offered.
    """
    p, q, p_before, q_before, rest = 1, 0, 0, 1, value
    for _ in range(16):
        whole = math.floor(rest)
        p, q, p_before, q_before = whole * p + p_before, whole * q + q_before, p, q
        if p > 0 and abs(p / q - value) <= tolerance:
            return [Fraction(p, q)]
        if rest == whole or max(p, q) > MOST_PART:
            break
        rest = 1 / (rest - whole)
    return []


def fraction_bits(fraction: Fraction) -> float:
    """Return the bits to write p/q: about 1.5 log2 p and q, or the digits of a short decimal if fewer; 1 for 1."""
    p, q = fraction.numerator, fraction.denominator
    plain = 1.0 + 1.5 * math.log2(p) + 1.5 * math.log2(q)
    text = f"{float(fraction):.6g}"
    if "e" not in text and Fraction(text) == fraction:
        digits = len(text.replace(".", "").strip("0"))
        return min(plain, 3.0 + 3.4 * digits + max(0, math.log2(p / q) if p > q else math.log2(q / p)) * 0.5)
    return plain
