"""Write expressions as LaTeX and as plain text, whatever the names of the table's columns."""

import re
from typing import Any

from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from kanviz.text import latex_escape, shown

GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
)  # fmt: skip
INDEXED = re.compile(r"([A-Za-z]|[A-Za-z]{2,7}(?=_|\d))_?(\d+(?:,\d+)*)$")


def latex_name(name: str) -> str:
    """Return a column's or node's name in LaTeX: a letter, a Greek letter, a letter with an index, or plain text."""
    if re.fullmatch(r"[A-Za-z]", name):
        return name
    if name in GREEK:
        return "\\" + name
    match = INDEXED.fullmatch(name)
    if match and (len(match[1]) == 1 or match[1] in GREEK):
        return f"{latex_name(match[1])}_{{{match[2]}}}"
    return f"\\text{{{latex_escape(shown(name, 40))}}}"


def text_name(name: str) -> str:
    """Return a name in plain text; in square brackets when it is more than one word."""
    return name if name.isidentifier() or re.fullmatch(r"h\d+,\d+", name) else f"[{shown(name, 40)}]"


class _Latex(LatexPrinter):
    digits = 15

    def _print_Float(self, expr: Any) -> str:
        return _number(float(expr), self.digits, r" \cdot 10^{", "}")

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:
        return latex_name(expr.name)

    def _print_Function(self, expr: Any, exp: Any = None) -> str:
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr, exp)
        name = expr.func.__name__
        head = f"\\{name}" if name.startswith("phi_") else f"\\operatorname{{{name}}}"
        return f"{head}{f'^{{{exp}}}' if exp else ''}{{\\left({self._print(expr.args[0])}\\right)}}"


class _Text(StrPrinter):
    digits = 15

    def _print_Float(self, expr: Any) -> str:
        return _number(float(expr), self.digits, "e", "")

    def _print_Symbol(self, expr: Any) -> str:
        return text_name(expr.name)


def _number(value: float, digits: int, ten: str, end: str) -> str:
    plain = f"{value:.{digits}g}"
    if "e" not in plain:
        return plain
    mantissa, exponent = plain.split("e")
    return f"{mantissa}{ten}{int(exponent)}{end}"


def latex(expression: Any, digits: int = 15) -> str:
    """Return the expression in LaTeX, constants to at most so many digits."""
    printer = _Latex({"mul_symbol": r" \, "})
    printer.digits = digits
    return printer.doprint(expression)


def text(expression: Any, digits: int = 15) -> str:
    """Return the expression as plain text in Python syntax."""
    printer = _Text()
    printer.digits = digits
    return printer.doprint(expression)
