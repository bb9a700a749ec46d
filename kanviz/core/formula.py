"""Closed forms for an edge: the table of primitives, and a formula c f(a x + b) + d.

`PRIMITIVES` is the one table: a new primitive is one row. A primitive of any other name is an expression in x that a
user typed; it is read by our own parser and never by Python's.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    import sympy

INF = math.inf


@dataclass(frozen=True)
class Primitive:
    """One function of one variable, in the three languages it is used in.

    `slope` is its analytic derivative; `sympy` takes the sympy module and an expression (sympy is imported late).
    `complexity` counts bits: a prior for choosing between fits. `domain` is where it is real; `poles` where it is not
    finite inside its domain. `kind` says which of a, b are not already in c and d (symbolic.md, section 1):
    lin, loc (pole or branch point outside the range), locp (inside allowed), rate, ab, dom; None is never searched,
    because another row with other constants is the same function.
    """

    name: str
    torch: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    sympy: Callable[[Any, Any], Any]
    complexity: float
    kind: str | None
    domain: tuple[float, float] = (-INF, INF)
    poles: tuple[float, ...] = ()


def _power(n: int, complexity: float) -> Primitive:
    return Primitive(f"x^{n}", lambda u: u**n, lambda u: n * u ** (n - 1), lambda s, u: u**n, complexity, "locp")


def _inverse(n: int, complexity: float) -> Primitive:
    name = "1/x" if n == 1 else f"1/x^{n}"
    return Primitive(
        name, lambda u: u**-n, lambda u: -n * u ** (-n - 1), lambda s, u: u**-n, complexity, "loc", poles=(0.0,)
    )


def _cbrt(u: Tensor) -> Tensor:
    return u.sign() * u.abs() ** (1 / 3)


def _gaussian(u: Tensor) -> Tensor:
    return torch.exp(-u * u)


def _sinc(u: Tensor) -> Tensor:
    return torch.sinc(u / math.pi)


def _sinc_slope(u: Tensor) -> Tensor:
    safe = torch.where(u.abs() < 1e-4, 1.0, u)
    return torch.where(u.abs() < 1e-4, -u / 3, (u.cos() * u - u.sin()) / safe**2)


def _half(s: Any) -> Any:
    return s.Rational(1, 2)


_ROWS = (
    Primitive("0", torch.zeros_like, torch.zeros_like, lambda s, u: s.Integer(0), 0, None),
    Primitive("x", lambda u: u, torch.ones_like, lambda s, u: u, 1, "lin"),
    _power(2, 2),
    _power(3, 3),
    _power(4, 3.5),
    _power(5, 4),
    _inverse(1, 2),
    _inverse(2, 3),
    _inverse(3, 3.5),
    _inverse(4, 4),
    _inverse(5, 4.5),
    Primitive("sqrt", torch.sqrt, lambda u: 0.5 / u.sqrt(), lambda s, u: s.sqrt(u), 2.5, "loc", (0, INF)),
    Primitive(
        "x^1.5", lambda u: u**1.5, lambda u: 1.5 * u.sqrt(), lambda s, u: u ** s.Rational(3, 2), 3.5, "loc", (0, INF)
    ),
    Primitive(
        "cbrt",
        _cbrt,
        lambda u: (u.abs() ** (-2 / 3)) / 3,
        lambda s, u: s.sign(u) * s.Abs(u) ** s.Rational(1, 3),
        3.5,
        "loc",
        (0, INF),
    ),
    Primitive(
        "1/sqrt(x)", torch.rsqrt, lambda u: -0.5 * u**-1.5, lambda s, u: u ** (-_half(s)), 3, "loc", (0, INF), (0.0,)
    ),
    Primitive("exp", torch.exp, torch.exp, lambda s, u: s.exp(u), 2, "rate"),
    Primitive("log", torch.log, torch.reciprocal, lambda s, u: s.log(u), 2.5, "loc", (0, INF), (0.0,)),
    Primitive("abs", torch.abs, torch.sign, lambda s, u: s.Abs(u), 3, "locp"),
    Primitive("sgn", torch.sign, torch.zeros_like, lambda s, u: s.sign(u), 3.5, None),
    Primitive("sin", torch.sin, torch.cos, lambda s, u: s.sin(u), 2, "ab"),
    Primitive("cos", torch.cos, lambda u: -u.sin(), lambda s, u: s.cos(u), 2, None),
    Primitive(
        "tan", torch.tan, lambda u: u.cos() ** -2, lambda s, u: s.tan(u), 3.5, "dom", (-math.pi / 2, math.pi / 2)
    ),
    Primitive("tanh", torch.tanh, lambda u: 1 - u.tanh() ** 2, lambda s, u: s.tanh(u), 3, "ab"),
    Primitive(
        "sigmoid", torch.sigmoid, lambda u: u.sigmoid() * (-u).sigmoid(), lambda s, u: 1 / (1 + s.exp(-u)), 3, None
    ),
    Primitive("arcsin", torch.asin, lambda u: (1 - u * u).rsqrt(), lambda s, u: s.asin(u), 3.5, "dom", (-1, 1)),
    Primitive("arccos", torch.acos, lambda u: -(1 - u * u).rsqrt(), lambda s, u: s.acos(u), 3.5, None, (-1, 1)),
    Primitive("arctan", torch.atan, lambda u: 1 / (1 + u * u), lambda s, u: s.atan(u), 3.5, "ab"),
    Primitive("arctanh", torch.atanh, lambda u: 1 / (1 - u * u), lambda s, u: s.atanh(u), 4, "dom", (-1, 1)),
    Primitive("gaussian", _gaussian, lambda u: -2 * u * _gaussian(u), lambda s, u: s.exp(-(u**2)), 3, "ab"),
    Primitive("erf", torch.erf, lambda u: 2 / math.sqrt(math.pi) * _gaussian(u), lambda s, u: s.erf(u), 4, "ab"),
    Primitive("sinh", torch.sinh, torch.cosh, lambda s, u: s.sinh(u), 3.5, "ab"),
    Primitive("cosh", torch.cosh, torch.sinh, lambda s, u: s.cosh(u), 3.5, "ab"),
    Primitive("sinc", _sinc, _sinc_slope, lambda s, u: s.sinc(u), 4.5, "ab"),
    Primitive(
        "1/(1+x^2)",
        lambda u: 1 / (1 + u * u),
        lambda u: -2 * u / (1 + u * u) ** 2,
        lambda s, u: 1 / (1 + u**2),
        3,
        "ab",
    ),
    Primitive(
        "sqrt(1+x^2)",
        lambda u: (1 + u * u).sqrt(),
        lambda u: u * (1 + u * u).rsqrt(),
        lambda s, u: s.sqrt(1 + u**2),
        3.5,
        "ab",
    ),
    Primitive(
        "log(1+x^2)",
        lambda u: torch.log1p(u * u),
        lambda u: 2 * u / (1 + u * u),
        lambda s, u: s.log(1 + u**2),
        4,
        "ab",
    ),
    Primitive(
        "softplus",
        lambda u: torch.nn.functional.softplus(u),
        torch.sigmoid,
        lambda s, u: s.log(1 + s.exp(u)),
        4,
        "ab",
    ),
    Primitive(
        "x exp(-x)", lambda u: u * (-u).exp(), lambda u: (1 - u) * (-u).exp(), lambda s, u: u * s.exp(-u), 4, "ab"
    ),
    Primitive(
        "sqrt(1-x^2)",
        lambda u: (1 - u * u).sqrt(),
        lambda u: -u * (1 - u * u).rsqrt(),
        lambda s, u: s.sqrt(1 - u**2),
        3.5,
        "dom",
        (-1, 1),
    ),
    Primitive(
        "1/sqrt(1-x^2)",
        lambda u: (1 - u * u).rsqrt(),
        lambda u: u * (1 - u * u) ** -1.5,
        lambda s, u: (1 - u**2) ** (-_half(s)),
        4,
        "dom",
        (-1, 1),
        (-1.0, 1.0),
    ),
)
PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _ROWS}


@lru_cache(maxsize=512)
def primitive(name: str) -> Primitive:
    """The primitive of that name; any other name is read as an expression in x.

    Raises FormulaError, with the position, when it is neither.
    """
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    from kanviz.core.parser import evaluate, parse, to_sympy  # a typed formula is rare: read the parser late

    tree = parse(name, ("x",)).tree

    def value(u: Tensor) -> Tensor:
        return evaluate(tree, {"x": u}).expand_as(u)

    def slope(u: Tensor) -> Tensor:
        back = torch.func.vjp(value, u)[1]  # works inside vmap, and can be differentiated again
        return back(torch.ones_like(u))[0]

    def expression(s: Any, u: Any) -> Any:
        return to_sympy(tree, {"x": u})

    return Primitive(name, value, slope, expression, 2.0 + 0.5 * len(name), None)


@dataclass(frozen=True)
class Formula:
    """y = c f(a x + b) + d, f a primitive by name."""

    primitive: str
    a: float = 1.0
    b: float = 0.0
    c: float = 1.0
    d: float = 0.0

    def __post_init__(self):
        primitive(self.primitive)

    def __call__(self, x: Tensor) -> Tensor:
        return self.c * primitive(self.primitive).torch(self.a * x + self.b) + self.d

    def derivative(self, x: Tensor) -> Tensor:
        """dy/dx."""
        return self.c * self.a * primitive(self.primitive).slope(self.a * x + self.b)

    def sympy(self, x: "sympy.Expr") -> "sympy.Expr":
        """The same, as an expression in x, constants as floats."""
        import sympy

        def number(value: float) -> sympy.Expr:
            return sympy.Integer(int(value)) if value == int(value) and abs(value) < 1e15 else sympy.Float(value, 17)

        inner = number(self.a) * x + number(self.b)
        return number(self.c) * primitive(self.primitive).sympy(sympy, inner) + number(self.d)

    def __str__(self) -> str:
        if self.primitive == "0":
            return f"{self.d:.4g}"
        inner = _line(self.a, "x", self.b)
        name = self.primitive
        if re.search(r"\bx\b", name):
            shown = re.sub(r"\bx\b", lambda _: inner if inner == "x" else f"({inner})", name)
        else:
            shown = f"{name}({inner})"
        return _line(self.c, shown, self.d)


def _line(factor: float, body: str, shift: float) -> str:
    """`factor body + shift` without ones and zeros."""
    head = "" if factor == 1 else "-" if factor == -1 else f"{factor:.4g} "
    tail = "" if shift == 0 else f" {'+' if shift > 0 else '-'} {abs(shift):.4g}"
    return f"{head}{body}{tail}"
