"""Combine two nested functions into one primitive: exp(-u^2) is a gaussian, 1/(1 + exp(-u)) a sigmoid."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from kanviz.core.formulas.formula import Formula


@dataclass(frozen=True)
class Joined:
    """The formula c f(a v + b) + d of the inner argument v."""

    name: str
    a: float = 1.0
    b: float = 0.0
    c: float = 1.0
    d: float = 0.0


def joined(outer: Formula, inner: Formula) -> Formula | None:
    """Return outer(inner(x)) as one formula; None where no primitive with finite constants is."""
    rule = RULES.get((outer.primitive, inner.primitive))
    if rule is None:
        return None
    p, q = outer.b + outer.a * inner.d, outer.a * inner.c
    try:
        found = rule(p, q)
    except OverflowError:
        return None
    if found is None:
        return None
    whole = (found.a * inner.a, found.a * inner.b + found.b, outer.c * found.c, outer.c * found.d + outer.d)
    return Formula(found.name, *whole) if all(map(math.isfinite, whole)) else None


def _gaussian(p: float, q: float) -> Joined | None:
    """Write exp(p + q v^2)."""
    return Joined("gaussian", math.sqrt(-q), c=math.exp(p)) if q < 0 and p < 30 else None


def _of_square(plus: str, minus: str, degree: float) -> Callable[[float, float], Joined | None]:
    """Return the rule for (p + q v^2)^degree.

    plus, minus: the primitives (1 + v^2)^degree and (1 - v^2)^degree; "" where there is none.
    """

    def rule(p: float, q: float) -> Joined | None:
        name = "" if p == 0 or (p < 0 and not degree.is_integer()) else plus if q / p > 0 else minus
        return Joined(name, math.sqrt(abs(q / p)), c=p**degree) if name else None

    return rule


def _log_of_square(p: float, q: float) -> Joined | None:
    """Write log(p + q v^2)."""
    return Joined("log(1+x^2)", math.sqrt(q / p), d=math.log(p)) if p > 0 and q > 0 else None


def _inverse_of_exponential(p: float, q: float) -> Joined | None:
    """Write 1/(p + q exp(v))."""
    if p == 0 or q == 0:
        return None
    if q / p > 0:
        return Joined("sigmoid", -1.0, -math.log(q / p), 1 / p)
    return Joined("1/(exp(x)-1)", 1.0, math.log(-q / p), -1 / p)


def _log_of_exponential(p: float, q: float) -> Joined | None:
    """Write log(p + q exp(v))."""
    return Joined("softplus", 1.0, math.log(q / p), d=math.log(p)) if p > 0 and q > 0 else None


def _of_cosh(name: str, degree: int) -> Callable[[float, float], Joined | None]:
    """Return the rule for (p + q cosh(v))^degree."""
    return lambda p, q: Joined(name, c=q**degree) if p == 0 and q else None


RULES: dict[tuple[str, str], Callable[[float, float], Joined | None]] = {
    ("exp", "x^2"): _gaussian,
    ("1/x", "x^2"): _of_square("1/(1+x^2)", "", -1.0),
    ("sqrt", "x^2"): _of_square("sqrt(1+x^2)", "sqrt(1-x^2)", 0.5),
    ("1/sqrt(x)", "x^2"): _of_square("1/sqrt(1+x^2)", "1/sqrt(1-x^2)", -0.5),
    ("log", "x^2"): _log_of_square,
    ("1/x", "exp"): _inverse_of_exponential,
    ("log", "exp"): _log_of_exponential,
    ("1/x", "cosh"): _of_cosh("1/cosh(x)", -1),
    ("1/x^2", "cosh"): _of_cosh("1/cosh(x)^2", -2),
}
"""By the outer and the inner primitive: the one that f(p + q g(v)) is, given p and q."""
