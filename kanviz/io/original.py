"""Reads inputs and outputs that the original of a network gave: the arrays x and y of an .npz, or a table's columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kanviz.core.columns.inputs import column_of, values_of_all
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import LoadError, TableError
from kanviz.io.npz import looks_like_npz, read_arrays
from kanviz.io.table_reading import AS_FOUND, Reading
from kanviz.io.tables import Table, read_table
from kanviz.text import counted, listing

ARRAYS = (".npz", ".npy")
MOST = 10_000_000  # numbers, as in a table


@dataclass(frozen=True, eq=False)
class Original:
    """x: inputs, a column for each of the network's, in its order · y: outputs in the same way · notes: what was
    assumed about a table.
    """

    x: np.ndarray
    y: np.ndarray
    notes: tuple[str, ...] = ()


def read_original(kan: KAN, data: bytes, name: str, how: Reading = AS_FOUND) -> Original:
    """Read a file for `kanviz.check`. name: the file's, for messages · how: choices for reading a table.

    Every number of a table is a value: none is taken for a missing one, unless `how` names it. Raises LoadError or
    TableError for a file that cannot be read, or whose columns do not fit the network.
    """
    if looks_like_npz(data) or name.lower().endswith(ARRAYS):
        arrays = read_arrays(data, "x", "y")
        count = arrays["x"].size + arrays["y"].size
        if count > MOST:
            raise LoadError(f"x and y have {count:,} numbers; the limit is {MOST:,}. Save fewer rows.")
        return Original(arrays["x"], arrays["y"])
    return _from_table(kan, read_table(data, name, replace(how, missing=how.missing or (), least=1)))


def _from_table(kan: KAN, table: Table) -> Original:
    """Find the network's inputs and outputs by name, or in their order where the table has none of the names."""
    table = table.named_for([v.name for v in (*kan.inputs, *kan.outputs)])
    columns = [str(column) for column in table.frame.columns]
    inputs, taken, first = _found(kan.inputs, columns, columns[: len(kan.inputs)])
    rest = [column for column in columns if column not in taken]
    outputs, _, second = _found(kan.outputs, rest, rest)
    if inputs is None or outputs is None:
        ins, outs = ([v.name for v in side] for side in (kan.inputs, kan.outputs))
        raise TableError(
            f"The table has {counted(len(columns), 'column')} ({listing(columns, 8)}). The network takes "
            f"{counted(len(ins), 'input')} ({listing(ins, 8)}) and gives {counted(len(outs), 'output')} "
            f"({listing(outs, 8)}): name the columns so, or keep only theirs, inputs first."
        )
    x, y = (values_of_all(table.frame, side) for side in (inputs, outputs))
    return Original(x, y, (*table.notes, *first, *second))


def _found(
    wanted: Sequence[Variable], columns: Sequence[str], in_order: Sequence[str]
) -> tuple[Sequence[Variable] | None, set[str], list[str]]:
    """Return the variables as the table names them, their columns, and a note if they are taken in their order.

    in_order: the columns to take where none has a name of `wanted`; None is returned where their number differs.
    """
    known = [column_of(v.name, columns, v.unit) for v in wanted]
    if any(known):  # a missing one is named when the values are read
        return wanted, {column for column in known if column}, []
    if len(in_order) != len(wanted):
        return None, set(), []
    names = [v.name for v in wanted]
    note = (
        f"{listing(list(in_order), 8)} of the table {'is' if len(names) == 1 else 'are'} taken as {listing(names, 8)}."
    )
    return [replace(v, name=column) for v, column in zip(wanted, in_order, strict=True)], set(in_order), [note]
