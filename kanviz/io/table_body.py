"""Finds the rows of values among the first rows of a table, and the columns that hold them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kanviz.io.cells import MOMENT, NOTHING, VALUE, WORD, kind, several_numbers

Row = tuple[int, list[str]]  # its line, counted from 1, and its cells

_MOSTLY = 0.8  # of the filled cells of a column that holds values
_LAST = 100  # number of rows that decide what the columns hold
_FOLLOWING = 4  # number of rows after the first one; at least half of them must be values, too
_CHAINED = 0.2  # share of rows with several numbers in a cell from which on another separator is likely


@dataclass(frozen=True)
class Body:
    """The rows of values among the first rows. begin: the first of them · width: number of cells · values: columns with
    numbers or dates · regular: share of the rows of this width · chained: cells hold several numbers each.
    """

    begin: int
    width: int
    values: tuple[int, ...]
    regular: float
    chained: bool


def body_of(rows: Sequence[Row]) -> Body | None:
    """Find where the values begin, and in which columns they are; None where no column holds numbers."""
    kinds = [[kind(cell) for cell in cells] for _, cells in rows]
    weight: Counter[int] = Counter()
    for row in kinds:
        weight[len(row)] += sum(k in (VALUE, MOMENT) for k in row)
    width = max(weight, key=lambda w: (weight[w], w), default=0)
    if not weight[width]:
        return None
    same = [n for n, row in enumerate(kinds) if len(row) == width]
    last, begin, values = same[-max(2, len(same) // 2) :][-_LAST:], None, ()
    while begin is None and last:  # lines above the table may have its width: then try fewer rows
        values = _columns_of_values([kinds[n] for n in last], width)
        begin = _first_row(kinds, values, width)
        last = last[(len(last) + 1) // 2 :]
    if begin is None:
        return None
    last = [n for n in same if n >= begin][-_LAST:]
    values = _columns_of_values([kinds[n] for n in last], width)
    begin = _first_row(kinds, values, width)
    if begin is None:
        return None
    filled = [row for row in kinds[begin:] if any(k != NOTHING for k in row)]
    regular = sum(len(row) == width for row in filled) / max(len(filled), 1)
    chains = sum(any(map(several_numbers, rows[n][1])) for n in range(begin, len(rows)))
    return Body(begin, width, values, regular, chains > _CHAINED * len(filled))


def _columns_of_values(kinds: Sequence[Sequence[str]], width: int) -> tuple[int, ...]:
    found = []
    for j in range(width):
        count = Counter(row[j] for row in kinds)
        values, words = count[VALUE] + count[MOMENT], count[WORD]
        if values and values >= _MOSTLY * (values + words):
            found.append(j)
    return tuple(found)


def _first_row(kinds: Sequence[Sequence[str]], values: Sequence[int], width: int) -> int | None:
    """Find the first row with values where the table has them, like most of the rows that follow."""
    if not values:
        return None
    fits = [_fits(row, values, width) for row in kinds if any(k != NOTHING for k in row)]
    filled = [n for n, row in enumerate(kinds) if any(k != NOTHING for k in row)]
    for at, n in enumerate(filled):
        following = fits[at + 1 : at + 1 + _FOLLOWING]
        if fits[at] and 2 * sum(following) >= len(following):
            return n
    return next((n for n, fit in zip(filled, fits, strict=True) if fit), None)


def _fits(row: Sequence[str], values: Sequence[int], width: int) -> bool:
    if len(row) < min(2, width) or any(k != NOTHING for k in row[width:]):
        return False
    cells = [row[j] for j in values if j < len(row)]
    filled = sum(k != NOTHING for k in cells)
    return WORD not in cells and filled > 0 and 3 * len(row) >= width
