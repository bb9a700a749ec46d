"""Write an expression as a Python function that needs only numpy."""

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from kanviz.errors import FormulaError
from kanviz.text import written_names

NUMPY: dict[Any, str] = {
    sympy.exp: "exp", sympy.log: "log", sympy.sin: "sin", sympy.cos: "cos", sympy.tan: "tan",
    sympy.asin: "arcsin", sympy.acos: "arccos", sympy.atan: "arctan", sympy.sinh: "sinh", sympy.cosh: "cosh",
    sympy.tanh: "tanh", sympy.asinh: "arcsinh", sympy.acosh: "arccosh", sympy.atanh: "arctanh", sympy.Abs: "abs",
    sympy.sign: "sign",
}  # fmt: skip
TAKEN = ("numpy", "math", "float", "erf", "angles", "u", "j0", "j1", "silu", "law")  # names used in the generated code
ERF = """
    erf = numpy.vectorize(math.erf, otypes=[float])"""
BESSEL = """
    angles = numpy.pi * (numpy.arange(200) + 0.5) / 200

    def {name}(u):  # Bessel's own integral, exact to rounding for |u| < 300
        return numpy.mean(numpy.cos({turns}numpy.multiply.outer(u, numpy.sin(angles))), axis=-1)"""
SILU = """

    def silu(u):
        return u / (1 + numpy.exp(-u))"""


def python_source(expression: Any, inputs: Sequence[str], *, docstring: str = "") -> str:
    """Return a module with one function `law` of the inputs, numbers or numpy arrays, with all digits of the constants.

    says: its docstring. Raises FormulaError for an expression with a function without closed form.
    """
    arguments = written_names(inputs, TAKEN)
    printer = _Source(dict(zip(inputs, arguments, strict=True)))
    body = printer.doprint(expression)
    ready = [f"{word} = numpy.asarray({word}, float)" for word in arguments]
    lines = [
        *(["import math", ""] if ERF in printer.needed else []),
        "import numpy",
        "",
        "",
        f"def law({', '.join(arguments)}):",
        *([f'    """{_plain(docstring)}"""'] if docstring else []),
        *(f"    {line}" for line in ready),
        *(line for part in printer.needed for line in part.strip("\n").splitlines()),
        f"    return {body}",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return the text without characters that could end a docstring."""
    return "".join(c for c in text if c.isprintable() and c not in '"\\')


class _Source(StrPrinter):
    """A printer with Python's operators and numpy's functions; `needed` collects definitions that numpy lacks."""

    def __init__(self, arguments: dict[str, str]):
        super().__init__()
        self.arguments, self.needed = arguments, list[str]()

    def _need(self, definition: str) -> None:
        if definition not in self.needed:
            self.needed.append(definition)

    def _print_Symbol(self, expr: Any) -> str:
        return self.arguments[expr.name]

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Pi(self, expr: Any) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return "numpy.pi"

    def _print_Exp1(self, expr: Any) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return "numpy.e"

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        base, power = expr.args
        if base is sympy.E:
            return f"numpy.exp({self._print(power)})"
        if abs(power) == sympy.Rational(1, 2):
            root = f"numpy.sqrt({self._print(base)})"
            return root if power > 0 else f"1/{root}"
        raised = PRECEDENCE["Pow"]
        return f"{self.parenthesize(base, raised)}**{self.parenthesize(power, raised)}"

    def _print_Function(self, expr: Any) -> str:
        inside = ", ".join(map(self._print, expr.args))
        known = NUMPY.get(expr.func)
        if known:
            return f"numpy.{known}({inside})"
        if expr.func is sympy.sinc:
            return f"numpy.sinc(({inside})/numpy.pi)"
        if expr.func is sympy.erf:
            self._need(ERF)
            return f"erf({inside})"
        if expr.func is sympy.besselj and expr.args[0] in (0, 1):
            order, turns = (0, "") if expr.args[0] == 0 else (1, "angles - ")
            self._need(BESSEL.format(name=f"j{order}", turns=turns))
            return f"j{order}({self._print(expr.args[1])})"
        if str(expr.func) == "silu":
            self._need(SILU)
            return f"silu({inside})"
        raise FormulaError(f"{expr.func} has no closed form, so it cannot be written as a function.")
