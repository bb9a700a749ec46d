"""Rows of cells into columns of equal length: other lengths are mended with a note, or refused with the line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from kanviz.errors import TableError
from kanviz.io.column_names import found_names
from kanviz.io.columns import joined
from kanviz.text import shown

MAX_ROWS = 1_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 10_000_000
_FIRST_ROWS = 50
_BLOCK_CELLS = 200_000


@dataclass(frozen=True)
class Raw:
    """A table before its numbers are read: names as found (maybe empty or twice), and text columns of equal length."""

    names: list[str]
    columns: list[pa.ChunkedArray]
    notes: list[str]
    commas_separate: bool = False


def check_size(rows: int, columns: int) -> None:
    """Refuses a table that is too large to hold. Raises TableError."""
    if columns > MAX_COLUMNS:
        raise TableError(f"The table has {columns:,} columns; the limit is {MAX_COLUMNS:,}. Keep those you need.")
    if rows > MAX_ROWS:
        raise TableError(f"The table has {_more(rows)} rows; the limit is {MAX_ROWS:,}. Take a sample of them.")
    if rows * columns > MAX_CELLS:
        raise TableError(
            f"The table has {_more(rows)} rows x {columns:,} columns; the limit is {MAX_CELLS:,} cells. Take a sample."
        )


def _more(rows: int) -> str:
    return f"more than {MAX_ROWS:,}" if rows == MAX_ROWS + 1 else f"{rows:,}"


def collect(
    rows: Iterator[list[str]],
    last_line: Callable[[], int],
    other_names: list[str],
    *,
    is_comment: Callable[[list[str]], bool] = lambda cells: False,
    commas: bool = False,
) -> Raw:
    """The table in rows of cells. last_line: the number of the line that was read last.

    other_names: names from a comment, if any. commas: commas stand between the cells.
    Raises TableError for a row that is longer than the names, and for a table without rows.
    """
    head = next((cells for cells in rows if not _blank(cells)), None)
    if head is None:
        raise TableError("The file is empty; upload one with a table in it.")
    start = last_line() + 1
    first = list(islice(rows, _FIRST_ROWS))
    body = [cells for cells in first if not _blank(cells)]
    names, notes, has_names = found_names(head, body, other_names)
    check_size(0, len(names))
    if has_names and not body:
        raise TableError(f"The table has column names ({shown(', '.join(names), 60)}) but no rows; add some.")
    if body and all(any(cells[len(names) :]) for cells in body):
        raise _all_too_long(max(map(len, body)), len(names), commas=commas)
    block = _Block(len(names), head if has_names else None, is_comment)
    if not has_names:
        block.add([head], start - 1)
    while first:
        block.add(first, start)
        start = last_line() + 1
        first = list(islice(rows, block.size))
    return Raw(names, block.finish(), [*notes, *block.notes()], commas)


def _blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _all_too_long(width: int, names: int, *, commas: bool) -> TableError:
    if commas and width == 2 * names:
        hint = "Are there decimal commas? Put semicolons between the values, or use decimal points."
    else:
        hint = "Give every column a name."
    return TableError(f"Every row has {width:,} values but the header has {names:,} names. {hint}")


class _Block:
    """Rows gathered into columns, many at a time, with what was mended on the way."""

    def __init__(self, width: int, header: list[str] | None, is_comment: Callable[[list[str]], bool]):
        self.width = width
        self.header = header
        self.is_comment = is_comment
        self.parts: list[list[pa.Array]] = [[] for _ in range(width)]
        self.count = self.comments = self.repeats = self.long = self.short = 0
        self.first_short = self.last_short = 0
        self.size = max(1, _BLOCK_CELLS // width)

    def add(self, rows: list[list[str]], line: int) -> None:
        """Takes in rows that begin on that line; quick when all are as long as the header and none is blank."""
        if set(map(len, rows)) != {self.width} or not all(map(any, rows)) or self.header in rows:
            rows = list(self.mended(rows, line))
        self.count += len(rows)
        check_size(self.count, self.width)
        if rows:
            for part, cells in zip(self.parts, zip(*rows, strict=True), strict=True):
                part.append(pa.array(cells, pa.string()))

    def mended(self, rows: list[list[str]], line: int) -> Iterator[list[str]]:
        """The rows without blank ones, comments and repeated headers, each as long as the header."""
        kept = 0
        for cells in rows:
            if _blank(cells):
                pass
            elif cells == self.header:
                self.repeats += 1
            elif len(cells) == self.width:
                kept += 1
                yield cells
            elif self.is_comment(cells):
                self.comments += 1
            else:
                kept += 1
                yield self.of_width(cells, line, self.count + kept)
            # a quoted cell may hold line ends
            line += 1 + sum(max(cell.count("\n"), cell.count("\r")) for cell in cells)

    def of_width(self, cells: list[str], line: int, row: int) -> list[str]:
        if len(cells) < self.width:
            self.short += 1
            self.first_short = self.first_short or line
            self.last_short = row
            return cells + [""] * (self.width - len(cells))
        if any(cell.strip() for cell in cells[self.width :]):
            raise TableError(
                f"Line {line:,} has {len(cells):,} values; the table has {self.width:,} columns. "
                "Put quotes around a value that contains the separator, or remove the extra value."
            )
        self.long += 1
        return cells[: self.width]

    def finish(self) -> list[pa.ChunkedArray]:
        if not self.count:
            raise TableError("The table has column names but no rows; add some.")
        return [joined(part) for part in self.parts]

    def notes(self) -> list[str]:
        found = []
        if self.comments:
            found.append(f"Skipped {self.comments:,} comment lines between the rows.")
        if self.repeats:
            found.append(f"Skipped {self.repeats:,} rows that repeat the column names.")
        if self.long:
            found.append(f"{self.long:,} rows end with extra separators; ignored.")
        if self.short == 1 and self.last_short == self.count:
            found.append("The last line is incomplete; its missing values count as missing.")
        elif self.short:
            rows = "row has" if self.short == 1 else "rows have"
            found.append(
                f"{self.short:,} {rows} fewer values than there are columns (the first in line {self.first_short:,}); "
                "the rest count as missing."
            )
        return found
