"""Converts arguments of the command line to values; argparse adds the option's name to a refusal."""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanviz.errors import UserError
from kanviz.json_reader import read_json
from kanviz.text import listing, shown

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset


@dataclass(frozen=True)
class Width:
    """Columns of nodes from `--shape`. whole: includes inputs and outputs, as pykan writes a width."""

    columns: tuple[Any, ...]
    whole: bool = False

    def between(self, data: "Dataset") -> list[Any]:
        """Complete the width for a table; refuse one written for other numbers of inputs and outputs."""
        if not self.whole:
            return [len(data.inputs), *self.columns, len(data.outputs)]
        ends = (self.columns[0], data.inputs, "input"), (self.columns[-1], data.outputs, "output")
        for column, variables, kind in ends:
            count = sum(column) if isinstance(column, list) else column
            if count != len(variables):
                raise UserError(
                    f"--shape has {count} {kind}s, the table gives {len(variables)}: "
                    f"{listing([v.name for v in variables], 8)}. Change --shape, or choose columns with --inputs."
                )
        return list(self.columns)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from low to high."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {shown(text, 20)!r}")
        return int(text)

    return read


def length(text: str) -> float:
    """Read a length on paper, "89mm", "8.9cm", "3.5in" or "252pt", as mm."""
    found = re.fullmatch(r"(\d{1,4}(?:\.\d{1,4})?)(mm|cm|in|pt)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"a length as 89mm, 8.9cm, 3.5in or 252pt is needed, not {shown(text, 20)!r}")
    return float(found[1]) * {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72}[found[2]]


def lines(text: str) -> tuple[int, ...]:
    """Read line numbers of a file, "2" or "2,3"; "0" means none."""
    found = tuple(map(whole(0, 1_000_000), text.split(",")))
    return () if found == (0,) else found


def missing(text: str) -> tuple[float, ...]:
    """Read numbers that mean missing values, or "none"."""
    if text.strip().lower() == "none":
        return ()
    found = tuple(map(_number, text.split(",")))
    if any(value != value for value in found):
        raise argparse.ArgumentTypeError(f"write numbers as -200,9999, or none, not {shown(text, 20)!r}")
    return found


def answer(text: str) -> tuple[str, str]:
    """Read the answer to a question of a file's reader, "NAME=VALUE"."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"write an answer as name=value, as grid_range=-1,1, not {shown(text, 40)!r}")
    return name.strip(), value.strip()


def seconds(text: str) -> float:
    """Read a time above 0 in seconds."""
    value = _number(text)
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is needed, not {shown(text, 20)!r}")
    return value


def share(text: str) -> float:
    """Read a share above 0, up to 1."""
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"a share above 0 and up to 1 is needed, as 1e-6, not {shown(text, 20)!r}")
    return value


def named_share(text: str) -> tuple[str, float]:
    """Read a name with a share, "gelu=0.01"."""
    name, value = answer(text)
    return name, share(value)


def number(text: str) -> float:
    """Read a finite number."""
    value = _number(text)
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"a number is needed, not {shown(text, 20)!r}")
    return value


def strength(text: str) -> float:
    """Read a number of at least 0."""
    value = _number(text)
    if not 0 <= value < 1e30:
        raise argparse.ArgumentTypeError(f"a number from 0 on is needed, not {shown(text, 20)!r}")
    return value


def _number(text: str) -> float:
    """Read a number; nan for any other text."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def box(text: str) -> tuple[tuple[str, float, float], ...]:
    """Read a region by its inputs' names, "x=-1:0,y=2:3" as (("x", -1, 0), ("y", 2, 3))."""
    wrong = argparse.ArgumentTypeError(f"write a region as x=-1:0,y=2:3, each input once, not {shown(text, 40)!r}")
    found = []
    for part in text.split(","):
        name, _, ends = part.rpartition("=")
        try:
            low, high = map(float, ends.split(":"))
        except ValueError:
            raise wrong from None
        found.append((name.strip(), low, high))
    if len({name for name, _, _ in found}) < len(found):
        raise wrong
    return tuple(found)


def names(text: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def edge(text: str) -> tuple[int, ...]:
    """Read an edge, "0,1,2"."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"write an edge as layer,source,target, as in 0,1,2, not {shown(text, 20)!r}")
    return tuple(map(int, parts))


def width(text: str) -> Width:
    """Read hidden columns, "5,4+2" as (5, [4, 2]), or pykan's whole width as JSON."""
    if text.lstrip().startswith("["):
        return Width(pykan_width(text), whole=True)
    if text == "0":
        return Width(())
    columns = [column.split("+") for column in text.split(",")]
    parts = [part for column in columns for part in column]
    if not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts) or max(map(len, columns)) > 2:
        raise argparse.ArgumentTypeError(f"write hidden columns as 5 or 5,3 or 4+2, not {shown(text, 20)!r}")
    return Width(tuple(int(c[0]) if len(c) == 1 else [int(c[0]), int(c[1])] for c in columns))


def pykan_width(text: str) -> tuple[Any, ...]:
    """Read a whole width, "[2,[4,2],1]" as (2, [4, 2], 1)."""
    wrong = argparse.ArgumentTypeError(f"write a whole width as [2,5,1] or [2,[4,2],1], not {shown(text, 40)!r}")
    try:
        columns = read_json(text[:1_000], 2)
    except ValueError:
        raise wrong from None
    pairs = [column if isinstance(column, list) else [column, 0] for column in columns]
    if len(columns) < 2 or not all(len(p) == 2 and all(type(v) is int and 0 <= v < 1_000 for v in p) for p in pairs):
        raise wrong
    return tuple(columns)
