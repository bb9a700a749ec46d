"""Reads rows of a KAN inside a model, as `kanviz.record` or NumPy saved them: arrays x and y, or columns x1, y1, ..."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import LoadError, TableError
from kanviz.io.npz import looks_like_npz, read_arrays
from kanviz.io.parquet import read_parquet
from kanviz.io.rows import MAX_CELLS
from kanviz.text import counted, listing, shown

Columns = dict[str, np.ndarray]


def looks_like_rows(data: bytes) -> bool:
    """Say whether the file is of a kind that holds rows: .npz or Parquet."""
    return data.startswith(b"PAR1") or looks_like_npz(data)


def rows_of(data: bytes, name: str, kan: KAN | None = None) -> Dataset:
    """Read the rows in a .npz or Parquet file; a fifth of them is held out.

    kan: the network that they belong to; columns are found by its names, or as x1, x2, ... and y1, y2, ... Rows with a
    missing or infinite value are left out with a note. Raises TableError for other files and columns.
    """
    if looks_like_npz(data):
        columns = columns_of_arrays(data, "x", "y")
    elif data.startswith(b"PAR1"):
        columns = {name: values for name, values in read_parquet(data)[0].items() if values.dtype == np.float64}
    else:
        raise TableError(f"{shown(name)} is no .npz and no Parquet file. Save the rows with kanviz.record.")
    inputs, outputs = _names(columns, kan)
    x, y = (np.column_stack([columns[one] for one in part]) for part in (inputs, outputs))
    good = np.isfinite(np.column_stack([x, y])).all(axis=1)
    if not np.any(good):
        raise TableError(f"No row of {shown(name)} is complete: each has a missing or infinite value. Record again.")
    found = Dataset.from_arrays(x[good], y[good], inputs=inputs, outputs=outputs)
    if not np.all(good):
        note = f"{len(x) - np.sum(good):,} of {len(x):,} rows have missing or infinite values and are left out."
        found = replace(found, notes=(*found.notes, note))
    return found.matching(kan) if kan is not None else found


def _names(columns: Mapping[str, np.ndarray], kan: KAN | None) -> tuple[list[str], list[str]]:
    """Return the names of the columns of inputs and of outputs."""
    own = [[v.name for v in variables] for variables in (kan.inputs, kan.outputs)] if kan is not None else []
    if own and all(name in columns for part in own for name in part):
        return own[0], own[1]
    found = [sorted((c for c in columns if re.fullmatch(rf"{letter}\d*", c)), key=_number) for letter in "xy"]
    if kan is None:
        if not all(found):
            raise TableError(
                f"Rows have columns x1, x2, ... and y1, y2, ..., or y; this file has {listing(list(columns), 6)}."
            )
    elif [len(part) for part in found] != [len(part) for part in own]:
        there = " and ".join(counted(len(part), noun) for part, noun in zip(found, ("input", "output"), strict=True))
        raise TableError(
            f"The network has {counted(len(own[0]), 'input')} and {counted(len(own[1]), 'output')}, the file {there} "
            f"({listing(list(columns), 4)}). Record the rows of this block, or name the columns as the network does."
        )
    return found[0], found[1]


def _number(name: str) -> int:
    return int(name[1:] or 0)


def columns_of_arrays(data: bytes, *names: str) -> Columns:
    """Read the arrays of an .npz file as columns of float64, those of several columns numbered.

    All axes but the last are rows; names: the arrays to read, all if there is none. Raises TableError.
    """
    try:
        arrays = read_arrays(data, *names)
    except LoadError as refusal:
        raise TableError(str(refusal)) from None
    cells = sum(values.size for values in arrays.values())
    if cells > MAX_CELLS:
        raise TableError(f"The arrays hold {cells:,} numbers; the limit is {MAX_CELLS:,}. Save a sample of the rows.")
    columns: Columns = {}
    for name, values in arrays.items():
        if values.ndim == 0 or 0 in values.shape:
            raise TableError(f"{shown(name)} has no rows. Save arrays with an axis of rows and one of columns.")
        own = numbered(name, values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1))
        twice = next((one for one in own if one in columns), None)
        if twice:
            raise TableError(f"Two columns are named {shown(twice, 40)}; rename one of the arrays.")
        columns |= own
        first, rows = next(iter(columns.values())), next(iter(own.values()))
        if len(first) != len(rows):
            raise TableError(
                f"{shown(name)} has {len(rows):,} rows and {shown(next(iter(arrays)))} has {len(first):,}. "
                "All axes but the last are rows; save as many of them in each array."
            )
    return {name: values.astype(np.float64) for name, values in columns.items()}


def numbered(name: str, values: np.ndarray) -> Columns:
    """Return the columns of an array (row, column) by name: y alone, or y1, y2, ...; inputs x always have numbers."""
    width = values.shape[1]
    return {name if width == 1 and name != "x" else f"{name}{n + 1}": values[:, n] for n in range(width)}
