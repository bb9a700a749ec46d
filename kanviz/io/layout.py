"""Decides in which rows the names, the units and the values of a table are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kanviz.errors import TableError
from kanviz.io.cells import WORD, kind
from kanviz.io.heading_rows import (
    filled,
    goes_on_below,
    groups,
    holds_units,
    is_remark,
    is_wide,
    labels_first,
    put_together,
    trimmed,
    words_alone,
)
from kanviz.io.numbered_names import numbers_are_names
from kanviz.io.table_body import Body, Row
from kanviz.io.unit_words import is_unit, without_brackets
from kanviz.text import shown

_NO_UNITS = ("-", "--", "1", "TS", "RN", "#", "bits", "none", "integer", "boolean")
_TOP, _SHOWN = 40, 120  # lines to choose from, and characters shown of each
_MOST_ABOVE = 6  # lines of a heading: names, units and others
_MOST_LINES = 3  # lines of one name; a longer heading is settings above the names
_SLIPS = 5  # rows below the names that may have words among their values


@dataclass(frozen=True)
class Layout:
    """Positions of a table's parts, by line from 1. first: the first row of values · names: the lines of the names,
    empty if there are none · units: the line of the units, 0 for none · headings, unit_cells: their cells, by column ·
    width: number of columns · values: which columns hold numbers or dates · above: the rows before the values ·
    skipped: how many of them belong to no column · doubt: another possible reading, as a sentence · top: the first
    lines, to choose from.
    """

    first: int
    names: tuple[int, ...]
    units: int
    headings: tuple[str, ...]
    unit_cells: tuple[str, ...]
    width: int
    values: tuple[int, ...]
    above: tuple[tuple[str, ...], ...] = ()
    skipped: int = 0
    doubt: str = ""
    top: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Sample:
    """The first rows of a table, and which of them are values."""

    rows: Sequence[Row]
    body: Body

    def cells(self, n: int) -> list[str]:
        return self.rows[n][1]

    def line(self, n: int) -> int:
        return self.rows[n][0]

    def words(self, n: int) -> bool:
        """Say whether a row holds only words."""
        return words_alone(self.cells(n), self.body.values)

    def units(self, n: int) -> bool:
        """Say whether a row holds units."""
        return holds_units(self.cells(n), self.body.values)

    def wide(self, n: int) -> bool:
        """Say whether a row is as wide as the table."""
        return is_wide(trimmed(self.cells(n)), self.body.width)

    def label(self, n: int) -> bool:
        """Say whether a row holds only the name of the first column."""
        return len(self.cells(n)) == self.body.width and labels_first(self.cells(n), self.body.width)

    def above(self, n: int) -> int | None:
        """Return the nearest row above that is not empty."""
        return next((k for k in range(n - 1, -1, -1) if trimmed(self.cells(k))), None)

    def layout(self, begin: int, names: Sequence[int], units: int | None) -> Layout:
        """Make the layout with names and units in the given rows and values from `begin` on."""
        rows, unit_cells = self.rows, [] if units is None else map(without_brackets, self.cells(units))
        used = {*names, units}
        return Layout(
            rows[begin][0] if begin < len(rows) else rows[-1][0] + 1,
            tuple(self.line(n) for n in names),
            0 if units is None else self.line(units),
            tuple(put_together([self.cells(n) for n in names], self.body.width)),
            tuple("" if cell in _NO_UNITS or not is_unit(cell) else cell for cell in unit_cells),
            self.body.width,
            self.body.values,
            tuple(tuple(self.cells(n)) for n in range(max(0, begin - _MOST_ABOVE), begin)),
            sum(1 for n in range(begin) if n not in used and filled(self.cells(n))),
            top=tuple((line, " | ".join(filled(cells))[:_SHOWN]) for line, cells in rows[:_TOP] if filled(cells)),
        )


def layout_of(
    rows: Sequence[Row], body: Body, *, header_rows: tuple[int, ...] | None = None, units_row: int | None = None,
    quoted: bool = False,
) -> Layout:  # fmt: skip
    """Find the layout of a table from its first rows.

    header_rows, units_row: lines chosen by the caller, () and 0 for none; None finds them. quoted: only the first row's
    cells are in quotes. Raises TableError where a chosen line does not exist.
    """
    sample = Sample(rows, body)
    if header_rows is not None or units_row:
        return _as_chosen(sample, header_rows, units_row)
    found = _found(sample, quoted=quoted)
    if units_row == 0 and found.units:
        return replace(found, units=0, unit_cells=(), skipped=found.skipped + 1)
    return found


def _found(sample: Sample, *, quoted: bool) -> Layout:
    """Find the layout without any choice by the caller."""
    begin = sample.body.begin
    if _is_numbered(sample, begin, quoted=quoted):
        begin += 1
    heading = _heading(sample, begin)
    nearest = sample.above(begin)
    if not heading and nearest is not None and sample.wide(nearest):  # words and numbers: names, or values with a typo
        names = _above_slips(sample, nearest)
        begin, heading = (nearest, [names]) if names is not None else (begin, [nearest])
    units = next((n for n in heading[::-1] if sample.units(n)), None)
    above = sample.above(units) if units is not None else None
    if units is None or above is None or not sample.wide(above):
        return _named(sample, begin, heading)
    names = [n for n in heading if n < units] or [above]
    return _named(sample, begin, names, units, [n for n in heading if n > units])


def _is_numbered(sample: Sample, n: int, *, quoted: bool) -> bool:
    """Say whether the first row that looks like values holds names that are numbers."""
    below = [cells for _, cells in sample.rows[n + 1 : n + 21] if filled(cells)]
    if not below or (n and sample.words(n - 1) and len(sample.cells(n - 1)) == len(sample.cells(n))):
        return False
    return numbers_are_names(sample.cells(n), below, sample.body.values, quoted=quoted)


def _heading(sample: Sample, begin: int) -> list[int]:
    """Collect the rows of words as wide as the table between an empty row and the values, from top to bottom."""
    found: list[int] = []
    for n in range(begin - 1, -1, -1):
        if not trimmed(sample.cells(n)):
            if found:
                break
            continue
        label = not found and sample.label(n)
        if not label and not (sample.words(n) and sample.wide(n)):
            break
        found.append(n)
        if len(found) == _MOST_ABOVE:
            break
    if len(found) == 1 and sample.body.width > 1 and labels_first(sample.cells(found[0]), sample.body.width):
        return []
    return found[::-1]


def _above_slips(sample: Sample, nearest: int) -> int | None:
    """Find the names above rows of values that each contain a word by mistake."""
    for n in range(nearest - 1, max(nearest - 1 - _SLIPS, -1), -1):
        if not trimmed(sample.cells(n)) or len(sample.cells(n)) != sample.body.width:
            return None
        if sample.words(n):
            return None if n and sample.words(n - 1) else n
    return None


def _named(sample: Sample, begin: int, rows: list[int], units: int | None = None, below: Sequence[int] = ()) -> Layout:
    """Make the layout with names in some of these rows of words. below: rows between the units and the values."""
    width, names, labels = sample.body.width, list(rows), [n for n in below if sample.label(n)]
    while units is None and len(names) > 1 and is_remark(sample.cells(names[-1]), sample.cells(names[-2]), width):
        labels += [names[-1]] if sample.label(names[-1]) else []
        names.pop()
    names, doubt = _of_several(sample, names)
    found = sample.layout(begin, names, units)
    if labels and found.headings and kind(sample.cells(labels[0])[0]) == WORD:
        found = replace(
            found, headings=(sample.cells(labels[0])[0].strip(), *found.headings[1:]), skipped=found.skipped - 1
        )
    return replace(found, doubt=doubt)


def _of_several(sample: Sample, rows: list[int]) -> tuple[list[int], str]:
    """Choose the rows that make up the names: the lowest, and groups above it; also return what is doubtful."""
    if not rows:
        return [], ""
    width, names = sample.body.width, rows[-1:]
    for n in rows[-2::-1]:
        if not groups(sample.cells(n), sample.cells(names[0]), width):
            break
        names = [n, *names]
    rest = [n for n in rows if n < names[0]]
    if not rest or len(filled(sample.cells(rest[-1]))) < 2:
        return names, ""
    line, upper = sample.line(rest[-1]), sample.cells(rest[-1])
    goes_on = (width > 2 and len(rest) < _MOST_LINES) or goes_on_below(upper, sample.cells(names[0]))
    if goes_on and len(names) == 1 and len(filled(upper)) >= width:
        return [rest[-1], *names], f"The names were put together from lines {line} and {sample.line(names[0])}"
    if len(filled(upper)) < width:
        return names, ""
    words = ", ".join(filled(upper)[:3])
    return names, f"Line {line} ({shown(words, 40)}) could be part of the names"


def _as_chosen(sample: Sample, header_rows: tuple[int, ...] | None, units_row: int | None) -> Layout:
    """Make the layout with the lines that the caller chose."""
    at = {line: n for n, (line, cells) in enumerate(sample.rows) if filled(cells)}
    for line in (*(header_rows or ()), *([units_row] if units_row else [])):
        if line not in at:
            raise TableError(f"Line {line:,} is empty or not among the first lines; choose another for names or units.")
    units = at[units_row] if units_row else None
    if header_rows is not None:
        names = [at[line] for line in header_rows]
    else:  # only the units are chosen: the names are directly above them
        above = sample.above(units) if units is not None else None
        names = [above] if above is not None else []
    begin = sample.body.begin
    if names or units is not None:
        begin = max(n for n in (*names, units) if n is not None) + 1
        if units is None and units_row is None:
            below = next((n for n in range(begin, sample.body.begin) if filled(sample.cells(n))), None)
            units = below if below is not None and sample.units(below) else None
            begin = begin if units is None else units + 1
        while begin < len(sample.rows) and (
            not filled(sample.cells(begin)) or (begin < sample.body.begin and sample.words(begin))
        ):
            begin += 1
    return sample.layout(begin, names, units)
