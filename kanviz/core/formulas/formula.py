"""Define formulas of an edge, c f(a x + b) + d, with a primitive f given by name.

A name that is not in PRIMITIVES is an expression in x that a user typed or the search produced, such as x^1.37; it is
read by kanviz's own parser, never by Python's.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kanviz.core.formulas.primitives import INF, PRIMITIVES, Primitive
from kanviz.door import Displayed, room

if TYPE_CHECKING:
    import sympy

__all__ = ["PRIMITIVES", "Formula", "Primitive", "exponent", "gaps_of", "primitive"]

_DECIMAL = re.compile(r"\d+\.\d+(?:[eE][+-]?\d+)?")
_POWER = re.compile(r"x\^(-?\d{1,3}\.\d{1,17})")


@lru_cache(maxsize=512)
def primitive(name: str) -> Primitive:
    """Return the primitive of this name; any other name is read as an expression in x.

    Raises FormulaError, with the position, if it is neither.
    """
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    power = exponent(name)
    if power is not None:
        return _power(name, power)
    from kanviz.core.formulas.parser import evaluate, parse, to_sympy  # typed formulas are rare: import the parser late

    tree = parse(name, ("x",)).tree

    def value(u: Tensor) -> Tensor:
        return evaluate(tree, {"x": u}).expand_as(u)

    def slope(u: Tensor) -> Tensor:
        back = torch.func.vjp(value, u)[1]  # works inside vmap, and can be differentiated again
        return back(torch.ones_like(u))[0]

    def expression(s: Any, u: Any) -> Any:
        return to_sympy(tree, {"x": u})

    return Primitive(name, value, slope, expression, 2.0 + 0.5 * len(name), None)


def gaps_of(name: str, low: float, high: float) -> list[tuple[float, float]]:
    """Find the intervals between two arguments on which an expression in x may not be finite.

    Returns none for a primitive of the table, whose poles and domain are known.
    """
    if name in PRIMITIVES or exponent(name) is not None:
        return []
    from kanviz.core.formulas.expression_range import gaps
    from kanviz.core.formulas.parser import parse

    return gaps(parse(name, ("x",)).tree, low, high)


def exponent(name: str) -> float | None:
    """Return p for a primitive named x^p, where p is a decimal fraction and not whole; None for any other name."""
    found = _POWER.fullmatch(name)
    power = float(found[1]) if found else 0.0
    return None if power.is_integer() else power


def _power(name: str, p: float) -> Primitive:
    """Make the primitive x^p for positive x."""
    return Primitive(
        name, lambda u: u**p, lambda u: p * u ** (p - 1), lambda s, u: u ** s.Float(p, 17), 5.0, None, (0, INF),
        (0.0,) if p < 0 else (),
    )  # fmt: skip


@dataclass(frozen=True)
class Formula(Displayed):
    """A formula y = c f(a x + b) + d of an edge, with a primitive f given by name; x and y are in network units.

    Raises FormulaError for a name that is neither a primitive nor an expression in x.

    >>> import kanviz, sympy, torch
    >>> f = kanviz.Formula("sin", a=2.0, b=0.5, c=3.0)
    >>> print(f)
    3 sin(2 x + 0.5)
    >>> f(torch.tensor([-0.25])).tolist(), f.derivative(torch.tensor([-0.25])).tolist()
    ([0.0], [6.0])
    >>> kanviz.Formula("x^2", a=2.0, d=1.0).sympy(sympy.Symbol("u"))
    4*u**2 + 1
    """

    primitive: str
    a: float = 1.0
    b: float = 0.0
    c: float = 1.0
    d: float = 0.0

    def __post_init__(self):
        primitive(self.primitive)

    def __call__(self, x: Tensor) -> Tensor:
        """Compute y at x, of any shape."""
        return self.c * primitive(self.primitive).torch(self.a * x + self.b) + self.d

    def derivative(self, x: Tensor) -> Tensor:
        """Compute dy/dx."""
        return self.c * self.a * primitive(self.primitive).slope(self.a * x + self.b)

    def sympy(self, x: "sympy.Expr") -> "sympy.Expr":
        """Convert the formula to a SymPy expression in x; whole constants are integers, others floats."""
        import sympy

        def number(value: float) -> sympy.Expr:
            return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e15 else sympy.Float(value, 17)

        inner = number(self.a) * x + number(self.b)
        return number(self.c) * primitive(self.primitive).sympy(sympy, inner) + number(self.d)

    def _repr_latex_(self) -> str:
        return room(self).latex(self)

    def __str__(self) -> str:
        if self.primitive == "0":
            return f"{self.d:.4g}"
        inner = _line(self.a, "x", self.b)
        name = _DECIMAL.sub(lambda at: f"{float(at[0]):.4g}", self.primitive)
        if re.search(r"\bx\b", name):
            shown = re.sub(r"\(x\)|\bx\b", lambda at: at[0] if inner == "x" else f"({inner})", name)
        else:
            shown = f"{name}({inner})"
        return _line(self.c, shown, self.d)


def _line(factor: float, body: str, shift: float) -> str:
    """Write `factor body + shift` for display: four digits, and no factor 1 or shift 0."""
    size = f"{factor:.4g}"
    head = {"1": "", "-1": "-"}.get(size, f"{size} ")
    tail = "" if shift == 0 else f" {'+' if shift > 0 else '-'} {abs(shift):.4g}"
    return f"{head}{body}{tail}"
