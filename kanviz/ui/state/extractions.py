"""Hold the session's extraction of a formula from the current network."""

from typing import TYPE_CHECKING, Any

from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.laws.search.extraction_record import ExtractConfig
    from kanviz.ui.state.extraction_run import Extracting
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job


class Extractions(Part):
    """The session's extraction, one at a time. chosen: the complexity of the reading that is shown."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self._last: Extracting | None = None
        self.chosen: int | None = None

    @property
    def jobs(self) -> "list[Job[Any]]":
        return [self._last.job] if self._last is not None else []

    def start(self, config: "ExtractConfig") -> None:
        """Start to read all edges of the current network together. An extraction that is running is stopped."""
        from kanviz.ui.state.extraction_run import Extracting

        with self._holder.lock:
            self.stop()
            work = self._holder.opened
            self._last, self.chosen = Extracting.start(work.present, work.data, config, self._holder.owner), None

    @property
    def current(self) -> "Extracting | None":
        """The extraction of the current network and rows; None if it was started on others."""
        with self._holder.lock:
            last = self._last
            return last if last is not None and self._holder.is_on(last.kan, last.data) else None
