"""Stores the rows that a network learned from inside its own file, only where the person who saved it chose to."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN, Task
from kanviz.core.layer import Variable
from kanviz.json_reader import JsonReader
from kanviz.text import shown

PARTS = ("x", "y", "train", "test")
WEIGHTS = "weights"  # of each row; older files have none
TASKS = ("regression", "classification")
LONGEST = 500  # characters of a name
LONGEST_STORED = 1_000_000
ROWS = JsonReader(
    "The rows stored in this file cannot be used: {why}. Save the network again without them.",
    names={"": "their table"},
)


class Columns(Protocol):
    """The columns that rows belong to: those of a network or of a table."""

    @property
    def inputs(self) -> tuple[Variable, ...]: ...
    @property
    def outputs(self) -> tuple[Variable, ...]: ...
    @property
    def task(self) -> Task: ...


def packed(kan: KAN, data: Dataset, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Store the rows as tensors, columns in the network's order, and describe them with the name of their table."""
    return tensors_of(data.matching(kan)), {"name": shown(name, LONGEST), "target": shown(data.target, LONGEST)}


def tensors_of(data: Dataset) -> dict[str, Tensor]:
    """Convert the rows and their split to tensors for a file, all float64; weights only where the rows have some."""
    parts = PARTS if data.weights is None else (*PARTS, WEIGHTS)
    return {f"rows.{part}": getattr(data, part).to(torch.float64) for part in parts}


def unpacked(kan: Columns, record: Any, tensors: Mapping[str, Tensor]) -> tuple[Dataset, str]:
    """Read the rows of a file and the name of their table; refuse rows that are inconsistent or of other columns."""
    described = ROWS.value(record)
    name, target = (shown(described[part].text(LONGEST_STORED), LONGEST) for part in ("name", "target"))
    x, y, *splits = (tensors[f"rows.{part}"] for part in PARTS)
    count = len(x)
    if x.dtype != torch.float64 or y.dtype != torch.float64 or x.ndim != 2 or y.ndim != 2 or len(y) != count:
        raise ROWS.refusal("inputs and targets are not rows of one table")
    if x.shape[1] != len(kan.inputs) or y.shape[1] != len(kan.outputs):
        raise ROWS.refusal("they have other columns than the network")
    if not bool(x.isfinite().all() & y.isfinite().all()):
        raise ROWS.refusal("a value is not a finite number")
    train, test = (part.double() for part in splits)
    both = torch.cat([train, test]) if train.ndim == test.ndim == 1 else torch.full((1,), torch.nan)
    whole = bool(((both == both.round()) & (both >= 0) & (both < count)).all())
    if not whole or len(both.unique()) != len(both):
        raise ROWS.refusal("the split names a row that is not there, or one twice")
    weights = tensors.get(f"rows.{WEIGHTS}")
    if weights is not None:
        fits = weights.dtype == torch.float64 and weights.shape == (count,)
        if not fits or not bool((weights.isfinite() & (weights > 0)).all()):
            raise ROWS.refusal("their weights are not a number above 0 for every row")
    data = Dataset(
        x, y, kan.inputs, kan.outputs, train.long(), test.long(), kan.task, target,
        weights=weights,
    )  # fmt: skip
    return data, name
