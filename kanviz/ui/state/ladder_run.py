"""A rung of the ladder as the session runs it: in a process of its own, what came of it so far always at hand."""

from collections.abc import Hashable
from dataclasses import dataclass

from kanviz.continual.ladder import Step, climb
from kanviz.continual.outcome import Outcome
from kanviz.continual.rungs import Rung
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart


@dataclass(frozen=True, eq=False)
class Climbing:
    """A rung that was started: as it holds or fails, and from which seed."""

    rung: Rung
    seed: int
    job: Job[Step]

    @staticmethod
    def start(rung: Rung, seed: int, who: Hashable = None) -> "Climbing":
        """who: as for `Job`."""
        return Climbing(rung, seed, Job(lambda: apart(climb, rung, seed), who=who, elsewhere=True).start())

    @property
    def step(self) -> Step | None:
        """The newest; None before there is any."""
        return self.job.latest

    @property
    def outcome(self) -> Outcome | None:
        return self.job.latest.outcome if self.job.latest is not None else None
