"""Frozen records as Python code that makes them again, to the bit."""

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
WIDTH = 120  # of a line
PIECE = 100  # characters of a long text that share a line

Parts = tuple[str, list[tuple[str, Any]], str]  # what opens it, each part with what stands before it, what closes it


def written(value: Any, width: int = WIDTH) -> str:
    """An expression equal to the value in every bit; anybody's text stands in it as a string literal only.

    Knows the edits and what they are made of, tuples, lists, dicts, numbers and texts; refuses anything else. Lines are
    at most `width` wide where their parts allow it.
    """
    return "\n".join(_lines(value, width))


def imports(values: Iterable[Any]) -> dict[str, list[str]]:
    """What the expressions of these values need: names by the module they are public in."""
    found = {kind for value in values for kind in _kinds(value)}
    return {home: sorted(k.__name__ for k in found if HOMES[k] == home) for home in sorted({HOMES[k] for k in found})}


def _kinds(value: Any) -> Iterator[type]:
    if type(value) in HOMES:
        yield type(value)
    opened = _opened(value)
    for _, part in opened[1] if opened else ():
        yield from _kinds(part)


def _opened(value: Any) -> Parts | None:
    """A value taken apart; None when it is a number or a text."""
    kind = type(value)
    if isinstance(value, Lock):  # masks of many bits: as the recipe has them
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
    """What a record is made with: what it must be given by place, the rest by name where it is not as usual."""
    for part in fields(record):
        value = getattr(record, part.name)
        if part.default is MISSING:
            yield "", value
        elif _differs(part, value):
            yield f"{part.name}=", value


def _differs(part: Field[Any], value: Any) -> bool:
    return repr(value) != repr(part.default)  # tells -0.0 from 0.0, and 1 from True


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
    """As many parts on a line as fit; one that needs several lines stands alone."""
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
    """A long text as string literals that Python puts together again, broken after a space where there is one."""
    found = []
    while text:
        at = text.rfind(" ", PIECE // 2, PIECE) + 1 if len(text) > PIECE else 0
        found.append(_text(text[: at or PIECE]))
        text = text[at or PIECE :]
    return found


def _text(text: str) -> str:
    """A string literal, in double quotes where that changes nothing else."""
    return repr(str(text)) if '"' in text else f'"{repr(str(text))[1:-1]}"'
