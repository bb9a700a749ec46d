"""What the commands share: reading what is named on the command line, and saying things beside the result."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kanviz.errors import UserError
from kanviz.text import listing, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from torch import Tensor

    from kanviz.core.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.io.tables import Table

BAR = 28  # characters of a progress bar
INTERRUPTED = 130  # the shell's status for a command stopped with Ctrl-C


class UsageError(UserError):
    """Arguments that do not make a command."""


def read_network(paths: Sequence[str]) -> "KAN":
    from kanviz.io import load

    return load(*paths)


def read_rows(path: str) -> "Table":
    from kanviz.io.tables import read_table

    table = read_table(Path(path).read_bytes(), Path(path).name)
    say_notes(table.notes)
    return table


def say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        say(f"note: {shown(note, 400)}")


def rows_for(kan: "KAN", options: argparse.Namespace) -> "Dataset | None":
    """The rows of --table as the network takes them; None without --table."""
    from kanviz.core.dataset import Dataset

    if not options.table:
        if options.target or options.inputs:
            raise UsageError("--target and --inputs name columns of a table; give it with --table.")
        return None
    frame = read_rows(options.table).frame
    names = [v.name for v in kan.inputs]
    inputs = options.inputs or (names if set(names) <= set(frame.columns) else None)
    target = options.target or [v.name for v in kan.outputs]
    if not options.target and not set(target) <= set(frame.columns):
        raise UserError(f"The table has no column {shown(target[0])!r}; say which one it is with --target.")
    task = "classification" if kan.task == "classification" else "regression"
    data = Dataset.from_frame(frame, target, inputs, task=task).matching(kan)
    say_notes(data.notes)
    return data


def input_rows(kan: "KAN", path: str, columns: Sequence[str] | None = None) -> "Tensor":
    """The rows of a table that a network can take, (row, input) in table units; those with gaps are left out and said.

    columns: of the table, in the order of the network's inputs; None takes those of the same names.
    """
    import numpy as np
    import torch

    table, names = read_rows(path), list(columns or [v.name for v in kan.inputs])
    if len(names) != len(kan.inputs):
        raise UserError(f"The network has {len(kan.inputs)} inputs; --inputs names {len(names)} columns.")
    missing = [name for name in names if name not in table.frame.columns]
    if missing:
        raise UserError(
            f"{shown(path, 200)} has no column {shown(missing[0])!r}; say which columns the network's inputs are with "
            "--inputs."
        )
    text = [name for name in names if name not in table.numeric]
    if text:
        raise UserError(f"Column {shown(text[0])!r} of {shown(path, 200)} holds text, not numbers; choose another.")
    x = table.frame[names].to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(x).all(1)
    if not whole.all():
        say(f"note: {(~whole).sum():,} of {len(x):,} rows of {shown(path, 200)} have gaps and are left out.")
    return torch.from_numpy(x[whole].copy())


Sides = Sequence[tuple[str, float, float]]


def region(kan: "KAN", sides: Sides) -> tuple[tuple[float, float], ...]:
    """The (least, greatest) of each input of a network, from names and ends as they were given."""
    given = {name: (low, high) for name, low, high in sides}
    names = [v.name for v in kan.inputs]
    strangers = [name for name in given if name not in names]
    if strangers:
        raise UserError(f"The network has no input {shown(strangers[0])!r}; it takes {listing(names, 8)}.")
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(f"The region says nothing of {listing(missing, 8)}; give its least and greatest value.")
    return tuple(given[name] for name in names)


def units_from(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UserError(f"Write a unit as COLUMN=UNIT, as in length=m; got {shown(wrong[0])!r}.")
    return dict(pair.rsplit("=", 1) for pair in pairs)


def writable(output: str) -> Path:
    """The path to write to, if its folder is there: said before the work, not after it."""
    path = Path(output)
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {shown(str(path.parent), 200)} to write {shown(path.name)} into.")
    if path.is_dir():
        raise UserError(f"{shown(output, 200)} is a folder; name a file in it.")
    return path


def model_path(output: str) -> Path:
    path = writable(output)
    if path.suffix != ".safetensors":
        raise UserError(f"A network is saved as .safetensors. Name the file {shown(path.stem)}.safetensors.")
    return path


def json_path(output: str) -> Path:
    path = writable(output)
    if path.suffix != ".json":
        raise UsageError(f"What was found is written as .json, not {shown(path.name)!r}.")
    return path


def written_so_far(output: Path, text: str) -> bool:
    """Write what there is while the work goes on; a failure is said, and ends nothing. Whether it was written."""
    try:
        write(output, text)
    except UserError as problem:
        bar_end()
        say(f"{problem} It is tried again at the end.")
        return False
    return True


def finite(value: float | None) -> float | None:
    """JSON has no infinity and no nan."""
    return value if value is not None and math.isfinite(value) else None


def say(sentence: str) -> None:
    """Beside the result, which alone goes to stdout."""
    print(sentence, file=sys.stderr)


def bar(done: int, total: int, text: str) -> None:
    """A progress bar on stderr, when somebody is there to see it."""
    if sys.stderr.isatty():
        filled = BAR * done // max(total, 1)
        line = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}  {text}\x1b[K"
        print(line, end="", file=sys.stderr, flush=True)


def bar_end() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def unit_of(kan: "KAN") -> str:
    """The unit that all outputs share, to be put behind a number."""
    units = {v.unit for v in kan.outputs}
    return f" {shown(units.pop())}" if len(units) == 1 and units != {""} else ""
