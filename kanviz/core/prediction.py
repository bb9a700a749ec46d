"""Predict the rows of a table in pieces, and give the predictions back as a table of the same kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.columns.frames import is_frame
from kanviz.errors import UserError
from kanviz.text import counted, distinct_names, listing

if TYPE_CHECKING:
    from kanviz.core.kan import KAN

LABEL = "class"  # the column of labels
PIECE, MOST_ROWS = 2**22, 65_536  # numbers of a layer in memory at once; rows at once


@dataclass(frozen=True)
class Gaps:
    """How many rows have no prediction: those that lack a finite input, with the names of such inputs, and others."""

    incomplete: int = 0
    inputs: tuple[str, ...] = ()
    undefined: int = 0

    def __add__(self, other: "Gaps") -> "Gaps":
        inputs = tuple(dict.fromkeys((*self.inputs, *other.inputs)))
        return Gaps(self.incomplete + other.incomplete, inputs, self.undefined + other.undefined)

    def notes(self, rows: int, *, classes: bool) -> list[str]:
        """Say in words which of so many rows have no prediction."""
        nothing = "their labels are empty" if classes else "their predictions are NaN"
        found = []
        if self.incomplete:
            share = f"{self.incomplete:,} of {counted(rows, 'row')}"
            found.append(f"{share} lack a finite value in {listing([*self.inputs], 8)}; {nothing}.")
        if self.undefined:
            found.append(f"For {counted(self.undefined, 'row')} the network has no finite value; {nothing}.")
        return found


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions for some rows.

    values: (rows, output) in table units, for classes their probabilities; NaN in rows without a prediction · names: of
    the outputs, or classes · classes: whether they are classes.
    """

    values: Float[Tensor, "rows output"]
    names: tuple[str, ...]
    gaps: Gaps
    classes: bool

    def labels(self) -> np.ndarray:
        """Return the likeliest class of every row by its name; None in rows without a prediction."""
        places = self.numbers().numpy()
        return np.array([*self.names, None], dtype=object)[places]

    def numbers(self) -> Tensor:
        """Return the number of the likeliest class of every row, counted from 0; -1 in rows without a prediction."""
        good = self.values.isfinite().all(1)
        return torch.where(good, self.values.nan_to_num(-1.0).argmax(1), -1)

    def columns(self, *, proba: bool = False) -> dict[str, np.ndarray]:
        """Return a column for each output, for classes one of labels; with `proba` the probability of each class."""
        if self.classes and not proba:
            return {LABEL: self.labels()}
        return dict(zip(distinct_names(self.names), self.values.numpy().T, strict=True))

    def notes(self) -> list[str]:
        """Say in words which rows have no prediction."""
        return self.gaps.notes(len(self.values), classes=self.classes)


@torch.no_grad()
def predictions(kan: "KAN", x: Float[Tensor, "rows source"]) -> Predictions:
    """Compute the predictions for rows in table units, so many rows at a time that memory stays bounded.

    Raises UserError for a network for classes with a single output.
    """
    classes = kan.task == "classification"
    if classes and len(kan.outputs) < 2:
        raise UserError("This network has a single output, and classes need an output each; read it for regression.")
    finite = x.isfinite()
    good = finite.all(1)
    values = torch.full((len(x), len(kan.outputs)), torch.nan, dtype=kan.dtype)
    widest = max(layer.sources * layer.coef.shape[2] + layer.targets for layer in kan.layers)
    for here in good.nonzero()[:, 0].split(min(MOST_ROWS, max(1, PIECE // widest))):
        found = kan(x[here])
        values[here] = torch.softmax(found.double(), 1).to(kan.dtype) if classes else found
    return Predictions(
        values,
        tuple(v.name for v in kan.outputs),
        Gaps(
            int((~good).sum()),
            tuple(v.name for v, whole in zip(kan.inputs, finite.all(0).tolist(), strict=True) if not whole),
            int((good & ~values.isfinite().all(1)).sum()),
        ),
        classes,
    )


def like(table: Any, found: Predictions, *, proba: bool = False) -> Any:
    """Return the predictions as the kind of table that was given. Raises UserError for probabilities of numbers."""
    if proba and not found.classes:
        raise UserError("This network predicts numbers, not classes, so there are no probabilities; leave out proba.")
    if not is_frame(table):
        labels = found.classes and not proba
        if isinstance(table, Tensor):
            return found.numbers() if labels else found.values
        return found.labels() if labels else found.values.numpy()
    return _framed(table, found.columns(proba=proba))


def _framed(table: Any, columns: dict[str, np.ndarray]) -> Any:
    """Make a table of these columns as pandas, polars, Arrow, NumPy or a mapping has it; else one of Arrow."""
    if isinstance(table, Mapping):
        return columns
    if isinstance(table, np.ndarray):
        return _structured(columns, len(table))
    library = type(table).__module__.partition(".")[0]
    if library == "pandas":
        import pandas as pd

        return pd.DataFrame(columns, index=table.index)
    if library == "polars":
        import polars

        return polars.DataFrame(columns)
    import pyarrow as pa

    return pa.record_batch(columns) if isinstance(table, pa.RecordBatch) else pa.table(columns)


def _structured(columns: dict[str, np.ndarray], rows: int) -> np.ndarray:
    found = np.empty(rows, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        found[name] = values
    return found
