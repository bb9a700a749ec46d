"""The search for a formula for every edge of the current network."""

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
    """One search at a time; what it finds counts for the network and the rows that it was started with."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.job: Job[Any] | None = None
        self._found: tuple[KAN, Dataset | None, dict[EdgeId, Sequence[Candidate]]] | None = None

    @property
    def jobs(self) -> list[Job[Any]]:
        return [self.job] if self.job is not None else []

    def start(self) -> None:
        """Look for a formula for every edge of the present network; another search ends."""
        from kanviz.analysis.symbolic import suggest_all

        with self._holder.lock:
            if self.job is not None:
                self.job.stop(End.REPLACED)
            kan, data = self._holder.opened.present, self._holder.data
            candidates: dict[EdgeId, Sequence[Candidate]] = {}
            self._found = (kan, data, candidates)
            found = Job(lambda: suggest_all(kan, data), lambda item: candidates.update([item]), who=self._holder.owner)
            self.job = found.start()

    @property
    def candidates(self) -> "dict[EdgeId, Sequence[Candidate]] | None":
        """What the search has found so far for the present network and rows; None if it was for others."""
        with self._holder.lock:
            if self._found is None or not self._holder.is_on(*self._found[:2]):
                return None
            return dict(self._found[2])
