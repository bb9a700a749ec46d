"""Implements `kanviz.read_table`, which reads a table from a local file."""

import os
from collections.abc import Sequence

from kanviz.io.table_reading import Reading
from kanviz.io.tables import Table, open_table


def read_table(
    file: str | os.PathLike[str],
    *,
    header_row: int | Sequence[int] | None = None,
    units_row: int | None = None,
    encoding: str | None = None,
    missing: Sequence[float] | None = None,
) -> Table:
    """Read CSV-like text, Parquet, .npz or an Excel workbook: `frame`, `units`, and `notes` on what was assumed.

    header_row: line of the names, counted from 1, several if the names extend over several lines, 0 for none ·
    units_row: line of the units, 0 for none · encoding: of a text · missing: numbers that mean missing values, () for
    none; None finds each of these. `dataset(target)` prepares it for training. Raises TableError for any other file.

    >>> import kanviz, pandas, pathlib, tempfile
    >>> frame = pandas.DataFrame({"length (m)": [0.25, 1.0, 2.25], "period (s)": [1.0, 2.0, 3.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_csv(path := pathlib.Path(folder, "measured.csv"), sep=";", decimal=",", index=False)
    ...     table = kanviz.read_table(path)
    >>> dict(table.units), table.notes[0], len(table.notes)
    ({'length': 'm', 'period': 's'}, 'Read with semicolons between the values.', 2)
    >>> table.dataset("period").x.tolist()
    [[0.25], [1.0], [2.25]]
    """
    rows = (header_row,) if isinstance(header_row, int) else header_row
    lines = None if rows is None else tuple(row for row in rows if row)
    return open_table(file, Reading(lines, units_row, encoding, None if missing is None else tuple(missing)))
