"""Distinguishes a row of names that are numbers (0, 1, 2 as pandas writes them, years, wavelengths) from values."""

from collections.abc import Sequence
from itertools import pairwise

_YEARS = (1800, 2200)
_MANY = 5  # so many equal steps in a row are hardly chance
_LEAST = 3


def numbers_are_names(
    head: Sequence[str], below: Sequence[Sequence[str]], values: Sequence[int], *, quoted: bool = False
) -> bool:
    """Say whether a first row with numbers holds names: they rise by equal steps, the numbers below do not.

    values: the columns that hold numbers below. quoted: the row's cells are in quotes, and those below are not.
    """
    numbers = [_number(head[j]) for j in values if j < len(head)]
    there = [j for j in range(len(head)) if any(j < len(row) and row[j].strip() for row in below)]
    labels = [head[j].strip() for j in there if j not in values]
    if len(numbers) != len(values):
        return False
    index = numbers[0] is None and values[0] == 0 and head[0].strip().lower() in ("", "unnamed: 0", "index")
    found = [number for number in numbers[index:] if number is not None]
    if len(found) < len(numbers) - index or not found:
        return False
    if quoted:
        return True
    if not below or any(_number(label) is not None for label in labels):
        return False
    if index and len(found) > 1 and all(a < b for a, b in pairwise(found)) and _counts(below):
        return True
    steps = {round(b - a, 9) for a, b in pairwise(found)}
    if len(steps) > 1 or (steps and min(steps) <= 0):
        return False
    if len(found) == 1:
        return index and found[0] in (0, 1) and _counts(below)
    step = steps.pop()
    years = all(number == int(number) and _YEARS[0] <= number <= _YEARS[1] for number in found)
    if years and labels:
        return True
    if 2 * sum(_rises_by(row, values[index:], step) for row in below[:10]) >= len(below[:10]):
        return False
    if index:
        return (step == 1 and found[0] in (0, 1)) or (len(found) >= _LEAST and all(n == int(n) for n in found))
    if years and len(found) >= _LEAST:
        return not any(_is_year(row[j]) for row in below[:10] for j in values if j < len(row))
    if len(found) >= _MANY:
        return True
    whole = all("." not in head[j] and "e" not in head[j].lower() for j in values)
    usual = (found[0] == 0 and step == 1) or (len(found) >= _LEAST and len(below) >= _LEAST)
    return whole and usual and _all_broken(below, values) and not _goes_on(head, below, values)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def _counts(below: Sequence[Sequence[str]]) -> bool:
    """Say whether the first column numbers the rows."""
    numbers = [_number(row[0]) for row in below if row]
    return numbers in ([*map(float, range(len(numbers)))], [*map(float, range(1, len(numbers) + 1))])


def _rises_by(row: Sequence[str], values: Sequence[int], step: float) -> bool:
    numbers = [_number(row[j]) for j in values if j < len(row)]
    pairs = list(pairwise(numbers))
    return bool(pairs) and all(a is not None and b is not None and round(b - a, 9) == step for a, b in pairs)


def _is_year(cell: str) -> bool:
    number = _number(cell)
    return number is not None and number == int(number) and _YEARS[0] <= number <= _YEARS[1]


def _all_broken(below: Sequence[Sequence[str]], values: Sequence[int]) -> bool:
    """Say whether all values have a decimal point, as pandas writes every column that is not of whole numbers."""
    cells = [row[j].strip() for row in below for j in values if j < len(row) and row[j].strip()]
    return bool(cells) and all("." in cell or "," in cell or "e" in cell.lower() for cell in cells)


def _goes_on(head: Sequence[str], below: Sequence[Sequence[str]], values: Sequence[int]) -> bool:
    """Say whether a column continues below by the step from the first row to the second."""
    for j in values:
        numbers = [_number(row[j]) for row in (head, *below[:10]) if j < len(row)]
        steps = {round(b - a, 9) for a, b in pairwise(numbers) if a is not None and b is not None}
        if len(numbers) > 2 and len(steps) == 1:
            return True
    return False
