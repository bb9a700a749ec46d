"""Check a data set and prepare it for the search for a law; assumptions are written as notes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.errors import TableError
from kanviz.laws.search.attempt import Table
from kanviz.text import counted, listing, shown, written_names

LEAST = 10  # least number of training rows
MOST_LEARNED, MOST_HELD = 5_000, 2_000  # rows; more do not help the search


@dataclass(frozen=True)
class Question:
    """The rows to find a law in, the target's name and unit, and the assumptions made."""

    table: Table
    target: str
    unit: str
    notes: tuple[str, ...]


def question_of(data: Dataset) -> Question:
    """Prepare a data set with one target of numbers. Raises TableError for any other, and for too few rows.

    Names become words that are valid in an expression. Large tables are thinned evenly.
    """
    if data.task != "regression" or len(data.outputs) != 1:
        raise TableError("A law is found for one column of numbers. Choose one as the target.")
    if len(data.train) < LEAST or len(data.test) < 2:
        raise TableError(
            f"There are {counted(len(data.train), 'row')} to learn from and {len(data.test)} held out; a law needs at "
            f"least {LEAST} and 2. Add rows, or change the share held out."
        )
    target, notes = data.outputs[0], list(data.notes)
    (x, y), (held_x, held_y) = _thinned(data.rows("train"), MOST_LEARNED), _thinned(data.rows("test"), MOST_HELD)
    if y.std() == 0 or held_y.std() == 0:
        raise TableError(f"{shown(target.name)} is the same number on every row; there is no law to find.")
    if len(y) < len(data.train) or len(held_y) < len(data.test):
        notes.append(f"{len(y):,} of {len(data.train):,} rows are learned from, {len(held_y):,} checked on.")
    if data.weights is not None:
        notes.append("The search counts all rows alike; their errors are not used.")
    names = written_names([v.name for v in data.inputs])
    renamed = [f"{v.name} is written {name}" for v, name in zip(data.inputs, names, strict=True) if v.name != name]
    if renamed:
        notes.append(f"In the law, {listing(renamed)}.")
    units = tuple(v.unit for v in data.inputs)
    table = Table(
        x.numpy(), y[:, 0].numpy(), held_x.numpy(), held_y[:, 0].numpy(), names, units, written_names([target.name])[0]
    )  # fmt: skip
    return Question(table, target.name, target.unit, tuple(notes))


def _thinned(rows: tuple[Tensor, Tensor], most: int) -> tuple[Tensor, Tensor]:
    """Return at most so many rows, spaced evenly over the table, in double precision."""
    x, y = rows
    index = torch.linspace(0, len(x) - 1, min(most, len(x)), dtype=torch.float64).round().long()
    return x[index].double(), y[index].double()
