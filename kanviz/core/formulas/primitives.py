"""Define PRIMITIVES, the only table of functions for formulas: a new primitive is one row."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kanviz.core.special import arcsinh, bessel_j0, bessel_j1, cbrt, gaussian, sinc, sinc_slope, whole_power

INF = math.inf


@dataclass(frozen=True)
class Primitive:
    """A function f of one variable, in PyTorch and SymPy.

    `slope` is its analytic derivative; `sympy` takes the sympy module and an expression (sympy is imported late).
    `complexity`: bits, a prior for the choice between fits. `domain`: where it is real; `poles`: where it is not finite
    inside its domain. `kind`: which of a, b must be searched, because c and d cannot replace them (symbolic.md, section
    1): lin, loc (pole or branch point outside the range), locp (inside allowed), rate, ab, half (as ab, with the pole
    or branch point outside the range), dom; None is never searched, because another row with other constants is the
    same function. `symmetry`: odd or even, so that a negative a is not needed.
    """

    name: str
    torch: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    sympy: Callable[[Any, Any], Any]
    complexity: float
    kind: str | None
    domain: tuple[float, float] = (-INF, INF)
    poles: tuple[float, ...] = ()
    symmetry: str | None = None


def _power(n: int, complexity: float) -> Primitive:
    return Primitive(
        f"x^{n}", lambda u: whole_power(u, n), lambda u: n * whole_power(u, n - 1), lambda s, u: u**n, complexity,
        "locp",
    )  # fmt: skip


def _inverse(n: int, complexity: float) -> Primitive:
    name = "1/x" if n == 1 else f"1/x^{n}"
    return Primitive(
        name, lambda u: whole_power(u, -n), lambda u: -n * whole_power(u, -n - 1), lambda s, u: u**-n, complexity,
        "loc", poles=(0.0,),
    )  # fmt: skip


def _halves(n: int, complexity: float) -> Primitive:
    """Make the primitive x^(n/2), n odd and positive."""
    low, high = (n - 1) // 2, n / 2
    return Primitive(
        f"x^{high}", lambda u: whole_power(u, low) * u.sqrt(), lambda u: high * whole_power(u, low - 1) * u.sqrt(),
        lambda s, u: u ** s.Rational(n, 2), complexity, "loc", (0, INF),
    )  # fmt: skip


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
    _halves(3, 3.5),
    _halves(5, 4),
    Primitive(
        "cbrt",
        cbrt,
        lambda u: (u.abs() ** (-2 / 3)) / 3,
        lambda s, u: s.sign(u) * s.Abs(u) ** s.Rational(1, 3),
        3.5,
        "loc",
        (0, INF),
    ),
    Primitive(
        "1/sqrt(x)", torch.rsqrt, lambda u: -0.5 * u.rsqrt() ** 3, lambda s, u: u ** (-_half(s)), 3, "loc", (0, INF),
        (0.0,),
    ),
    Primitive(
        "1/x^1.5", lambda u: u.rsqrt() ** 3, lambda u: -1.5 * u.rsqrt() ** 3 / u,
        lambda s, u: u ** (-3 * _half(s)), 4, "loc", (0, INF), (0.0,),
    ),
    Primitive("exp", torch.exp, torch.exp, lambda s, u: s.exp(u), 2, "rate"),
    Primitive("log", torch.log, torch.reciprocal, lambda s, u: s.log(u), 2.5, "loc", (0, INF), (0.0,)),
    Primitive(
        "x log(x)", lambda u: torch.special.xlogy(u, u), lambda u: u.log() + 1, lambda s, u: u * s.log(u), 4, "half",
        (0, INF),
    ),
    Primitive("abs", torch.abs, torch.sign, lambda s, u: s.Abs(u), 3, "locp"),
    Primitive("sgn", torch.sign, torch.zeros_like, lambda s, u: s.sign(u), 3.5, None),
    Primitive("sin", torch.sin, torch.cos, lambda s, u: s.sin(u), 2, "ab", symmetry="odd"),
    Primitive("cos", torch.cos, lambda u: -u.sin(), lambda s, u: s.cos(u), 2, None, symmetry="even"),
    Primitive(
        "tan", torch.tan, lambda u: u.cos() ** -2, lambda s, u: s.tan(u), 3.5, "dom", (-math.pi / 2, math.pi / 2),
        symmetry="odd",
    ),
    Primitive("tanh", torch.tanh, lambda u: 1 - u.tanh() ** 2, lambda s, u: s.tanh(u), 3, "ab", symmetry="odd"),
    Primitive(
        "sigmoid", torch.sigmoid, lambda u: u.sigmoid() * (-u).sigmoid(), lambda s, u: 1 / (1 + s.exp(-u)), 3, None
    ),
    Primitive(
        "arcsin", torch.asin, lambda u: (1 - u * u).rsqrt(), lambda s, u: s.asin(u), 3.5, "dom", (-1, 1),
        symmetry="odd",
    ),
    Primitive("arccos", torch.acos, lambda u: -(1 - u * u).rsqrt(), lambda s, u: s.acos(u), 3.5, None, (-1, 1)),
    Primitive("arctan", torch.atan, lambda u: 1 / (1 + u * u), lambda s, u: s.atan(u), 3.5, "ab", symmetry="odd"),
    Primitive(
        "arctanh", torch.atanh, lambda u: 1 / (1 - u * u), lambda s, u: s.atanh(u), 4, "dom", (-1, 1),
        symmetry="odd",
    ),
    Primitive(
        "gaussian", gaussian, lambda u: -2 * u * gaussian(u), lambda s, u: s.exp(-(u**2)), 3, "ab", symmetry="even"
    ),
    Primitive(
        "erf", torch.erf, lambda u: 2 / math.sqrt(math.pi) * gaussian(u), lambda s, u: s.erf(u), 4, "ab",
        symmetry="odd",
    ),
    Primitive("sinh", torch.sinh, torch.cosh, lambda s, u: s.sinh(u), 3.5, "ab", symmetry="odd"),
    Primitive("cosh", torch.cosh, torch.sinh, lambda s, u: s.cosh(u), 3.5, "ab", symmetry="even"),
    Primitive(
        "arcsinh", arcsinh, lambda u: (1 + u * u).rsqrt(), lambda s, u: s.asinh(u), 4, "ab", symmetry="odd"
    ),
    Primitive(
        "1/cosh(x)", lambda u: 1 / u.cosh(), lambda u: -u.tanh() / u.cosh(), lambda s, u: 1 / s.cosh(u), 4, "ab",
        symmetry="even",
    ),
    Primitive(
        "1/cosh(x)^2", lambda u: u.cosh() ** -2, lambda u: -2 * u.tanh() * u.cosh() ** -2,
        lambda s, u: s.cosh(u) ** -2, 4, "ab", symmetry="even",
    ),
    Primitive("sinc", sinc, sinc_slope, lambda s, u: s.sinc(u), 4.5, "ab", symmetry="even"),
    Primitive("J0", bessel_j0, lambda u: -bessel_j1(u), lambda s, u: s.besselj(0, u), 5, "ab", symmetry="even"),
    Primitive(
        "1/(1+x^2)", lambda u: 1 / (1 + u * u), lambda u: -2 * u / (1 + u * u) ** 2, lambda s, u: 1 / (1 + u**2), 3,
        "ab", symmetry="even",
    ),
    Primitive(
        "x/(1+x^2)", lambda u: u / (1 + u * u), lambda u: (1 - u * u) / (1 + u * u) ** 2, lambda s, u: u / (1 + u**2),
        4, "ab", symmetry="odd",
    ),
    Primitive(
        "sqrt(1+x^2)", lambda u: (1 + u * u).sqrt(), lambda u: u * (1 + u * u).rsqrt(),
        lambda s, u: s.sqrt(1 + u**2), 3.5, "ab", symmetry="even",
    ),
    Primitive(
        "1/sqrt(1+x^2)", lambda u: (1 + u * u).rsqrt(), lambda u: -u * (1 + u * u).rsqrt() ** 3,
        lambda s, u: (1 + u**2) ** (-_half(s)), 4, "ab", symmetry="even",
    ),
    Primitive(
        "log(1+x^2)", lambda u: torch.log1p(u * u), lambda u: 2 * u / (1 + u * u), lambda s, u: s.log(1 + u**2), 4,
        "ab", symmetry="even",
    ),
    Primitive(
        "softplus", lambda u: torch.nn.functional.softplus(u), torch.sigmoid, lambda s, u: s.log(1 + s.exp(u)), 4, "ab"
    ),
    Primitive(
        "1/(exp(x)-1)", lambda u: 1 / u.expm1(), lambda u: 1 / (u.expm1() * (-u).expm1()),
        lambda s, u: 1 / (s.exp(u) - 1), 4, "half", poles=(0.0,),
    ),
    Primitive(
        "x exp(-x)", lambda u: u * (-u).exp(), lambda u: (1 - u) * (-u).exp(), lambda s, u: u * s.exp(-u), 4, "ab"
    ),
    Primitive(
        "x exp(-x^2)", lambda u: u * gaussian(u), lambda u: (1 - 2 * u * u) * gaussian(u),
        lambda s, u: u * s.exp(-(u**2)), 4, "ab", symmetry="odd",
    ),
    Primitive(
        "sqrt(1-x^2)", lambda u: (1 - u * u).sqrt(), lambda u: -u * (1 - u * u).rsqrt(),
        lambda s, u: s.sqrt(1 - u**2), 3.5, "dom", (-1, 1), symmetry="even",
    ),
    Primitive(
        "1/sqrt(1-x^2)", lambda u: (1 - u * u).rsqrt(), lambda u: u * (1 - u * u).rsqrt() ** 3,
        lambda s, u: (1 - u**2) ** (-_half(s)), 4, "dom", (-1, 1), (-1.0, 1.0), "even",
    ),
)  # fmt: skip
PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _ROWS}
