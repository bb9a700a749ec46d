"""Run a rung of the ladder in a subprocess; its results so far can be read at any time."""

from collections.abc import Hashable
from dataclasses import dataclass

from kanviz.continual.ladder import Step, climb
from kanviz.continual.outcome import Outcome
from kanviz.continual.rungs import Rung
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart


@dataclass(frozen=True, eq=False)
class Climbing:
    """A started run of a rung, with its seed."""

    rung: Rung
    seed: int
    job: Job[Step]

    @staticmethod
    def start(rung: Rung, seed: int, who: Hashable = None) -> "Climbing":
        """Start the rung. who: see `Job`."""
        return Climbing(rung, seed, Job(lambda: apart(climb, rung, seed), who=who, elsewhere=True).start())

    @property
    def step(self) -> Step | None:
        """The newest step; None before the first one."""
        return self.job.latest

    @property
    def outcome(self) -> Outcome | None:
        return self.job.latest.outcome if self.job.latest is not None else None
