"""What came of a rung, as numbers: every method, every task after every task, and what the old predictions did."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kanviz.continual.rungs import Rung
from kanviz.text import no_formula

Rows = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Learned:
    """One method on all tasks so far. Errors are root mean square on a task's points, in units of a peak's height.

    errors: (task, after), on each task after each; nan before it was learned, and where nothing was yet · kept: of
    each task that is old now, points whose prediction has the bits it had when the task was learned · points: of
    each task · drift: largest |change| of an old prediction at any time since then, inf where one is no number ·
    reach: greatest distance of a changed old point from rows learned later, in cells of the grid along the input
    where it is nearest (nan where nothing changed, or where it says nothing: deeper networks, an MLP) · seconds: of
    its training · free: share of its numbers that may still move · drawn: predictions on the rung's mesh after each
    task, (task, point).
    """

    name: str
    numbers: int
    errors: np.ndarray
    kept: tuple[int, ...] = ()
    points: int = 0
    drift: float = 0.0
    reach: float = math.nan
    seconds: float = 0.0
    free: tuple[float, ...] = ()
    drawn: tuple[np.ndarray, ...] = ()

    @property
    def done(self) -> int:
        """Tasks learned so far."""
        return len(self.drawn)

    @property
    def finished(self) -> bool:
        return self.done == len(self.errors)

    @property
    def own(self) -> tuple[float, ...]:
        """The error on each task right after it was learned."""
        return tuple(float(self.errors[k, k]) for k in range(self.done))

    @property
    def end(self) -> tuple[float, ...]:
        """The error on each task now."""
        return tuple(map(float, self.errors[: self.done, self.done - 1])) if self.done else ()

    @property
    def own_mean(self) -> float:
        """Mean error right after learning, over all tasks so far."""
        return float(np.mean(self.own)) if self.done else math.nan

    @property
    def old_then(self) -> float:
        """Mean error on the tasks that are old now, when they had just been learned."""
        return float(np.mean(self.own[:-1])) if self.done > 1 else math.nan

    @property
    def old_now(self) -> float:
        """Mean error on the tasks that are old now."""
        return float(np.mean(self.end[:-1])) if self.done > 1 else math.nan

    @property
    def old_points(self) -> int:
        return self.points * len(self.kept)

    @property
    def kept_share(self) -> float:
        """Share of the old predictions that kept their bits, 0 to 1; nan where none is old."""
        return sum(self.kept) / self.old_points if self.old_points else math.nan


@dataclass(frozen=True, eq=False)
class Outcome:
    """A run of a rung as far as it came. methods: the rung's own network first.

    mesh: points to draw on, (point, input), where there are two inputs a square window on each task's region in
    turn · target: the whole function there · spread: root mean square of each task's target about its mean ·
    seconds: of everything, so far.
    """

    rung: Rung
    seed: int
    mesh: np.ndarray
    target: np.ndarray
    spread: tuple[float, ...]
    methods: tuple[Learned, ...] = field(default=())
    seconds: float = 0.0
    finished: bool = False

    @property
    def own(self) -> Learned | None:
        """The rung's own network, once it has learned something."""
        return self.methods[0] if self.methods else None

    def to_rows(self) -> Rows:
        """A line for each method, for a table or CSV."""
        return [
            {
                "rung": self.rung.number,
                "failing_with": " ".join(self.rung.failing_with),
                "seed": self.seed,
                "method": one.name,
                "numbers": one.numbers,
                "tasks": one.done,
                "own_error": one.own_mean,
                "old_error_then": one.old_then,
                "old_error_now": one.old_now,
                "old_predictions": one.old_points,
                "bit_identical": sum(one.kept),
                "largest_drift": one.drift if one.old_points else math.nan,
                "reach_cells": one.reach,
                "free_share": one.free[-1] if one.free else math.nan,
                "seconds": one.seconds,
            }
            for one in self.methods
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: the lines of the table, every error, and the verdicts; null where there is no number."""
        from kanviz.continual.verdict import verdict

        methods = [
            {
                **{key: _plain(value) for key, value in row.items() if key not in ("rung", "seed", "failing_with")},
                "errors": [[_plain(v) for v in line] for line in one.errors.tolist()],
                "verdict": verdict(one, self.spread).text,
            }
            for row, one in zip(self.to_rows(), self.methods, strict=True)
        ]
        head = {"rung": self.rung.number, "title": self.rung.title, "failing_with": list(self.rung.failing_with)}
        return {**head, "seed": self.seed, "finished": self.finished, "seconds": self.seconds, "methods": methods}


def to_csv(outcomes: Sequence[Outcome]) -> str:
    """The lines of all tables as CSV, empty where there is no number."""
    rows = [row for outcome in outcomes for row in outcome.to_rows()]
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return "" if _plain(value) is None else no_formula(value)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
