"""From a table's columns to inputs: numbers as they are, two words as 0 and 1, few words a column each, dates in days.

How a column was turned into numbers stands in the input's name and unit ("smoker (yes = 1)", "region = north",
"day (days since 2024-01-05)"), so that a network finds the same numbers in another table.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from kanviz.core.dates import days_since, moments
from kanviz.core.frames import missing_column, the_column
from kanviz.errors import TableError
from kanviz.text import counted, listing, shown

if TYPE_CHECKING:
    import pandas as pd

MOST_WORDS = 20  # of a column that becomes inputs
_IS_ONE = re.compile(r"(.+) = 1", re.DOTALL)
_SINCE = re.compile(r"days since (\d{4}-\d{2}-\d{2}(?:[ T][\d:.]+)?)")
_YES = (
    "yes", "y", "true", "t", "ja", "j", "oui", "si", "sí", "sim", "да", "tak", "是", "はい", "on", "ein", "an", "present",
    "positive", "pos", "+", "high", "pass", "passed", "ok", "good", "1", "success", "alive", "open", "active",
)  # fmt: skip
_NO = ("no", "n", "false", "nein", "non", "não", "нет", "nie", "否", "off", "aus", "absent", "negative", "neg", "low")

Kind = Literal["numbers", "two words", "few words", "dates", "text"]


@dataclass(frozen=True)
class Input:
    """A column of numbers that a network takes: its name, its unit, and the table's column it comes from."""

    name: str
    unit: str
    column: str


def words_of(column: "pd.Series") -> list[str]:
    """The different words of a column, in order; those that differ in case alone are one, spelled as most often."""
    counts = column.dropna().astype(str).str.strip().value_counts()
    spelled: dict[str, str] = {}
    for word in counts.index:
        if word:
            spelled.setdefault(word.casefold(), word)
    return sorted(spelled.values())


def kind_of(column: "pd.Series") -> Kind:
    """What a column holds."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        return "numbers"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "dates"
    if column.nunique() > 50 * MOST_WORDS:
        return "dates" if moments(column) is not None else "text"
    words = words_of(column)
    if len(words) == 2:
        return "two words"
    if moments(column) is not None:
        return "dates"
    return "few words" if 2 < len(words) <= MOST_WORDS else "text"


def one_of(words: list[str]) -> str:
    """Which of two words is 1: the one that says yes, else the second in the alphabet."""
    for word in words:
        if word.casefold() in _YES:
            return word
    return next((w for w, other in (words, words[::-1]) if other.casefold() in _NO), words[1])


def inputs_from(frame: "pd.DataFrame", name: str) -> list[Input]:
    """The inputs that a column gives. Raises TableError for a text of too many words."""
    column = the_column(frame, name)
    match kind_of(column):
        case "numbers":
            return [Input(name, "", name)]
        case "two words":
            return [Input(name, f"{one_of(words_of(column))} = 1", name)]
        case "few words":
            return [Input(f"{name} = {word}", "", name) for word in words_of(column)]
        case "dates":
            first = moments(column)
            assert first is not None
            return [Input(name, f"days since {_written(first.min())}", name)]
    raise TableError(
        f"Column {shown(name, 40)!r} holds text, not numbers ({counted(len(words_of(column)), 'different word')}); an "
        f"input may have 2 to {MOST_WORDS} words. Choose another column."
    )


def _written(moment: "pd.Timestamp") -> str:
    return f"{moment:%Y-%m-%d}" if moment == moment.normalize() else f"{moment:%Y-%m-%d %H:%M:%S}"


def note_on(inputs: Iterable[Input]) -> list[str]:
    """What is to be said of the columns that were no numbers: a sentence for each kind."""
    two = [f"{i.column} is 1 for {_IS_ONE.fullmatch(i.unit)[1]}" for i in inputs if _IS_ONE.fullmatch(i.unit)]  # pyright: ignore[reportOptionalSubscript]
    days = [f"{i.column} in {i.unit}" for i in inputs if _SINCE.fullmatch(i.unit)]
    many: dict[str, list[str]] = {}
    for i in inputs:
        if i.name != i.column:
            many.setdefault(i.column, []).append(i.name.removeprefix(f"{i.column} = "))
    notes = [f"Two words are taken as 0 and 1: {listing(two, 8)}."] if two else []
    notes += [f"Words of {shown(name, 40)} are a column of 0 and 1 each: {listing(w, 8)}." for name, w in many.items()]
    return notes + ([f"Dates are taken as numbers: {listing(days, 8)}."] if days else [])


def values_of(frame: "pd.DataFrame", name: str, unit: str = "") -> np.ndarray:
    """The numbers of an input, found in a table by its name and unit; nan where one is missing.

    Raises TableError, with the nearest name there is, for a column that is not there or cannot be such numbers.
    """
    import pandas as pd

    columns = {str(column) for column in frame.columns}
    heading = f"{name} ({unit})"
    if name not in columns and heading in columns:
        name = heading
    if name not in columns:
        column, _, word = name.rpartition(" = ")
        if column in columns:
            return _is_word(the_column(frame, column), word)
        raise missing_column(name, [str(c) for c in frame.columns])
    column = the_column(frame, name)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    one, since = _IS_ONE.fullmatch(unit), _SINCE.fullmatch(unit)
    if one:
        return _is_word(column, one[1])
    found = moments(column) if since or kind_of(column) == "dates" else None
    if since and found is not None:
        return days_since(found, pd.Timestamp(since[1]))
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().sum() == column.notna().sum():
        return numbers.to_numpy(dtype=float, na_value=np.nan)
    kind = "dates" if found is not None else "text"
    raise TableError(f"Column {shown(name, 40)!r} holds {kind}, not numbers; choose another.")


def _is_word(column: "pd.Series", word: str) -> np.ndarray:
    text = column.astype(object).where(column.notna(), None)
    found = np.array([np.nan if v is None else float(str(v).strip().casefold() == word.casefold()) for v in text])
    if (
        not np.nansum(found)
        and len(words := words_of(column)) > 1
        and not any(w.casefold() == word.casefold() for w in words)
    ):
        if len(words) > MOST_WORDS or kind_of(column) == "text":
            raise TableError(
                f"Column {shown(str(column.name), 40)!r} has no {shown(word, 40)!r}; choose another column."
            )
    return found
