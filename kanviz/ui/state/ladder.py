"""Hold the session's runs of the ladder's rungs. No network needs to be open."""

from typing import TYPE_CHECKING, Any

from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.continual.rungs import Rung
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.ladder_run import Climbing


class Ladder(Part):
    """The session's ladder. runs: the last run of each rung, by the rung's number."""

    page = "Locality"
    running = "A rung of the ladder is under way; it is on the Locality page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.runs: dict[int, Climbing] = {}

    @property
    def jobs(self) -> list[Job[Any]]:
        return [one.job for one in self.runs.values()]

    def start(self, rung: "Rung", seed: int = 0) -> None:
        """Run a rung. A rung that is running is stopped; its result so far remains."""
        from kanviz.ui.state.ladder_run import Climbing

        with self._holder.lock:
            self.stop(End.REPLACED)
            self.runs[rung.number] = Climbing.start(rung, seed, self._holder.owner)
