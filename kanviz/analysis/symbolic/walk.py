"""Evaluate and round SymPy expressions by a walk over the tree: nothing is printed, parsed or run."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy
import torch
from jaxtyping import Float
from sympy.core.function import AppliedUndef
from torch import Tensor

from kanviz.analysis.symbolic.linear import number
from kanviz.core.special import bessel_j0, bessel_j1

Functions = Mapping[str, Callable[[Tensor], Tensor]]
FUNCTIONS: dict[Any, Callable[[Tensor], Tensor]] = {
    sympy.exp: torch.exp,
    sympy.log: torch.log,
    sympy.sin: torch.sin,
    sympy.cos: torch.cos,
    sympy.tan: torch.tan,
    sympy.asin: torch.asin,
    sympy.acos: torch.acos,
    sympy.atan: torch.atan,
    sympy.sinh: torch.sinh,
    sympy.cosh: torch.cosh,
    sympy.tanh: torch.tanh,
    sympy.asinh: torch.asinh,
    sympy.acosh: torch.acosh,
    sympy.atanh: torch.atanh,
    sympy.erf: torch.erf,
    sympy.sinc: lambda u: torch.sinc(u / math.pi),
    sympy.Abs: torch.abs,
    sympy.sign: torch.sign,
}
BESSEL: dict[Any, Callable[[Tensor], Tensor]] = {0: bessel_j0, 1: bessel_j1}
"""besselj(order, u) by its order."""


class Walk:
    """An evaluator of expressions on rows of values; it remembers what it has computed."""

    def __init__(self, values: Mapping[sympy.Symbol, Float[Tensor, " rows"]], functions: Functions):
        self.known: dict[Any, Tensor] = dict(values)
        self.functions = functions
        self.rows = len(next(iter(values.values()))) if values else 1

    def __call__(self, expression: Any) -> Float[Tensor, " rows"]:
        """Return the value on every row; NaN where it is not real, or where a function is unknown here."""
        if expression not in self.known:
            self.known[expression] = self._value(expression)
        return self.known[expression]

    def _value(self, expression: Any) -> Tensor:
        if expression.is_number:
            return torch.full((self.rows,), _float(expression), dtype=torch.float64)
        parts = [self(part) for part in expression.args]
        if isinstance(expression, AppliedUndef):
            function = self.functions.get(expression.func.__name__)
            return function(parts[0]) if function else torch.full_like(parts[0], torch.nan)
        if expression.func is sympy.Add:
            return torch.stack(parts).sum(0)
        if expression.func is sympy.Mul:
            return torch.stack(parts).prod(0)
        if expression.func is sympy.Pow:
            return parts[0] ** (_float(expression.exp) if expression.exp.is_number else parts[1])
        if expression.func is sympy.besselj and expression.args[0] in BESSEL:
            return BESSEL[expression.args[0]](parts[1])
        if expression.func in FUNCTIONS:
            return FUNCTIONS[expression.func](parts[0])
        return torch.full((self.rows,), torch.nan, dtype=torch.float64)


def _float(expression: Any) -> float:
    value = expression.evalf(17)
    return float(value) if value.is_real or value in (sympy.oo, -sympy.oo) else math.nan


def rounded(expression: Any, digits: int, walk: Walk) -> Any:
    """Round the expression's constants to `digits` significant digits.

    In a sum the size of the sum counts: terms too small to matter are left out, and an added constant gets as many
    digits as the other terms need. `walk` supplies the sizes on the rows.
    """
    if expression.is_Float:
        return number(significant(float(expression), digits))
    if not expression.args:
        return expression
    parts = expression.args
    if expression.func is sympy.Add:
        spread = float(walk(expression).std(correction=0))
        if spread > 0 and math.isfinite(spread):
            parts = [p for p in parts if not float(walk(p).abs().max()) < 0.5 * 10.0**-digits * spread]
            return sympy.Add(*(_in_sum(part, digits, spread, walk) for part in parts))
    return expression.func(*(rounded(part, digits, walk) for part in parts))


def _in_sum(part: Any, digits: int, spread: float, walk: Walk) -> Any:
    if not part.is_Float:
        return rounded(part, digits, walk)
    value = float(part)
    more = max(0, math.ceil(math.log10(abs(value) / spread))) if value else 0
    return number(significant(value, digits + more))


def significant(value: float, digits: int) -> float:
    return float(f"{value:.{min(digits, 17)}g}")
