"""What one method learned of a rung's tasks so far, and what became of its old predictions."""

import math
from dataclasses import dataclass

import numpy as np


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
