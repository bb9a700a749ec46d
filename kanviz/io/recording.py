"""Records what flows through a module of a torch model, row by row: the rows that the KAN in it has no table of."""

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kanviz.errors import UserError
from kanviz.io.npz import npz_bytes
from kanviz.io.recorded_rows import numbered
from kanviz.text import counted, shown
from kanviz.writing import write

MOST_ROWS = 20_000
MOST_NUMBERS = 6_000_000  # of x and y together, 48 MB in float64: the app takes files of 50 MB
ENDINGS = (".npz", ".parquet")


class Recording:
    """The rows of a module: x (row, input) and y (row, output), in the order in which they came.

    Use it in a `with` statement: calls of the module inside are recorded, also by further statements. Of more rows than
    `most` it holds a random sample, which depends on the seed and not on how the rows come in batches. seen: the number
    of all rows. Made by `kanviz.record`.

    >>> import kanviz, torch
    >>> with kanviz.record(layer := kanviz.KANLayer(2, 1)) as rows:
    ...     for batch in torch.ones(3, 5, 2):
    ...         _ = layer(batch)
    >>> rows.x.shape, rows.y.shape, rows.seen
    (torch.Size([15, 2]), torch.Size([15, 1]), 15)
    """

    def __init__(self, module: torch.nn.Module, out: Path | None, most: int | None, seed: int) -> None:
        self._module, self._out, self._most = module, out, most
        self._random = np.random.default_rng(seed)  # its numbers do not depend on how many are taken at a time
        self._parts: list[tuple[np.ndarray, Tensor, Tensor]] = []  # the rows, each with its random number
        self._hooks: list[torch.utils.hooks.RemovableHandle] = []
        self._entering: Tensor | None = None
        self.seen = 0

    def __enter__(self) -> "Recording":
        before = self._module.register_forward_pre_hook(self._before, with_kwargs=True)
        self._hooks = [before, self._module.register_forward_hook(self._after)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for hook in self._hooks:
            hook.remove()
        if kind is None:
            self._check_called()
            if self._out is not None:
                self.save(self._out)

    def __len__(self) -> int:
        return len(self.x)

    def __str__(self) -> str:
        """Describe the rows in a line."""
        size = f"{counted(len(self), 'row')} of {self.x.shape[1]} inputs and {self.y.shape[1]} outputs"
        return size if self.seen == len(self) else f"{size}, a sample of {self.seen:,} rows"

    @property
    def x(self) -> Tensor:
        return self._sample()[1]

    @property
    def y(self) -> Tensor:
        return self._sample()[2]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as .npz (x and y) or .parquet (columns x1, x2, ..., y1, y2, ..., or y).

        Raises UserError for another ending, and where there are no rows.
        """
        path = _checked(Path(path))
        x, y = self.x.numpy(), self.y.numpy()
        if path.suffix == ".npz":
            write(path, npz_bytes({"x": x, "y": y}))
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            columns = {**numbered("x", x), **numbered("y", y)}
            file = io.BytesIO()
            pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), file)
            write(path, file.getvalue())

    def _before(self, _: torch.nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Copy the input before the module may change it in place."""
        self._entering = self._numbers([*given, *named.values()], "takes")

    def _after(self, _: torch.nn.Module, __: tuple[Any, ...], result: object) -> None:
        assert self._entering is not None
        x, y = self._entering, self._numbers([result], "gives")
        name = type(self._module).__name__
        if len(x) != len(y):
            raise UserError(
                f"{name} makes {counted(len(y), 'row')} of {len(x):,}: it does more than one function of each row. "
                "Record a module inside it."
            )
        self._parts.append((self._random.random(len(x)), x, y))
        (was, now) = (tuple(part.shape[1] for part in rows[1:]) for rows in (self._parts[0], self._parts[-1]))
        if was != now:
            raise UserError(
                f"{name} was called with {now[0]} inputs and {now[1]} outputs, and before with {was[0]} and {was[1]}. "
                "Record each of these by itself."
            )
        self.seen += len(x)
        if sum(len(part) for part, *_ in self._parts) > 2 * self._limit:
            self._sample()

    def _numbers(self, values: list[Any], verb: str) -> Tensor:
        """Return the only tensor as rows in memory of their own; refuse everything else that a module may be given."""
        name, remedy = type(self._module).__name__, "Record a module that takes and gives one tensor of numbers."
        tensors = [value for value in values if isinstance(value, Tensor)]
        if len(tensors) != 1:
            alone = len(values) == 1
            what = f"a {type(values[0]).__name__}" if alone else f"{len(tensors) or 'no'} tensors"
            raise UserError(f"{name} {verb} {what}. {remedy}")
        (found,) = tensors
        if not found.is_floating_point() or found.ndim == 0 or found.shape[-1] == 0:
            kind = str(found.dtype).removeprefix("torch.")
            raise UserError(f"{name} {verb} a tensor of {kind} with the shape {tuple(found.shape)}. {remedy}")
        double = found.dtype == torch.float64
        rows = found.detach().reshape(-1, found.shape[-1])
        return rows.to("cpu", torch.float64 if double else torch.float32, copy=True)

    @property
    def _limit(self) -> int:
        _, x, y = self._parts[0]
        return self._most or max(1, min(MOST_ROWS, MOST_NUMBERS // max(x.shape[1] + y.shape[1], 1)))

    def _sample(self) -> tuple[np.ndarray, Tensor, Tensor]:
        """Return the rows with the smallest random numbers, which are a sample of all."""
        self._check_called()
        if len(self._parts) > 1 or len(self._parts[0][0]) > self._limit:
            numbers, x, y = zip(*self._parts, strict=True)
            order = np.concatenate(numbers)
            rows = np.sort(np.argsort(order)[: self._limit])
            at = torch.from_numpy(rows)
            self._parts = [(order[rows], torch.cat(x)[at], torch.cat(y)[at])]
        return self._parts[0]

    def _check_called(self) -> None:
        if not self._parts:
            name = type(self._module).__name__
            raise UserError(f"{name} was not called, so nothing was recorded. Run the model inside the with statement.")


def record(
    module: torch.nn.Module,
    inputs: Tensor | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    most: int | None = None,
    seed: int = 0,
) -> Recording:
    """Record what goes into a module of a torch model and what comes out, as rows; batch and sequence are flattened.

    Without inputs, it is a `with` statement around calls of the model; otherwise the module is called with them at
    once. out: a file .npz or .parquet for the rows, which `kanviz.load_rows` and the app open as rows of the KAN there.
    most: the number of rows; of more it takes a random sample by the seed. None takes 20,000, and fewer of a wide
    module. Numbers are float32 or float64, half precision becomes float32. Raises UserError for a module that was not
    called, that takes or gives anything but one tensor of numbers, or not as many rows as it takes.

    >>> import kanviz, pathlib, tempfile, torch
    >>> ffn = torch.nn.Sequential(kanviz.KANLayer(4, 8), kanviz.KANLayer(8, 4))
    >>> model = torch.nn.Sequential(torch.nn.LayerNorm(4), ffn)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with kanviz.record(ffn, out=pathlib.Path(folder, "ffn.npz")) as rows:
    ...         _ = model(torch.randn(2, 3, 4))
    ...     print(rows)
    ...     kanviz.load_rows(pathlib.Path(folder, "ffn.npz")).x.shape
    6 rows of 4 inputs and 4 outputs
    torch.Size([6, 4])
    >>> len(kanviz.record(ffn, torch.randn(50, 4), most=10))
    10
    """
    if not isinstance(module, torch.nn.Module):
        raise UserError(
            f"record takes a module of a torch model, as in kanviz.record(model.blocks[1].ffn); got a "
            f"{type(module).__name__}."
        )
    if inputs is not None and not isinstance(inputs, Tensor):
        raise UserError(f"Inputs are a tensor; got a {type(inputs).__name__}. Name a file as out=...")
    if most is not None and most < 1:
        raise UserError(f"most is {most}; record at least one row.")
    found = Recording(module, None if out is None else _checked(Path(out)), most, seed)
    if inputs is not None:
        with torch.no_grad(), found:
            module(inputs)
    return found


def _checked(path: Path) -> Path:
    if path.suffix not in ENDINGS:
        stem = shown(path.stem or "rows")
        raise UserError(f"Rows are saved as {' or '.join(ENDINGS)}. Name the file {stem}.npz.")
    return path
