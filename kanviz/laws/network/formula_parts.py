"""Read a typed formula as parts that a network can have: sums, products, and functions of one sum."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch

from kanviz.core.formulas.expression import (
    CONSTANTS,
    Call,
    Chain,
    Constant,
    Name,
    Negative,
    Number,
    Power,
)
from kanviz.core.formulas.expression import Node as Tree
from kanviz.core.formulas.expression_check import MAX_EXPONENT
from kanviz.core.formulas.formula import PRIMITIVES, Formula, primitive
from kanviz.errors import FormulaError
from kanviz.laws.expressions.fuse_primitives import joined
from kanviz.laws.network import columns
from kanviz.laws.network.columns import Node, Sum, Term

OTHER_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "atanh": "arctanh", "sign": "sgn",
}  # fmt: skip
ROOTS = {0.5: "sqrt", -0.5: "1/sqrt(x)", -1.5: "1/x^1.5"}
LOGARITHMS = {"log10": 10.0, "log2": 2.0}
EXTREME = 1e150  # a factor beyond this, or below its inverse, stays inside a power


@dataclass(frozen=True)
class Linear:
    """A constant plus multiples of parts; terms: (number of the part, factor), each part once, in ascending order.

    Raises FormulaError for numbers that are not finite.
    """

    constant: float
    terms: tuple[tuple[int, float], ...] = ()

    def __post_init__(self):
        if not all(math.isfinite(value) for value in (self.constant, *(factor for _, factor in self.terms))):
            raise FormulaError("The constants of the formula give a number that is not finite; change them.")

    def times(self, k: float) -> "Linear":
        return Linear(k * self.constant, tuple((n, k * c) for n, c in self.terms if k * c))


@dataclass(frozen=True)
class Input:
    name: str


@dataclass(frozen=True)
class Applied:
    """A primitive, by its name, of a sum."""

    primitive: str
    argument: Linear


@dataclass(frozen=True)
class Total:
    """A sum without its constant, as an argument of functions."""

    terms: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Product:
    factors: tuple[Linear, ...]


Part: TypeAlias = Input | Applied | Total | Product


class FormulaParts:
    """The parts of several formulas of the same inputs, numbered; equal parts are one, inputs come first."""

    def __init__(self, names: Sequence[str]):
        self.parts: list[Part] = []
        self._numbers: dict[Part, int] = {}
        self.inputs = [self._number(Input(name)) for name in names]

    def read(self, tree: Tree) -> Linear:
        """Return the formula as a sum of parts; constants are folded. Raises FormulaError where they overflow."""
        match tree:
            case Number(value):
                return Linear(value)
            case Constant(name):
                return Linear(CONSTANTS[name])
            case Name(name):
                return self._alone(Input(name))
            case Negative(of):
                return self.read(of).times(-1.0)
            case Chain(first, rest) if rest[0][0] in "+-":
                signs = [(1.0, first), *((1.0 if sign == "+" else -1.0, term) for sign, term in rest)]
                return _sum(self.read(term).times(sign) for sign, term in signs)
            case Call(function, arguments):
                return self._call(function, self.read(arguments[0]))
            case Power(base, exponent):
                power = self.read(exponent)
                if power.terms or not power.constant.is_integer():
                    return self._power(self.read(base), power)
        return self._product(self._factors(tree, 1))

    def node_of(self, part: int | Linear, computed: Collection[int] = ()) -> Node:
        """Return the node that computes a part or a sum of parts; a lone product becomes a product node.

        computed: parts that earlier nodes compute anyway.
        """
        value = part if isinstance(part, Linear) else Linear(0.0, ((part, 1.0),))
        lone = self.parts[value.terms[0][0]] if len(value.terms) == 1 else None
        if isinstance(lone, Product):
            first, *others = (self._sum_of(factor, computed) for factor in lone.factors)
            return Node((first.times(value.terms[0][1]), *others), value.constant)
        return Node((self._sum_of(Linear(0.0, lone.terms) if isinstance(lone, Total) else value, computed),))

    # --- reading ----------------------------------------------------------------------------------------------

    def _number(self, part: Part) -> int:
        if part not in self._numbers:
            self._numbers[part] = len(self.parts)
            self.parts.append(part)
        return self._numbers[part]

    def _alone(self, part: Part) -> Linear:
        return Linear(0.0, ((self._number(part), 1.0),))

    def _applied(self, name: str, argument: Linear) -> Linear:
        if argument.terms:
            return self._alone(Applied(name, argument))
        return Linear(float(primitive(name).torch(torch.tensor(argument.constant, dtype=torch.float64))))

    def _call(self, function: str, argument: Linear) -> Linear:
        if function in LOGARITHMS:
            return self._applied("log", argument).times(1 / math.log(LOGARITHMS[function]))
        name = OTHER_NAMES.get(function, function)
        return self._applied(name if name in PRIMITIVES else f"{name}(x)", argument)

    def _power(self, base: Linear, power: Linear) -> Linear:
        """Return a power whose exponent is no whole number, or varies: then it is exp(exponent * log(base))."""
        if not power.terms:
            return self._applied(ROOTS.get(power.constant, f"x^{power.constant!r}"), base)
        if not base.terms:
            return self._applied("exp", power.times(self._applied("log", base).constant))
        return self._applied("exp", self._product([(power, 1), (self._applied("log", base), 1)]))

    def _factors(self, tree: Tree, exponent: int) -> Iterator[tuple[Linear, int]]:
        """Yield the factors of a product with their exponents, through products and whole powers inside it."""
        match tree:
            case Chain(first, rest) if rest[0][0] in "*/":
                yield from self._factors(first, exponent)
                for sign, term in rest:
                    yield from self._factors(term, exponent if sign == "*" else -exponent)
            case Negative(of):
                yield Linear(-1.0), exponent
                yield from self._factors(of, exponent)
            case Power(base, power) if not (found := self.read(power)).terms and found.constant.is_integer():
                n = int(found.constant)
                if abs(n * exponent) <= MAX_EXPONENT:
                    yield from self._factors(base, n * exponent)
                else:
                    yield self._product(self._factors(base, n)), exponent
            case _:
                yield self.read(tree), exponent

    def _product(self, factors: Iterable[tuple[Linear, int]]) -> Linear:
        scale, powers = 1.0, dict[Linear, int]()
        for value, n in factors:
            for one in self._flat(value):
                if not one.terms:
                    scale *= _whole_power(one.constant, n)
                else:
                    k, rest = _factor_apart(one, n)
                    scale *= k
                    powers[rest] = powers.get(rest, 0) + n
        if scale == 0:
            return Linear(0.0)
        parts = [self._whole_power(base, k) for base, n in powers.items() for k in _exponents(n)]
        if len(parts) < 2:
            return parts[0].times(scale) if parts else Linear(scale)
        ordered = sorted(parts, key=lambda one: (one.terms, one.constant))
        return self._alone(Product(tuple(ordered))).times(scale)

    def _flat(self, value: Linear) -> list[Linear]:
        """Return the factors of a lone product, else the value itself."""
        if len(value.terms) == 1 and value.constant == 0:
            number, factor = value.terms[0]
            part = self.parts[number]
            if isinstance(part, Product):
                return [Linear(factor), *part.factors]
        return [value]

    def _whole_power(self, base: Linear, n: int) -> Linear:
        if n == 1:
            return base
        return self._applied(f"x^{n}" if n > 1 else "1/x" if n == -1 else f"1/x^{-n}", base)

    # --- nodes ------------------------------------------------------------------------------------------------

    def _sum_of(self, value: Linear, computed: Collection[int]) -> Sum:
        return columns.sum_of(value.constant, [(c, n) for n, c in value.terms], self._term, computed)

    def _term(self, factor: float, number: int) -> Term:
        """Return factor * part as a formula of one source; two functions that are one primitive are one formula."""
        part = self.parts[number]
        if not isinstance(part, Applied):
            return Term(number, Formula("x", c=factor))
        a, source = self._inside(part.argument.terms)
        formula = Formula(part.primitive, a, part.argument.constant, factor)
        if isinstance(self.parts[source], Applied):
            inside = self._term(1.0, source)
            whole = joined(formula, inside.formula)
            if whole is not None:
                return Term(inside.source, whole)
        return Term(source, formula)

    def _inside(self, terms: tuple[tuple[int, float], ...]) -> tuple[float, int]:
        """Return (a, number) with a * part equal to the terms; whole multiples of one sum share its node."""
        if len(terms) == 1:
            return terms[0][1], terms[0][0]
        ratios = [c / terms[0][1] for _, c in terms]
        exact = all(r.is_integer() and r * terms[0][1] == c for r, (_, c) in zip(ratios, terms, strict=True))
        lead = terms[0][1] if exact else 1.0
        return lead, self._number(Total(tuple((n, c / lead) for n, c in terms)))


def _sum(values: Iterable[Linear]) -> Linear:
    constant, terms = 0.0, dict[int, float]()
    for value in values:
        constant += value.constant
        for n, c in value.terms:
            terms[n] = terms.get(n, 0.0) + c
    return Linear(constant, tuple(sorted((n, c) for n, c in terms.items() if c)))


def _exponents(n: int) -> list[int]:
    """Return whole exponents that one edge can have, with this sum."""
    most = MAX_EXPONENT if n > 0 else -MAX_EXPONENT
    return [most] * (abs(n) // MAX_EXPONENT) + ([n - most * (abs(n) // MAX_EXPONENT)] if n % MAX_EXPONENT else [])


def _factor_apart(value: Linear, n: int) -> tuple[float, Linear]:
    """Return (k, rest) with value^n = k rest^n: the factor of a lone part goes before the product."""
    if len(value.terms) != 1 or value.constant:
        return 1.0, value
    number, factor = value.terms[0]
    k = _whole_power(factor, n)
    return (k, Linear(0.0, ((number, 1.0),))) if 1 / EXTREME < abs(k) < EXTREME else (1.0, value)


def _whole_power(base: float, n: int) -> float:
    try:
        return base**n
    except (OverflowError, ZeroDivisionError):
        raise FormulaError(f"The formula holds {base:.3g}^{n}, which is not a finite number; change it.") from None
