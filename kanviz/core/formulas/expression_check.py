"""Check a typed formula for all values of its variables, and warn where it may not be real or finite.

Each part gets an interval that contains its values, whatever the variables are; parts without variables must be finite.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from kanviz.core.formulas.expression import (
    ABOVE_ZERO,
    CONSTANTS,
    FUNCTIONS,
    INF,
    Call,
    Chain,
    Constant,
    Function,
    Name,
    Negative,
    Node,
    Number,
    Power,
)
from kanviz.errors import FormulaError
from kanviz.text import shown

MAX_EXPONENT = 64  # of a base with a variable in it
MAX_CONSTANT_EXPONENT = 1100
MAX_DEGREE = 256  # through all products and powers of a formula
MAX_TERMS = 10_000  # in SymPy
MAX_SIZE = 1e300  # of a constant
MAX_WARNINGS = 5


@dataclass(frozen=True)
class Facts:
    """The facts about a part: its values are in [low, high]; degree counts its factors with a variable."""

    low: float
    high: float
    degree: float

    @property
    def has_zero(self) -> bool:
        return self.low <= 0 <= self.high


def warnings_of(tree: Node, text: str) -> tuple[str, ...]:
    """List where the formula is not real or not finite, a sentence each. Raises FormulaError if it is so everywhere."""
    check = Check(text)
    check.facts(tree)
    terms = _terms(tree)
    if terms > MAX_TERMS:
        raise FormulaError(
            f"The formula has {terms:.3g} terms once it is spelled out; the limit is {MAX_TERMS:,}. Nest it less."
        )
    return tuple(dict.fromkeys(check.warnings))[:MAX_WARNINGS]


class Check:
    """A walk over a formula whose variables are within `reach`; `warnings` collects where it is not finite.

    ranges: of single variables, instead of `reach`.
    """

    def __init__(self, text: str, reach: tuple[float, float] = (-INF, INF)):
        self.text = text
        self.reach = reach
        self.ranges: Mapping[str, tuple[float, float]] = {}
        self.warnings: list[str] = []

    def shown(self, node: Node) -> str:
        return shown(self.text[slice(*node.span)].strip(), 40)

    def at(self, node: Node) -> str:
        return f"{self.shown(node)} (position {node.span[0] + 1})"

    def facts(self, node: Node) -> Facts:
        match node:
            case Number(value):
                found = Facts(value, value, 0)
            case Constant(name):
                found = Facts(CONSTANTS[name], CONSTANTS[name], 0)
            case Name(name):
                found = Facts(*self.ranges.get(name, self.reach), 1)
            case Negative(of):
                inner = self.facts(of)
                found = Facts(-inner.high, -inner.low, inner.degree)
            case Chain(first, rest) if rest[0][0] in "+-":
                found = self.total(first, rest)
            case Chain(first, rest):
                found = self.product(first, rest)
            case Power():
                found = self.power(node)
            case Call(function, arguments):
                found = self.call(node, FUNCTIONS[function], function, arguments[0])
        return self.sized(node, found)

    def sized(self, node: Node, found: Facts) -> Facts:
        if found.degree == 0 and not abs(found.low) <= MAX_SIZE:
            raise FormulaError(f"{self.at(node)} is too large a number; stay below {MAX_SIZE:.0e}.")
        if found.degree > MAX_DEGREE:
            raise FormulaError(
                f"{self.at(node)} multiplies {found.degree:,.0f} factors out; the limit is {MAX_DEGREE}."
            )
        return found

    def total(self, first: Node, rest: tuple[tuple[str, Node], ...]) -> Facts:
        found = self.facts(first)
        for operator, term in rest:
            other = self.facts(term)
            low, high = (other.low, other.high) if operator == "+" else (-other.high, -other.low)
            found = Facts(found.low + low, found.high + high, max(found.degree, other.degree))
        return found

    def product(self, first: Node, rest: tuple[tuple[str, Node], ...]) -> Facts:
        found = self.facts(first)
        for operator, term in rest:
            other = self.facts(term)
            degree = found.degree + other.degree
            if operator == "*":
                low, high = _corners(found, other.low, other.high)
            elif other.degree == 0 and other.low == 0:
                raise FormulaError(f"Division by zero: {self.at(term)} is 0; divide by something else.")
            elif other.has_zero:
                self.warnings.append(f"The formula is not finite where {self.shown(term)} is 0.")
                low, high = -INF, INF
            elif degree == 0:
                low = high = found.low / other.low
            else:
                low, high = _corners(found, _inverse(other.high, other.low), _inverse(other.low, other.high))
            found = Facts(low, high, degree)
        return found

    def power(self, node: Power) -> Facts:
        base, exponent = self.facts(node.base), self.facts(node.exponent)
        if exponent.degree:
            return self.variable_power(node, base, exponent)
        n = exponent.low
        limit = MAX_EXPONENT if base.degree else MAX_CONSTANT_EXPONENT
        if abs(n) > limit:
            raise FormulaError(f"The exponent of {self.at(node)} is too large; the limit is {limit}.")
        if n < 0 and base.degree == 0 and base.low == 0:
            raise FormulaError(f"Division by zero: {self.at(node)} is 0 to a negative power; write another base.")
        whole = n == int(n)
        if base.degree == 0:
            if base.low < 0 and not whole:
                raise FormulaError(f"{self.at(node)} is not a real number; use cbrt or abs, or a whole exponent.")
            value = _constant_power(base.low, n)
            return Facts(value, value, 0)
        degree = base.degree * max(abs(n), 1)
        if n < 0 and base.has_zero:
            self.warnings.append(f"The formula is not finite where {self.shown(node.base)} is 0.")
        if not whole:
            if base.low < 0:
                self.warnings.append(f"{self.shown(node)} is real only where {self.shown(node.base)} is 0 or more.")
            if base.low <= 0:
                return Facts(*((ABOVE_ZERO, INF) if n < 0 else (0, _constant_power(max(base.high, 0), n))), degree)
            ends = [_constant_power(end, n) for end in (base.low, base.high)]
            return Facts(max(min(ends), ABOVE_ZERO), max(ends), degree)
        return Facts(*_whole_power(base, n), degree)

    def variable_power(self, node: Power, base: Facts, exponent: Facts) -> Facts:
        if base.degree == 0 and base.low <= 0:
            raise FormulaError(f"{self.at(node)} is not a real number for most exponents; use a positive base.")
        if base.low <= 0:
            self.warnings.append(f"{self.shown(node)} is real only where {self.shown(node.base)} is above 0.")
            return Facts(ABOVE_ZERO, INF, base.degree + exponent.degree)
        ends = [_constant_power(b, e) for b in (base.low, base.high) for e in (exponent.low, exponent.high)]
        return Facts(max(min(ends), ABOVE_ZERO), max(ends), base.degree + exponent.degree)

    def call(self, node: Call, function: Function, name: str, argument: Node) -> Facts:
        inner = self.facts(argument)
        low, high = function.domain
        outside = inner.low < low or inner.high > high
        if not function.ends:
            outside = outside or inner.low == low > -INF or inner.high == high < INF
        if outside and inner.degree == 0:
            raise FormulaError(
                f"{self.at(node)} is not a real number; {name} is real where its argument is {_domain(function)}."
            )
        if outside:
            self.warnings.append(
                f"{self.shown(node)} is real only where {self.shown(argument)} is {_domain(function)}."
            )
        if inner.degree == 0:
            value = _at(function, inner.low)
            return Facts(value, value, 0)
        if _within(function.poles, inner):
            self.warnings.append(f"The formula is not finite where {self.shown(node)} has a pole.")
            return Facts(-INF, INF, 1)
        places = [max(low, min(high, end)) for end in (inner.low, inner.high)] + _within(function.turns, inner)
        ends = [_at(function, place) for place in places]
        if (function.turns is None and not function.increasing) or any(math.isnan(end) for end in ends):
            return Facts(*function.values, 1)
        return Facts(max(function.values[0], min(ends)), min(function.values[1], max(ends)), 1)


def _whole_power(base: Facts, n: float) -> tuple[float, float]:
    """Return the least and greatest value of a whole power over an interval."""
    if n < 0 and base.has_zero:
        return (ABOVE_ZERO if n % 2 == 0 else -INF), INF
    ends = [_constant_power(end, n) for end in (base.low, base.high)]
    low, high = min(ends), max(ends)
    if n % 2:
        return ABOVE_ZERO if base.low > 0 else low, -ABOVE_ZERO if base.high < 0 else high
    return 0 if base.has_zero and n else max(low, ABOVE_ZERO), high


def _within(places: tuple[float, float] | None, inner: Facts) -> list[float]:
    """Return the first two of evenly spaced points in an interval; two are enough, since every other one is alike."""
    if places is None:
        return []
    first, step = places
    if step == INF:
        return [first] if inner.low <= first <= inner.high else []
    if not (math.isfinite(inner.low) and math.isfinite(inner.high)):
        return [first, first + step]
    at = first + step * math.ceil((inner.low - first) / step)
    return [place for place in (at, at + step) if place <= inner.high]


def _terms(node: Node) -> int:
    """Count the terms of the SymPy expression, in which some functions repeat their argument."""
    match node:
        case Negative(of):
            return _terms(of)
        case Power(base, exponent):
            return _terms(base) + _terms(exponent)
        case Chain(first, rest):
            return _terms(first) + sum(_terms(term) for _, term in rest)
        case Call(function, arguments):
            return FUNCTIONS[function].copies * _terms(arguments[0]) + 1
    return 1


def _at(function: Function, x: float) -> float:
    return float(function.torch(torch.tensor(x, dtype=torch.float64)))


def _corners(found: Facts, low: float, high: float) -> tuple[float, float]:
    """Return the least and greatest product of two intervals; 0 times infinity is 0, since infinite ends are limits."""
    ends = [a * b if a and b else 0.0 for a in (found.low, found.high) for b in (low, high)]
    return min(ends), max(ends)


def _inverse(x: float, sign: float) -> float:
    """Compute 1/x at the end of an interval without 0, where tiny x give infinity and infinite x a tiny number."""
    return (
        1 / x
        if math.isfinite(x) and abs(x) > 1 / MAX_SIZE
        else math.copysign(INF if x == 0 or math.isfinite(x) else ABOVE_ZERO, sign)
    )


def _constant_power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return -INF if base < 0 and exponent % 2 else INF


def _domain(function: Function) -> str:
    low, high = function.domain
    if high < INF:
        return f"from {low:g} to {high:g}" if function.ends else f"between {low:g} and {high:g}"
    return f"{low:g} or more" if function.ends else f"above {low:g}"
