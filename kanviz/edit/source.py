"""Write frozen records as Python code that makes them again with the same bits."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from numbers import Integral, Real
from typing import Any

from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import EdgeId
from kanviz.core.locks import Lock
from kanviz.core.training.config import TrainConfig
from kanviz.edit.edits import EDITS
from kanviz.errors import EditError
from kanviz.text import shown

HOMES: dict[type, str] = {EdgeId: "kanviz", Formula: "kanviz", Lock: "kanviz", TrainConfig: "kanviz"}
HOMES |= dict.fromkeys(EDITS.values(), "kanviz.edit")
WIDTH = 120  # most columns of a line
PIECE = 100  # most characters of a long text on one line

Parts = tuple[str, list[tuple[str, Any]], str]  # opening text, each part with the text before it, closing text


def written(value: Any, width: int = WIDTH) -> str:
    """Write an expression that is equal to the value in every bit; text from users is in it only as string literals.

    Works for edits and their parts, tuples, lists, dicts, numbers and text; raises EditError for anything else. Lines
    have at most `width` columns where their parts allow it.
    """
    return "\n".join(_lines(value, width))


def imports(values: Iterable[Any]) -> dict[str, list[str]]:
    """List the imports that the expressions of these values need: names by module."""
    found = {kind for value in values for kind in _kinds(value)}
    return {home: sorted(k.__name__ for k in found if HOMES[k] == home) for home in sorted({HOMES[k] for k in found})}


def _kinds(value: Any) -> Iterator[type]:
    if type(value) in HOMES:
        yield type(value)
    opened = _opened(value)
    for _, part in opened[1] if opened else ():
        yield from _kinds(part)


def _opened(value: Any) -> Parts | None:
    """Split a value into its parts; return None for a number or text."""
    kind = type(value)
    if isinstance(value, Lock):  # large masks: as they are in a recipe
        return "Lock.from_json(", [("", value.to_json())], ")"
    if is_dataclass(value) and kind in HOMES:
        return f"{kind.__name__}(", list(_arguments(value)), ")"
    if isinstance(value, EdgeId):
        return "EdgeId(", [("", part) for part in value], ")"
    if isinstance(value, tuple):
        return "(", [("", part) for part in value], ",)" if len(value) == 1 else ")"
    if isinstance(value, list):
        return "[", [("", part) for part in value], "]"
    if isinstance(value, dict):
        return "{", [(f"{_text(key)}: ", part) for key, part in value.items()], "}"
    return None


def _arguments(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of a record: required ones by position, others by name if they differ from the default."""
    for part in fields(record):
        value = getattr(record, part.name)
        if part.default is MISSING:
            yield "", value
        elif _differs(part, value):
            yield f"{part.name}=", value


def _differs(part: Field[Any], value: Any) -> bool:
    return repr(value) != repr(part.default)  # distinguishes -0.0 from 0.0, and 1 from True


def _lines(value: Any, room: int) -> list[str]:
    opened = _opened(value)
    if opened is None:
        return _literal(value, room)
    head, parts, tail = opened
    inner = [_after(before, _lines(part, room - 4 - len(before))) for before, part in parts]
    if all(len(lines) == 1 for lines in inner):
        line = f"{head}{', '.join(lines[0] for lines in inner)}{tail}"
        if len(line) <= room:
            return [line]
    return [head, *(f"    {line}" for line in _packed(inner, room - 4)), tail[-1]]


def _after(before: str, lines: list[str]) -> list[str]:
    return [before + lines[0], *lines[1:]]


def _packed(inner: list[list[str]], room: int) -> list[str]:
    """Put as many parts on a line as fit; a part that needs several lines gets lines of its own."""
    found: list[str] = []
    line = ""
    for lines in inner:
        if len(lines) == 1 and line and len(line) + len(lines[0]) + 2 <= room:
            line += f" {lines[0]},"
            continue
        found += [line] if line else []
        line = f"{lines[0]}," if len(lines) == 1 else ""
        found += [*lines[:-1], f"{lines[-1]},"] if len(lines) > 1 else []
    return [*found, line] if line else found


def _literal(value: Any, room: int) -> list[str]:
    if isinstance(value, str):
        text = _text(value)
        if not value or len(text) < room:
            return [text]
        return ["(", *(f"    {piece}" for piece in pieces(value)), ")"]
    if value is None or isinstance(value, bool):
        return [repr(value)]
    if isinstance(value, Integral):
        return [repr(int(value))]
    if isinstance(value, Real):
        number = float(value)
        return [repr(number) if math.isfinite(number) else f'float("{number}")']
    raise EditError(f"A step holds {shown(type(value).__name__)}, which cannot be written as code; save a recipe.")


def pieces(text: str) -> list[str]:
    """Split a long text into string literals that Python concatenates again, after a space if there is one."""
    found = []
    while text:
        at = text.rfind(" ", PIECE // 2, PIECE) + 1 if len(text) > PIECE else 0
        found.append(_text(text[: at or PIECE]))
        text = text[at or PIECE :]
    return found


def _text(text: str) -> str:
    """Write a string literal, in double quotes unless the text contains one."""
    return repr(str(text)) if '"' in text else f'"{repr(str(text))[1:-1]}"'
