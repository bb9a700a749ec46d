"""Rows of cells into named columns: names found or made up, rows of other lengths mended or refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from kanviz.errors import TableError
from kanviz.io.columns import compute, joined, number_like
from kanviz.text import listing, shown

MAX_ROWS = 2_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 20_000_000
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
    rows: Iterator[tuple[int, list[str]]],
    word: str,
    separator: str,
    other_names: list[str],
    is_comment: Callable[[list[str]], bool],
) -> Raw:
    """The table in numbered rows. word: what a row is called in messages. other_names: names from a comment, if any.

    Raises TableError for a row that is longer than the names, and for a table without rows.
    """
    full = ((line, cells) for line, cells in rows if any(cell and not cell.isspace() for cell in cells))
    first = list(islice(full, _FIRST_ROWS))
    if not first:
        raise TableError("The file is empty; upload one with a table in it.")
    names, notes, has_names = _names(first, other_names)
    if has_names:
        first = first[1:]
    if not first:
        raise TableError(f"The table has column names ({shown(', '.join(names), 60)}) but no rows; add some.")
    if len(names) > MAX_COLUMNS:
        check_size(0, len(names))
    if all(len(cells) > len(names) for _, cells in first) and all(any(c[len(names) :]) for _, c in first):
        raise _all_too_long(first, names, separator)
    header = [cell.strip() for cell in names] if has_names else None
    block = _Block(len(names), header, word, is_comment)
    for line, cells in chain(first, full):
        block.add(line, cells)
    return Raw(names, block.finish(), [*notes, *block.notes()])


def _names(first: list[tuple[int, list[str]]], other_names: list[str]) -> tuple[list[str], list[str], bool]:
    """Names, notes on them, and whether the first row holds them."""
    head = first[0][1]
    if not _looks_like_data(head, [cells for _, cells in first[1:]]):
        return [cell.strip() for cell in head], [], True
    if len(other_names) == len(head):
        return (
            [n.strip() for n in other_names],
            ["Column names were taken from the comment line above the data."],
            False,
        )
    names = [f"x{i + 1}" for i in range(len(head))]
    note = (
        f"The first row looks like data, not names ({shown(', '.join(head[:4]), 40)}); columns were named x1, x2, ..."
    )
    return names, [note], False


def _looks_like_data(head: list[str], body: list[list[str]]) -> bool:
    """Whether a first row holds values: numbers above numbers, and no word above numbers."""
    numbers = [i for i, cell in enumerate(head) if number_like(cell)]
    if not numbers:
        return False
    if not body:
        return len(numbers) == sum(1 for cell in head if cell.strip())
    for i, cell in enumerate(head):
        below = [row[i] for row in body if i < len(row) and row[i].strip()]
        if cell.strip() and i not in numbers and below and sum(map(number_like, below)) > len(below) / 2:
            return False
    years = [head[i].strip() for i in numbers]
    if len(numbers) < len(head) and all(y.isdecimal() and "1800" <= y <= "2200" and len(y) == 4 for y in years):
        return years != sorted(set(years))
    return True


def _all_too_long(first: list[tuple[int, list[str]]], names: list[str], separator: str) -> TableError:
    width = max(len(cells) for _, cells in first)
    if separator == "," and width == 2 * len(names):
        hint = "Are there decimal commas? Put semicolons between the values, or use decimal points."
    else:
        hint = "Give every column a name."
    return TableError(f"Every row has {width} values but the header has {len(names)} names. {hint}")


class _Block:
    """Rows gathered into columns, a block at a time, with what was mended on the way."""

    def __init__(self, width: int, header: list[str] | None, word: str, is_comment: Callable[[list[str]], bool]):
        self.width = width
        self.header = header
        self.word = word
        self.is_comment = is_comment
        self.rows: list[list[str]] = []
        self.parts: list[list[pa.Array]] = [[] for _ in range(width)]
        self.count = self.comments = self.short = self.long = self.first_short = self.last_short = 0
        self.repeats = 0
        self.size = max(1, _BLOCK_CELLS // self.width)

    def add(self, line: int, cells: list[str]) -> None:
        if len(cells) != self.width:
            if self.is_comment(cells):
                self.comments += 1
                return
            cells = self.mended(line, cells)
        elif self.header and cells[0].strip() == self.header[0] and [cell.strip() for cell in cells] == self.header:
            self.repeats += 1
            return
        self.rows.append(cells)
        if len(self.rows) >= self.size:
            self.flush()

    def mended(self, line: int, cells: list[str]) -> list[str]:
        if len(cells) > self.width:
            if any(cell.strip() for cell in cells[self.width :]):
                raise TableError(
                    f"{self.word} {line:,} has {len(cells):,} values; the header has {self.width:,} names. "
                    "Put quotes around a value that contains the separator, or remove the extra value."
                )
            self.long += 1
            return cells[: self.width]
        self.short += 1
        self.first_short = self.first_short or line
        self.last_short = self.count + len(self.rows) + 1
        return cells + [""] * (self.width - len(cells))

    def flush(self) -> None:
        self.count += len(self.rows)
        check_size(self.count, self.width)
        for part, cells in zip(self.parts, zip(*self.rows, strict=True), strict=True):
            part.append(pa.array(cells, pa.string()))
        self.rows = []

    def finish(self) -> list[pa.ChunkedArray]:
        if self.rows:
            self.flush()
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
            found.append(f"The last {self.word.lower()} is incomplete; its missing values count as missing.")
        elif self.short:
            rows = "row has" if self.short == 1 else "rows have"
            found.append(
                f"{self.short:,} {rows} fewer values than there are columns (the first is {self.word.lower()} "
                f"{self.first_short:,}); the rest count as missing."
            )
        return found


def mended_names(raw: Raw) -> tuple[list[str | None], list[str]]:
    """A name for each column, none twice; None for a column to leave out: row numbers, or neither name nor values."""
    notes: list[str] = []
    found: list[str | None] = []
    unnamed, renamed, empty = [], [], 0
    given = {name for name in raw.names if name}
    for i, name in enumerate(raw.names):
        if i == 0 and name in ("", "Unnamed: 0") and len(raw.names) > 1:
            begin = _counts_from(raw.columns[0])
            if begin is not None:
                last = begin + len(raw.columns[0]) - 1
                notes.append(f"The first column has no name and counts {begin:,} to {last:,}: row numbers, left out.")
                found.append(None)
                continue
        if not name and compute.sum(compute.utf8_length(compute.utf8_trim_whitespace(raw.columns[i]))).as_py() == 0:
            found.append(None)
            empty += 1
            continue
        wanted = name or f"column_{i + 1}"
        new, n = wanted, 1
        while new in found or (n > 1 and new in given):
            n += 1
            new = f"{wanted} ({n})"
        if not name:
            unnamed.append(new)
        elif new != name:
            renamed.append(f"{shown(name, 40)} is now {shown(new, 44)}")
        found.append(new)
    if empty:
        notes.append(f"{empty:,} columns without name and values are left out (separators at the ends of lines).")
    if unnamed:
        notes.append(f"Columns without a name were named {listing(unnamed)}.")
    if renamed:
        more = f", and {len(renamed) - 3:,} more" if len(renamed) > 3 else ""
        notes.append(f"Some columns have the same name: {', '.join(renamed[:3])}{more}.")
    return found, notes


def _counts_from(column: pa.ChunkedArray) -> int | None:
    """0 or 1 when the column counts its rows from there."""
    for begin in (0, 1):
        if column[0].as_py().strip() == str(begin):
            counted = pa.array(map(str, range(begin, begin + len(column))), pa.string())
            return begin if compute.all(compute.equal(column, counted)).as_py() else None
    return None
