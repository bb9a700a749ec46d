"""Write an expression as the computation of a node: sums of formulas, each of one earlier node, multiplied."""

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import sympy

from kanviz.core.formulas.formula import PRIMITIVES, Formula
from kanviz.errors import FormulaError
from kanviz.laws.expressions.fuse_primitives import joined
from kanviz.laws.network import columns
from kanviz.laws.network.columns import Node, Sum, Term
from kanviz.text import shown

_U = sympy.Symbol("u", real=True)
_FORMS = {name: row.sympy(sympy, _U) for name, row in PRIMITIVES.items()}
FUNCTIONS = {
    form.func: name for name, form in _FORMS.items() if isinstance(form, sympy.Function) and form.args == (_U,)
}
POWERS = {form.exp: name for name, form in _FORMS.items() if form.is_Pow and form.base == _U and form.exp != 1}
DECIMAL = re.compile(r"-?\d{1,3}\.\d{1,17}")  # the exponents that a power's name may have


class Cbrt(sympy.Function):
    """The cube root of any real number, which SymPy writes as sign(u) |u|^(1/3)."""

    nargs = 1


def node_of(expression: Any, computed: Collection[Any] = ()) -> Node:
    """Return the node that computes the expression; a lone product becomes a product node.

    computed: expressions that earlier nodes compute anyway. Raises FormulaError for a function that is not a primitive,
    and for a constant that is not finite.
    """
    factor, core, constant = affine(expression)
    if not core.is_Mul:
        return Node((sum_of(expression, computed),))
    first, *others = (sum_of(part, computed) for part in core.args)
    return Node((first.times(factor), *others), constant)


def sum_of(expression: Any, computed: Collection[Any] = ()) -> Sum:
    """Return the expression as a constant and terms."""
    constant, parts = _collected(expression)
    return columns.sum_of(constant, parts, _term, computed)


def affine(expression: Any) -> tuple[float, Any, float]:
    """Return (a, core, b) with expression = a core + b; a core that is a sum has 1 before its first term."""
    constant, terms = _collected(expression)
    if not terms:
        return 0.0, sympy.Integer(1), constant
    lead, first = terms[0]
    others = (core if k == lead else sympy.Float(k / lead, 17) * core for k, core in terms[1:])
    return lead, sympy.Add(first, *others), constant


def readable(expression: Any) -> Any:
    """Rewrite powers with a varying exponent by exp and log, and mark cube roots."""
    if not expression.args:
        return expression
    parts = [readable(part) for part in expression.args]
    if expression.is_Pow and not parts[1].is_number:
        return sympy.exp(parts[1] * sympy.log(parts[0]))
    if expression.is_Mul:
        for sign in [part for part in parts if part.func is sympy.sign]:
            root = sympy.Pow(sympy.Abs(sign.args[0]), sympy.Rational(1, 3))
            if root in parts:
                parts = [part for part in parts if part not in (sign, root)] + [Cbrt(sign.args[0])]
    return expression.func(*parts)


def _collected(expression: Any) -> tuple[float, list[tuple[float, Any]]]:
    """Return the constant of a sum, and its other terms as (number, rest)."""
    constant, terms = 0.0, []
    for part in sympy.Add.make_args(expression):
        if not part.free_symbols:
            constant += _number(part)
            continue
        factor, core = part.as_independent(*part.free_symbols, as_Add=False)
        if core.is_Add:  # a number before a bracket
            plus, inside = _collected(core)
            constant += _number(factor) * plus
            terms += [(_number(factor) * k, one) for k, one in inside]
        else:
            terms.append((_number(factor), core))
    return constant, terms


def _is_node(core: Any) -> bool:
    """Return whether a term is a node itself, not a function of one."""
    return bool(core.is_Symbol or core.is_Mul)


def _number(value: Any) -> float:
    value = value.evalf(17)
    if not (value.is_real and value.is_finite):
        raise FormulaError("The law holds a number that is not finite, so it cannot become a network. Choose another.")
    return float(value)


def _term(factor: float, core: Any) -> Term:
    """Return factor * core as a formula of one node."""
    if _is_node(core):
        return Term(core, Formula("x", c=factor))
    name, argument = _function(core)
    a, source, b = affine(argument)
    formula = Formula(name, a, b, factor)
    if not (_is_node(source) or source.is_Add):
        inside = _term(1.0, source)
        whole = joined(formula, inside.formula)
        if whole is not None:
            return Term(inside.source, whole)
    return Term(source, formula)


def _function(core: Any) -> tuple[str, Any]:
    """Return the primitive of a power or a function, and its argument."""
    if core.func is sympy.besselj and core.args[0] == 0:
        return "J0", core.args[1]
    if core.func is Cbrt:
        return "cbrt", core.args[0]
    if core.func in FUNCTIONS:
        return FUNCTIONS[core.func], core.args[0]
    if core.is_Pow:
        return _power(core.exp), core.base
    raise FormulaError(
        f"The law holds {shown(str(core.func), 20)}, which is no function that an edge can have. Choose another law."
    )


def _power(exponent: Any) -> str:
    """Return the name of x^exponent."""
    value = _number(exponent)
    name = POWERS.get(sympy.Rational(value))
    if name is not None:
        return name
    if value.is_integer():
        return f"x^{int(value)}" if value > 0 else f"1/x^{-int(value)}"
    text = np.format_float_positional(value, trim="0")
    if not DECIMAL.fullmatch(text):
        raise FormulaError(f"The law holds the power {value:.4g}, which no edge can have. Choose another law.")
    return f"x^{text}"
