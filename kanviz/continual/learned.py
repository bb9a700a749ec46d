"""Record what one method has learned of a rung's tasks so far, and how its old predictions have changed."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Learned:
    """The results of one method on all tasks so far. Errors are root mean square, in units of a peak's height.

    errors: (task, after): error on each task's test points after each task; nan before the task was learned · kept: for
    each old task, number of points whose prediction has the same bits as right after the task · points: test points
    of each task · drift: largest |change| of an old prediction at any time since its task, inf if one is NaN or
    infinite · reach: greatest distance of a changed old point from rows learned later, in cells of the grid along the
    input where it is nearest (nan if nothing changed, and for deeper networks and an MLP, where it has no meaning) ·
    seconds: time of its training · free: share of its numbers that may still change, after each task · drawn:
    predictions on the rung's mesh after each task, (task, point).

    >>> import numpy
    >>> from kanviz.continual.learned import Learned
    >>> errors = numpy.array([[0.1, 0.3], [numpy.nan, 0.2]])
    >>> found = Learned("KAN", 63, errors, kept=(4,), points=10, predictions=(numpy.zeros(5), numpy.zeros(5)))
    >>> found.done, found.own, found.end, found.old_then, found.old_now, found.kept_share
    (2, (0.1, 0.2), (0.3, 0.2), 0.1, 0.3, 0.4)
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
    predictions: tuple[np.ndarray, ...] = ()

    @property
    def done(self) -> int:
        """Tasks learned so far."""
        return len(self.predictions)

    @property
    def finished(self) -> bool:
        return self.done == len(self.errors)

    @property
    def own(self) -> tuple[float, ...]:
        """The error on each task right after it was learned."""
        return tuple(float(self.errors[k, k]) for k in range(self.done))

    @property
    def end(self) -> tuple[float, ...]:
        """The current error on each task."""
        return tuple(map(float, self.errors[: self.done, self.done - 1])) if self.done else ()

    @property
    def own_mean(self) -> float:
        """Mean error right after learning, over all tasks so far."""
        return float(np.mean(self.own)) if self.done else math.nan

    @property
    def old_then(self) -> float:
        """Mean error on the old tasks right after each was learned."""
        return float(np.mean(self.own[:-1])) if self.done > 1 else math.nan

    @property
    def old_now(self) -> float:
        """Current mean error on the old tasks."""
        return float(np.mean(self.end[:-1])) if self.done > 1 else math.nan

    @property
    def old_points(self) -> int:
        return self.points * len(self.kept)

    @property
    def kept_share(self) -> float:
        """Share of the old predictions that have the same bits as before, 0 to 1; nan if there are none."""
        return sum(self.kept) / self.old_points if self.old_points else math.nan
