"""Reads the first sheet with data of an .xlsx workbook as rows of text; checks the archive's size before unpacking it.

Formulas give the values Excel stored with them; macros, links and everything else in the file are ignored.
"""

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from kanviz.errors import TableError
from kanviz.io.rows import Raw, Source, check_size, collect
from kanviz.io.table_body import Row, body_of
from kanviz.io.table_reading import AS_FOUND, Reading
from kanviz.text import listing, shown, size_words

_MAX_ENTRIES = 2_000
_MAX_UNPACKED = 40_000_000
_MAX_CELLS = 400_000
_MAX_ROWS = 1_048_576
_FIRST_ROWS = 400  # the rows from which names and values are found
_MAX_CHARACTERS = 32_767  # of a cell; Excel's own limit
_DAMAGED = "The Excel file is damaged or not a workbook; open it in Excel and save it again as .xlsx or CSV."
_FORMULA_WITHOUT_VALUE = re.compile(rb"(?:</f>|<f/>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_DECLARATIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16-le", "utf-16-be")
)
_ERRORS = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError,
    SyntaxError, NotImplementedError, RuntimeError, AssertionError, ArithmeticError, struct.error,
)  # fmt: skip


def looks_like_excel(data: bytes) -> bool:
    """Say whether the file is a zip archive; among tables only workbooks are."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read_excel(data: bytes, how: Reading = AS_FOUND) -> Raw:
    """Read the names and text columns of the first sheet with data. Raises TableError for other or huge archives."""
    try:
        formulas = _weighed(data)
        sheets = _Sheets(data)
    except _ERRORS:
        raise TableError(_DAMAGED) from None
    rows, notes = _first_sheet(sheets)
    if not rows:
        reason = "; its formulas have no stored values, so save it in Excel first" if formulas else ""
        raise TableError(f"The workbook has no cells with values{reason}.")
    if formulas:
        notes.append(f"{formulas:,} formulas have no stored value and count as missing; save the file in Excel first.")
    raw = collect(_source(rows), how)
    return replace(raw, notes=[*notes, *raw.notes])


def _source(rows: list[Row]) -> Source:
    first = rows[:_FIRST_ROWS]

    def rows_from(line: int) -> tuple[Iterator[list[str]], Callable[[], int]]:
        at = next((n for n, (number, _) in enumerate(rows) if number >= line), len(rows))
        read = [line]

        def cells() -> Iterator[list[str]]:
            for number, row in rows[at:]:
                read[0] = number
                yield row

        return cells(), lambda: read[0]

    return Source(first, body_of(first), [], rows_from)


def _weighed(data: bytes) -> int:
    """Check the archive's sizes and refuse entity declarations; return the number of formulas without a value."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if "mimetype" in names and "content.xml" in names:
            raise TableError("This is an OpenDocument file (.ods); save it as .xlsx or CSV.")
        if "xl/workbook.bin" in names:
            raise TableError("This is a binary Excel file (.xlsb); save it as .xlsx or CSV.")
        if "xl/workbook.xml" not in names:
            raise TableError("This is a zip archive, not a table; unpack it and upload the CSV, Parquet or Excel file.")
        if len(entries) > _MAX_ENTRIES or len(names) < len(entries):
            raise TableError(_DAMAGED)
        size = sum(entry.file_size for entry in entries)
        if size > _MAX_UNPACKED:
            raise TableError(
                f"The Excel file expands to {size_words(size)}, over {size_words(_MAX_UNPACKED)}; save it as CSV."
            )
        if any(entry.flag_bits & 1 for entry in entries):
            raise TableError("The Excel file is protected by a password; save it without one.")
        formulas = 0
        for entry in entries:
            if not entry.filename.lower().endswith((".xml", ".rels")):
                continue
            part = archive.read(entry)
            if any(word in part for word in _DECLARATIONS):
                raise TableError("The Excel file declares XML entities, which no workbook needs; save it as CSV.")
            if entry.filename.startswith("xl/worksheets/"):
                formulas += len(_FORMULA_WITHOUT_VALUE.findall(part))
        return formulas


class _Sheets:
    """The sheets of a workbook as openpyxl reads them; any error there is reported as a damaged file."""

    def __init__(self, data: bytes):
        from openpyxl import load_workbook

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles and extensions
            self.book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            self.sheets = [(sheet, str(sheet.title), sheet.sheet_state) for sheet in self.book.worksheets]

    def rows(self, sheet: Any) -> Iterator[tuple]:
        """Yield the values of each row."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sheet.reset_dimensions()  # the dimensions that the file states may be wrong
                found = sheet.iter_rows(values_only=True)
        except _ERRORS:
            raise TableError(_DAMAGED) from None
        while True:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    values = next(found, None)
            except _ERRORS:
                raise TableError(_DAMAGED) from None
            if values is None:
                return
            yield values


def _first_sheet(sheets: _Sheets) -> tuple[list[Row], list[str]]:
    """Return the rows of the first sheet with values, all of equal length, and notes."""
    try:
        for sheet, title, _ in sorted(sheets.sheets, key=lambda one: one[2] != "visible"):
            rows = _cut(list(_filled_rows(sheets.rows(sheet))))
            if rows:
                others = listing([name for other, name, _ in sheets.sheets if other is not sheet])
                return rows, [f"Read sheet {shown(title, 31)}, not {others}."] if others else []
        return [], []
    finally:
        sheets.book.close()


def _filled_rows(rows: Iterator[tuple]) -> Iterator[Row]:
    cells = 0
    for number, values in enumerate(rows, 1):
        cells += len(values)
        if number > _MAX_ROWS or cells > _MAX_CELLS:
            raise TableError(f"The sheet has over {_MAX_ROWS:,} rows or {_MAX_CELLS:,} cells; save it as CSV.")
        row = [_text(value) for value in values]
        while row and not row[-1]:
            row.pop()
        if row:
            check_size(0, len(row))
            yield number, row


def _text(value: object) -> str:
    """Format a cell as a CSV file would hold it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    text = str(value).strip()
    if len(text) > _MAX_CHARACTERS:
        raise TableError(f"A cell has {len(text):,} characters; the limit is {_MAX_CHARACTERS:,}. Shorten it.")
    return text


def _cut(rows: list[Row]) -> list[Row]:
    """Remove the empty columns on the left, and make every row as long as the longest."""
    if not rows:
        return []
    width = max(len(row) for _, row in rows)
    left = min(next(i for i, cell in enumerate(row) if cell) for _, row in rows)
    return [(number, (row + [""] * (width - len(row)))[left:]) for number, row in rows]
