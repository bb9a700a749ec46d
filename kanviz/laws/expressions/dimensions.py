"""Read units as powers of base units, and check that an expression adds and compares only equal dimensions.

Only dimensions are compared, never sizes: km and m agree. An unknown word counts as a base unit of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

LONGEST = 60  # characters of the longest unit that is read
MOST = 9  # the largest exponent in a unit
_BASE = {"m": "m", "g": "kg", "s": "s", "A": "A", "K": "K", "mol": "mol", "cd": "cd"}
_DERIVED = {
    "Hz": "1/s", "N": "kg m/s^2", "Pa": "kg/m/s^2", "J": "kg m^2/s^2", "W": "kg m^2/s^3", "C": "A s",
    "V": "kg m^2/s^3/A", "F": "A^2 s^4/kg/m^2", "Ω": "kg m^2/s^3/A^2", "ohm": "kg m^2/s^3/A^2", "S": "A^2 s^3/kg/m^2",
    "Wb": "kg m^2/s^2/A", "T": "kg/s^2/A", "H": "kg m^2/s^2/A^2", "Bq": "1/s", "Gy": "m^2/s^2", "Sv": "m^2/s^2",
    "eV": "kg m^2/s^2", "L": "m^3", "l": "m^3", "bar": "kg/m/s^2",
}  # fmt: skip
_PLAIN = {  # these take no prefix
    "kg": "kg", "min": "s", "h": "s", "hr": "s", "d": "s", "day": "s", "year": "s", "atm": "kg/m/s^2", "t": "kg",
    "°C": "K", "°F": "K", "degC": "K", "rad": "1", "sr": "1", "deg": "1", "°": "1", "%": "1", "1": "1", "-": "1",
}  # fmt: skip
_PREFIXES = ("da", *"kMGTPmcdµμunpfh")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_FACTOR = re.compile(r"([^\W\d_]+|[°%]\w*|1|-)(?:(?:\^|\*\*)?\(?([+-]?\d+(?:/\d+)?)\)?)?")
_JOINT = re.compile(r" *([*/·⋅×]) *| +")


@dataclass(frozen=True)
class Dimension:
    """A product of powers of base units, sorted by name; without any it is a plain number."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: "Dimension") -> "Dimension":
        found = dict(self.powers)
        for base, power in other.powers:
            found[base] = found.get(base, Fraction(0)) + power
        return Dimension(tuple(sorted((base, power) for base, power in found.items() if power)))

    def __pow__(self, power: Fraction) -> "Dimension":
        return Dimension(tuple((base, own * power) for base, own in self.powers) if power else ())

    def __str__(self) -> str:
        return " ".join(base if power == 1 else f"{base}^{power}" for base, power in self.powers) or "a plain number"


NUMBER = Dimension()


def dimension_of_unit(unit: str) -> Dimension | None:
    """Return the dimension of a unit such as "m/s^2", "kg m" or "J/K"; None where it is empty or cannot be read.

    A "/" divides by the next factor alone: kg/m s is kg s/m.
    """
    text = unit.strip().replace("²", "^2").replace("³", "^3").translate(_RAISED)
    if not text or len(text) > LONGEST:
        return None
    found, at, sign = NUMBER, 0, 1
    while True:
        factor = _FACTOR.match(text, at)
        power = _power(factor[2]) if factor else None
        if factor is None or power is None:
            return None
        found *= _named(factor[1]) ** (sign * power)
        if factor.end() == len(text):
            return found
        joint = _JOINT.match(text, factor.end())
        if joint is None or joint.end() == len(text):
            return None
        sign, at = -1 if joint[1] == "/" else 1, joint.end()


def _power(digits: str | None) -> Fraction | None:
    above, _, below = (digits or "1").partition("/")
    if len(above) > 3 or len(below) > 3 or (below and int(below) == 0):
        return None
    power = Fraction(int(above), int(below or 1))
    return power if abs(power) <= MOST else None


def _named(name: str) -> Dimension:
    known = {**_BASE, **_DERIVED}
    if name in _PLAIN:
        return _written(_PLAIN[name])
    if name in known:
        return _written(known[name])
    for prefix in _PREFIXES:
        if name.startswith(prefix) and name[len(prefix) :] in known:
            return _written(known[name[len(prefix) :]])
    return Dimension(((name, Fraction(1)),))


def _written(text: str) -> Dimension:
    """Return the dimension of an entry of the tables above, which is written in base units only."""
    found, sign = NUMBER, 1
    for part in re.split(r"([ /])", text):
        if part in (" ", "/"):
            sign = -1 if part == "/" else 1
        elif part != "1":
            base, _, power = part.partition("^")
            found *= Dimension(((base, sign * Fraction(power or 1)),))
    return found


class Clash(Exception):
    """The error of an expression that combines different dimensions; its message names them."""


def clash(expression: Any, inputs: Mapping[str, Dimension | None], target: Dimension | None = None) -> str:
    """Say where the dimensions of an expression do not agree; return "" where they do.

    A decimal constant, and an input without a unit, may have any dimension; an exact number is a plain number.
    """
    try:
        found = _dimension(expression, inputs)
    except Clash as words:
        return str(words)
    if found is not None and target is not None and found != target:
        return f"it comes out as {found}, but the target is {target}"
    return ""


def _dimension(expression: Any, inputs: Mapping[str, Dimension | None]) -> Dimension | None:
    """Return the dimension, None where it may be any. Raises Clash."""
    if expression.is_Symbol:
        return inputs.get(expression.name)
    if expression.is_number:
        return None if expression.has(sympy.Float) else NUMBER
    parts = [_dimension(part, inputs) for part in expression.args]
    if expression.func is sympy.Mul:
        return _product(parts)
    if expression.func is sympy.Pow:
        return _raised(expression, *parts)
    if expression.func in (sympy.Add, sympy.Abs):
        return _alike(parts)
    if any(part not in (None, NUMBER) for part in parts) and expression.func is not sympy.sign:
        raise Clash(f"it takes {expression.func.__name__} of {next(p for p in parts if p not in (None, NUMBER))}")
    return NUMBER


def _product(parts: list[Dimension | None]) -> Dimension | None:
    found = NUMBER
    for part in parts:
        if part is None:
            return None
        found *= part
    return found


def _alike(parts: list[Dimension | None]) -> Dimension | None:
    known = [part for part in parts if part is not None]
    for part in known[1:]:
        if part != known[0]:
            raise Clash(f"it adds {known[0]} to {part}")
    return known[0] if known else None


def _raised(expression: Any, base: Dimension | None, power: Dimension | None) -> Dimension | None:
    if power not in (None, NUMBER):
        raise Clash(f"an exponent is {power}")
    if base is None or base == NUMBER:
        return base
    if expression.exp.is_Rational:
        return base ** Fraction(int(expression.exp.p), int(expression.exp.q))
    if expression.exp.is_number:  # a decimal exponent: the dimension of a constant compensates for it
        return None
    raise Clash(f"{base} is raised to a power that varies")
