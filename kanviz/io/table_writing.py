"""Writes Arrow tables, one after another, as the bytes of one CSV or Parquet file."""

import csv
import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from kanviz.errors import TableError
from kanviz.io.arrow_text import PLAIN, compute, share
from kanviz.io.cells import WORD, kind
from kanviz.text import no_formula, shown

_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_WHOLE = r"^-?(?:0|[1-9][0-9]{0,17})$"
_CODE = r"^[+-]?0[0-9]"  # a number of an article or a telephone, which would lose its zero


def as_csv(tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """Generate a CSV file in UTF-8; a missing value is an empty cell, and no text is a formula in a spreadsheet."""
    header = True
    for table in tables:
        writer = csv.writer(text := io.StringIO(), lineterminator="\r\n")
        if header:
            writer.writerow([no_formula(name) for name in table.column_names])
            header = False
        writer.writerows(zip(*map(_cells, table.columns), strict=True))
        yield text.getvalue().encode()


def _cells(column: pa.ChunkedArray) -> list[str | None]:
    """Return a column as text, numbers in as many digits as give them back."""
    if pa.types.is_dictionary(column.type):
        column = compute.cast(column, column.type.value_type)
    if pa.types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), pa.scalar(None, column.type), column)
    texts = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    cells = compute.cast(column, pa.string())
    if texts and share(cells, _FORMULA):
        return [no_formula(cell) if cell and kind(cell) == WORD else cell for cell in cells.to_pylist()]
    return cells.to_pylist()


def flat(table: pa.Table) -> list[str]:
    """List the columns that a CSV file can hold: no lists, records or bytes."""

    def fits(field: pa.DataType) -> bool:
        kind = field.value_type if pa.types.is_dictionary(field) else field
        binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
        return not (binary or pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType))

    return [field.name for field in table.schema if fits(field.type)]


def as_parquet(tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """Generate a Parquet file with a group of rows for each table. All tables must have the columns of the first."""
    sink, writer = _Drained(), None
    for table in tables:
        writer = writer or pq.ParquetWriter(sink, table.schema)
        writer.write_table(table)
        yield sink.drain()
    if writer is not None:
        writer.close()
        yield sink.drain()


class _Drained(io.RawIOBase):
    """A file that is written only, whose bytes are taken away from time to time."""

    def __init__(self):
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def drain(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def typed(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Turn columns of text that hold numbers in the first table into numbers, in all tables; empty cells are missing.

    Raises TableError for a later cell that is none.
    """
    kinds: dict[str, pa.DataType] = {}
    for table in tables:
        texts = {name: _filled(table.column(name)) for name in table.column_names}
        kinds = kinds or {name: _kind(values) for name, values in texts.items()}
        yield pa.table({name: _cast(name, values, kinds[name]) for name, values in texts.items()})


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text with its empty cells missing; any other as it is."""
    if not pa.types.is_string(column.type):
        return column
    return compute.if_else(compute.equal(column, ""), pa.scalar(None, pa.string()), column)


def _kind(values: pa.ChunkedArray) -> pa.DataType:
    filled = len(values) - values.null_count
    if not pa.types.is_string(values.type) or not filled:
        return values.type
    if share(values, _WHOLE) == filled:
        return pa.int64()
    return pa.float64() if share(values, PLAIN) == filled and not share(values, _CODE) else pa.string()


def _cast(name: str, values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return values if values.type == kind else compute.cast(values, kind)
    except pa.ArrowInvalid:
        raise TableError(
            f"Column {shown(name, 40)!r} begins with numbers and has something else later; write a .csv, or only the "
            "predictions (--only)."
        ) from None
