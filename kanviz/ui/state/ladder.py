"""The rungs of the ladder that were run, as the session holds them; none needs a network."""

from typing import TYPE_CHECKING, Any

from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.continual.rungs import Rung
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.ladder_run import Climbing


class Ladder(Part):
    """runs: the last run of each rung, by the rung's number."""

    page = "Locality"
    running = "A rung of the ladder is under way; it is on the Locality page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.runs: dict[int, Climbing] = {}

    @property
    def jobs(self) -> list[Job[Any]]:
        return [one.job for one in self.runs.values()]

    def start(self, rung: "Rung", seed: int = 0) -> None:
        """Run a rung. One at a time: another one ends and keeps what it reached."""
        from kanviz.ui.state.ladder_run import Climbing

        with self._holder.lock:
            for job in self.jobs:
                job.stop(End.REPLACED)
            self.runs[rung.number] = Climbing.start(rung, seed, self._holder.owner)
