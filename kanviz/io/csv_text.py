"""A table in text, with any usual separator, into names and columns of text: nothing guessed without a note."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

from kanviz.errors import TableError
from kanviz.io.rows import MAX_ROWS, Raw, collect

_SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas"}
_SAMPLE_LINES = 200
_SAMPLE_TEXT = 1_000_000
_MAX_PREAMBLE = 10_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_SEPARATOR_LINE = re.compile(r"sep=[,;|\t ]", re.IGNORECASE)
_PIECE = 1_000_000
_GAPS = re.compile(r'"[^"]*"|[ \t]+')
_EXCEL_ERROR = re.compile(r"#(?:N/A|NA|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)", re.IGNORECASE)


def read_text_table(text: str) -> Raw:
    """The names and text columns of a CSV-like text. Raises TableError, with the line, when its rows do not agree."""
    notes: list[str] = []
    lines = max(text.count("\n"), text.count("\r"))
    if lines > 2 * MAX_ROWS:
        raise TableError(f"The file has {lines:,} lines; the limit is {MAX_ROWS:,} rows. Take a sample of them.")
    start, comments, skipped, given = _preamble(text)
    separator = given or _separator(text[start : start + _SAMPLE_TEXT])
    if separator == " ":
        notes.append("Read with spaces between the values.")
    elif separator != "," and not given:
        notes.append(f"Read with {_SEPARATORS[separator]} between the values.")
    fallback = _split(comments[-1].lstrip("#%/ \t"), separator) if comments else []
    rows = _rows(text, start, separator)
    try:
        raw = collect(rows, lambda: skipped + rows.line_num, fallback, is_comment=_is_comment, commas=separator == ",")
    except csv.Error:
        raise _quote_error(text, start, skipped, separator) from None
    if comments:
        count = len(comments)
        notes.append(f"Skipped {count} comment line{'s' if count > 1 else ''} at the top.")
    return replace(raw, notes=[*notes, *raw.notes])


def _preamble(text: str) -> tuple[int, list[str], int, str | None]:
    """Where the table begins, the comment lines before it, the lines before it, and the separator if a line says it."""
    comments, separator = [], None
    for lines, found in enumerate(_LINE.finditer(text)):
        line = found.group().strip()
        if lines == 0 and _SEPARATOR_LINE.fullmatch(line):
            separator = line[-1]
        elif line.startswith(("#", "%", "//")) and not _EXCEL_ERROR.match(line):
            comments.append(line)
        elif line:
            return found.start(), comments, lines, separator
        if lines > _MAX_PREAMBLE:
            raise TableError(f"More than {_MAX_PREAMBLE:,} lines of comments come before the table; remove them.")
    raise TableError("The file holds only comments and empty lines; upload one with a table in it.")


def _separator(sample: str) -> str:
    """The separator that cuts the first lines into equally many values; a space when only gaps do."""
    lines = [line for line in sample.splitlines()[: _SAMPLE_LINES + 1] if line.strip()][:_SAMPLE_LINES]
    best, best_share = None, 0.5
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0]
        if min(width, widths[0]) > 1 and count / len(widths) > best_share:
            best, best_share = separator, count / len(widths)
    if best:
        return best
    widths = [len(line.split()) for line in lines]
    width, count = Counter(widths).most_common(1)[0]
    return " " if min(width, widths[0]) > 1 and count > 0.8 * len(widths) else ","


def _split(line: str, separator: str) -> list[str]:
    return line.split() if separator == " " else next(csv.reader([line], delimiter=separator), [])


def _is_comment(cells: list[str]) -> bool:
    return cells[0].startswith("#") and not _EXCEL_ERROR.match(cells[0])


def _rows(text: str, start: int, separator: str) -> "_csv.Reader":
    """Gives the cells of each row. Raises csv.Error for quotes that do not close."""
    lines = _lines(text, start)
    if separator == " ":
        return csv.reader(map(_gaps_to_tabs, lines), delimiter="\t", strict=True)
    return csv.reader(lines, delimiter=separator, strict=True)


def _lines(text: str, start: int) -> Iterator[str]:
    """The lines with their ends; in pieces, since io.StringIO takes four bytes for each character."""
    while start < len(text):
        end = text.find("\n", start + _PIECE)
        end = text.find("\r", start + _PIECE) if end < 0 else end
        end = len(text) if end < 0 else end + 1
        yield from io.StringIO(text[start:end], newline="")
        start = end


def _gaps_to_tabs(line: str) -> str:
    return _GAPS.sub(lambda found: found.group() if found.group()[0] == '"' else "\t", line.strip())


def _quote_error(text: str, start: int, skipped: int, separator: str) -> TableError:
    """The refusal of the first row whose quotes do not close, found again one row at a time."""
    rows = _rows(text, start, separator)
    line = skipped + 1
    try:
        for _ in rows:
            line = skipped + rows.line_num + 1
    except csv.Error as error:
        last = skipped + rows.line_num
        if "field larger" in str(error) and last <= line:
            return TableError(
                f"Line {line:,} has a value of more than {csv.field_size_limit():,} characters; shorten or remove it."
            )
        if "expected after" in str(error):
            return TableError(f"Line {last:,} has more text after a closing quote; write a quote inside a value twice.")
    return TableError(f"A quote opened on line {line:,} is never closed; close it, or write it twice to mean a quote.")
