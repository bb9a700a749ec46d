"""Reads untrusted table files as named columns of numbers or text, or refuses them in one sentence.

The format is recognised by the content; the name only matters for a compressed .gz.
"""

import gzip
import io
import os
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kanviz.core.columns.frames import missing_column
from kanviz.core.columns.inputs import column_of
from kanviz.core.data.dataset import Dataset
from kanviz.errors import TableError, TooLarge
from kanviz.io.column_names import mended_names
from kanviz.io.columns import Findings, read_column
from kanviz.io.csv_text import read_text_table
from kanviz.io.excel import looks_like_excel, read_excel
from kanviz.io.heading_units import split_units
from kanviz.io.layout import Layout
from kanviz.io.missing_codes import Code, chosen_codes, find_codes
from kanviz.io.npz import looks_like_npz
from kanviz.io.parquet import read_parquet
from kanviz.io.recorded_rows import columns_of_arrays
from kanviz.io.rows import Raw, check_size
from kanviz.io.table_notes import notes_on_values
from kanviz.io.table_reading import AS_FOUND, Reading
from kanviz.io.table_text import text_of
from kanviz.text import listing, no_formula, shown, size_words

MAX_BYTES = 50_000_000
_READ_AGAIN = 10_000_000  # bytes of a file that stays in memory, so that it can be read in another way


@dataclass(frozen=True)
class Origin:
    """The file that a table is from, and how it was read. encoding: of a text · others: other possible encodings, each
    with a word as that encoding reads it.
    """

    name: str
    how: Reading = AS_FOUND
    data: bytes | None = None
    encoding: str = ""
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """A table from a file. Columns in `numeric` are float64 (missing: nan), all others text (missing: None).

    notes: a sentence for everything assumed, repaired or left out · units: by column, where its heading or a row of
    units gives one · headings: the column's heading in the file, where it differs from the name here · codes: numbers
    that mean missing values, or may · layout: positions of names and units, None where the file's format defines them.

    >>> import kanviz, pandas, pathlib, tempfile
    >>> frame = pandas.DataFrame({"time (h)": [1, 2, 3], "way (km)": [5, 9, 14]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_csv(path := pathlib.Path(folder, "trips.csv"), index=False)
    ...     table = kanviz.read_table(path)
    >>> table.frame.shape, table.column("way (km)"), dict(table.units)
    ((3, 2), 'way', {'time': 'h', 'way': 'km'})
    >>> table.column("weg")
    Traceback (most recent call last):
        ...
    kanviz.errors.TableError: There is no column 'weg'; the table has time and way.
    """

    frame: pd.DataFrame
    numeric: tuple[str, ...]
    notes: tuple[str, ...]
    units: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[Code, ...] = ()
    layout: Layout | None = None
    origin: Origin = Origin("")
    found: tuple[str, ...] = ()

    def column(self, name: str) -> str:
        """Find the column of that name or heading.

        Raises TableError, with the nearest existing name, where there is none.
        """
        if name in self.frame.columns:
            return name
        for column, heading in self.headings.items():
            if heading == name or f"{column} ({self.units.get(column, '')})" == name:
                return column
        raise missing_column(name, [str(column) for column in self.frame.columns])

    def input(self, name: str) -> str:
        """Find an input in the same way; "region = north" means one word of a column."""
        return name if column_of(name, set(self.frame.columns)) else self.column(name)

    def dataset(
        self,
        target: str | Sequence[str],
        inputs: Sequence[str] | None = None,
        *,
        units: Mapping[str, str] | None = None,
        **other: Any,
    ) -> Dataset:
        """Prepare the rows for training. Raises TableError for a column that does not exist or does not fit.

        target, inputs: columns by name or heading · units: in addition to those of the table · other: arguments of
        `Dataset.from_frame`.
        """
        known = {**self.units, **{self.column(name): unit for name, unit in (units or {}).items()}}
        targets = self.column(target) if isinstance(target, str) else [self.column(name) for name in target]
        chosen = [self.input(name) for name in inputs] if inputs else None
        if other.get("errors") is not None:
            other["errors"] = self.column(other["errors"])
        return Dataset.from_frame(self.frame, targets, chosen, units=known, **other)

    def counting(self, value: float, *, missing: bool) -> "Table":
        """Treat a number of `codes` as a missing value, or as a number."""
        codes = tuple(replace(code, missing=missing) if code.value == value else code for code in self.codes)
        frame = self.frame.copy()
        for code in codes:
            for name, rows in code.rows.items():
                if code.value == value:
                    frame[name] = _with(frame[name].to_numpy(), rows, np.nan if missing else value)
        return _finished(replace(self, frame=frame, codes=codes))

    def again(self, how: Reading) -> "Table":
        """Read the same file in another way. Raises TableError where that fails, or the file is not in memory."""
        if self.origin.data is None:
            raise TableError(f"Upload {shown(self.origin.name, 60)} again to read it in another way.")
        return read_table(self.origin.data, self.origin.name, how)

    def named_for(self, names: Collection[str]) -> "Table":
        """Rename columns to the file's own headings, units included, where a network uses one of those as a name."""
        return self.with_headings() if set(names) & set(self.headings.values()) else self

    def with_headings(self) -> "Table":
        """Name the columns by the headings of the file, with units."""
        names = dict(self.headings)
        return replace(
            self,
            frame=self.frame.rename(columns=names),
            numeric=tuple(names.get(name, name) for name in self.numeric),
            units={name: unit for name, unit in self.units.items() if name not in names},
            headings={},
        )


def open_table(file: str | os.PathLike[str], how: Reading = AS_FOUND) -> Table:
    """Read the table in a local file."""
    return read_table(Path(file).read_bytes(), Path(file).name, how)


def read_table(data: bytes, name: str, how: Reading = AS_FOUND) -> Table:
    """Read a CSV-like text, a Parquet file, an .npz file or an Excel workbook; at least two columns, one of numbers.

    Raises TableError for anything else, and for more than 50 MB, 1,000,000 rows, 10,000,000 cells or 2,000 columns.
    """
    if name.lower().endswith(".gz") and data.startswith(b"\x1f\x8b"):
        data = unpacked(data)
    if not data:
        raise TableError(f"The file {shown(name)} is empty; upload it again.")
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"The file has {size_words(len(data))}; the limit is {size_words(MAX_BYTES)}. Take a sample of its rows."
        )
    origin = Origin(name, how, data if len(data) <= _READ_AGAIN else None)
    if data.startswith(b"PAR1"):
        found, notes = read_parquet(data)
        return _table(found, notes, {}, Table(pd.DataFrame(), (), (), origin=origin), how)
    if looks_like_npz(data):
        columns = columns_of_arrays(data)
        check_size(len(next(iter(columns.values()))), len(columns))
        return _table(columns, [], {}, Table(pd.DataFrame(), (), (), origin=origin), how)
    if looks_like_excel(data):
        return _of_text(read_excel(data, how), origin, how)
    raw, encoding, others = _of_bytes(data, how)
    return _of_text(raw, replace(origin, encoding=encoding, others=others), how)


def _of_bytes(data: bytes, how: Reading) -> tuple[Raw, str, tuple[tuple[str, str], ...]]:
    """Read the columns of a text, its encoding and other possible ones; this frees the decoded text."""
    text = text_of(data, how.encoding)
    raw = read_text_table(text.text, how)
    return replace(raw, notes=[*text.notes, *raw.notes]), text.encoding, text.others


def named_table(frame: pd.DataFrame) -> Table:
    """Make a table of a data frame, columns named without the units in their headings."""
    split = split_units([str(column) for column in frame.columns])
    bare = {name: pair[0] for name, pair in split.items()}
    named = frame.rename(columns=str).rename(columns=bare)
    numeric = tuple(str(c) for n, c in enumerate(named.columns) if pd.api.types.is_numeric_dtype(named.dtypes.iloc[n]))
    return Table(named, numeric, (), dict(split.values()), {pair[0]: name for name, pair in split.items()})


def unpacked(data: bytes) -> bytes:
    """Unpack a gzip file. Raises TableError for a damaged one, and where it expands to more than 50 MB."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            found = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise TableError("The gzip file is damaged or cut off; download or pack it again.") from None
    if len(found) > MAX_BYTES:
        raise TableError(f"The file expands to more than {size_words(MAX_BYTES)}; take a sample of its rows.")
    return found


def _of_text(raw: Raw, origin: Origin, how: Reading) -> Table:
    findings = Findings()
    names, notes = mended_names(raw.names, raw.columns, named=bool(raw.layout and raw.layout.headings))
    found: dict[str, np.ndarray] = {}
    units: dict[str, str] = {}
    for name, column, unit in zip(names, raw.columns, raw.units or [""] * len(names), strict=True):
        if name is None:
            continue
        cells = read_column(name, column, findings, commas_separate=raw.commas_separate)
        if cells is not None:
            found[name] = cells
            units[name] = unit or findings.units.get(name, "")
    notes = [*raw.notes, *notes, *findings.notes()]
    return _table(found, notes, units, Table(pd.DataFrame(), (), (), layout=raw.layout, origin=origin), how)


def _table(
    columns: dict[str, np.ndarray], notes: list[str], units: Mapping[str, str], table: Table, how: Reading
) -> Table:
    """Make the final table. Raises TableError when it has too few rows or columns for training."""
    empty = [name for name, cells in columns.items() if cells.dtype == np.float64 and np.isnan(cells).all()]
    if empty and not how.inputs_only:
        columns = {name: cells for name, cells in columns.items() if name not in empty}
        notes = [*notes, f"Empty and left out: {listing(empty)}."]
    numeric = [name for name, cells in columns.items() if cells.dtype == np.float64]
    reasons = f" {' '.join(notes[-2:])}" if notes and sum(map(len, notes[-2:])) < 200 else ""
    if not numeric and not (columns and how.inputs_only):
        raise TableError(f"No column holds numbers; a table needs at least one.{reasons}")
    if len(columns) < 2 and not how.inputs_only:
        raise TableError(
            f"Need at least one input and one target column; only {shown(numeric[0], 40)} can be used.{reasons}"
        )
    if len(next(iter(columns.values()))) < how.least:
        raise TableError("The table has a single row; nothing can be learned from it. Add rows.")
    held = {name: columns[name] for name in numeric}
    found = find_codes(held) if how.missing is None else chosen_codes(held, how.missing)
    for code in found:
        for name, at in code.rows.items():
            if code.missing:
                columns[name] = _with(columns[name], at, np.nan)
    split = split_units(list(columns))
    bare = {name: split[name][0] if name in split else name for name in columns}
    # text as objects in every version of pandas, so that equal words share one object
    frame = pd.DataFrame({bare[name]: pd.Series(cells, dtype=cells.dtype) for name, cells in columns.items()})
    known = {bare[name]: unit for name in columns if (unit := units.get(name) or split.get(name, ("", ""))[1])}
    return _finished(
        replace(
            table, frame=frame, numeric=tuple(bare[name] for name in numeric), units=known, found=tuple(notes),
            headings={bare[name]: name for name in split},
            codes=tuple(replace(code, rows={bare[n]: at for n, at in code.rows.items()}) for code in found),
        )
    )  # fmt: skip


def _finished(table: Table) -> Table:
    """Add all notes on the table in its current state."""
    codes = [code.note for code in table.codes]
    return replace(table, notes=(*table.found, *codes, *notes_on_values(table.frame, table.numeric)))


def _with(values: np.ndarray, rows: np.ndarray, value: float) -> np.ndarray:
    found = values.copy()
    found[rows] = value
    return found


def write_csv(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV in UTF-8; put ' before texts, not numbers, that a spreadsheet would run as a formula."""
    safe = {}
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        safe[i] = column if pd.api.types.is_numeric_dtype(column) else column.map(no_formula, na_action="ignore")
    named = pd.DataFrame(safe)
    named.columns = [no_formula(str(name)) for name in frame.columns]
    return named.to_csv(index=False, lineterminator="\r\n").encode()
