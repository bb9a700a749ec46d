"""Guess which columns of a table are inputs, if none are chosen: not row numbers, nor errors of other columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kanviz.core.columns.frames import the_column
from kanviz.core.columns.inputs import kind_of
from kanviz.text import listing, shown

if TYPE_CHECKING:
    import pandas as pd

_PART = re.compile(r"[^\W\d_]+|#|№|\d+")
_NUMBERING_WORDS = """
    id ids idx index nr no num number nummer numero número numéro row rows rownum rownames obs observation record rec
    case sample samples serial seq sequence lfd zeile probe messung versuch punkt point pt entry item key uid uuid guid
    n° nº # № sn sl lp rn unnamed fall patient passenger subject participant customer 序号 编号 番号 номер номера nro
"""
_NUMBERING = frozenset(_NUMBERING_WORDS.split())
_KEYS = frozenset(("id", "ids", "uid", "uuid", "guid"))
_LARGE = 100_000  # from here on, whole numbers in a column whose name ends in "id" are keys
_EXACT = 2.0**53  # from here on, whole numbers are rounded, and different keys may become equal
_COUNTERS = frozenset(("X", "i", "j", "k", "n/n", "п/п"))  # as the name of a first column
_LONG = (
    "standard error", "std error", "stderr", "errors", "error", "err", "uncertainty", "uncert", "unc", "sigma", "stdev",
    "std dev", "stddev", "std", "sd", "se", "dev", "fehler", "unsicherheit", "erreur", "incertitude", "+/-", "+-", "±",
    "σ",
)  # fmt: skip
_BEGINNING = re.compile(r"(?:error|err|sigma|unc) ?(.+)")
_SHORT = ("delta", "d", "δ", "u", "e", "s", "σ")
_TIGHT, _TIGHTEST = ("delta", "d", "δ", "σ"), 3  # directly before a name of so many letters
_SIDE = re.compile(  # marks of an error to one side
    r"^[+-] ?| ?(?:minus|plus|low|high|lo|hi|lower|upper|down|up|neg|pos|[+-])$"
)
_ALONE = (
    "standard error", "std error", "stderr", "errors", "error", "err", "uncertainty", "unc", "fehler", "unsicherheit",
    "erreur", "incertitude", "+/-", "+-", "±", "yerr", "y err", "y error", "dy",
)  # fmt: skip
_PERHAPS = ("sigma", "σ", "sd", "std", "stdev", "std dev", "stddev", "se", "s")  # directly after their column only


@dataclass(frozen=True)
class Roles:
    """The guessed roles of a table's columns.

    inputs: columns taken as inputs · left_out: for each other column, the reason · errors: for each column of errors,
    the column that it belongs to.
    """

    inputs: tuple[str, ...]
    left_out: dict[str, str]
    errors: dict[str, str]

    @property
    def notes(self) -> list[str]:
        """The reasons as sentences; columns with the same reason are together."""
        by_reason: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            by_reason.setdefault(reason, []).append(name)
        return [
            f"Not used as {'an input' if len(names) == 1 else 'inputs'}: {listing(names, 8)} ({reason})."
            for reason, names in by_reason.items()
        ]


def roles_of(frame: "pd.DataFrame", targets: Sequence[str]) -> Roles:
    """Guess the role of each column except the targets; columns of numbers and of two words are inputs."""
    columns = {str(c): n for n, c in enumerate(frame.columns)}
    kinds = {name: kind_of(frame.iloc[:, n]) for name, n in columns.items() if name not in targets}
    numeric = [name for name, kind in kinds.items() if kind == "numbers"]
    errors = _errors(frame, numeric, list(targets))
    left_out: dict[str, str] = {}
    for name, kind in kinds.items():
        if name in errors:
            left_out[name] = f"errors of {shown(errors[name], 40)}"
        elif kind == "numbers" and (why := _numbers_rows(_numbers(frame, name), name, columns[name])):
            left_out[name] = why
        elif kind == "dates":
            left_out[name] = "dates; as an input they count as days since the first"
        elif kind == "few words":
            left_out[name] = "words; as an input each word is a column of 0 and 1"
        elif kind == "text":
            left_out[name] = "text"
    for wanted in (("dates", "few words"), ("numbers",)):  # if no input is left, use these
        if len(left_out) == len(kinds):
            rest = [name for name in left_out if kinds[name] in wanted and name not in errors]
            left_out = {name: why for name, why in left_out.items() if name not in rest}
    inputs = [name for name in kinds if name not in left_out]
    return Roles(tuple(inputs), left_out, errors)


def usual_target(frame: "pd.DataFrame", among: Sequence[str]) -> str:
    """Guess the target: the last column that is not errors of another, row numbers, constant, or text."""
    columns, wanted = [str(c) for c in frame.columns], set(among)
    plain = {_plain(name): name for name in columns}
    for n in range(len(columns) - 1, -1, -1):
        name = columns[n]
        if name not in wanted:
            continue
        kind = kind_of(frame.iloc[:, n])
        if kind in ("two words", "few words"):
            return name
        if kind != "numbers" or frame.iloc[:, n].nunique() < 2:
            continue
        of = next((plain[base] for base in _bases_in(name) if base in plain), None)
        if of is None and n and (_is_alone(name) or _plain(name) in _PERHAPS or _starts_its_name(name, columns[n - 1])):
            of = columns[n - 1]
            while _is_alone(of) and columns.index(of):  # skip two columns of errors, one for each side
                of = columns[columns.index(of) - 1]
        is_error = of is not None and of != name and _could_be_errors(frame, name, of)
        if not is_error and not _numbers_rows(_numbers(frame, name), name, 1):
            return name
    return next(name for name in reversed(columns) if name in wanted)


def _numbers(frame: "pd.DataFrame", name: str) -> np.ndarray:
    return the_column(frame, name).to_numpy(dtype=float, na_value=np.nan)


def _numbers_rows(values: np.ndarray, name: str, place: int) -> str:
    """Return why a column only identifies the row; empty if it may contain more."""
    if len(values) < 4 or not np.isfinite(values).all() or (values != np.round(values)).any():
        return ""
    words = {part.casefold() for part in _words(name)}
    counts = (np.diff(values) == 1).all()
    if counts and (words & _NUMBERING or (place == 0 and name in _COUNTERS)):
        return "row numbers"
    is_key = words & _KEYS or (name.casefold().endswith("id") and values.min() >= _LARGE)
    if is_key and (len(np.unique(values)) == len(values) >= 10 or values.min() > _EXACT):
        return "a different whole number in every row"
    return ""


def _words(name: str) -> list[str]:
    """Split a name into words; "customer_id", "PassengerId" and "Nr." all work."""
    apart = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", name)
    return [*_PART.findall(apart), name.strip().rstrip(".")]


def _errors(frame: "pd.DataFrame", numeric: Sequence[str], targets: Sequence[str]) -> dict[str, str]:
    """Find the columns of errors, and the column that each belongs to."""
    columns = [str(c) for c in frame.columns]
    plain = {_plain(name): name for name in (*numeric, *targets)}
    found: dict[str, str] = {}
    for name in numeric:
        of = next((plain[base] for base in _bases_in(name) if base in plain), None)
        if of is None and len(targets) == 1:
            of = _error_by_place(name, columns, targets[0])
        if of is not None and of != name and of not in found and _could_be_errors(frame, name, of):
            found[name] = of
    return found


def _plain(name: str) -> str:
    """Write a name in lower case, with blanks between its parts; a sign alone stays unchanged."""
    return re.sub(r"[\s_.]+|-(?=\w)|(?<=\w)-(?!$)", " ", name).strip().casefold()


def _is_alone(name: str) -> bool:
    """Return whether a name means errors, without the name of another column."""
    plain = _plain(name)
    return plain in _ALONE or _SIDE.sub("", plain) in _ALONE


def _starts_its_name(name: str, before: str) -> bool:
    """Return whether a name means errors of something with which the previous column's name begins: Vobs, errV."""
    found = _BEGINNING.fullmatch(_plain(name))
    return found is not None and _plain(before).startswith(found[1])


def _bases_in(name: str) -> list[str]:
    """List names whose errors a column could have: y for "y_err", "d_y", "dy", "sigma_y", "u(y)", "error of y"."""
    parts = " ".join(re.sub(r"[()\[\]]", " ", _plain(name)).replace(" of ", " ").split())
    found = []
    for word in _LONG:
        if parts.startswith(word):
            found.append(parts[len(word) :])
        if parts.endswith(word):
            found.append(parts[: -len(word)])
    found += [parts[len(word) :] for word in _SHORT if parts.startswith(f"{word} ")]
    found += [parts[len(word) :] for word in _TIGHT if parts.startswith(word) and len(parts) - len(word) <= _TIGHTEST]
    found += [parts[1:]] if parts.startswith("e") and len(parts) == 2 else []  # ey, as in physics
    if _SIDE.search(parts) and (whole := _SIDE.sub("", parts)) != parts:
        found += _bases_in(whole)
    return [base.strip() for base in found if base.strip()]


def _error_by_place(name: str, columns: Sequence[str], target: str) -> str | None:
    """Return the target if a column named as an error or spread directly follows it, or is at the end of the table."""
    at = columns.index(name)
    behind = target in columns and at == columns.index(target) + 1
    if _is_alone(name) and (behind or at >= len(columns) - 2):
        return target
    return target if behind and (_plain(name) in _PERHAPS or _starts_its_name(name, target)) else None


def _could_be_errors(frame: "pd.DataFrame", name: str, of: str) -> bool:
    """Return whether the numbers can be errors: none negative, and small compared with the values they belong to."""
    if kind_of(the_column(frame, of)) != "numbers":
        return False
    errors, values = _numbers(frame, name), _numbers(frame, of)
    errors, values = errors[np.isfinite(errors)], values[np.isfinite(values)]
    if not len(errors) or not len(values) or errors.min() < 0 or errors.max() == 0:
        return False
    return float(np.median(errors)) <= 0.5 * max(float(values.max() - values.min()), float(np.median(np.abs(values))))
