"""Find in the first rows of a table where the names stand, where the units, and where the values begin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kanviz.errors import TableError
from kanviz.io.cells import MOMENT, NOTHING, VALUE, WORD, kind, several_numbers
from kanviz.io.numbered_names import numbers_are_names
from kanviz.io.unit_words import is_unit, is_wrapped, without_brackets
from kanviz.text import shown

Row = tuple[int, list[str]]  # the line it stands in, counted from 1, and its cells

_MOSTLY = 0.8  # of the filled cells of a column that holds values
_LAST = 100  # rows that tell what the columns hold
_UNITS_SHARE = 0.6  # of the filled cells of a row that holds units
_KIND_TEXT = """
    avg smp max min tot std sd mean sum med med. mean. samp smm tmx tmn wvc count ave average sample total
"""
_KINDS_OF_MEAN = frozenset(_KIND_TEXT.split())  # what a data logger's table says below the units
_NO_UNITS = ("-", "--", "1", "TS", "RN", "#", "bits", "none", "integer", "boolean")
_TOP, _SHOWN = 40, 120  # lines to choose from, and how many letters of each
_LONG = 40  # letters of a name from which on it is a description
_MOST_ABOVE = 6  # lines that names, units and what else a heading has may take


@dataclass(frozen=True)
class Layout:
    """Where things stand, by line from 1. first: the first row of values · names: the lines of the names, none if there
    are none · units: the line of the units, 0 for none · headings, unit_cells: what stands there, by column ·
    width: columns · values: which columns hold numbers or dates · above: the rows before the values · skipped: how many
    of them belong to no column · doubt: what else could be meant, as a sentence · top: the first lines, to choose from.
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
class Body:
    """The rows of values among the first rows: which they are, how wide, and which columns hold values."""

    begin: int
    width: int
    values: tuple[int, ...]
    regular: float
    chained: bool


def body_of(rows: Sequence[Row]) -> Body | None:
    """Where the values begin, and in which columns they are; None where no column holds numbers."""
    kinds = [[kind(cell) for cell in cells] for _, cells in rows]
    weight: Counter[int] = Counter()
    for row in kinds:
        weight[len(row)] += sum(k in (VALUE, MOMENT) for k in row)
    width = max(weight, key=lambda w: (weight[w], w), default=0)
    if not weight[width]:
        return None
    same = [n for n, row in enumerate(kinds) if len(row) == width]
    last, begin, values = same[-max(2, len(same) // 2) :][-_LAST:], None, ()
    while begin is None and last:  # lines above the table may have its width: then fewer rows tell more
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
    chained = chains > 0.2 * len(filled)
    return Body(begin, width, values, regular, chained)


def _columns_of_values(kinds: Sequence[Sequence[str]], width: int) -> tuple[int, ...]:
    found = []
    for j in range(width):
        count = Counter(row[j] for row in kinds)
        values, words = count[VALUE] + count[MOMENT], count[WORD]
        if values and values >= _MOSTLY * (values + words):
            found.append(j)
    return tuple(found)


def _first_row(kinds: Sequence[Sequence[str]], values: Sequence[int], width: int) -> int | None:
    """The first row whose cells are values where the table has them, as they are in most of the rows that follow."""
    if not values:
        return None
    fits = [_fits(row, values, width) for row in kinds if any(k != NOTHING for k in row)]
    filled = [n for n, row in enumerate(kinds) if any(k != NOTHING for k in row)]
    for at, n in enumerate(filled):
        following = fits[at + 1 : at + 5]
        if fits[at] and 2 * sum(following) >= len(following):
            return n
    return next((n for n, fit in zip(filled, fits, strict=True) if fit), None)


def _fits(row: Sequence[str], values: Sequence[int], width: int) -> bool:
    if not min(2, width) <= len(row) <= width:
        return False
    cells = [row[j] for j in values if j < len(row)]
    filled = sum(k != NOTHING for k in cells)
    return WORD not in cells and filled > 0 and 3 * len(row) >= width


def layout_of(
    rows: Sequence[Row], body: Body, *, header_rows: tuple[int, ...] | None = None, units_row: int | None = None,
    quoted: bool = False,
) -> Layout:  # fmt: skip
    """The layout of a table whose first rows are given.

    header_rows, units_row: lines that were given, () and 0 for none; None finds them. quoted: only the first row's
    cells stand in quotes.
    """
    if header_rows is not None or units_row:
        return _as_told(rows, body, header_rows, units_row)
    found = _found(rows, body, quoted=quoted)
    if units_row == 0 and found.units:
        return replace(found, units=0, unit_cells=(), skipped=found.skipped + 1)
    return found


def _found(rows: Sequence[Row], body: Body, *, quoted: bool) -> Layout:
    """The layout by itself."""
    begin, width = body.begin, body.width
    if begin < len(rows) - 1 and _is_numbered(rows, begin, body.values, quoted=quoted):
        begin += 1
    zone = _zone(rows, begin, body)
    if not zone and begin:
        mixed = _mixed(rows, begin, body)
        zone = [mixed] if mixed is not None else []
        if zone and zone[0] < begin:
            found = _above_mixed(rows, zone[0], body)
            begin, zone = (zone[0], found) if found else (begin, zone)
    return _read(rows, begin, zone, body, width)


def _is_numbered(rows: Sequence[Row], begin: int, values: Sequence[int], *, quoted: bool) -> bool:
    """Whether the first row that looks like values holds names that are numbers."""
    head = rows[begin][1]
    below = [cells for _, cells in rows[begin + 1 : begin + 21] if any(cell.strip() for cell in cells)]
    if any(_words(cells, values) for _, cells in rows[max(begin - 1, 0) : begin] if len(cells) == len(head)):
        return False
    return numbers_are_names(head, below, values, quoted=quoted)


def _words(cells: Sequence[str], values: Sequence[int]) -> bool:
    """Whether a row holds words and nothing else where the table holds values."""
    there = [kind(cells[j]) for j in values if j < len(cells)]
    all_kinds = [kind(cell) for cell in cells]
    return VALUE not in there and MOMENT not in there and WORD in all_kinds


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The cells without empty ones at the end; none where a row says nothing, as a line of dashes does."""
    found = [cell.strip() for cell in cells]
    if all(not cell.strip("-=:+*. ") for cell in found):
        return []
    while found and not found[-1]:
        found.pop()
    return found


def _zone(rows: Sequence[Row], begin: int, body: Body) -> list[int]:
    """The rows of words right above the values, as wide as the table, from above to below."""
    found: list[int] = []
    blank = 0
    for n in range(begin - 1, -1, -1):
        cells = _trimmed(rows[n][1])
        if not cells:
            blank += 1
            if found and blank > 1:
                break
            continue
        if found and blank and len(_filled(cells)) < min(2, len(_filled(rows[found[-1]][1]))):
            break
        label = not found and _labels_first(rows[n][1], body.width) and len(rows[n][1]) == body.width
        if not _words(rows[n][1], body.values) and not label:
            break
        if not (_wide(cells, body.width) or label) or len(found) == _MOST_ABOVE:
            break
        if found and blank and not _units_row(rows[found[-1]][1], body.values):
            break  # an empty line between: what stands above it belongs to something else
        blank = 0
        found.append(n)
    if len(found) == 1 and body.width > 1 and _labels_first(rows[found[0]][1], body.width):
        return []
    return found[::-1]


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]


def _wide(cells: Sequence[str], width: int) -> bool:
    """Whether a row has about as many cells as the table has columns."""
    return len(cells) >= min(width, max(2, width - 1)) or (len(cells) >= 2 and 2 * len(cells) >= width)


def _units_row(cells: Sequence[str], values: Sequence[int] = ()) -> bool:
    """Whether a row holds units: all in brackets, or most of them above the columns that hold values."""
    there = [cells[j] for j in values if j < len(cells)] or cells
    filled = [cell for cell in _filled(there) if cell.strip() not in ("-", "--", "1")]
    if not filled:
        return False
    if all(is_wrapped(cell) for cell in filled):
        return True
    return sum(is_unit(cell) for cell in filled) >= max(1, _UNITS_SHARE * len(filled))


def _mixed(rows: Sequence[Row], begin: int, body: Body) -> int | None:
    """The row right above the values where it holds words and numbers, as wide as the table."""
    for n in range(begin - 1, -1, -1):
        cells = _trimmed(rows[n][1])
        if cells:
            return n if _wide(cells, body.width) and len(cells) > 1 else None
    return None


def _above_mixed(rows: Sequence[Row], mixed: int, body: Body) -> list[int]:
    """Names above rows that are values with a slip in each."""
    for n in range(mixed - 1, max(mixed - 6, -1), -1):
        cells = _trimmed(rows[n][1])
        if not cells or len(rows[n][1]) != body.width:
            return []
        if _words(rows[n][1], body.values):
            return [] if n and _words(rows[n - 1][1], body.values) else [n]
    return []


def _read(rows: Sequence[Row], begin: int, zone: list[int], body: Body, width: int) -> Layout:
    """Which of the rows above the values are names, and which units."""
    units, doubt = None, ""
    for n in zone[::-1]:
        if _units_row(rows[n][1], body.values):
            above = _row_above(rows, n, body)
            if above is not None:
                units = n
                if not zone or above < zone[0]:
                    zone = [above, *zone]
            break
    if units is not None:
        names = [n for n in zone if n < units]
    else:
        names = list(zone)
        while len(names) > 1 and _is_extra(rows, names, width):
            names.pop()
    label = [n for n in zone if n > names[-1] and n != units and _labels_first(rows[n][1], width)] if names else []
    names, doubt = _of_several(rows, names, width)
    found = _layout(rows, begin, names, units, body)
    if label and found.headings and kind(rows[label[0]][1][0]) == WORD:
        found = replace(found, headings=(rows[label[0]][1][0].strip(), *found.headings[1:]), skipped=found.skipped - 1)
    return replace(found, doubt=doubt)


def _layout(rows: Sequence[Row], begin: int, names: list[int], units: int | None, body: Body) -> Layout:
    """The layout whose names and units stand in these rows and whose values begin there."""
    unit_cells = [without_brackets(cell) for cell in rows[units][1]] if units is not None else []
    used = {*names, *([units] if units is not None else [])}
    return Layout(
        rows[begin][0] if begin < len(rows) else rows[-1][0] + 1,
        tuple(rows[n][0] for n in names),
        rows[units][0] if units is not None else 0,
        tuple(_joined([rows[n][1] for n in names], body.width)),
        tuple("" if cell in _NO_UNITS or not is_unit(cell) else cell for cell in unit_cells),
        body.width,
        body.values,
        tuple(tuple(rows[n][1]) for n in range(max(0, begin - _MOST_ABOVE), begin)),
        sum(1 for n in range(begin) if n not in used and _filled(rows[n][1])),
        top=tuple((line, " | ".join(_filled(cells))[:_SHOWN]) for line, cells in rows[:_TOP] if _filled(cells)),
    )


def _row_above(rows: Sequence[Row], n: int, body: Body) -> int | None:
    """The names above a row of units: whatever they are, if they are as wide."""
    for k in range(n - 1, -1, -1):
        cells = _trimmed(rows[k][1])
        if not cells:
            if k < n - 1:
                return None
            continue
        return k if _wide(cells, body.width) and not _key_and_value(rows, k, n) else None
    return None


def _key_and_value(rows: Sequence[Row], k: int, n: int) -> bool:
    """Whether a row above one that could be units says one thing, as "Coupling,DC" does, and that row is names."""
    if len(_trimmed(rows[k][1])) != 2 or any(map(is_wrapped, _filled(rows[n][1]))):
        return False
    return k > 0 and len(_trimmed(rows[k - 1][1])) == 2 and not _units_row(rows[n][1])


def _is_extra(rows: Sequence[Row], names: list[int], width: int) -> bool:
    """Whether the lowest of several rows of words says something else of the columns than their names."""
    cells = _filled(rows[names[-1]][1])
    above = _filled(rows[names[-2]][1])
    if all(cell.strip().lower() in _KINDS_OF_MEAN for cell in cells) and len(set(map(str.strip, above))) == len(above):
        return len(above) >= width - 1
    if _labels_first(rows[names[-1]][1], width):
        return len(above) > 1
    return max(map(len, cells)) > _LONG >= max(map(len, above))


def _labels_first(cells: Sequence[str], width: int) -> bool:
    """Whether only the first cell is filled, as pandas writes the name of an index below the names."""
    return width > 1 and len(cells) > 1 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])


def _of_several(rows: Sequence[Row], names: list[int], width: int) -> tuple[list[int], str]:
    """Which rows of words make up the names: the lowest alone, or with those above it; and what is doubtful."""
    if len(names) < 2:
        return names, ""
    lowest = [cell.strip() for cell in rows[names[-1]][1]]
    upper = [cell.strip() for cell in rows[names[-2]][1]]
    line = rows[names[-2]][0]
    if len(_filled(upper)) < 2 and width > 1:
        return names[-1:], ""
    if max(map(len, _filled(lowest))) > _LONG >= max(map(len, _filled(upper))):
        return names[-2:-1], ""
    gaps = any(not cell for cell in (upper + [""] * width)[: len(lowest)])
    repeats = len(set(_filled(lowest))) < len(_filled(lowest))
    grouped = len(set(_filled(upper))) < len(_filled(upper))
    if repeats or ((gaps or grouped) and len(_filled(upper)) > 1 and width > 2):
        return names[-2:], ""
    if width > 2 and len(_trimmed(upper)) >= width - 1:
        return names[-2:], f"The names were put together from lines {line} and {rows[names[-1]][0]}"
    return names[-1:], f"Line {line} ({shown(', '.join(_filled(upper)[:3]), 40)}) could be part of the names"


def _joined(lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """Names that stand in several lines, put together; a group's name holds until the next one where that is needed."""
    if not lines:
        return []
    if len(lines) == 1:
        return [cell.strip() for cell in lines[0]]
    count = max(width, max(map(len, map(_trimmed, lines))))
    cells = [[(list(line) + [""] * count)[j].strip() for j in range(count)] for line in lines]
    plain = [" ".join(_distinct(part)) for part in zip(*cells, strict=True)]
    filled = [name for name in plain if name]
    if len(set(filled)) < len(filled):
        for line in cells[:-1]:
            for j in range(1, count):
                line[j] = line[j] or (line[j - 1] if cells[-1][j] else "")
        plain = [" ".join(_distinct(part)) for part in zip(*cells, strict=True)]
    return plain


def _distinct(parts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(part for part in parts if part and not part.startswith("Unnamed:")))


def _as_told(rows: Sequence[Row], body: Body, header_rows: tuple[int, ...] | None, units_row: int | None) -> Layout:
    """The layout with lines that somebody gave. Raises TableError where one of them is not there."""
    at = {line: n for n, (line, cells) in enumerate(rows) if _filled(cells)}
    for line in (*(header_rows or ()), *([units_row] if units_row else [])):
        if line not in at:
            raise TableError(f"Line {line:,} is empty or not among the first lines; choose another for names or units.")
    units = at[units_row] if units_row else None
    if header_rows is None:  # the units alone were given: the names are right above them
        above = _row_above(rows, units, body) if units is not None else None
        names = [above] if above is not None else []
    else:
        names = [at[line] for line in header_rows]
    begin = body.begin
    if names or units is not None:
        begin = max(names + ([] if units is None else [units])) + 1
        if units is None and units_row is None:
            below = next((n for n in range(begin, body.begin) if _filled(rows[n][1])), None)
            units = below if below is not None and _units_row(rows[below][1], body.values) else None
            begin = begin if units is None else units + 1
        while begin < len(rows) and (not _filled(rows[begin][1]) or _stands_above(rows, begin, body)):
            begin += 1
    return _layout(rows, begin, names, units, body)


def _stands_above(rows: Sequence[Row], n: int, body: Body) -> bool:
    """Whether a row of words stands above the values."""
    return n < body.begin and _words(rows[n][1], body.values)
