"""Rewrite a law without redundant constants: numbers move out of brackets, powers, logarithms and exponentials."""

import math
from collections.abc import Callable
from typing import Any

import sympy
from sympy import Add, Integer, Mul, Pow

from kanviz.analysis.symbolic.linear import LARGEST_SHIFT, number
from kanviz.laws.expressions.template import Rows, nodes

ODD = (sympy.sinh, sympy.tanh, sympy.asin, sympy.asinh, sympy.atan, sympy.atanh, sympy.erf)
EVEN = (sympy.cosh, sympy.sinc)
AGREEMENT = 1e-9  # share of the values' size by which a rewritten law may differ on the rows
MOST_TERMS = 300  # a law that would have more is not expanded


def normalised(expression: Any, rows: Rows) -> Any:
    """Rewrite the law with no more float constants than before, and with the same values on the rows.

    Tries it expanded and not expanded; fewer constants win, then fewer nodes. A rewriting is accepted only if the
    values on the rows agree.
    """
    before = rows.values(expression)
    if not before.isfinite().all():
        whole = _whole_exponents(expression)
        if int(rows.values(whole).isfinite().sum()) > int(before.isfinite().sum()):
            return normalised(whole, rows)
    finite = before.isfinite()
    if not finite.any():
        return expression
    reach = AGREEMENT * float(before[finite].abs().max())

    def agrees(law: Any) -> bool:
        return float((rows.values(law) - before)[finite].abs().nan_to_num(math.inf).max()) <= reach

    best = expression
    if _constants(written := normal(expression)) <= _constants(best) and agrees(written):
        best = written
    if terms(best) <= MOST_TERMS:
        written = normal(multiplied_out(best))
        cost, least = ((_constants(law), nodes(law)) for law in (written, best))
        if cost < least and agrees(written):
            best = written
    return best


def _constants(expression: Any) -> int:
    return sum(1 for part in sympy.preorder_traversal(expression) if part.is_Float)


def normal(expression: Any) -> Any:
    """Rewrite the expression from the leaves up, without a check of its values."""
    if not expression.args or not expression.has(sympy.Float):
        return expression
    parts = [normal(part) for part in expression.args]
    if expression.func is Add:
        return _sum(parts)
    if expression.func is Mul:
        return _product(parts)
    if expression.func is Pow:
        return _power(parts[0], parts[1])
    return FUNCTIONS.get(expression.func, lambda u: expression.func(*parts))(parts[0])


def content(expression: Any) -> tuple[Any, Any]:
    """Return (k, rest) with expression = k rest: k is the number in front, or that of the first term of a sum.

    In a sum that already has an exact coefficient, nothing is redundant: k is 1.
    """
    front, rest = expression.as_coeff_Mul()
    if rest.is_Add:
        leads = [term.as_coeff_Mul() for term in rest.args]
        if all(k.is_Float for k, _ in leads):
            varying = [(k, term) for k, term in leads if not term.is_number]
            lead = min(varying, key=lambda pair: (nodes(pair[1]), sympy.default_sort_key(pair[1])))[0]
            return front * lead, Add(*(_tidy(k / lead) * term for k, term in leads))
    return front, rest


def _tidy(value: Any) -> Any:
    return number(float(value)) if value.is_Float else value


def _sum(parts: list[Any]) -> Any:
    flat = []
    for part in parts:
        front, rest = part.as_coeff_Mul()
        flat += [front * term for term in rest.args] if rest.is_Add else [part]
    return Add(*flat)


def _product(parts: list[Any]) -> Any:
    front, rest = Integer(1), []
    for part in parts:
        k, factor = content(part)
        front, rest = front * k, [*rest, factor]
    product = Mul(*rest)
    if product.is_Add and front != 1:  # a number times one bracket is a sum
        return Add(*(front * term for term in product.args))
    return front * product


def _power(base: Any, exponent: Any) -> Any:
    if exponent.is_Float:
        exponent = _tidy(exponent)
    if base.is_number and base.is_positive:
        return _exponential(exponent * number(math.log(float(base)))) if not exponent.is_number else Pow(base, exponent)
    if not exponent.is_number:
        return Pow(base, exponent)
    k, rest = content(base)
    if k.is_negative and not exponent.is_integer:
        k, rest = -k, -rest
    return Pow(k, exponent) * Pow(rest, exponent)


def _exponential(u: Any) -> Any:
    shift, rest = u.as_coeff_Add()
    if shift.is_Float and abs(shift) <= LARGEST_SHIFT:
        return number(math.exp(shift)) * sympy.exp(rest)
    return sympy.exp(u)


def _logarithm(u: Any) -> Any:
    k, rest = content(u)
    sign = -1 if k.is_negative else 1
    if not k.is_Float or k == 0:
        return sympy.log(u)
    return number(math.log(abs(float(k)))) + sympy.log(sign * rest)


def _absolute(u: Any) -> Any:
    k, rest = content(u)
    return abs(k) * sympy.Abs(rest)


def _sine(u: Any) -> Any:
    """Return the sine with its phase in (-pi/2, pi/2] and a positive first coefficient."""
    shift, rest = u.as_coeff_Add()
    sign = 1
    if rest.could_extract_minus_sign():
        shift, rest, sign = -shift, -rest, -1
    if not shift.is_Float:
        return sign * sympy.sin(rest + shift)
    turns = round(float(shift) / math.pi)
    return sign * (-1) ** turns * sympy.sin(rest + number(float(shift) - turns * math.pi))


def _cosine(u: Any) -> Any:
    shift, _ = u.as_coeff_Add()
    return _sine(u + number(math.pi / 2)) if shift.is_Float else sympy.cos(u)


def _tangent(u: Any) -> Any:
    shift, rest = u.as_coeff_Add()
    if shift.is_Float:
        shift = number(float(shift) - round(float(shift) / math.pi) * math.pi)
    return _signed(sympy.tan, odd=True)(rest + shift)


def _signed(function: Any, *, odd: bool) -> Callable[[Any], Any]:
    def applied(u: Any) -> Any:
        flip = u.could_extract_minus_sign()
        value = function(-u if flip else u)
        return -value if flip and odd else value

    return applied


FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    sympy.exp: _exponential, sympy.log: _logarithm, sympy.Abs: _absolute,
    sympy.sin: _sine, sympy.cos: _cosine, sympy.tan: _tangent,
    **{function: _signed(function, odd=True) for function in ODD},
    **{function: _signed(function, odd=False) for function in EVEN},
}  # fmt: skip


def terms(expression: Any) -> float:
    """Return an upper bound of the number of terms after expansion, those inside functions included."""
    if not expression.args:
        return 1
    counts = [terms(part) for part in expression.args]
    if expression.func is Mul:
        return math.prod(counts)
    if expression.func is Pow and expression.exp.is_Integer and counts[0] > 1:
        n = abs(int(expression.exp))
        return float(math.comb(int(min(counts[0], 1e6)) + n - 1, n)) if n < 50 else math.inf
    return max(sum(counts), 1) if expression.func is Add else max(counts)


def multiplied_out(expression: Any) -> Any:
    """Expand products of sums and small whole powers of sums, and nothing else."""
    return sympy.expand(
        expression, deep=True, power_exp=False, power_base=False, log=False, trig=False, complex=False,
        mul=True, multinomial=True,
    )  # fmt: skip


def _whole_exponents(expression: Any) -> Any:
    """Round float exponents to whole numbers: a negative number has no other real powers."""
    if not expression.args:
        return expression
    parts = [_whole_exponents(part) for part in expression.args]
    if expression.func is Pow and parts[1].is_Float:
        parts[1] = Integer(round(float(parts[1])))
    return expression.func(*parts)
