"""Read dates and times from text, in the formats of many countries, as moments and as days."""

import re
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

NOTHING = ("", "na", "n/a", "nan", "nat", "null", "<na>", "?", "-", ".")  # words for a missing value
_SHARE = 0.9  # share of the filled cells that must be dates
_LEAST = 4  # different whole numbers from which on it is no accident that all are dates
_LOOK = 200  # different cells that are tested before all are read
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
          "%d/%m/%y", "%m/%d/%y", "%d-%b-%Y", "%d %b %Y", "%d-%B-%Y", "%d %B %Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y",
          "%Y%m%d")  # fmt: skip
_COMPACT = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # by number of digits
_TIMES = ("", "%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S:%f")
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2}| ?UTC)$")
_DIGIT = re.compile(r"\d")
_LIKE = re.compile(r"\d[-/.: T]\d|\d[- ][A-Za-z]{3}|[A-Za-z]{3,9} \d|^(?:1[89]|20)\d{6}(?:\d\d){0,3}$")
_COMMA = re.compile(r"(?<=:\d\d),(?=\d+$)")  # before fractions of a second
_LONGEST = 40  # most characters of a date


def moments(column: "pd.Series") -> "pd.Series | None":
    """Convert a column to moments without a time zone, NaT where one is missing; return None if it has no dates.

    If day and month could be in either order, the order is taken in which the cells are dates and the moments jump
    least from row to row. Times without a date are times of 1 January 1900.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.dt.tz_localize(None) if getattr(column.dt, "tz", None) is not None else column
    text = _text(column)
    sample = _sample(text)
    if sample is None:
        return None
    if _is_zoned(sample):
        text, sample = _unzoned(text), _unzoned(sample)
    known = int(text.notna().sum())
    # if day and month could be exchanged: first the order in which the moments jump least from row to row
    for date in sorted(_fitting(sample), key=lambda date: _restlessness(_read(sample, date))):
        found = _read(text, date)
        if found.notna().sum() >= _SHARE * known:
            return found
    return None


def are_dates(column: "pd.Series") -> bool:
    """Return whether a column of text looks like dates, judged by its first cells."""
    sample = _sample(_text(column.head(50 * _LOOK)))
    return sample is not None and bool(_fitting(sample))


def numbers_are_dates(values: np.ndarray) -> bool:
    """Return whether whole numbers are dates without separators: 20240131, or 202401311230 with hour and minute."""
    known = values[np.isfinite(values)]
    if len(known) < _LEAST or known.min() < 18000101 or (known != np.round(known)).any():
        return False
    digits = len(f"{known[0]:.0f}")
    if digits not in _COMPACT or known.min() < 10 ** (digits - 1) or known.max() >= 10**digits:
        return False
    days, times = np.divmod(known.astype(np.int64), 10 ** (digits - 8))
    years, months, day = days // 10_000, days // 100 % 100, days % 100
    hours = times // 10 ** max(digits - 10, 0)
    valid = (years >= 1800) & (years < 2100) & (months >= 1) & (months <= 12) & (day >= 1) & (day <= 31) & (hours < 24)
    return bool(valid.all()) and len(np.unique(known)) >= _LEAST


def _text(column: "pd.Series") -> "pd.Series":
    text = column.astype("string").str.strip()
    if text.head(_LOOK).str.contains(_COMMA).any():
        text = text.str.replace(_COMMA, ".", regex=True)
    return text.mask(text.str.casefold().isin(NOTHING))


def _sample(text: "pd.Series") -> "pd.Series | None":
    """Return the first different cells, or None if they cannot be dates."""
    sample = text.dropna().drop_duplicates().head(_LOOK)
    if (
        not len(sample)
        or not sample.str.contains(_DIGIT).all()
        or sample.str.len().max() > _LONGEST
        or not _LIKE.search(sample.iloc[0])
    ):
        return None
    return sample


def _is_zoned(sample: "pd.Series") -> bool:
    return bool(_ZONE.search(sample.iloc[0])) and ":" in sample.iloc[0]


def _unzoned(text: "pd.Series") -> "pd.Series":
    return text.str.replace(_ZONE, "", regex=True)


def _fitting(sample: "pd.Series") -> list[str]:
    """List the date formats in which nearly all cells are dates."""
    sample = _unzoned(sample) if _is_zoned(sample) else sample
    return [date for date in _formats(sample.iloc[0]) if _read(sample, date).notna().mean() >= _SHARE]


def _read(text: "pd.Series", date: str) -> "pd.Series":
    """Read cells of one date format as moments, each with a time after the date or without."""
    import pandas as pd

    found = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    for time in _TIMES if "%H" not in date else ("",):
        left = text[found.isna() & text.notna()]
        if not len(left):
            break
        for joint in (" ", "T") if date and time else ("",):
            if not date and not time:
                continue
            now = pd.to_datetime(left, format=f"{date}{joint}{time}", errors="coerce")
            found = found.fillna(cast("pd.Series", now).astype("datetime64[us]"))
    return found


def _restlessness(found: "pd.Series") -> float:
    steps = found.dropna().diff().dropna() / np.timedelta64(1, "D")
    return float(steps.abs().sum())


def _formats(cell: str) -> list[str]:
    """List date formats that could fit a cell, by its separators; with "/", formats with the month first come first."""
    if cell.isdecimal():
        return [_COMPACT[len(cell)]] if len(cell) in _COMPACT else []
    day = cell.split(":")[0]
    if ":" in cell and not re.search(r"[-/.]\d|[A-Za-z]{3}", day):
        return [""]
    dates = [date for date in _DATES if _marks(date) == _marks(day)] or list(_DATES)
    dates += ["%H.%M.%S"] if _marks(day) == ".." else []
    return sorted(dates, key=lambda date: "/" in cell and date.startswith("%d"))


def _marks(text: str) -> str:
    found = re.sub(r"%[a-zA-Z]|[^-/.,]", "", text)
    return found[:2]


def days_since(found: "pd.Series", first: str) -> np.ndarray:
    """Compute days since a moment, with fractions; nan where a moment is missing."""
    return ((found - np.datetime64(first)) / np.timedelta64(1, "D")).to_numpy(dtype=float, na_value=np.nan)
