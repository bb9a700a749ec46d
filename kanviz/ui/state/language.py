"""Hold what the Language page keeps with a session: uploaded texts, the comparison, the model that is looked into."""

from functools import cache
from typing import TYPE_CHECKING, Any

from kanviz.ui.state.jobs import End
from kanviz.ui.state.part import Part

SNAPSHOTS = ("documentation", "code")  # texts that came with kanviz

if TYPE_CHECKING:
    from kanviz.language.comparison import Contest
    from kanviz.language.corpus import Corpus
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.race_run import RaceRun


class Language(Part):
    """The session's language models. texts: uploads, by what they are for · run: the last race of blocks."""

    page = "Language"
    running = "Language models are being trained; they are on the Language page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.texts: dict[str, Corpus] = {}
        self.run: RaceRun | None = None

    @property
    def jobs(self) -> "list[Job[Any]]":
        return [self.run.job] if self.run is not None else []

    def start(self, corpus: "Corpus", contest: "Contest", seconds: float) -> None:
        """Start a race; one that is running is stopped. Raises UserError where the seconds are too few for it."""
        from kanviz.language.race import check_seconds
        from kanviz.ui.state.race_run import RaceRun

        check_seconds(seconds, contest.seeds * len(contest.kinds))
        with self._holder.lock:
            self.stop(End.REPLACED)
            self.run = RaceRun.start(corpus, contest, seconds, self._holder.owner)


@cache
def snapshot(name: str) -> "Corpus":
    """Return a text that came with kanviz, by its name."""
    from kanviz.language.corpus import Corpus

    return Corpus.named(name)
