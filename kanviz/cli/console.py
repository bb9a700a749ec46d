"""Writes a command's result to stdout and everything else to stderr; without print, so that results appear at once."""

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.core.kan import KAN

BAR = 28  # characters of a progress bar
INTERRUPTED = 130  # the shell's status for a command stopped with Ctrl-C


class UsageError(UserError):
    """Arguments that do not form a valid command."""


def out(text: str = "", end: str = "\n") -> None:
    """Write a part of the result at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def say(sentence: str) -> None:
    """Write a line that is not part of the result."""
    sys.stderr.write(sentence + "\n")


def say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        say(f"note: {shown(note, 400)}")


def bar(done: int, total: int, text: str) -> None:
    """Draw a progress bar if the output is a terminal."""
    if sys.stderr.isatty():
        filled = BAR * done // max(total, 1)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}  {text}\x1b[K")
        sys.stderr.flush()


def bar_end() -> None:
    """End the line of the progress bar."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")


def finite(value: float | None) -> float | None:
    """Replace infinity and nan by None, since JSON has neither."""
    return value if value is not None and math.isfinite(value) else None


def unit_of(kan: "KAN") -> str:
    """Return the unit that all outputs share, to write after a number."""
    units = {v.unit for v in kan.outputs}
    return f" {shown(units.pop())}" if len(units) == 1 and units != {""} else ""
