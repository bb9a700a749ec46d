"""Reads the columns of a Parquet file; the sizes in its footer are checked before anything else is read.

Only flat columns of numbers and text are read; the metadata of pandas and of Arrow extensions is never acted on.
"""

import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kanviz.errors import TableError, TooLarge
from kanviz.io.arrow_text import compute
from kanviz.io.columns import Findings, read_column
from kanviz.io.rows import check_size
from kanviz.text import shown, size_words

_MAX_FOOTER = 10_000_000
_MAX_BYTES = 500_000_000  # of all pages, unpacked
_MAX_TEXT = 100_000_000  # of one text column
_DAMAGED = "The Parquet file is damaged or not Parquet; save it again where it came from."
_ERRORS = (pa.ArrowException, OSError, ValueError, OverflowError, NotImplementedError, KeyError)


def read_parquet(data: bytes) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read columns as float64 or text, and notes. Raises TableError for a damaged, huge or empty file."""
    _check_end(data[-8:], len(data))
    try:
        file = _opened(pa.BufferReader(data), [])
        _check_footer(file.metadata)
        # as dictionaries: a long text that repeats a million times is stored once
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        return _columns(_opened(pa.BufferReader(data), texts))
    except _ERRORS:
        raise TableError(_DAMAGED) from None


def parquet_pieces(path: str, rows: int) -> Iterator[pa.Table]:
    """Read the columns of a file of any length as they are stored, so many rows at a time; one group is in memory.

    Raises TableError for a damaged file, and for a group of rows that expands to more than 500 MB.
    """
    with open(path, "rb") as raw:
        size = raw.seek(0, 2)
        raw.seek(max(size - 8, 0))
        _check_end(raw.read(), size)
    try:
        with pa.OSFile(path) as source:
            file = _opened(source, [])
            _check_footer(file.metadata, whole=False)
            for batch in file.iter_batches(rows, use_threads=False):
                yield pa.Table.from_batches([batch]).replace_schema_metadata(None)
    except _ERRORS:
        raise TableError(_DAMAGED) from None


def _check_end(end: bytes, size: int) -> None:
    """Refuse a file that does not end as Parquet does. end: its last 8 bytes."""
    if size < 12 or end[-4:] != b"PAR1" or not 0 < struct.unpack("<I", end[-8:-4])[0] <= size - 12:
        raise TableError(_DAMAGED)
    if struct.unpack("<I", end[-8:-4])[0] > _MAX_FOOTER:
        raise TableError(f"The Parquet file's footer is larger than {size_words(_MAX_FOOTER)}; keep fewer columns.")


def _opened(source: pa.NativeFile, as_dictionaries: list[str]) -> pq.ParquetFile:
    return pq.ParquetFile(
        source,
        read_dictionary=as_dictionaries,
        thrift_string_size_limit=_MAX_FOOTER,
        thrift_container_size_limit=1_000_000,
        page_checksum_verification=True,
    )


def _check_footer(footer: pq.FileMetaData, *, whole: bool = True) -> None:
    """Refuse a damaged or huge file. whole: all of it is to be in memory at once, else one group of rows."""
    if not footer.num_columns:
        raise TableError("The Parquet file has no columns; save it again with its data.")
    if footer.num_rows < 1:
        raise TableError("The Parquet file has no rows; save it again with its data.")
    check_size(footer.num_rows if whole else 0, footer.num_columns)
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    if sum(group.num_rows for group in groups) != footer.num_rows:
        raise TableError(_DAMAGED)
    # not group.column(i): with a damaged footer pyarrow 26 ends the whole process
    if any(group.total_byte_size < 0 for group in groups):
        raise TableError(_DAMAGED)
    sizes = [group.total_byte_size for group in groups]
    size = sum(sizes) if whole else max(sizes)
    if size > _MAX_BYTES:
        raise TooLarge(
            f"The Parquet file expands to {size_words(size)}; the limit is {size_words(_MAX_BYTES)}. Take a sample."
        )


def _columns(file: pq.ParquetFile) -> tuple[dict[str, np.ndarray], list[str]]:
    schema = file.schema_arrow
    findings = Findings()
    found: dict[str, np.ndarray] = {}
    names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(schema.names)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise TableError(f"Two columns are named {shown(twice, 40)}; rename one and save the file again.")
    for name, field in zip(names, schema, strict=True):
        refusal = _unusable(name, field.type)
        if refusal:
            findings.add(refusal, name)
            continue
        if not field.name.strip():
            findings.add("had no name", name)
        cells = _cells(file, field.name, name, findings)
        if cells is not None:
            found[name] = cells
    return found, findings.notes()


def _unusable(name: str, kind: pa.DataType) -> str | None:
    """Give the reason why a column is left out, if there is one."""
    if name.startswith("__index_level_"):
        return "row numbers, left out"
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind):
        return "lists or records instead of single values; left out"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return "binary data, left out"
    if pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return "times between moments, left out; convert them to numbers to use them"
    if pa.types.is_null(kind):
        return "empty, left out"
    return None


def _cells(file: pq.ParquetFile, stored: str, name: str, findings: Findings) -> np.ndarray | None:
    """Read the column that is called `stored` in the file and `name` here."""
    column = file.read(columns=[stored], use_threads=False).column(stored)
    if len(column) != file.metadata.num_rows:
        raise TableError(_DAMAGED)
    if pa.types.is_dictionary(column.type):
        if _text_size(column) > _MAX_TEXT:
            findings.add("very long texts; left out", name)
            return None
        column = compute.cast(column, column.type.value_type)
    if pa.types.is_boolean(column.type):
        findings.add("true and false are read as 1 and 0", name)
        column = compute.cast(column, pa.int8())
    if _is_number(column.type):
        return np.array(compute.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return read_column(name, compute.fill_null(compute.cast(column, pa.string()), ""), findings, commas_separate=False)


def _text_size(column: pa.ChunkedArray) -> int:
    """Compute the bytes that a dictionary column of text would take without its dictionary."""
    size = 0
    for part in column.chunks:
        values = part.dictionary
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            size += compute.sum(compute.take(compute.binary_length(values), part.indices)).as_py() or 0
    return size


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
