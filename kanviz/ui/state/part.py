"""Define a part of a session: the jobs of one kind, or what a page remembers. It is made at its first use."""

from typing import TYPE_CHECKING, Any, ClassVar

from kanviz.ui.state.jobs import End, Job

if TYPE_CHECKING:
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.snapshot import Snapshot


class Part:
    """A part of a session.

    page: title of the page that shows its jobs · running: the text on other pages while one of them runs · is_kept:
    whether results of its jobs are saved.
    """

    page: ClassVar[str] = ""
    running: ClassVar[str] = ""
    is_saved: ClassVar[bool] = False

    def __init__(self, holder: "Holder") -> None:
        self._holder = holder

    @property
    def jobs(self) -> list[Job[Any]]:
        """The last jobs that were started, ended ones included."""
        return []

    @property
    def live(self) -> bool:
        """Whether one of its jobs has not ended."""
        return any(job.live for job in self.jobs)

    def stop(self, why: End = End.BY_YOU) -> None:
        """Stop the jobs that have not ended. Their best results so far remain."""
        for job in self.jobs:
            if job.live:
                job.stop(why)

    @property
    def fragment(self) -> str:
        """Key of the fragment that every page renders for it; empty if there is none."""
        return ""

    @property
    def ids(self) -> set[str]:
        """Ids under which its work is saved."""
        return set()

    def snapshots(self) -> "list[Snapshot]":
        """Return what is saved of it, besides the current work."""
        return []
