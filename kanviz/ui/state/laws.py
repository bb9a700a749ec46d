"""Hold the session's search for the law behind a table. No network needs to be open."""

from typing import TYPE_CHECKING, Any

from kanviz.errors import UserError
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.io.work import Work
    from kanviz.laws.search.discover import DiscoverConfig
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.law_search import LawSearch
    from kanviz.ui.state.snapshot import Snapshot


class LawSearches(Part):
    """The session's search, one at a time. last: the newest · chosen: the law that is shown, as text."""

    page = "Laws"
    is_saved = True
    running = "A search for a law is under way; it is on the Laws page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.last: LawSearch | None = None
        self.chosen = ""
        self._work: tuple[object, Work | None] | None = None

    @property
    def jobs(self) -> "list[Job[Any]]":
        return [self.last.job] if self.last is not None else []

    def start(self, data: "Dataset", rows_from: str, config: "DiscoverConfig") -> None:
        """Start the search; one that is running is stopped. Raises UserError if hints or shape do not fit the table."""
        from kanviz.laws.search.attempt import attempts
        from kanviz.laws.search.problem import question_of
        from kanviz.ui.state.law_search import LawSearch

        config.hints.check_names(question_of(data).table.names)
        next(attempts(len(data.inputs), config.shape))  # refuses a shape that does not fit
        with self._holder.lock:
            self.stop()
            self.last, self.chosen = LawSearch.start(data, rows_from, config, self._holder.owner), ""

    @property
    def ids(self) -> set[str]:
        return {self.last.work} if self.last is not None else set()

    def snapshots(self) -> "list[Snapshot]":
        """Return the best law so far as a network of formulas, with its rows; empty if no network can represent it."""
        from kanviz.ui.state.snapshot import Snapshot

        search = self.last
        found = search.found if search is not None else None
        if search is None or found is None or not found.front:
            return []
        mark = (search.work, found.best.text)
        if self._work is None or self._work[0] != mark:
            try:
                self._work = mark, search.best_as_work()
            except UserError:
                self._work = mark, None
        work = self._work[1]
        return [Snapshot(search.work, work, mark)] if work is not None else []
