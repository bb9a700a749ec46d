"""Finds numbers that mean a missing value (-200, -999, 9999, 1e20) by their distance from all other values."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kanviz.text import listing, shown

_NINES = re.compile(r"-?9{2,}(?:\.9+)?|-999+\.25")
_ONE_NINE = re.compile(r"-9\.9{3,}")
_REPEATED = re.compile(r"-?(?:8{3,}|7{3,}|8{2}|7{2}|6{4,})(?:\.0)?")
_THOUSANDS = (-5999, -6999, -7999, -8999)
_LIMITS = (-32768, 32767, -32767, 65535, 2147483647, -2147483648, 4294967295)
_ENDLESS = 1e15
# leading digits of larger codes: powers of ten, an instrument's overflow (9.9e37), and the largest numbers of formats
_MANTISSAS = ("1.000", "9.900", "9.910", "9.990", "9.999", "9.969", "1.701", "3.403", "3.400", "1.798")
_FEW = 3  # different values that a column must have besides a code
_MANY = 8  # other values needed for a code that occurs once
_STEPS = 10  # a code is farther away than this many of the largest steps between the values near it
_STEPS_BELOW = 2  # the same for a negative number below others that are all positive
_MOST = 3  # codes in one column


@dataclass(frozen=True, eq=False)
class Code:
    """A number that means a missing value, or may: where it occurs, and whether it counts as missing.

    rows: of each column, the rows with it · sure: the reader itself treats it as missing · missing: it counts as
    missing.
    """

    value: float
    rows: Mapping[str, np.ndarray]
    sure: bool
    missing: bool

    @property
    def count(self) -> int:
        return sum(map(len, self.rows.values()))

    @property
    def text(self) -> str:
        return f"{self.value:.12g}"

    @property
    def places(self) -> str:
        """List the columns with their counts: "T (47) and c (52)"."""
        return listing([f"{shown(name, 40)} ({len(rows):,})" for name, rows in self.rows.items()], 6)

    @property
    def note(self) -> str:
        """Describe the code in a note."""
        far = f"{self.text} is far from all other values of {self.places}"
        if self.missing:
            return f"{far}: it is taken to mean that the value is missing (--missing none keeps it as a number)."
        return (
            f"{far}: does it mean that the value is missing? It is kept as a number (--missing {self.text} drops it)."
        )


def find_codes(columns: Mapping[str, np.ndarray]) -> list[Code]:
    """Find the codes in columns of numbers, the most frequent first."""
    found: dict[float, dict[str, bool]] = {}
    for name, values in columns.items():
        for value, sure in _codes_of(values):
            found.setdefault(value, {})[name] = sure
    codes = []
    for value, places in found.items():
        sure = any(places.values())
        more = [name for name in columns if sure and name not in places and _is_outlier(columns[name], value)]
        rows = {name: np.flatnonzero(columns[name] == value) for name in columns if name in places or name in more}
        codes.append(Code(value, rows, sure, sure))
    return sorted(codes, key=lambda code: -code.count)


def _is_outlier(values: np.ndarray, value: float) -> bool:
    """Say whether a number that is a code elsewhere occurs in a column, far from its other values."""
    known = values[np.isfinite(values)]
    return bool((known == value).any()) and _is_far(known[known != value], value, _STEPS_BELOW)


def chosen_codes(columns: Mapping[str, np.ndarray], missing: Sequence[float]) -> list[Code]:
    """Locate numbers that the caller declared as missing values."""
    codes = []
    for value in missing:
        rows = {name: at for name, values in columns.items() if len(at := np.flatnonzero(values == value))}
        if rows:
            codes.append(Code(value, rows, True, True))
    return codes


def _codes_of(values: np.ndarray) -> list[tuple[float, bool]]:
    """Find the codes of one column (extreme values, compared with the other ones), and whether each is sure."""
    known = values[np.isfinite(values)]
    others, found = known, []
    for outermost in (np.min, np.max):
        for _ in range(_MOST):
            if len(others) < _FEW or not _strength(float(outermost(others))):
                break
            found.append(float(outermost(others)))
            others = others[others != found[-1]]
    judged = [(value, _judged(int((known == value).sum()), others, value)) for value in found]
    return [(value, sure) for value, sure in judged if sure is not None]


def _judged(count: int, others: np.ndarray, value: float) -> bool | None:
    """Say whether a value that occurs `count` times among others is surely a code; None where it is no code."""
    if len(others) < _FEW:
        return None
    if (abs(value) >= _ENDLESS and _are_powers_of_ten(others)) or (value % 100 == 0 and _are_round(others)):
        return None
    strength, below = _strength(value), value < 0 <= others.min()
    if not _is_far(others, value, _STEPS_BELOW if below and count > 2 else _STEPS):
        return None
    reach = float(others.max() - others.min())
    gap = float(np.abs(others - value).min())
    wide = gap > reach or (below and gap > 0.1 * reach)
    if len(np.unique(others[:1000])) < _FEW:
        return False if strength > 1 and count > 1 else None
    alone = len(others) >= _MANY and value < 0
    if strength > 1 and wide and (count > 1 or alone):
        return True
    if count > 2 and wide and strength > 0.5:
        return True
    return False if wide or count > 2 else None


def _are_powers_of_ten(values: np.ndarray) -> bool:
    """Say whether most values are powers of ten, as the levels of an experiment over many decades are."""
    sizes = np.log10(np.abs(values[values != 0]))
    return bool(len(sizes)) and float((sizes == np.round(sizes)).mean()) > 0.5


def _are_round(values: np.ndarray) -> bool:
    """Say whether most values are hundreds."""
    return float((values % 100 == 0).mean()) > 0.5


def _strength(value: float) -> float:
    """Rate a number as a code: 2 if it is hardly ever measured, 1 if often a code, 0.5 if possibly, otherwise 0."""
    text = f"{value:.12g}"
    endless = abs(value) >= _ENDLESS and f"{abs(value):.3e}"[:5] in _MANTISSAS
    if endless or value in _LIMITS or (_NINES.fullmatch(text) and abs(value) > 100):
        return 2.0
    if value in (-1.0, -9.0, -99.0, 99.0, -99.9, 99.9, 99.99, -99.99, -9.99, 9.99, -9.9) or _REPEATED.fullmatch(text):
        return 0.5 if abs(value) < 50 else 1.0
    if _ONE_NINE.fullmatch(text):
        return 1.0
    hundreds = value in (-100, -200, -300, -400, -500, -600, -700, -800, -900) or value in _THOUSANDS
    return 1.0 if hundreds or (value <= -1000 and math.log10(-value) % 1 == 0) else 0.0


def _is_far(others: np.ndarray, value: float, steps: float) -> bool:
    """Say whether a value is outside all others, by more than `steps` of the largest steps between those near it."""
    others = np.unique(others)
    if not len(others) or others[0] < value < others[-1]:
        return False
    near = others[: (len(others) + 1) // 2 + 1] if value < others[0] else others[len(others) // 2 :]
    gap = min(abs(near[0] - value), abs(near[-1] - value))
    largest = float(np.diff(near).max()) if len(near) > 1 else 0.0
    if gap <= steps * largest:
        return False
    neighbour = near[0] if value < others[0] else near[-1]
    if value * neighbour <= 0 or value < 0 or near[0] <= 0:
        return True
    # on a logarithmic scale too; otherwise it is only the next power of ten
    apart = abs(math.log(value / neighbour))
    return apart > 3 * float(np.diff(np.log(near)).max() if len(near) > 1 else 0.0)
