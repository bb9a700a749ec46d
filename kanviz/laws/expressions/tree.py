"""Convert expressions to plain data (JSON) and back, by a table of functions; text is never parsed."""

from typing import Any

import sympy

FUNCTIONS: dict[str, Any] = {
    function.__name__: function
    for function in (
        sympy.Add, sympy.Mul, sympy.Pow, sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.cot, sympy.sec,
        sympy.csc, sympy.asin, sympy.acos, sympy.atan, sympy.acot, sympy.sinh, sympy.cosh, sympy.tanh, sympy.coth,
        sympy.sech, sympy.csch, sympy.asinh, sympy.acosh, sympy.atanh, sympy.acoth, sympy.erf, sympy.erfc, sympy.sinc,
        sympy.Abs, sympy.sign, sympy.besselj,
    )
}  # fmt: skip
CONSTANTS: dict[str, Any] = {"pi": sympy.pi, "e": sympy.E}


def to_json(expression: Any) -> Any:
    """Return the expression as lists and strings. Raises ValueError for functions that are not in the table.

    A symbol is written as its name and whether it is positive; all are real. A float is written in hexadecimal.
    """
    if expression.is_Symbol:
        return ["symbol", expression.name, bool(expression.is_positive)]
    if expression.is_Float:
        return ["float", float(expression).hex()]
    if expression.is_Rational:
        return ["ratio", str(expression.p), str(expression.q)]
    for name, value in CONSTANTS.items():
        if expression == value:
            return [name]
    name = expression.func.__name__
    if FUNCTIONS.get(name) is not expression.func:
        raise ValueError(f"{name} has no place in a law.")
    return [name, *(to_json(part) for part in expression.args)]


def from_json(data: Any) -> Any:
    """Rebuild the expression. Raises ValueError when the data are not one."""
    match data:
        case ["symbol", str(name), bool(positive)]:
            return sympy.Symbol(name, positive=True) if positive else sympy.Symbol(name, real=True)
        case ["float", str(digits)]:
            return sympy.Float(float.fromhex(digits), 15)
        case ["ratio", str(p), str(q)] if int(q):
            return sympy.Rational(int(p), int(q))
        case [str(name)] if name in CONSTANTS:
            return CONSTANTS[name]
        case [str(name), *parts] if name in FUNCTIONS:
            return FUNCTIONS[name](*(from_json(part) for part in parts))
    raise ValueError("These data are not an expression.")
