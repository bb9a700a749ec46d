"""Record the state of a search: the front, the attempts, and why it ended."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from kanviz.core.training.ending import Ending
from kanviz.door import Displayed, room
from kanviz.errors import UserError
from kanviz.laws.front import Entry, Scale, best
from kanviz.laws.search.attempt_pool import Outcome


@dataclass(frozen=True)
class Tried:
    """One attempt: held-out errors of its spline network and its best law (None where it has none), and CPU seconds."""

    attempt: str
    laws: int
    spline_rmse: float | None
    law_rmse: float | None
    cpu_seconds: float
    failure: str = ""

    @staticmethod
    def of(outcome: Outcome) -> "Tried":
        splines = [found.spline_rmse for found in outcome.found if np.isfinite(found.spline_rmse)]
        laws = [found.law.test_rmse for found in outcome.found if np.isfinite(found.law.test_rmse)]
        return Tried(
            str(outcome.attempt), len(outcome.found), min(splines, default=None), min(laws, default=None),
            outcome.cpu_seconds, outcome.failure,
        )  # fmt: skip


@dataclass(frozen=True)
class Discovery(Displayed):
    """The state of a search.

    front: the laws that no other law beats in both complexity and held-out error, the simplest first · attempts: in
    order · seconds: by the clock · stopped_because: the reason, empty while the search runs.

    >>> import kanviz
    >>> x = [k / 10 for k in range(40)]
    >>> data = kanviz.Dataset.from_frame({"x": x, "y": [2 * v + 1 for v in x]}, "y")
    >>> *_, found = kanviz.discoveries(data, kanviz.DiscoverConfig(shape=[1, 1], seeds=1, jobs=1))
    >>> found.target, found.exact, found.to_json()["front"][-1]["expression"]
    ('y', True, '2*x + 1')
    """

    target: str
    unit: str
    inputs: tuple[str, ...]
    units: tuple[str, ...]
    scale: Scale
    front: tuple[Entry, ...] = ()
    attempts: tuple[Tried, ...] = ()
    seconds: float = 0.0
    stopped_because: Ending = Ending.RUNNING
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Entry:
        """The simplest law whose error is only rounding; without one, the knee of the front.

        Raises UserError where no law was found.
        """
        if not self.front:
            raise UserError("No law was found. Give it more seconds, or fewer hints.")
        return best(self.front, self.scale)

    @property
    def exact(self) -> bool:
        """Return whether the error of the best law is no larger than rounding."""
        return bool(self.front) and self.scale.exact(self.best)

    @property
    def cpu_seconds(self) -> float:
        return sum(tried.cpu_seconds for tried in self.attempts)

    def _repr_latex_(self) -> str | None:
        return room(self).latex(self)

    def plot(self, *, theme: Literal["light", "dark"] = "light") -> Any:
        """Return plotly's figure of the front: held-out error against complexity.

        >>> import kanviz
        >>> x = [k / 10 for k in range(40)]
        >>> found = kanviz.discover({"x": x, "y": [2 * v + 1 for v in x]}, "y", shape=[1, 1], seeds=1, jobs=1)
        >>> found.plot().layout.xaxis.title.text
        'complexity (parts of the expression)'
        """
        return room(self).plot(self, theme=theme)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON data for other programs; `best` is an index into the front."""
        return {
            "target": self.target,
            "unit": self.unit,
            "inputs": dict(zip(self.inputs, self.units, strict=True)),
            "front": [entry.to_json() | entry.details() for entry in self.front],
            "best": self.front.index(self.best) if self.front else None,
            "attempts": [asdict(tried) for tried in self.attempts],
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "stopped_because": str(self.stopped_because),
            "notes": list(self.notes),
        }
