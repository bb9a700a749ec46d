"""Write the formula of a network in a language, by SymPy's printers: a function for each output."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.printing.pycode import SymPyPrinter

from kanviz.analysis.compose import Composition, compose
from kanviz.core.kan import KAN
from kanviz.errors import FormulaError
from kanviz.text import counted
from kanviz.writers.texts import plain

MOST = 30  # letters of a name


@dataclass(frozen=True)
class FormulaLanguage:
    """A language for formulas.

    comment: a line of remarks · function: of {name}, {inputs}, {typed} and {body} · printed: prints an expression ·
    typed: format of an argument with its type · before, after: lines around all functions.
    """

    comment: str
    function: str
    printed: Callable[[Any], str]
    typed: str = "{0}"
    before: str = ""
    after: str = ""


def _fortran(expression: Any) -> str:
    return str(sympy.fcode(expression, standard=95, source_format="free")).replace("&\n", "&\n        ")


def _rust(expression: Any) -> str:
    """Print an expression in which whole numbers are f64, too; they stay whole as powers."""

    def real(part: Any) -> Any:
        return part.func(*(sympy.Float(one, 17) if one.is_Integer else one for one in part.args), evaluate=False)

    return str(sympy.rust_code(expression.replace(lambda part: part.is_Add or part.is_Mul, real)))


class _Exact(SymPyPrinter):
    """SymPy's own printer of Python, with all digits of a number."""

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))


LANGUAGES = {
    "fortran": FormulaLanguage(
        "! {0}",
        "pure function {name}({inputs}) result(value)\n    real(8), intent(in) :: {inputs}\n    real(8) :: value\n"
        "    value = {body}\nend function",
        _fortran, before="module network\n    implicit none\ncontains", after="end module",
    ),
    "julia": FormulaLanguage(
        "# {0}", "function {name}({inputs})\n    return {body}\nend", lambda part: str(sympy.julia_code(part)),
    ),
    "matlab": FormulaLanguage(
        "% {0}", "function value = {name}({inputs})\n    value = {body};\nend",
        lambda part: str(sympy.octave_code(part)),
    ),
    "rust": FormulaLanguage(
        "// {0}", "pub fn {name}({typed}) -> f64 {{\n    {body}\n}}", _rust, typed="{0}: f64",
    ),
}  # fmt: skip
RESERVED = frozenset(
    ("value", "end", "function", "real", "result", "module", "fn", "pub", "let", "mut", "pi", "e", "i", "sympy")
)


def formula_of(kan: KAN) -> Composition:
    """Return the network as a formula without curves. Raises FormulaError where edges are still splines."""
    found = compose(kan)
    if not found.exact:
        raise FormulaError(
            f"{counted(len(found.spline_edges), 'edge')} of the network are still splines, so there is no formula yet. "
            "Fit formulas first: on the page Formula, or kanviz formula MODEL --together -o FORMULA.safetensors."
        )
    if not found.expanded:
        raise FormulaError("The formula is too long for one expression per output. Prune the network first.")
    return found


def identifiers(names: Sequence[str]) -> list[str]:
    """Return a name that every language takes for each text: letters, digits and _, distinct whatever their case."""
    found: list[str] = []
    for name in names:
        word = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:MOST].strip("_") or "x"
        word = word if word[0].isalpha() else f"x{word}"
        taken = {other.lower() for other in found} | RESERVED
        number, free = 1, word
        while free.lower() in taken:
            number += 1
            free = f"{word}_{number}"
        found.append(free)
    return found


def formula_code(kan: KAN, language: str) -> str:
    """Write the network's formula as functions of a language, an argument for each input, in table units.

    Raises FormulaError where edges are still splines, and for a function that the language does not have.

    >>> import kanviz
    >>> from kanviz.writers.formula_code import formula_code
    >>> kan = kanviz.from_formula("sin(x) + y^2", inputs={"x": (-1, 1), "y": (-1, 1)})
    >>> print(formula_code(kan, "julia").splitlines()[-3])
    function f(x, y)
    """
    how = LANGUAGES[language]
    arguments, names, expressions = _named(kan)
    lines = [
        f"The formula of a Kolmogorov-Arnold network, written by kanviz from the network {kan.digest[:12]}.",
        *(f"{word}: {plain(str(v))}" for word, v in zip(arguments, kan.inputs, strict=True)),
        *(f"{word} gives {plain(str(v))}" for word, v in zip(names, kan.outputs, strict=True)),
    ]
    parts = [*(how.comment.format(line) for line in lines), *([how.before] if how.before else [])]
    for name, expression in zip(names, expressions, strict=True):
        try:
            body = how.printed(expression)
        except (NotImplementedError, TypeError, ValueError) as problem:
            raise FormulaError(f"{language.capitalize()} has no word for a function of this formula.") from problem
        if "ot supported" in body:
            raise FormulaError(f"{language.capitalize()} has no word for a function of this formula.")
        typed = ", ".join(how.typed.format(word) for word in arguments)
        parts.append(how.function.format(name=name, inputs=", ".join(arguments), typed=typed, body=body))
    return "\n".join([*parts, *([how.after] if how.after else [])]) + "\n"


def _named(kan: KAN) -> tuple[list[str], list[str], list[Any]]:
    """Return names for the inputs and the outputs, and the outputs' expressions in them, with silu written out."""
    found, silu = formula_of(kan), sympy.Function("silu", real=True)
    words = identifiers([*(v.name for v in kan.inputs), *(v.name for v in kan.outputs)])
    arguments, names = words[: len(found.inputs)], words[len(found.inputs) :]
    known = dict(zip(found.inputs, (sympy.Symbol(word, real=True) for word in arguments), strict=True))
    written = (one.replace(silu, lambda u: u / (1 + sympy.exp(-u))) for one in found.expressions)
    return arguments, names, [one.xreplace(known) for one in written]


def latex_code(kan: KAN) -> str:
    """Write the network's formula as LaTeX, an equation for each output."""
    return "\n".join(rf"\[ {line} \]" for line in formula_of(kan).latex()) + "\n"


def sympy_code(kan: KAN) -> str:
    """Write the network's formula as a Python module of SymPy expressions: OUTPUTS by name, of the symbols INPUTS.

    >>> import kanviz
    >>> from kanviz.writers.formula_code import sympy_code
    >>> kan = kanviz.from_formula("sin(x) + y^2", inputs={"x": (-1, 1), "y": (-1, 1)})
    >>> [line for line in sympy_code(kan).splitlines() if line.startswith("x, y")]
    ['x, y = INPUTS = sympy.symbols("x y", real=True, seq=True)']
    """
    arguments, names, expressions = _named(kan)
    printer = _Exact({"fully_qualified_modules": True})
    values = [printer.doprint(one) for one in expressions]
    lines = [
        f'"""The formula of a Kolmogorov-Arnold network, written by kanviz from the network {kan.digest[:12]}.',
        "",
        *(
            f"{word}: {plain(str(v))}"
            for word, v in zip((*arguments, *names), (*kan.inputs, *kan.outputs), strict=True)
        ),
        '"""',
        "",
        "import sympy",
        "",
        f"{', '.join(arguments)}{',' if len(arguments) == 1 else ''} = INPUTS = "
        f'sympy.symbols("{" ".join(arguments)}", real=True, seq=True)',
        *(f"{name} = {value}" for name, value in zip(names, values, strict=True)),
        f"OUTPUTS = {{{', '.join(f'{name!r}: {name}' for name in names)}}}",
    ]
    return "\n".join(lines) + "\n"
