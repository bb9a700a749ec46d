"""Reads recorded inputs of a KAN inside a model, alone or with its outputs, from arrays and tables."""

import re
from dataclasses import replace

import numpy as np
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import TableError
from kanviz.io.npz import looks_like_npz, zip_of
from kanviz.io.recorded_rows import columns_of_arrays, rows_of
from kanviz.io.tables import read_table
from kanviz.text import counted, shown


def inputs_of(data: bytes, name: str, kan: KAN) -> Dataset:
    """Read recorded inputs of a network: .npz or Parquet as `rows_of` does, or x alone as .npz, .npy or a text table.

    Where the file has no outputs, they are what the network gives, and no row is held out. Raises TableError for a file
    that cannot be read, and for rows of another width.
    """
    note: tuple[str, ...] = ()
    if data[:6] == b"\x93NUMPY":
        data = zip_of(data)
    if looks_like_npz(data):
        columns = columns_of_arrays(data)
        if any(re.fullmatch(r"y\d*", one) for one in columns):
            return rows_of(data, name, kan)
    elif data.startswith(b"PAR1"):
        return rows_of(data, name, kan)
    else:
        frame = read_table(data, name).frame
        columns = {str(one): frame[one].to_numpy(np.float64) for one in frame.select_dtypes("number").columns}
    own = [variable.name for variable in kan.inputs]
    chosen = own if all(one in columns for one in own) else list(columns)
    if len(chosen) != len(own):
        raise TableError(
            f"The network has {counted(len(own), 'input')}, {shown(name)} has {counted(len(chosen), 'column')} of "
            f"numbers. Record the rows of this block."
        )
    x = np.column_stack([columns[one] for one in chosen])
    good = np.isfinite(x).all(axis=1)
    if not np.any(good):
        raise TableError(f"No row of {shown(name)} is complete: each has a missing or infinite value. Record again.")
    if not np.all(good):
        note = (f"{len(x) - np.sum(good):,} of {len(x):,} rows have missing or infinite values and are left out.",)
    rows = torch.from_numpy(x[good])
    found = Dataset.from_arrays(
        rows, kan(rows).detach(), test=0, inputs=own, outputs=[variable.name for variable in kan.outputs]
    )
    return replace(found.matching(kan), notes=(*found.notes, *note))
