"""Hold the session's Letters: the network as it was trained, and its versions since, each with what was done."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanviz.errors import UserError
from kanviz.ui.state.jobs import End
from kanviz.ui.state.language import snapshot
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.edit.edits import Edit
    from kanviz.language.corpus import Corpus
    from kanviz.language.letters.training import LettersConfig
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.letters_run import LettersRun, WordRun

FILE = Path(__file__).parents[1] / "language" / "letters.safetensors"  # kanviz language letters -o made it
MOST_VERSIONS = 100


class Letters(Part):
    """The session's Letters.

    run, lesson: the last training and the last word taught · versions: what was done since the training, with the
    network after it.
    """

    page = "Language"
    running = "Letters is learning; it is on the Language page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.run: LettersRun | None = None
        self.lesson: WordRun | None = None
        self.versions: list[tuple[str, KAN]] = []

    @property
    def jobs(self) -> "list[Job[Any]]":
        return [run.job for run in (self.run, self.lesson) if run is not None]

    @property
    def own(self) -> "LettersRun | None":
        """The training that gave the network; None for the one that came with kanviz."""
        return self.run if self.run is not None and self.run.trail else None

    @property
    def corpus(self) -> "Corpus":
        """What it learned from."""
        return self.own.corpus if self.own is not None else snapshot("documentation")

    @property
    def trained(self) -> "KAN":
        """The network as the training left it."""
        return self.own.trail[-1].kan if self.own is not None else trained_before()

    @property
    def kan(self) -> "KAN":
        """The network as it is now."""
        return self.versions[-1][1] if self.versions else self.trained

    def train(self, corpus: "Corpus", config: "LettersConfig") -> None:
        """Train a new one; what was done to the old one goes with it."""
        from kanviz.ui.state.letters_run import LettersRun

        with self._holder.lock:
            self.stop(End.REPLACED)
            self.lesson, self.versions = None, []
            self.run = LettersRun.start(corpus, config, self._holder.owner)

    def teach(self, word: str) -> None:
        """Teach it a word. Raises UserError while it learns something else, and for an empty word."""
        from kanviz.ui.state.letters_run import WordRun

        if not word:
            raise UserError("There is no word to teach. Type one first.")
        with self._holder.lock:
            self._at_rest()

            def learned(word: str, kan: "KAN") -> None:
                with self._holder.lock:
                    self._add(f"taught the word “{word}”", kan)

            self.lesson = WordRun.start(self.kan, word, self.corpus.held_out, learned, self._holder.owner)

    def edit(self, edit: "Edit", what: str) -> None:
        """Change the network. what: the edit in words. Raises UserError while it learns, and as the edit does."""
        with self._holder.lock:
            self._at_rest()
            self._add(what, edit.apply(self.kan))

    def undo(self) -> None:
        """Take back the last change, if there is one."""
        with self._holder.lock:
            self._at_rest()
            if self.versions:
                self.versions.pop()

    def reset(self) -> None:
        """Take back all changes since the training."""
        with self._holder.lock:
            self._at_rest()
            self.versions, self.lesson = [], None

    def _add(self, what: str, kan: "KAN") -> None:
        self.versions = [*self.versions[1 - MOST_VERSIONS :], (what, kan)]

    def _at_rest(self) -> None:
        if self.live:
            raise UserError("Letters is learning just now. Wait for its end, or stop it first.")


@cache
def trained_before() -> "KAN":
    """Return the network that came with kanviz: 800 steps on the snapshot of Python's documentation."""
    from kanviz.io import load

    return load(FILE)
