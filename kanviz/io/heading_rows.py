"""Classifies the rows above the values of a table (names, units, a title, other), and joins names of several lines."""

import re
from collections.abc import Sequence

from kanviz.io.cells import MOMENT, VALUE, WORD, kind
from kanviz.io.unit_words import is_unit, is_wrapped

_NOT_MEASURED = frozenset(("date", "time", "datetime", "timestamp", "no.", "nr.", "no", "nr", "#", "-", "--", "1"))
_UNITS_SHARE = 0.6  # of the filled cells of a row that holds units
_KIND_TEXT = """
    avg smp max min tot std sd mean sum med med. mean. samp smm tmx tmn wvc count ave average sample total
"""
_KINDS_OF_MEAN = frozenset(_KIND_TEXT.split())  # what a data logger writes below the units
_BROKEN = re.compile(r"(?<=[^\W\d_])- (?=[a-zß-ÿ])")
_LONG = 40  # from this length on a cell is a description, not a name


def filled(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]


def trimmed(cells: Sequence[str]) -> list[str]:
    """Remove empty cells at the end; return an empty list where a row has no content, like a line of dashes."""
    found = [cell.strip() for cell in cells]
    if all(not cell.strip("-=:+*. ") for cell in found):
        return []
    while found and not found[-1]:
        found.pop()
    return found


def is_wide(cells: Sequence[str], width: int) -> bool:
    """Say whether a row has about as many cells as the table has columns."""
    return len(cells) >= min(width, max(2, width - 1)) or (len(cells) >= 2 and 2 * len(cells) >= width)


def words_alone(cells: Sequence[str], values: Sequence[int]) -> bool:
    """Say whether a row holds words, and no value where the table has its values."""
    there = [kind(cells[j]) for j in values if j < len(cells)]
    return VALUE not in there and MOMENT not in there and any(kind(cell) == WORD for cell in cells)


def holds_units(cells: Sequence[str], values: Sequence[int]) -> bool:
    """Say whether a row holds units: all in brackets, or most of them above the columns that hold values."""
    there = [cells[j] for j in values if j < len(cells)] or cells
    found = [cell for cell in filled(there) if cell.lower() not in _NOT_MEASURED]
    if not found:
        return False
    return all(map(is_wrapped, found)) or sum(map(is_unit, found)) >= max(1, _UNITS_SHARE * len(found))


def labels_first(cells: Sequence[str], width: int) -> bool:
    """Say whether only the first cell is filled, as pandas writes the name of an index below the names."""
    return width > 1 and len(cells) > 1 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])


def is_remark(cells: Sequence[str], above: Sequence[str], width: int) -> bool:
    """Say whether a row below names describes the columns otherwise: how means were taken, or in a longer text."""
    words, names = filled(cells), filled(above)
    if all(word.lower() in _KINDS_OF_MEAN for word in words) and len(set(names)) == len(names):
        return len(names) >= width - 1
    if labels_first(cells, width):
        return len(names) > 1
    return max(map(len, words)) > _LONG >= max(map(len, names))


def groups(upper: Sequence[str], lower: Sequence[str], width: int) -> bool:
    """Say whether a row holds groups of the names below: it has gaps between or before its words, repeats words, has
    words where the row below has none, or is needed to distinguish the names.
    """
    above, below = filled(upper), filled(lower)
    if len(above) < 2 or max(map(len, below)) > _LONG:
        return False
    if len(set(below)) < len(below):
        return True
    gaps = any(not cell for cell in trimmed(upper))
    holes = any(one.strip() and not two.strip() for one, two in zip(upper, lower, strict=False))
    return width > 2 and (gaps or holes or len(set(above)) < len(above))


def goes_on_below(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Say whether names continue in the next row, in small letters: "Air, Rel." above "temp., hum."."""
    above, below = filled(upper), filled(lower)
    return all(cell[0].isalpha() and not cell.isupper() for cell in above) and all(cell[0].islower() for cell in below)


def put_together(lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """Join names of several lines; a group's word applies until the next one where names need it."""
    if not lines:
        return []
    if len(lines) == 1:
        return [cell.strip() for cell in lines[0]]
    count = max(width, max(map(len, map(trimmed, lines))))
    cells = [[(list(line) + [""] * count)[j].strip() for j in range(count)] for line in lines]
    plain = _columns(cells)
    if len(set(filled(plain))) < len(filled(plain)):
        for line in cells[:-1]:
            for j in range(1, count):
                line[j] = line[j] or (line[j - 1] if cells[-1][j] else "")
        plain = _columns(cells)
    return plain


def _columns(lines: Sequence[Sequence[str]]) -> list[str]:
    """Join the words of each column to one name, each word once; rejoin words broken by a hyphen."""
    found = []
    for column in zip(*lines, strict=True):
        parts = dict.fromkeys(cell for cell in column if cell and not cell.startswith("Unnamed:"))
        found.append(_BROKEN.sub("", " ".join(parts)))
    return found
