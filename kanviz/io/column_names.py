"""Finds the row with the names of a table's columns, and repairs missing and repeated names."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kanviz.io.arrow_text import compute
from kanviz.io.cells import WORD, kind
from kanviz.io.columns import number_like
from kanviz.io.layout import Layout
from kanviz.io.table_body import Row
from kanviz.io.unit_words import is_unit, without_brackets
from kanviz.text import listing, shown


def notes_on_names(layout: Layout) -> list[str]:
    """Describe in notes where the names and the units of a table were found."""
    notes = []
    if layout.skipped:
        count = layout.skipped
        notes.append(f"Skipped {count} line{'s' if count > 1 else ''} above the table.")
    if layout.doubt:
        notes.append(f"{layout.doubt}. If that is wrong, choose the header row.")
    elif len(layout.names) > 1:
        notes.append(f"The names are in lines {listing([str(line) for line in layout.names], 4)}.")
    elif _are_numbers([name for name in layout.headings if name]):
        start = shown(", ".join(layout.headings[:4]), 40)
        notes.append(f"The numbers in line {max(layout.names)} ({start}) are taken as names, not as values.")
    if layout.units:
        notes.append(f"The units are in line {layout.units}.")
    return notes


def _are_numbers(names: list[str]) -> bool:
    return bool(names) and all(map(number_like, names))


def names_from_comments(comments: Sequence[Row], width: int, chosen: set[int]) -> tuple[list[str], list[str], int]:
    """Find names and units in the last comment lines above a table without names.

    Returns the names, the units and the line of the names; empty where no line has as many words as the table has
    columns. chosen: lines that the caller chose for the names.
    """
    lines = [(line, cells) for line, cells in comments if not chosen or line in chosen]
    if not lines:
        return [], [], 0
    line, last = lines[-1]
    if len(last) != width and len(words := " ".join(last).split()) == width:
        last = words
    above = comments[-2] if len(comments) > 1 and not chosen else (0, [])
    if _could_be_names(above[1], width) and len(last) == width and 2 * sum(map(is_unit, last)) >= len(last):
        return [cell.strip() for cell in above[1]], [without_brackets(cell) for cell in last], above[0]
    if chosen or _could_be_names(last, width):
        return [cell.strip() for cell in last], [], line
    return [], [], 0


def _could_be_names(cells: list[str], width: int) -> bool:
    return len(cells) == width and not any(number_like(cell) or cell.strip().endswith((":", "=")) for cell in cells)


def mended_names(
    names: list[str], columns: list[pa.ChunkedArray], *, named: bool = True
) -> tuple[list[str | None], list[str]]:
    """Give each column a distinct name; None for a column to leave out: row numbers, or one without name and values.

    named: the file has names. Where it has none, a column that is filled only at the top is not part of the table.
    """
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
            if _are_different_counts(columns[0]):
                notes.append(
                    "The first column has no name and a different whole number in every row: an index, left out."
                )
                found.append(None)
                continue
        if not named and (top := _filled_at_the_top(columns[i])):
            notes.append(f"Column {i + 1} holds something in the first {top:,} rows only; left out.")
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


def _are_different_counts(column: pa.ChunkedArray) -> bool:
    """Say whether a column has a different whole number in every row, like the index of selected or shuffled rows."""
    trimmed = compute.utf8_trim_whitespace(column)
    if len(column) < 3 or not compute.all(compute.match_substring_regex(trimmed, "^[0-9]{1,12}$")).as_py():
        return False
    numbers = compute.cast(trimmed, pa.int64()).to_numpy()
    steps = np.diff(numbers)
    return len(np.unique(numbers)) == len(numbers) and not (len(set(steps)) == 1 and abs(steps[0]) > 1)


def _filled_at_the_top(column: pa.ChunkedArray) -> int:
    """Count the filled rows at the top. The result is 0 unless all rows below are empty, there are many more of them,
    and some filled cell is a word.
    """
    filled = compute.not_equal(compute.utf8_trim_whitespace(column), "").to_numpy()
    if not filled[0] or filled[len(filled) // 4 :].any():
        return 0
    top = int(np.flatnonzero(filled)[-1]) + 1
    return top if any(kind(cell) == WORD for cell in column.slice(0, top).to_pylist()) else 0


def _counts_from(column: pa.ChunkedArray) -> int | None:
    """Return 0 or 1 where the column counts its rows from that number."""
    for begin in (0, 1):
        if column[0].as_py().strip() == str(begin):
            counted = pa.array(map(str, range(begin, begin + len(column))), pa.string())
            same = compute.equal(compute.utf8_trim_whitespace(column), counted)
            return begin if compute.all(same).as_py() else None
    return None
