"""Record the results of a rung: errors of every method on every task after every task, changes of old predictions."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kanviz.continual.learned import Learned
from kanviz.continual.rungs import Rung
from kanviz.continual.verdict import verdict
from kanviz.text import no_formula

Rows = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The results of a run of a rung so far. methods: one record each, the rung's own network first.

    mesh: points to plot, (point, input); with two inputs, a square window on each task's region in turn · target: the
    target function at these points · spread: standard deviation of each task's target · seconds: total time so far.

    >>> import kanviz
    >>> outcome = next(kanviz.climb(kanviz.RUNGS[0], alone=True)).outcome
    >>> outcome.mesh.shape, outcome.target.shape, outcome.own, outcome.to_rows(), outcome.to_json()["title"]
    ((401, 1), (401,), None, [], 'Apart, on a line')
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
        """Results of the rung's own network, None before its first task."""
        return self.methods[0] if self.methods else None

    def to_rows(self) -> Rows:
        """Return a row for each method, for a table or CSV."""
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
        """Convert to plain JSON: the rows of the table, every error, and the verdicts; null for nan and infinity."""
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
    """Write the rows of all outcomes as CSV; cells are empty for nan and infinity.

    >>> import itertools, kanviz
    >>> from kanviz.continual.outcome import to_csv
    >>> *_, step = itertools.islice(kanviz.climb(kanviz.RUNGS[0], alone=True), 2)
    >>> to_csv([step.outcome]).splitlines()[0].split(",")[:6]
    ['rung', 'failing_with', 'seed', 'method', 'numbers', 'tasks']
    """
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
