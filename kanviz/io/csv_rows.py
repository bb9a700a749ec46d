"""Cut a table in text into rows of cells, with any separator, and name the line whose quotes are wrong."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kanviz.errors import TableError

if TYPE_CHECKING:
    import _csv

_PIECE = 1_000_000
_GAPS = re.compile(r'"[^"]*"|[ \t]+')


def dialect(separator: str, *, strict: bool = False) -> dict:
    return {"delimiter": "\t" if separator == " " else separator, "strict": strict}


def split_line(line: str, separator: str) -> list[str]:
    if separator == " ":
        return next(csv.reader(split_at_gaps([line]), delimiter="\t"), [])
    return next(csv.reader([line], delimiter=separator), [])


def read_rows(text: str, start: int, separator: str) -> "_csv.Reader":
    """Yield the cells of each row. Raises csv.Error for quotes that do not close."""
    lines = lines_from(text, start)
    return csv.reader(split_at_gaps(lines) if separator == " " else lines, **dialect(separator, strict=True))


def lines_from(text: str, start: int) -> Iterator[str]:
    """Yield the lines with their ends; in pieces, since io.StringIO takes four bytes for each character."""
    while start < len(text):
        end = text.find("\n", start + _PIECE)
        end = text.find("\r", start + _PIECE) if end < 0 else end
        end = len(text) if end < 0 else end + 1
        yield from io.StringIO(text[start:end], newline="")
        start = end


def split_at_gaps(lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    return (_GAPS.sub(lambda found: found.group() if found.group()[0] == '"' else "\t", line.strip()) for line in lines)


def quote_error(text: str, start: int, skipped: int, separator: str) -> TableError:
    """Return the refusal of the first row whose quotes do not close, found by reading one row at a time."""
    rows = read_rows(text, start, separator)
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
