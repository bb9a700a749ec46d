"""Write a node's value as a constant plus coefficients times terms, so that numbers do not accumulate in brackets."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from kanviz.core.formulas.formula import Formula, exponent, primitive

DEGREES = {
    "x^2": 2, "x^3": 3, "x^4": 4, "x^5": 5, "1/x": -1, "1/x^2": -2, "1/x^3": -3, "1/x^4": -4, "1/x^5": -5,
    "sqrt": 0.5, "x^1.5": 1.5, "x^2.5": 2.5, "1/sqrt(x)": -0.5, "1/x^1.5": -1.5, "cbrt": 1 / 3, "abs": 1,
}  # fmt: skip
"""Primitives with f(k u) = k^degree f(u) for k > 0; so have powers called x^1.37."""
LARGEST_SHIFT = 30.0  # exp(u + shift) becomes e^shift exp(u) up to this shift


def number(value: float) -> sympy.Expr:
    """Return a constant with all its digits; a whole number as an integer."""
    if not math.isfinite(value):
        return sympy.nan
    return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e15 else sympy.Float(value, 15)


@dataclass(frozen=True)
class Linear:
    """The expression constant + sum of coefficient * term."""

    constant: float
    terms: tuple[tuple[sympy.Expr, float], ...] = ()

    @property
    def lead(self) -> float:
        """The largest coefficient; without terms, the constant."""
        return max((k for _, k in self.terms), key=abs) if self.terms else self.constant

    def times(self, factor: float, plus: float = 0.0) -> "Linear":
        kept = tuple((term, factor * k) for term, k in self.terms) if factor else ()
        return Linear(factor * self.constant + plus, kept)

    def expression(self) -> sympy.Expr:
        return sympy.Add(*(number(k) * term for term, k in self.terms), number(self.constant))


def total(parts: Iterable[Linear]) -> Linear:
    """Return the sum, with equal terms combined."""
    constant, terms = 0.0, {}
    for part in parts:
        constant += part.constant
        for term, k in part.terms:
            terms[term] = terms.get(term, 0.0) + k
    return Linear(constant, tuple((term, k) for term, k in terms.items() if k))


def single(expression: sympy.Expr, factor: float = 1.0, plus: float = 0.0) -> Linear:
    """Return factor * expression + plus, with the expression's own numeric factor extracted."""
    if expression.is_number:
        return Linear(_real(expression) * factor + plus)
    own, rest = expression.as_coeff_Mul()
    return Linear(plus, ((rest, factor * float(own)),))


def _real(expression: sympy.Expr) -> float:
    value = expression.evalf(17)
    return float(value) if value.is_real and value.is_finite else math.nan


def product(factors: Iterable[Linear], offset: float) -> Linear:
    """Return a product node, with the factors' numbers in front."""
    front, parts = 1.0, []
    for factor in factors:
        front *= factor.lead
        if factor.terms:
            parts.append(factor.times(1 / factor.lead).expression())
    return single(sympy.Mul(*parts), front, offset)


def applied(formula: Formula, inner: Linear) -> Linear:
    """Return c f(a inner + b) + d, with numbers moved out of f where its rules allow: sqrt(4 u) = 2 sqrt(u)."""
    name, c, d = formula.primitive, formula.c, formula.d
    inner = inner.times(formula.a, formula.b)
    if name == "0" or c == 0:
        return Linear(d)
    if name == "x":
        return inner.times(c, d)
    lead = inner.lead if 1e-30 < abs(inner.lead) < 1e30 else 0.0
    degree = DEGREES.get(name, exponent(name))
    if degree is not None and lead:
        inner, c = inner.times(1 / abs(lead)), c * abs(lead) ** degree
        if lead < 0 and (name == "abs" or float(degree).is_integer()):
            inner, c = inner.times(-1.0), c if name == "abs" else c * (-1.0) ** degree
    elif name == "log" and lead:
        inner, d = inner.times(1 / abs(lead)), d + c * math.log(abs(lead))
    elif name == "exp" and abs(inner.constant) <= LARGEST_SHIFT:
        inner, c = Linear(0.0, inner.terms), c * math.exp(inner.constant)
    return single(primitive(name).sympy(sympy, inner.expression()), c, d)
