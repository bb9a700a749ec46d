"""Put arrays and names from files into code: numbers with all digits, texts that cannot end a literal or a comment."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kanviz.core.edge import Variable
from kanviz.text import shown
from kanviz.version import VERSION
from kanviz.writers.printing import Language
from kanviz.writers.program import Program

WIDTH = 118
COMMENT = 84  # characters of a line of a comment: it fits the app's page


def nested(values: Any, language: Language, brackets: str = "[]", indent: str = "") -> str:
    """Write an array of any number of axes as nested lists, in lines of WIDTH characters where that is possible."""
    values = np.asarray(values)
    opening, closing = brackets
    if values.ndim == 0:
        return language.constant(values.item()) if values.dtype.kind == "f" else str(values.item())
    parts = [nested(part, language, brackets, indent + "  ") for part in values]
    line = opening + ", ".join(parts) + closing
    if len(indent) + len(line) <= WIDTH and "\n" not in line:
        return line
    inner = indent + "  "
    lines = _filled(parts, inner) if values.ndim == 1 else [f"{inner}{part}," for part in parts]
    return "\n".join([opening, *lines, indent + closing])


def _filled(parts: Sequence[str], indent: str) -> Iterator[str]:
    line = indent.rstrip("\n")
    for part in parts:
        if len(line) + len(part) + 2 > WIDTH and line.strip():
            yield line.rstrip()
            line = indent
        line += f"{part}, "
    yield line.rstrip()


def plain(text: str, most: int = 80) -> str:
    """Return a text for a comment or docstring of any language: one line, without quotes, backslashes and "*/"."""
    return shown(text, most).replace("\\", "/").replace('"', "'").replace("*/", "* /").replace("/*", "/ *")


def about(program: Program, kind: str, needs: str) -> str:
    """Return lines that say what a written network is: its shape, its columns, where it comes from."""

    def columns(variables: Sequence[Variable]) -> str:
        names = [f"{plain(v.name, 40)} ({plain(v.unit, 20)})" if v.unit else plain(v.name, 40) for v in variables[:20]]
        return ", ".join(names) + (f" and {len(variables) - 20:,} more" if len(variables) > 20 else "")

    meaning = "scores of the classes" if program.task == "classification" else "outputs"
    lines = [
        f"A Kolmogorov-Arnold network, {program.title}, {kind}.",
        "",
        f"Written by kanviz {VERSION} from the network {program.digest[:12]}. {needs}",
        f"Inputs, in this order and in the table's units: {columns(program.inputs)}.",
        f"It gives the {meaning}: {columns(program.outputs)}.",
    ]
    return "\n".join(textwrap.fill(line, COMMENT) for line in lines)
