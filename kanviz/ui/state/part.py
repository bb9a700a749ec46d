"""A part of a session: the jobs of one kind, or what a page keeps with it; made when it is first asked for."""

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.snapshot import Snapshot


class Part:
    """page: the title of the page that shows its jobs · running: what the other pages say while one of them runs ·
    is_kept: what its jobs reach is kept for later.
    """

    page: ClassVar[str] = ""
    running: ClassVar[str] = ""
    is_kept: ClassVar[bool] = False

    def __init__(self, holder: "Holder") -> None:
        self._holder = holder

    @property
    def jobs(self) -> "list[Job[Any]]":
        """Those that were started last, ended ones included."""
        return []

    @property
    def live(self) -> bool:
        """Whether one of its jobs has not ended."""
        return any(job.live for job in self.jobs)

    @property
    def fragment(self) -> str:
        """What stands on every page for it and shows what the session holds: the key of its fragment; or empty."""
        return ""

    @property
    def ids(self) -> set[str]:
        """What the work that it keeps is kept under."""
        return set()

    def snapshots(self) -> "list[Snapshot]":
        """What of it is to be kept for later, beside the current work."""
        return []
