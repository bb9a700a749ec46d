"""Reads the rows of a table file for a network in pieces, so that a file of any length needs no more memory.

A file that fits into memory as a whole is read as everywhere, with all that is found in it. A larger one is read as
programs write tables: every row alike, numbers with a decimal point, dates as 2024-01-31.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from jaxtyping import Float

from kanviz.core.columns.inputs import values_of_all
from kanviz.core.layer import Variable
from kanviz.errors import TableError, TooLarge
from kanviz.io.csv_text import read_text_table
from kanviz.io.parquet import parquet_pieces
from kanviz.io.plain_columns import PlainColumns
from kanviz.io.rows import Raw
from kanviz.io.table_reading import AS_FOUND, Reading
from kanviz.io.table_text import text_of
from kanviz.io.tables import MAX_BYTES, Table, read_table, unpacked
from kanviz.text import distinct_names, shown

ROWS = 65_536  # of a piece
HEAD = 4_000_000  # bytes at the beginning of a large text, in which its names and its separator are found
BLOCK = 2_000_000  # bytes of text at once
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_LARGE = "It is read in pieces, as programs write tables: numbers with a decimal point, dates as 2024-01-31."


@dataclass(frozen=True)
class Piece:
    """Some rows of a file. cells: all columns as they stand in it, text where it is a text · x: the inputs in table
    units, NaN where one is missing · share: of the file up to their end, 0 to 1 · notes: on what was assumed.
    """

    cells: pa.Table
    x: Float[np.ndarray, "rows input"]
    share: float
    notes: tuple[str, ...] = ()


def pieces_of(
    path: Path, inputs: Sequence[Variable], columns: Sequence[str] | None = None, how: Reading = AS_FOUND
) -> Iterator[Piece]:
    """Generate the rows of a file in pieces. columns: of the table, in the order of the inputs; None: by their names.

    Raises TableError for a file that is no table, and for columns that the network cannot take.
    """
    how = replace(how, least=1, inputs_only=True)
    if path.stat().st_size <= MAX_BYTES:
        try:
            yield from _whole(path, inputs, columns, how)
            return
        except TooLarge:
            pass
    yield from _in_pieces(path, inputs, columns, how)


# --- files that fit into memory ---------------------------------------------------------------------------------


def _whole(path: Path, inputs: Sequence[Variable], columns: Sequence[str] | None, how: Reading) -> Iterator[Piece]:
    data = path.read_bytes()
    table = read_table(data, path.name, how)
    named = table.named_for([v.name for v in inputs])
    variables = inputs
    if columns is not None:
        variables = [replace(v, name=named.column(name)) for v, name in zip(inputs, columns, strict=True)]
    x, cells = values_of_all(named.frame, variables), _cells(data, path, table, how)
    assert len(x) == len(cells), "both are the rows of one file"
    for start, end in pairwise([*range(0, len(x), ROWS), len(x)]):
        yield Piece(cells.slice(start, end - start), x[start:end], end / len(x), table.notes)


def _cells(data: bytes, path: Path, table: Table, how: Reading) -> pa.Table:
    """Return all columns as they stand in the file; of a workbook as they were read."""
    if data.startswith(_PARQUET):
        return pa.concat_tables(parquet_pieces(str(path), ROWS))
    if table.layout is None or table.origin.encoding == "":
        return pa.Table.from_pandas(table.with_headings().frame, preserve_index=False).replace_schema_metadata(None)
    raw = read_text_table(text_of(unpacked(data) if data.startswith(_GZIP) else data, how.encoding).text, how)
    return pa.table(dict(zip(_headings(raw), raw.columns, strict=True)))


def _headings(raw: Raw) -> list[str]:
    """Return a name for each column that stands in a text, each another."""
    return distinct_names([name.strip() or f"column_{n}" for n, name in enumerate(raw.names, 1)])


# --- larger files -----------------------------------------------------------------------------------------------


def _in_pieces(path: Path, inputs: Sequence[Variable], columns: Sequence[str] | None, how: Reading) -> Iterator[Piece]:
    with path.open("rb") as file:
        begin = file.read(len(_PARQUET))
    notes = [f"{shown(path.name)} is too large to be in memory as a whole. {_LARGE}"]
    if begin == _PARQUET:
        tables, total = parquet_pieces(str(path), ROWS), None
    else:
        raw, encoding = _head(path, how)
        notes += raw.notes
        tables, total = _text_tables(path, raw, encoding), path.stat().st_size
    start, done, reader = 0, 0, None
    for cells in tables:
        reader = reader or PlainColumns.of(cells.column_names, inputs, columns, how.missing or ())
        end = start + len(cells)
        try:
            x = reader.values(cells)
        except TableError as problem:
            raise TableError(f"Rows {start + 1:,} to {end:,} of {shown(path.name)}: {problem} {_LARGE}") from None
        done += cells.nbytes
        yield Piece(cells, x, min(done / total, 1.0) if total else 0.0, tuple(notes))
        start = end


def _head(path: Path, how: Reading) -> tuple[Raw, str]:
    """Read names, separator and encoding from the beginning of a text.

    Raises TableError where the columns are not separated as programs do it.
    """
    with path.open("rb") as file:
        data = file.read(HEAD)
    if data.startswith(_GZIP):
        raise TableError(f"{shown(path.name)} expands to more than is read at once; unpack it first.")
    text = text_of(data[: data.rfind(b"\n") + 1] or data, how.encoding)
    raw = read_text_table(text.text, how)
    if raw.separator == " " or text.encoding.startswith("utf-16"):
        raise TableError(
            f"{shown(path.name)} is too large for a table with gaps between the columns, or in UTF-16; save it as CSV "
            "in UTF-8."
        )
    return raw, text.encoding


def _text_tables(path: Path, raw: Raw, encoding: str) -> Iterator[pa.Table]:
    """Read the cells of a large text from its first row of values on."""
    names = _headings(raw)
    first = raw.layout.first if raw.layout else 1
    try:
        with pc.open_csv(
            path,
            pc.ReadOptions(
                use_threads=False, block_size=BLOCK, skip_rows=first - 1, column_names=names, encoding=encoding
            ),
            pc.ParseOptions(delimiter=raw.separator, newlines_in_values=True),
            pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        ) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowException, UnicodeDecodeError) as problem:
        raise TableError(
            f"{shown(path.name)} cannot be read to its end: {shown(str(problem), 200)}. {_LARGE}"
        ) from None
