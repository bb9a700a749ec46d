"""Predict every row with a network, and compute its errors on some rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kanviz.analysis.metrics import Errors, classification_errors, regression_errors
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN, Task


@dataclass(frozen=True, eq=False)
class Predictions:
    """The measured and the predicted values of every row, in the table's order and units.

    For classification both have a column per class: 1 where the row is of that class, and the network's scores.
    held_out: which rows are not used in training.
    """

    measured: Float[Tensor, "rows output"]
    predicted: Float[Tensor, "rows output"]
    held_out: Bool[Tensor, " rows"]
    y_train: Float[Tensor, "train output"]
    task: Task

    @property
    def gap(self) -> Float[Tensor, "rows output"]:
        return self.predicted - self.measured


@dataclass(frozen=True)
class SubsetErrors:
    """The errors on some rows, of training rows ("train") and held-out rows ("test"); a part without rows is missing.

    worst: the row with the largest error, as (row, predicted minus measured), among those with a finite prediction; for
    classification the row whose class gets the smallest share, as (row, that share).
    """

    parts: Mapping[str, Errors]
    rows: int
    worst: tuple[int, float] | None


@torch.no_grad()
def predictions(kan: KAN, data: Dataset) -> Predictions:
    """Predict all rows. Raises TableError when the table does not fit the network."""
    data = data.matching(kan)
    held_out = torch.zeros(len(data), dtype=torch.bool).index_fill(0, data.test, True)
    return Predictions(data.y.double(), kan(data.x).double(), held_out, data.rows("train")[1].double(), data.task)


def errors_on(found: Predictions, rows: Sequence[int] | Int[Tensor, " row"], output: int | None = None) -> SubsetErrors:
    """Compute the errors on these rows, of one output or (None) of all together."""
    rows = torch.as_tensor(rows, dtype=torch.long)
    classes = found.task == "classification"
    columns = slice(None) if output is None or classes else slice(output, output + 1)
    measured, predicted, y_train = (part[:, columns] for part in (found.measured, found.predicted, found.y_train))
    each = classification_errors if classes else regression_errors
    parts: dict[str, Errors] = {}
    for part, there in (("train", ~found.held_out[rows]), ("test", found.held_out[rows])):
        at = rows[there]
        if len(at):
            parts[part] = each(predicted[at], measured[at], y_train)
    return SubsetErrors(parts, len(rows), _worst(measured[rows], predicted[rows], rows, classes=classes))


def _worst(measured: Tensor, predicted: Tensor, rows: Tensor, *, classes: bool) -> tuple[int, float] | None:
    if classes:
        miss = (predicted.softmax(1) * measured).sum(1, keepdim=True)
        size = 1 - miss
    else:
        miss = predicted - measured
        size = miss.abs()
    size = torch.where(size.isfinite(), size, -1.0)
    if not len(rows) or float(size.max()) < 0:
        return None
    row, column = divmod(int(size.argmax()), size.shape[1])
    return int(rows[row]), float(miss[row, column])


def between(values: Float[Tensor, " rows"], low: float, high: float) -> Int[Tensor, " row"]:
    """Return the rows with a value from low to high, both included."""
    return ((values >= low) & (values <= high)).nonzero()[:, 0]


def confusion(found: Predictions, rows: Sequence[int] | Int[Tensor, " row"]) -> Int[Tensor, "measured predicted"]:
    """Count these rows by their measured class (down) and their predicted class (across)."""
    rows = torch.as_tensor(rows, dtype=torch.long)
    count = found.measured.shape[1]
    pairs = found.measured[rows].argmax(1) * count + found.predicted[rows].argmax(1)
    return torch.bincount(pairs, minlength=count * count).reshape(count, count)
