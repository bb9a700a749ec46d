"""Collects rows of cells into columns of equal length; rows of another length are repaired with a note or refused."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from kanviz.errors import TableError, TooLarge
from kanviz.io.column_names import names_from_comments, notes_on_names
from kanviz.io.columns import joined, number_like
from kanviz.io.layout import Layout, layout_of
from kanviz.io.table_body import Body, Row
from kanviz.io.table_reading import Reading
from kanviz.text import counted, protection_dropped, shown

MAX_ROWS = 1_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 10_000_000
_FIRST_ROWS = 50
_BLOCK_CELLS = 200_000


@dataclass(frozen=True)
class Raw:
    """A table before its numbers are read: names from the file (maybe empty or repeated), and text columns of equal
    length.

    units: of each column, "" where there is none below its name · layout: the positions of names and units ·
    separator: of the columns of a text, a space for gaps.
    """

    names: list[str]
    columns: list[pa.ChunkedArray]
    notes: list[str]
    commas_separate: bool = False
    units: tuple[str, ...] = ()
    layout: Layout | None = None
    separator: str = ""


@dataclass(frozen=True)
class Source:
    """The rows of a file. rows: the first ones · body: the values among them · comments: the last comment lines above ·
    body_from: gives the rows from a line on, and the number of the line read last · commas: they separate the columns ·
    quoted: in the first row only, every cell is in quotes · lines: of the file, 0 if not known.
    """

    rows: Sequence[Row]
    body: Body | None
    comments: Sequence[Row]
    body_from: Callable[[int], tuple[Iterator[list[str]], Callable[[], int]]]
    commas: bool = False
    quoted: bool = False
    is_comment: Callable[[list[str]], bool] = lambda cells: False
    lines: int = 0


def check_size(rows: int, columns: int, lines: int | None = None) -> None:
    """Refuse a table that is too large to hold. Raises TooLarge for its rows, TableError for its columns.

    lines: of its file, if the number of rows is not final yet; 0 if not known.
    """
    if columns > MAX_COLUMNS:
        raise TableError(f"The table has {columns:,} columns; the limit is {MAX_COLUMNS:,}. Keep those you need.")
    its = f" Its file has {lines:,} lines." if lines else ""
    if rows > MAX_ROWS:
        many = f"{rows:,}" if lines is None else f"more than {MAX_ROWS:,}"
        raise TooLarge(f"The table has {many} rows; the limit is {MAX_ROWS:,}.{its} Take a sample of them.")
    if rows * columns > MAX_CELLS:
        many = f"{rows:,}" if lines is None else f"more than {MAX_CELLS // columns:,}"
        raise TooLarge(
            f"The table has {many} rows x {columns:,} columns; the limit is {MAX_CELLS:,} cells.{its} Take a sample."
        )


def collect(source: Source, how: Reading) -> Raw:
    """Collect the table from rows of cells.

    Raises TableError for a row longer than the names, and for a table without rows.
    """
    filled = [(line, cells) for line, cells in source.rows if not _blank(cells)]
    if not filled:
        raise TableError("The file is empty; upload one with a table in it.")
    if source.body is None:
        layout = _without_numbers(filled, how)
    else:
        layout = layout_of(
            source.rows, source.body, header_rows=_chosen_in_table(how, source), units_row=how.units_row,
            quoted=source.quoted,
        )  # fmt: skip
    rows, last_line = source.body_from(layout.first)
    first = list(islice(rows, _FIRST_ROWS))
    names, units, notes, layout = _named(layout, source.comments, [c for c in first if not _blank(c)], how, source)
    check_size(0, len(names))
    block = _Block(len(names), layout.above, source)
    start = layout.first
    while first:
        block.add(first, start)
        start = last_line() + 1
        first = list(islice(rows, block.size))
    if not block.count:
        raise TableError(f"The table has column names ({shown(', '.join(names), 60)}) but no rows; add some.")
    return Raw(names, block.finish(), [*notes, *block.notes()], source.commas, units, layout)


def _chosen_in_table(how: Reading, source: Source) -> tuple[int, ...] | None:
    """Return the lines chosen for the names, without comments: a table with names in comments has none of its own."""
    comments = {line for line, _ in source.comments}
    return how.header_rows if how.header_rows is None else tuple(n for n in how.header_rows if n not in comments)


def _without_numbers(filled: list[Row], how: Reading) -> Layout:
    """Find the layout of a table with only words or only names: names are in row 1 unless others were chosen."""
    chosen = [n for n, (line, _) in enumerate(filled) if line in (how.header_rows or ())]
    n = chosen[-1] if chosen else 0
    line, cells = filled[n]
    if how.header_rows == ():
        return Layout(line, (), 0, (), (), len(cells), ())
    first = filled[n + 1][0] if n + 1 < len(filled) else line + 1
    return Layout(first, (line,), 0, tuple(cell.strip() for cell in cells), (), len(cells), (), (tuple(cells),))


def _named(
    layout: Layout, comments: Sequence[Row], body: list[list[str]], how: Reading, source: Source
) -> tuple[list[str], tuple[str, ...], list[str], Layout]:
    """Give every column a name and a unit; also return notes on them and the final layout."""
    names, units = list(layout.headings), list(layout.unit_cells)
    notes = notes_on_names(layout)
    chosen = set(how.header_rows or ())
    if not names and (how.header_rows is None or chosen & {line for line, _ in comments}):
        names, units, line = names_from_comments(comments, layout.width, chosen)
        if names:
            notes = ["The names were taken from the comment line above the data."]
            layout = replace(layout, names=(line,))
    if not names:
        names = [f"x{i + 1}" for i in range(layout.width)]
        if how.header_rows is None:
            start = shown(", ".join(cell.strip() for cell in body[0][:4]) if body else "", 40)
            notes.insert(0, f"The first row looks like data, not names ({start}); columns were named x1, x2, ...")
    while len(names) > 1 and not names[-1] and len(names) > layout.width:
        names.pop()
    if body and all(any(cells[len(names) :]) for cells in body):
        if layout.width == len(names) + 1 and _are_labels([cells[0] for cells in body]):
            names, units = ["", *names], ["", *units] if units else []
            notes.append("The names have one column less than the rows, so the first column holds the rows' names.")
        else:
            raise _all_too_long(max(map(len, body)), len(names), commas=source.commas)
    units = [*units, *[""] * len(names)][: len(names)]
    names = [protection_dropped(" ".join(part.strip() for part in name.splitlines())) for name in names]
    return names, tuple(units), notes, layout


def _are_labels(cells: list[str]) -> bool:
    """Say whether cells could be names of rows, as R writes them: distinct words, or numbers from 1 on."""
    words = [cell.strip() for cell in cells]
    counted = words == [str(n) for n in range(1, len(words) + 1)]
    return len(words) > 1 and (counted or (len(set(words)) == len(words) and not any(map(number_like, words))))


def _blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _all_too_long(width: int, names: int, *, commas: bool) -> TableError:
    if commas and width == 2 * names:
        hint = "Are there decimal commas? Put semicolons between the values, or use decimal points."
    else:
        hint = "Give every column a name."
    return TableError(f"Every row has {width:,} values but the header has {counted(names, 'name')}. {hint}")


class _Block:
    """Columns that are collected from blocks of rows, with a count of what was repaired."""

    def __init__(self, width: int, above: Sequence[Sequence[str]], source: Source):
        self.width = width
        self.above = [list(cells) for cells in above if not _blank(list(cells)) and len(cells) > 1]
        self.is_comment = source.is_comment
        self.lines = source.lines
        self.parts: list[list[pa.Array]] = [[] for _ in range(width)]
        self.count = self.comments = self.repeats = self.long = self.short = 0
        self.first_short = self.last_short = 0
        self.size = max(1, _BLOCK_CELLS // width)

    def add(self, rows: list[list[str]], line: int) -> None:
        """Add rows that begin on that line; quick when all are as long as the header and none is blank."""
        if set(map(len, rows)) != {self.width} or not all(map(any, rows)) or any(cells in rows for cells in self.above):
            rows = list(self.mended(rows, line))
        self.count += len(rows)
        check_size(self.count, self.width, self.lines)
        if rows:
            for part, cells in zip(self.parts, zip(*rows, strict=True), strict=True):
                part.append(pa.array(cells, pa.string()))

    def mended(self, rows: list[list[str]], line: int) -> Iterator[list[str]]:
        """Yield the rows without blank ones, comments and repeated headers, each as long as the header."""
        kept = 0
        for cells in rows:
            if _blank(cells):
                pass
            elif cells in self.above:
                self.repeats += 1
            elif len(cells) == self.width:
                kept += 1
                yield cells
            elif self.is_comment(cells):
                self.comments += 1
            else:
                kept += 1
                yield self.of_width(cells, line, self.count + kept)
            # a quoted cell may contain line breaks
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
