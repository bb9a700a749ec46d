"""Convert a table's columns to inputs: numbers unchanged, two words to 0 and 1, few words to columns, dates to days.

The input's name and unit tell how a column was converted ("smoker (yes = 1)", "region = north", "day (days since
2024-01-05)"), so that a network finds the same numbers in another table.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from kanviz.core.columns.dates import NOTHING, are_dates, days_since, moments
from kanviz.core.columns.frames import missing_column, the_column
from kanviz.errors import TableError
from kanviz.text import counted, listing, shown

if TYPE_CHECKING:
    import pandas as pd

    from kanviz.core.layer import Variable

MOST_WORDS = 20  # different words of a column that becomes inputs
_IS_ONE = re.compile(r"(.+) = 1", re.DOTALL)
_SINCE = re.compile(r"days since (\d{4}-\d{2}-\d{2}(?:[ T][\d:.]+)?)")
_SINCE_MIDNIGHT = "hours since midnight"
_TIMES_OF_DAY = 1900  # the year assigned to times without a date
_YES_TEXT = """
    yes y true t ja j jo ya oui vrai si sì sí sim verdadero verdadeiro vero da да так tak evet ano áno igen kyllä
    ναι 是 有 真 はい 有り 예 네 نعم כן on ein an wahr present vorhanden positive positiv pos + ✓ ✔ high pass passed ok
    good 1 success alive open active with treated treatment tratado
"""
_NO_TEXT = """
    no n false nein nej nee nei non faux não falso nu ne нет ні nie hayır nem ei όχι 否 无 無 假 いいえ 無し 아니오
    아니요 لا לא off aus falsch absent negative negativ neg ✗ ✘ low fail failed bad 0 dead closed inactive without
    control placebo untreated
"""
_YES, _NO = frozenset(_YES_TEXT.split()), frozenset(_NO_TEXT.split())
_NEGATIONS = ("non", "not", "no", "un", "without", "nicht", "kein", "keine", "ohne", "sans", "sin", "sem",
              "senza", "не", "без", "未", "不", "非", "無", "无")  # fmt: skip

Kind = Literal["numbers", "two words", "few words", "dates", "text"]


@dataclass(frozen=True)
class Input:
    """An input of a network: its name, its unit, and the table's column that it comes from."""

    name: str
    unit: str
    column: str


def words_of(column: "pd.Series") -> list[str]:
    """List the different words of a column, sorted; words that differ only in case are one, in the usual spelling."""
    counts = column.dropna().astype(str).str.strip().value_counts()
    spelled: dict[str, str] = {}
    for word in counts.index:
        if word.casefold() not in NOTHING:
            spelled.setdefault(word.casefold(), word)
    return sorted(spelled.values())


def kind_of(column: "pd.Series") -> Kind:
    """Determine what kind of values a column has."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        return "numbers"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "dates"
    if are_dates(column):
        return "dates"
    if column.nunique() > 50 * MOST_WORDS:
        return "text"
    words = words_of(column)
    if len(words) == 2:
        return "two words"
    return "few words" if 2 < len(words) <= MOST_WORDS else "text"


def one_of(words: list[str]) -> str:
    """Choose which of two words is 1: one that means yes, or that the other negates; else the second by alphabet."""
    pairs = ((words[0], words[1]), (words[1], words[0]))
    for word, other in pairs:
        if word.casefold() in _YES and other.casefold() not in _YES:
            return word
    return next((word for word, other in pairs if other.casefold() in _NO or _denies(other, word)), words[1])


def _denies(word: str, other: str) -> bool:
    """Return whether `word` is `other` with a negation before it: "non-smoker", "untreated", "nicht vorhanden"."""
    short, long = other.casefold(), word.casefold()
    return long.endswith(short) and long[: -len(short)].strip(" -_") in _NEGATIONS


def inputs_from(frame: "pd.DataFrame", name: str) -> list[Input]:
    """Return the inputs that a column becomes. Raises TableError for text with too many different words."""
    column = the_column(frame, name)
    match kind_of(column):
        case "numbers":
            return [Input(name, "", name)]
        case "two words":
            return [Input(name, f"{one_of(words_of(column))} = 1", name)]
        case "few words":
            return [Input(f"{name} = {word}", "", name) for word in words_of(column)]
        case "dates":
            found = moments(column)
            if found is None:
                raise TableError(f"Column {shown(name, 40)!r} holds dates of several kinds; write them alike.")
            first = found.min()
            unit = _SINCE_MIDNIGHT if first.year == _TIMES_OF_DAY else f"days since {_written(first)}"
            return [Input(name, unit, name)]
    raise TableError(
        f"Column {shown(name, 40)!r} holds text, not numbers ({counted(len(words_of(column)), 'different word')}); an "
        f"input may have 2 to {MOST_WORDS} words. Choose another column."
    )


def _written(moment: "pd.Timestamp") -> str:
    return f"{moment:%Y-%m-%d}" if moment == moment.normalize() else f"{moment:%Y-%m-%d %H:%M:%S}"


def label_of(frame: "pd.DataFrame", name: str) -> str:
    """Describe a column as an input: "smoker (yes = 1)", "region (3 words)", "day (in days)"."""
    kind = kind_of(the_column(frame, name))
    if kind == "few words":
        return f"{name} ({len(words_of(the_column(frame, name)))} words)"
    if kind == "two words":
        return f"{name} ({inputs_from(frame, name)[0].unit})"
    return f"{name} (in days)" if kind == "dates" else name


def note_on(inputs: Iterable[Input]) -> list[str]:
    """Explain how columns that are not numbers were converted, in a sentence for each kind."""
    two = [f"{i.column} is 1 for {_IS_ONE.fullmatch(i.unit)[1]}" for i in inputs if _IS_ONE.fullmatch(i.unit)]  # pyright: ignore[reportOptionalSubscript]
    days = [f"{i.column} in {i.unit}" for i in inputs if _SINCE.fullmatch(i.unit) or i.unit == _SINCE_MIDNIGHT]
    many: dict[str, list[str]] = {}
    for i in inputs:
        if i.name != i.column:
            many.setdefault(i.column, []).append(i.name.removeprefix(f"{i.column} = "))
    notes = [f"Two words are taken as 0 and 1: {listing(two, 8)}."] if two else []
    notes += [f"Words of {shown(name, 40)} are a column of 0 and 1 each: {listing(w, 8)}." for name, w in many.items()]
    return notes + ([f"Dates are taken as numbers: {listing(days, 8)}."] if days else [])


def column_of(name: str, columns: Collection[str], unit: str = "") -> str | None:
    """Find the column of an input: by its name, its name and unit, or its words; None if there is none."""
    if name in columns:
        return name
    heading = f"{name} ({unit})"
    if heading in columns:
        return heading
    column = name.rpartition(" = ")[0]
    return column if column in columns else None


def values_of(frame: "pd.DataFrame", name: str, unit: str = "") -> np.ndarray:
    """Read the numbers of an input from a table, by name and unit; nan where a value is missing.

    Raises TableError, with the most similar name, if there is no such column or it cannot be converted.
    """
    import pandas as pd

    place = name if name in frame.columns else column_of(name, [str(column) for column in frame.columns], unit)
    if place is None:
        raise missing_column(name, [str(column) for column in frame.columns])
    if place not in (name, f"{name} ({unit})"):
        return _is_word(the_column(frame, place), name.rpartition(" = ")[2], of_two=False)
    column = the_column(frame, place)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    one, since = _IS_ONE.fullmatch(unit), _SINCE.fullmatch(unit)
    if unit == _SINCE_MIDNIGHT and (found := moments(column)) is not None:
        return 24 * days_since(found, f"{_TIMES_OF_DAY}-01-01")
    if one:
        return _is_word(column, one[1], of_two=True)
    found = moments(column) if since or kind_of(column) == "dates" else None
    if since and found is not None:
        return days_since(found, since[1])
    numbers = cast("pd.Series", pd.to_numeric(column, errors="coerce"))
    if numbers.notna().sum() == column.notna().sum():
        return numbers.to_numpy(dtype=float, na_value=np.nan)
    kind = "dates" if found is not None else "text"
    raise TableError(f"Column {shown(name, 40)!r} holds {kind}, not numbers; choose another.")


def _is_word(column: "pd.Series", word: str, *, of_two: bool) -> np.ndarray:
    """Return 1 where a cell is this word, 0 where it is another, nan where it is empty.

    of_two: the column has two words. Raises TableError if it then has more, or two others.
    """
    text = column.astype("string").str.strip().str.casefold()
    text = text.mask(text.isin(NOTHING))
    words = set(text.dropna().unique())
    if of_two and (len(words) > 2 or (len(words) == 2 and word.casefold() not in words)):
        raise TableError(
            f"Column {shown(str(column.name), 40)!r} should have the word {shown(word, 40)!r} and one other; it has "
            f"{listing(words_of(column), 6)}."
        )
    return (text == word.casefold()).to_numpy(dtype=float, na_value=np.nan)


def values_of_all(frame: "pd.DataFrame", inputs: "Sequence[Variable]", *, known: bool = True) -> np.ndarray:
    """Read the numbers of all inputs of a network (rows, inputs), each by its name; other columns are ignored.

    known: a column with several inputs may have only the words of these inputs. Raises TableError for other words, and,
    with the most similar name, for a missing column.
    """
    by_column: dict[str, set[str]] = {}
    columns = {str(column) for column in frame.columns}
    for one in inputs:
        column, _, word = one.name.rpartition(" = ")
        if one.name not in columns and column in columns:
            by_column.setdefault(column, set()).add(word.casefold())
    for column, words in by_column.items() if known else ():
        if len(words) == 1:
            continue
        strangers = [word for word in words_of(the_column(frame, column)) if word.casefold() not in words]
        if strangers:
            raise TableError(
                f"Column {shown(column, 40)!r} has {listing(strangers, 4)}, which the network was not trained with; "
                "leave those rows out."
            )
    return np.column_stack([values_of(frame, one.name, one.unit) for one in inputs])
