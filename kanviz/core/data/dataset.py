"""Prepare a table for training: named columns, units, scaling, and a split by seed."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.columns.frames import as_frame, the_column
from kanviz.core.columns.inputs import values_of, values_of_all
from kanviz.core.data.chosen_columns import chosen_inputs, classes_of, names_variables, note_on_classes, task_of
from kanviz.core.kan import KAN, Task
from kanviz.core.layer import Variable
from kanviz.door import Displayed, room
from kanviz.errors import TableError
from kanviz.text import listing, shown

_GIVEN_BY_US = re.compile(r"[xy]\d*")  # names that kanviz gave to columns without one


@dataclass(frozen=True, eq=False)
class Dataset(Displayed):
    """The rows of a table in table units (float64), with names and scaling of the columns, split into two parts.

    x: (row, input) · y: (row, output); for classification a column per class, 1 where the row is of that class ·
    train, test: indices of training and held-out rows · target: name of the target column · notes: what was assumed ·
    weights: weight of each row in training, None where all are equal; only their ratios matter. Raises TableError where
    the parts do not fit each other.
    """

    x: Float[Tensor, "rows input"]
    y: Float[Tensor, "rows output"]
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    train: Int[Tensor, " train"]
    test: Int[Tensor, " test"]
    task: Task = "regression"
    target: str = ""
    notes: tuple[str, ...] = ()
    weights: Float[Tensor, " rows"] | None = None

    def __post_init__(self):
        if self.x.ndim != 2 or self.y.ndim != 2 or len(self.x) != len(self.y):
            raise TableError(
                f"Inputs {tuple(self.x.shape)} and targets {tuple(self.y.shape)} are not rows of one table."
            )
        if len(self.inputs) != self.x.shape[1] or len(self.outputs) != self.y.shape[1]:
            raise TableError("Every column of a data set needs a name.")
        weights = self.weights
        if weights is not None and (weights.shape != self.x.shape[:1] or not bool((weights > 0).all())):
            raise TableError("Weights are a number above 0 for every row.")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        names = (listing([str(v) for v in side], 4) for side in (self.inputs, self.outputs))
        return f"Dataset({len(self):,} rows, {len(self.train):,} of them for training, {' -> '.join(names)})"

    def plot(self, kan: KAN | None = None, *, output: int = 0, theme: Literal["light", "dark"] = "light") -> Any:
        """Return plotly's figure of an output against every input; with a network, of its predictions of the output.

        Raises UserError for an output that is not there, TableError for a network of other columns.

        >>> import kanviz
        >>> data = kanviz.Dataset.from_arrays([[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0])
        >>> data
        Dataset(3 rows, 2 of them for training, x1 -> y)
        >>> data.plot().layout.xaxis.title.text, data.plot(kanviz.init([1, 1])).layout.xaxis.title.text
        ('x1', 'measured y')
        """
        return room(self).plot(self, kan, output=output, theme=theme)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the values, names, split and weights."""
        sha = hashlib.sha256(repr((self.inputs, self.outputs, self.task)).encode())
        weights = () if self.weights is None else (self.weights,)
        for part in (self.x, self.y, self.train, self.test, *weights):
            sha.update(part.contiguous().numpy().tobytes())
        return sha.hexdigest()

    def rows(self, part: Literal["train", "test", "all"] = "all") -> tuple[Tensor, Tensor]:
        """Return (x, y) of the training rows, the test rows, or all, in table units."""
        if part == "all":
            return self.x, self.y
        index = self.train if part == "train" else self.test
        return self.x[index], self.y[index]

    def chosen(self, rows: Sequence[int]) -> "Dataset":
        """Select rows, each once, in this order; training rows stay training rows, held-out rows stay held out."""
        place = torch.full((len(self),), -1)
        place[list(rows)] = torch.arange(len(rows))
        split = {part: place[getattr(self, part)] for part in ("train", "test")}
        split = {part: where[where >= 0].sort().values for part, where in split.items()}
        weights = None if self.weights is None else self.weights[list(rows)]
        return replace(self, x=self.x[list(rows)], y=self.y[list(rows)], weights=weights, **split)

    def matching(self, kan: "KAN | Dataset") -> "Dataset":
        """Return the same rows with columns in the order and scaling of a network or another table.

        Raises TableError where the columns do not fit.
        """
        if len(kan.inputs) != len(self.inputs) or len(kan.outputs) != len(self.outputs):
            raise TableError(
                f"The network has {len(kan.inputs)} inputs and {len(kan.outputs)} outputs; the table was read with "
                f"{len(self.inputs)} and {len(self.outputs)}. Choose as many columns as the network has."
            )
        x, y = self.x[:, _order(self.inputs, kan.inputs)], self.y[:, _order(self.outputs, kan.outputs)]
        return replace(self, x=x, y=y, inputs=kan.inputs, outputs=kan.outputs)

    def joined(self, *others: "Dataset") -> "Dataset":
        """Append the rows of other tables, in the columns and scaling of this table; each row stays in its part.

        Raises TableError where the columns do not fit.
        """
        tables = [self, *(other.matching(self) for other in others)]
        starts = np.cumsum([0, *map(len, tables[:-1])]).tolist()
        split = {
            part: torch.cat([at + getattr(table, part) for at, table in zip(starts, tables, strict=True)])
            for part in ("train", "test")
        }
        x, y = torch.cat([table.x for table in tables]), torch.cat([table.y for table in tables])
        return replace(self, x=x, y=y, weights=stacked_weights(tables), **split)

    @staticmethod
    def from_arrays(
        x: Any, y: Any, *, test: float = 0.2, seed: int = 0, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> "Dataset":
        """Make a data set from arrays, which are copied: x (rows, inputs), y (rows,) or (rows, outputs).

        test: share of rows held out, 0 or more and below 1. Raises TableError for other shapes or shares, and for
        missing or infinite values.

        >>> import kanviz
        >>> data = kanviz.Dataset.from_arrays([[0.0], [1.0], [2.0], [3.0], [4.0]], [0.0, 1.0, 4.0, 9.0, 16.0])
        >>> len(data), [len(data.rows(part)[0]) for part in ("train", "test")], data.inputs[0].name
        (5, [4, 1], 'x1')
        >>> len(data.joined(data.chosen([4, 0]))), data.matching(kanviz.init([1, 1])).inputs[0].scale
        (7, 1.0)
        """
        x, y = _copied(x), _copied(y)
        y = y[:, None] if y.ndim == 1 else y
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or 0 in (*x.shape, *y.shape):
            raise TableError(
                f"Expected x of shape (rows, inputs) and y with as many rows; got {tuple(x.shape)}, {tuple(y.shape)}."
            )
        names = list(inputs) or [f"x{i + 1}" for i in range(x.shape[1])]
        out = list(outputs) or (["y"] if y.shape[1] == 1 else [f"y{j + 1}" for j in range(y.shape[1])])
        return _ready(x, y, names, out, {}, "regression", ", ".join(out), test, seed, [])

    @staticmethod
    def from_frame(
        frame: Any,
        target: str | Sequence[str],
        inputs: "Sequence[str | Variable] | None" = None,
        *,
        units: Mapping[str, str] | None = None,
        task: Task | None = None,
        errors: str | None = None,
        test: float = 0.2,
        seed: int = 0,
    ) -> "Dataset":
        """Make a data set from a table of pandas, polars, Arrow or a mapping of columns; `notes` tell what was assumed.

        Rows with a missing or infinite value are left out. inputs: columns of numbers, words or dates; None takes the
        columns of numbers except row numbers and errors of other columns, and the columns of two words; the inputs of
        a network find their columns by name, with the network's words and dates. task: None takes classification for a
        text target, regression otherwise. errors: a column with the standard error of the target in each row; a row's
        weight is then 1 / error^2. test: share of rows held out, 0 or more and below 1. Raises TableError for a table
        that cannot be read so.

        >>> import kanviz
        >>> frame = {"length": [1.0, 2.0, 3.0], "colour": ["red", "blue", "red"], "time": [2.0, 2.8, None]}
        >>> data = kanviz.Dataset.from_frame(frame, "time", units={"time": "s"})
        >>> [v.name for v in data.inputs], str(data.outputs[0]), data.x.shape
        (['length', 'colour'], 'time (s)', torch.Size([2, 2]))
        >>> data.notes[-1]
        '1 of 3 rows have missing or infinite values and are left out.'
        """
        frame = as_frame(frame)
        targets = [target] if isinstance(target, str) else list(target)
        if frame.columns.has_duplicates:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise TableError(f"Two columns are named {twice!r}; rename one of them.")
        chosen, notes = chosen_inputs(frame, targets, inputs)
        kind = task_of(frame, targets, task)
        if task is None and kind == "regression" and len(targets) == 1:
            notes += note_on_classes(frame, targets[0])
        x = values_of_all(frame, [Variable(one.name, one.unit) for one in chosen], known=names_variables(inputs))
        labels: list[str] = targets
        if kind == "classification":
            labels, y = classes_of(the_column(frame, targets[0]))
        else:
            y = np.column_stack([values_of(frame, name) for name in targets])
        good = np.asarray(np.isfinite(np.column_stack([x, y])).all(1))
        if (~good).sum():
            notes.append(f"{(~good).sum()} of {len(good)} rows have missing or infinite values and are left out.")
        weights = None
        if errors is not None:
            sizes = values_of(frame, errors)
            usable = np.isfinite(sizes) & (sizes > 0)
            if (good & ~usable).sum():
                notes.append(f"{(good & ~usable).sum()} rows have no error above 0 in {errors} and are left out.")
            good &= usable
            notes.append(f"Rows count by 1 / {errors}^2, the error of {targets[0]}.")
            weights = torch.from_numpy((sizes[good].min(initial=np.inf) / sizes[good]) ** 2)
        if good.sum() < 2:
            raise TableError(f"Only {good.sum()} of {len(good)} rows are complete; fill the gaps or choose others.")
        x, y = torch.from_numpy(x[good].copy()), torch.from_numpy(y[good].astype(float))
        known = dict(units or {}) | {one.name: one.unit for one in chosen if one.unit}
        names = [one.name for one in chosen]
        data = _ready(x, y, names, labels, known, cast(Task, kind), ", ".join(targets), test, seed, notes)
        return data if weights is None else replace(data, weights=weights)


def stacked_weights(tables: Sequence[Dataset]) -> Tensor | None:
    """Concatenate the weights of tables; rows of a table without weights get the mean of all weights."""
    known = [table.weights for table in tables if table.weights is not None]
    if not known:
        return None
    usual = torch.cat(known).mean()
    return torch.cat([usual.expand(len(t)) if t.weights is None else t.weights for t in tables])


def _order(there: Sequence[Variable], wanted: Sequence[Variable]) -> list[int]:
    """Return the index of the column for each wanted one: by name if both sides have the same names, else by position.

    Raises TableError if the names differ and a common name is at different positions, so that neither is clear.
    """
    names, others = [v.name for v in there], [v.name for v in wanted]
    if len(set(names)) == len(names) and set(names) == set(others):
        return [names.index(name) for name in others]
    for n, name in enumerate(others):
        found = not _GIVEN_BY_US.fullmatch(name) and names.count(name) == others.count(name) == 1
        if found and names.index(name) != n:
            raise TableError(
                f"The network's columns are {listing(others, 8)}, the table's {listing(names, 8)}: {shown(name, 40)} "
                "is in another place. Choose the table's columns in the network's order."
            )
    return list(range(len(names)))


def _copied(values: Any) -> Tensor:
    try:
        return values.detach().double().clone() if isinstance(values, Tensor) else torch.tensor(np.array(values, float))
    except (TypeError, ValueError):
        raise TableError("The data must be arrays of numbers, with as many values in every row.") from None


def scaled_inputs(x: Float[Tensor, "rows input"], names: Sequence[str], units: Sequence[str]) -> tuple[Variable, ...]:
    """Scale each input from its range on these rows to [-1, 1]; a constant input is only shifted."""
    low, high = x.min(0).values / 2, x.max(0).values / 2  # halved first: the sum may overflow
    return tuple(
        Variable(name, unit, float(a + b), float(b - a) if b > a else 1.0)
        for name, unit, a, b in zip(names, units, low, high, strict=True)
    )


def _ready(x, y, names, labels, units, task, target, test, seed, notes) -> Dataset:
    if not 0 <= test < 1:
        raise TableError(f"The share of test rows is {test}; it must be at least 0 and below 1.")
    if not (x.isfinite().all() and y.isfinite().all()):
        raise TableError("The data hold missing or infinite values; leave those rows out first.")
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    held = min(round(test * len(x)), len(x) - 1)
    train, held_out = order[held:].sort().values, order[:held].sort().values
    constant = [str(name) for name, column in zip(names, x[train].T, strict=True) if column.min() == column.max()]
    if constant:
        notes = [*notes, f"Constant, so nothing can be learned from it: {listing(constant, 8)}."]
    inputs = scaled_inputs(x[train], [str(name) for name in names], [units.get(name, "") for name in names])
    if task == "classification":
        outputs = tuple(Variable(str(label)) for label in labels)
    else:
        size = y[train].abs().max(0).values.clamp(min=1e-300)  # squares of very large numbers are infinite
        mean, std = (y[train] / size).mean(0) * size, (y[train] / size).std(0, correction=0) * size
        outputs = tuple(
            Variable(str(name), units.get(name, ""), float(m), float(s) if high > low and s > 0 else 1.0)
            for name, m, s, low, high in zip(
                labels, mean, std, y[train].min(0).values, y[train].max(0).values, strict=True
            )
        )
    return Dataset(x, y, inputs, outputs, train, held_out, task, str(target), tuple(notes))
