"""Translate the names of pykan's symbolic functions, and note those that are unknown."""

import re
from collections.abc import Iterator

from kanviz.core.formulas.names import readable_primitive
from kanviz.core.kan import Caution
from kanviz.errors import LoadError
from kanviz.text import listing

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


def notes_on_unknown(
    n: int, given: list[list[str]], read: list[list[str | None]], counting: list[tuple[int, int]]
) -> Iterator[str]:
    """Note functions that are unknown from their names, those in use and those that are switched off."""
    known = "not a function kanviz knows"
    if counting:
        words = {"anonymous": "a function given as code"}
        edges = listing([f"{words.get(given[j][i], given[j][i])} on edge {n},{i},{j}" for i, j in counting])
        yield Caution(
            f"{edges}: {known}. The spline that was there before it is shown instead, so the outputs differ from "
            "pykan's. Fix a formula there, or set a function of pykan's own library in pykan and save again."
        )
    off = [
        f"{given[j][i]} on edge {n},{i},{j}"
        for j, row in enumerate(read)
        for i, name in enumerate(row)
        if name is None and (i, j) not in counting and given[j][i] != "anonymous"
    ]  # pykan does not delete the name when it prunes the edge
    if off:
        yield f"{listing(off)}: {known}; switched off there, so nothing is lost."
