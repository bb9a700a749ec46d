"""List the rewritings that may shorten a law; each preserves its values where the law was learned."""

from collections.abc import Callable, Iterator
from typing import Any

import sympy

Rewriting = Callable[[Any], Any]


def _absorbed(law: Any) -> Any:
    """Move numbers in front of a power of a sum into it: sqrt(2) sqrt(a + 1/2) becomes sqrt(2 a + 1)."""
    if not law.args:
        return law
    law = law.func(*map(_absorbed, law.args))
    if not law.is_Mul:
        return law
    front, rest = law.as_independent(*law.free_symbols, as_Add=False)
    factors: Any = sympy.Mul.make_args(rest)
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Rational and (front.is_positive or exponent.q % 2):
            inside = sympy.expand(sympy.powsimp(sympy.Abs(front) ** (1 / exponent)) * base)
            return sympy.sign(front) * inside**exponent * (rest / factor)
    return law


def _as_exponentials(law: Any) -> Any:
    """Write hyperbolic functions as exponentials, so that logarithms cancel: tanh(atanh a + atanh b)."""
    functions = (sympy.tanh, sympy.sinh, sympy.cosh, sympy.atanh, sympy.asinh, sympy.acosh)
    law = law.replace(lambda part: part.func is sympy.atanh, lambda part: _atanh(part.args[0]))
    law = law.replace(lambda part: part.func is sympy.asinh, lambda part: part.rewrite(sympy.log))
    law = law.replace(lambda part: part.func in functions, lambda part: part.rewrite(sympy.exp))
    return sympy.cancel(sympy.together(sympy.powsimp(_apart(sympy.expand(law, power_exp=True)))))


def _atanh(u: Any) -> Any:
    return (sympy.log(1 + u) - sympy.log(1 - u)) / 2


def _apart(law: Any) -> Any:
    """Write exp(k log u) as u^k, also where the exponent has other terms."""

    def opened(part: Any) -> Any:
        factors, left = [], []
        for term in sympy.Add.make_args(part.args[0]):
            k, rest = term.as_coeff_Mul()
            factors, left = (
                ([*factors, rest.args[0] ** k], left) if rest.func is sympy.log else (factors, [*left, term])
            )
        return sympy.Mul(sympy.exp(sympy.Add(*left)), *factors)

    return law.replace(lambda part: part.func is sympy.exp, opened)


def _roots_apart(law: Any) -> Any:
    return sympy.powdenest(sympy.powsimp(sympy.expand_power_base(law, force=True), force=True), force=True)


def _logs_joined(law: Any) -> Any:
    return sympy.logcombine(law, force=True)


def _logs_apart(law: Any) -> Any:
    return sympy.powsimp(_apart(sympy.expand_log(law, force=True)))


def _over_one_line(law: Any) -> Any:
    return sympy.cancel(sympy.together(law))


def _inside(rewriting: Rewriting) -> Rewriting:
    """Return a rewriting that applies the given one to each sum inside a function or a power."""

    def applied(law: Any) -> Any:
        if not law.args:
            return law
        law = law.func(*map(applied, law.args))
        return rewriting(law) if law.is_Add else law

    return applied


QUICK: dict[str, Rewriting] = {
    "expand": sympy.expand,
    "apart": _apart,
    "logs apart": _logs_apart,
    "powsimp": sympy.powsimp,
    "absorbed": _absorbed,
    "roots": _roots_apart,
    "logs joined": _logs_joined,
    "factor": sympy.factor,
    "factor inside": _inside(sympy.factor_terms),
    "cancel": _over_one_line,
}
SLOW: dict[str, Rewriting] = {
    "trigsimp": sympy.trigsimp,
    "exponentials": _as_exponentials,
    "radsimp": sympy.radsimp,
    "trig apart": lambda law: sympy.trigsimp(sympy.expand_trig(law)),
    "simplify": sympy.simplify,
    "factor deep": lambda law: sympy.factor(law, deep=True),
}
REWRITINGS = QUICK | SLOW


def rewritten(law: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Generate (name, law) after each named rewriting; one that fails is left out."""
    for name in names:
        try:
            found = REWRITINGS[name](law)
        except Exception:  # SymPy raises many kinds of errors, and none of them matters here
            continue
        if isinstance(found, sympy.Expr):
            yield name, found
