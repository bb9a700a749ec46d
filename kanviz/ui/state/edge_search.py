"""Search for a formula for each edge of the current network, in the background."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.analysis.symbolic import Candidate
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.ui.state.holder import Holder


class EdgeSearch(Part):
    """The search for edge formulas, one at a time. Its results hold for the network and rows it started with."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.job: Job[Any] | None = None
        self._found: tuple[KAN, Dataset | None, dict[EdgeId, Sequence[Candidate]]] | None = None

    @property
    def jobs(self) -> list[Job[Any]]:
        return [self.job] if self.job is not None else []

    def start(self) -> None:
        """Start the search on the current network. A search that is running is stopped."""
        from kanviz.analysis.symbolic import suggest_all

        with self._holder.lock:
            self.stop(End.REPLACED)
            kan, data = self._holder.opened.present, self._holder.data
            candidates: dict[EdgeId, Sequence[Candidate]] = {}
            self._found = (kan, data, candidates)
            found = Job(lambda: suggest_all(kan, data), lambda item: candidates.update([item]), who=self._holder.owner)
            self.job = found.start()

    @property
    def candidates(self) -> "dict[EdgeId, Sequence[Candidate]] | None":
        """Candidates found so far, by edge; None if the search was for another network or other rows."""
        with self._holder.lock:
            if self._found is None or not self._holder.is_on(*self._found[:2]):
                return None
            return dict(self._found[2])
