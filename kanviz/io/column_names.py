"""The names of a table's columns: which row holds them, and how missing and repeated ones are mended."""

import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from kanviz.io.columns import compute, number_like
from kanviz.text import listing, shown

_NAMED_UNIT = re.compile(r"(\S.*?) *[\[(] *([^\[\]()]{1,20}) *[\])]")


def found_names(head: list[str], body: list[list[str]], other_names: list[str]) -> tuple[list[str], list[str], bool]:
    """Names, notes on them, and whether the first row holds them."""
    if not _looks_like_data(head, body):
        return [cell.strip() for cell in head], [], True
    if len(other_names) == len(head):
        return [n.strip() for n in other_names], ["The names were taken from the comment line above the data."], False
    names = [f"x{i + 1}" for i in range(len(head))]
    start = shown(", ".join(head[:4]), 40)
    return names, [f"The first row looks like data, not names ({start}); columns were named x1, x2, ..."], False


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


def mended_names(names: list[str], columns: list[pa.ChunkedArray]) -> tuple[list[str | None], list[str]]:
    """A name for each column, none twice; None for a column to leave out: row numbers, or neither name nor values."""
    notes: list[str] = []
    found: list[str | None] = []
    unnamed, renamed, empty = [], [], 0
    taken = set(names)
    seen = Counter()
    for i, name in enumerate(names):
        if i == 0 and name in ("", "Unnamed: 0") and len(names) > 1:
            begin = _counts_from(columns[0])
            if begin is not None:
                last = begin + len(columns[0]) - 1
                notes.append(f"The first column has no name and counts {begin:,} to {last:,}: row numbers, left out.")
                found.append(None)
                continue
        if not name and compute.sum(compute.utf8_length(compute.utf8_trim_whitespace(columns[i]))).as_py() == 0:
            found.append(None)
            empty += 1
            continue
        new = wanted = name or f"column_{i + 1}"
        seen[wanted] += 1
        if seen[wanted] > 1 or (not name and wanted in taken):
            seen[wanted] = max(seen[wanted], 2)
            while (new := f"{wanted} ({seen[wanted]})") in taken:
                seen[wanted] += 1
        taken.add(new)
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


def split_units(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and unit of each column whose name ends in one, as in "length (m)" or "mass [kg]".

    Left as they are: all columns whose bare names would not be distinct.
    """
    found = {name: (match[1], match[2].strip()) for name in names if (match := _NAMED_UNIT.fullmatch(name))}
    bare = Counter(found[name][0] if name in found else name for name in names)
    return {name: pair for name, pair in found.items() if bare[pair[0]] == 1}
