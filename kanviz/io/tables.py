"""The door for tables: from bytes nobody vouches for to named columns of numbers or text, or a refusal in one sentence.

The kind of file is read off its content; its name only matters for a packed .gz.
"""

import gzip
import io
import zlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kanviz.errors import TableError
from kanviz.io.column_names import mended_names
from kanviz.io.columns import Findings, read_column
from kanviz.io.csv_text import read_text_table
from kanviz.io.excel import looks_like_excel, read_excel
from kanviz.io.parquet import read_parquet
from kanviz.io.rows import Raw
from kanviz.io.table_notes import notes_on_values
from kanviz.io.table_text import text_of
from kanviz.text import listing, shown, size_words

MAX_BYTES = 50_000_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Table:
    """A table as read. Columns in `numeric` are float64 (missing: nan), all others text (missing: None).

    notes: a sentence for everything assumed, repaired or left out.
    """

    frame: pd.DataFrame
    numeric: tuple[str, ...]
    notes: tuple[str, ...]


def read_table(data: bytes, name: str) -> Table:
    """The table in a CSV-like text, a Parquet file or an Excel workbook; at least two columns, one of them numbers.

    Raises TableError for anything else, and for more than 50 MB, 1,000,000 rows, 10,000,000 cells or 2,000 columns.
    """
    if name.lower().endswith(".gz") and data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    if not data:
        raise TableError(f"The file {shown(name)} is empty; upload it again.")
    if len(data) > MAX_BYTES:
        raise TableError(
            f"The file has {size_words(len(data))}; the limit is {size_words(MAX_BYTES)}. Take a sample of its rows."
        )
    if data.startswith(b"PAR1"):
        found, notes = read_parquet(data)
        return _table(found, notes)
    if looks_like_excel(data):
        return _of_text(read_excel(data))
    return _of_text(_of_bytes(data))


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            found = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise TableError("The gzip file is damaged or cut off; download or pack it again.") from None
    if len(found) > MAX_BYTES:
        raise TableError(f"The file expands to more than {size_words(MAX_BYTES)}; take a sample of its rows.")
    return found


def _of_bytes(data: bytes) -> Raw:
    text, notes = text_of(data)
    raw = read_text_table(text)
    return replace(raw, notes=[*notes, *raw.notes])


def _of_text(raw: Raw) -> Table:
    findings = Findings()
    names, notes = mended_names(raw.names, raw.columns)
    found: dict[str, np.ndarray] = {}
    for name, column in zip(names, raw.columns, strict=True):
        if name is None:
            continue
        cells = read_column(name, column, findings, commas_separate=raw.commas_separate)
        if cells is not None:
            found[name] = cells
    return _table(found, [*raw.notes, *notes, *findings.notes()])


def _table(columns: dict[str, np.ndarray], notes: list[str]) -> Table:
    """The finished table. Raises TableError when there is too little in it to learn from."""
    empty = [name for name, cells in columns.items() if cells.dtype == np.float64 and np.isnan(cells).all()]
    if empty:
        columns = {name: cells for name, cells in columns.items() if name not in empty}
        notes = [*notes, f"Empty and left out: {listing(empty)}."]
    numeric = tuple(name for name, cells in columns.items() if cells.dtype == np.float64)
    reasons = f" {' '.join(notes[-2:])}" if notes and sum(map(len, notes[-2:])) < 200 else ""
    if not numeric:
        raise TableError(f"No column holds numbers; a table needs at least one.{reasons}")
    if len(columns) < 2:
        raise TableError(
            f"Need at least one input and one target column; only {shown(numeric[0], 40)} can be used.{reasons}"
        )
    # text as objects in every version of pandas, so that equal words stay one object
    frame = pd.DataFrame({name: pd.Series(cells, dtype=cells.dtype) for name, cells in columns.items()})
    return Table(frame, numeric, (*notes, *notes_on_values(frame, numeric)))


def write_csv(frame: pd.DataFrame) -> bytes:
    """The table as CSV in UTF-8; text that a spreadsheet would run as a formula gets a ' in front, numbers never."""
    safe = {}
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        safe[i] = column if pd.api.types.is_numeric_dtype(column) else column.map(_harmless, na_action="ignore")
    named = pd.DataFrame(safe)
    named.columns = [_harmless(str(name)) for name in frame.columns]
    return named.to_csv(index=False, lineterminator="\r\n").encode()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
