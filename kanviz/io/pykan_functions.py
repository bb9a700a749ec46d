"""Translate the names of pykan's symbolic functions; ask what those of the user's own are, and note unknown ones."""

import re
from collections.abc import Iterator

from kanviz.core.formulas.names import readable_primitive
from kanviz.core.formulas.primitives import PRIMITIVES
from kanviz.core.kan import Caution
from kanviz.core.layer import EdgeId
from kanviz.errors import LoadError
from kanviz.io.function_words import likely_formula
from kanviz.io.questions import Answers, Question
from kanviz.text import listing, shown

_LIBRARY = {  # pykan's own names
    "0", "x", "x^2", "x^3", "x^4", "x^5", "1/x", "1/x^2", "1/x^3", "1/x^4", "1/x^5", "sqrt", "x^0.5", "x^1.5",
    "1/sqrt(x)", "1/x^0.5", "exp", "log", "abs", "sin", "cos", "tan", "tanh", "sgn", "arcsin", "arccos", "arctan",
    "arctanh", "gaussian",
}  # fmt: skip
_UNNAMED = "anonymous"  # pykan's name of every function that was given as code
SPLINE = "spline"  # the answer that shows the spline which was there before the function
_CHOICES = (*PRIMITIVES, SPLINE)
_RENAMED = {"x^0.5": "sqrt", "1/x^0.5": "1/sqrt(x)"}
_IS_NAME = re.compile(r"[^\W_](?:[\w ^*/+-]|\.(?![^\W\d])){0,59}")  # no brackets, no attributes: anything else is code


def primitive_of(name: str, where: str) -> str | None:
    """Translate pykan's name of a function; None for a name without meaning here. LoadError for an invalid name."""
    try:
        return readable_primitive(_RENAMED.get(name, name), where)
    except LoadError:
        if _IS_NAME.fullmatch(name) and "__" not in name:
            return None
        raise


def function_on(edge: EdgeId, name: str, answers: Answers) -> str | None:
    """Return the primitive or formula of a function in use, by its name; None where the spline is to be shown.

    What a name means that is not pykan's own is asked; the likeliest answer is what the name reads like, or the spline.
    """
    known = primitive_of(name, str(edge))
    if name in _LIBRARY:
        return known
    unnamed = name == _UNNAMED  # then one name may stand for several functions
    entry = ",".join(map(str, edge)) if unnamed else name
    text = f"what the function given as code on {edge} is" if unnamed else f"what its function {shown(name)} is"
    likely = known or likely_formula(name) or SPLINE
    found = answers.formula(Question(f"functions.{entry}", text, _CHOICES, likely, typed=True))
    return None if found == SPLINE else found


def notes_on_unknown(
    n: int,
    given: list[list[str]],
    read: list[list[str | None]],
    counting: list[tuple[int, int]],
    splines: list[tuple[int, int]],
) -> Iterator[str]:
    """Note functions that are unknown from their names: those in use that splines stand for, and those switched off."""
    known = "not a function kanviz knows"
    if splines:
        words = {_UNNAMED: "a function given as code"}
        edges = listing([f"{words.get(given[j][i], given[j][i])} on edge {n},{i},{j}" for i, j in splines])
        yield Caution(
            f"{edges}: {known}. The spline that was there before it is shown instead, so the outputs differ from "
            "pykan's. Say which function it is, or fix a formula there."
        )
    off = [
        f"{given[j][i]} on edge {n},{i},{j}"
        for j, row in enumerate(read)
        for i, name in enumerate(row)
        if name is None and (i, j) not in counting and given[j][i] != _UNNAMED
    ]  # pykan does not delete the name when it prunes the edge
    if off:
        yield f"{listing(off)}: {known}; switched off there, so nothing is lost."
