"""Summarise a run in a sentence made from its numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kanviz.continual.learned import Learned
from kanviz.text import counted

LEARNED = 0.25  # a task counts as learned while its error is below this share of its target's spread
FORGOTTEN = 0.05  # old tasks count as forgotten once their error has grown by this share of their targets' spread

Kind = Literal["open", "exact", "drifts", "forgets"]


@dataclass(frozen=True)
class Verdict:
    """The summary of a run.

    kind: how the old predictions changed, "open" while there are none · missed: numbers of tasks that were not learned,
    from 1 · text: both as a sentence.

    >>> from kanviz.continual.verdict import Verdict
    >>> Verdict("exact", missed=(), text="exact: all old predictions kept their bits").holds
    True
    """

    kind: Kind
    missed: tuple[int, ...]
    text: str

    @property
    def holds(self) -> bool:
        """Whether every old prediction has the same bits as before, and every task was learned."""
        return self.kind == "exact" and not self.missed


def verdict(found: Learned, spread: Sequence[float]) -> Verdict:
    """Summarise the results of one method; spread: standard deviation of each task's target.

    >>> import numpy
    >>> from kanviz.continual.learned import Learned
    >>> from kanviz.continual.verdict import verdict
    >>> errors = numpy.array([[0.01, 0.3], [numpy.nan, 0.02]])
    >>> lines = (numpy.zeros(5), numpy.zeros(5))
    >>> found = Learned("KAN", 63, errors, kept=(4,), points=10, drift=0.5, predictions=lines)
    >>> verdict(found, spread=(0.3, 0.3)).text
    'forgets: old error 0.01 → 0.3, 4 of 10 old predictions kept their bits'
    """
    missed = tuple(k + 1 for k, (own, s) in enumerate(zip(found.own, spread, strict=False)) if not own < LEARNED * s)
    kind = _kind(found, spread)
    words = {"open": _open, "exact": _exact, "drifts": _drifts, "forgets": _forgets}[kind](found)
    if missed:
        worst = max((found.own[k - 1] for k in missed), key=_size)
        which = f"task{'' if len(missed) == 1 else 's'} {', '.join(map(str, missed))}"
        words += f"; does not learn {which} (error {number(worst)})"
    return Verdict(kind, missed, words)


def _kind(found: Learned, spread: Sequence[float]) -> Kind:
    if not found.old_points:
        return "open"
    if sum(found.kept) == found.old_points:
        return "exact"
    size = sum(spread[: len(found.kept)]) / len(found.kept)
    return "drifts" if found.old_now - found.old_then < FORGOTTEN * size else "forgets"


def _open(found: Learned) -> str:
    return f"nothing is old yet ({counted(found.done, 'task')} learned)"


def _exact(found: Learned) -> str:
    return f"exact: all {found.old_points:,} old predictions kept their bits"


def _drifts(found: Learned) -> str:
    near = f", all within {counted(math.ceil(found.reach), 'cell')} of newer rows" if 0 < found.reach <= 4 else ""
    return (
        f"drifts by at most {number(found.drift)}{near}: {sum(found.kept):,} of {found.old_points:,} old predictions "
        "kept their bits"
    )


def _forgets(found: Learned) -> str:
    return (
        f"forgets: old error {number(found.old_then)} → {number(found.old_now)}, {sum(found.kept):,} of "
        f"{found.old_points:,} old predictions kept their bits"
    )


def _size(value: float) -> float:
    return value if value == value else math.inf


def number(value: float) -> str:
    """Write a number with two digits; "NaN" for nan and infinity.

    >>> from kanviz.continual.verdict import number
    >>> number(0.012345), number(float("inf"))
    ('0.012', 'NaN')
    """
    if not math.isfinite(value):
        return "NaN"
    return f"{value:.2g}"
