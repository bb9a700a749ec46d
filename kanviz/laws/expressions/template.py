"""Separate an expression from its float constants: one placeholder for each, with the values in a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.linear import number
from kanviz.analysis.symbolic.walk import Walk

Vector = Float[Tensor, " constants"]


@dataclass(frozen=True)
class Template:
    """An expression in inputs and placeholders. symbols: the placeholders · values: their current numbers."""

    expression: Any
    symbols: tuple[Any, ...]
    values: tuple[float, ...]

    def filled(self) -> Any:
        """Return the expression with the numbers filled in."""
        return rebuilt(self.expression, dict(zip(self.symbols, map(number, self.values), strict=True)))

    def at(self, values: Sequence[float]) -> "Template":
        return Template(self.expression, self.symbols, tuple(map(float, values)))

    def with_exact(self, symbol: sympy.Symbol, exact: Any) -> "Template":
        """Fix one constant at an exact number; drop placeholders that vanish with it."""
        expression = rebuilt(self.expression, {symbol: exact})
        left = expression.free_symbols
        kept = [(s, v) for s, v in zip(self.symbols, self.values, strict=True) if s in left]
        return Template(expression, tuple(s for s, _ in kept), tuple(v for _, v in kept))


def templated(expression: Any) -> Template:
    """Replace every Float of the expression by a placeholder of its own, also where two are equal."""
    symbols: list[sympy.Symbol] = []
    values: list[float] = []
    taken = {symbol.name for symbol in expression.free_symbols}

    def walk(part: Any) -> Any:
        if part.is_Float:
            name = f"c{len(symbols)}"
            while name in taken:
                name += "_"
            symbols.append(sympy.Symbol(name, real=True))
            values.append(float(part))
            return symbols[-1]
        return part.func(*map(walk, part.args)) if part.args and part.has(sympy.Float) else part

    template = walk(expression)
    return Template(template, tuple(symbols), tuple(values))


def rebuilt(expression: Any, values: Mapping[Any, Any]) -> Any:
    """Replace parts of the expression, and rebuild its sums and products."""
    known: dict[Any, Any] = dict(values)

    def walk(part: Any) -> Any:
        if part not in known:
            parts = [walk(one) for one in part.args]
            same = all(new is old for new, old in zip(parts, part.args, strict=True))
            known[part] = part if same else part.func(*parts)
        return known[part]

    return walk(expression)


@dataclass(frozen=True)
class Rows:
    """The rows on which a law is evaluated: values of its inputs and of its target."""

    inputs: tuple[Any, ...]
    x: Float[Tensor, "rows input"]
    y: Float[Tensor, " rows"]

    def values(self, expression: Any) -> Float[Tensor, " rows"]:
        """Return the expression on every row; NaN where it is not a real number."""
        return Walk(dict(zip(self.inputs, self.x.T, strict=True)), {})(expression).expand(len(self.x))

    def mse(self, expression: Any) -> float:
        """Return the mean square error on the rows; infinite where the value on a row is NaN."""
        error = float((self.values(expression) - self.y).square().mean())
        return error if error == error else float("inf")

    def value_and_slopes(
        self, template: Template, values: Vector
    ) -> tuple[Float[Tensor, " rows"], Float[Tensor, "rows constants"]]:
        """Return the template's values and their derivatives by its constants.

        Each constant is a column of equal numbers, so one backward pass through the walk gives the whole Jacobian.
        """
        leaves = [value.expand(len(self.x)).clone().requires_grad_() for value in values]
        known = dict(zip(self.inputs, self.x.T, strict=True)) | dict(zip(template.symbols, leaves, strict=True))
        with torch.enable_grad():
            found = Walk(known, {})(template.expression).expand(len(self.x))
            if not leaves or not found.requires_grad:
                return found.detach(), torch.zeros(len(self.x), len(leaves), dtype=torch.float64)
            slopes = torch.autograd.grad(found.sum(), leaves, allow_unused=True, materialize_grads=True)
        return found.detach(), torch.stack(slopes, 1)


def nodes(expression: Any) -> int:
    """Return the complexity: the number of nodes of the expression's tree."""
    return sum(1 for _ in sympy.preorder_traversal(expression))
