"""A lesson as a record: what it opens, and its steps, each recognised by what is really there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.session import Session

TAB, RUNG = "keep-tab", "keep-rung"  # where the workbench keeps the open tab, the Locality page its rung

Place = tuple[int, int, int]  # of an edge: layer, source, target; without torch, which a list of lessons does not need


@dataclass(frozen=True)
class Step:
    """One thing to do.

    page: the title of the page where it is done · text: what to do and what to look at, Markdown · done: whether it
    was done, by what the session holds now · found: a sentence of numbers measured then, plain text · do: does it, as
    the reader would · shows: values that widgets have when the step begins · alone: no later step builds on it.
    """

    page: str
    text: str
    done: "Callable[[Session], bool]"
    found: "Callable[[Session], str]"
    do: "Callable[[Session], None]"
    shows: Mapping[str, Any] = field(default_factory=dict, hash=False)
    alone: bool = False


@dataclass(frozen=True)
class Lesson:
    """slug: its name in a link · minutes: what it takes · learn: what one knows afterwards · sample: the stem of its
    file · edge: what is chosen at first.
    """

    slug: str
    title: str
    minutes: int
    learn: str
    sample: str
    edge: Place
    steps: tuple[Step, ...]


class Lessons(Part):
    """Which lesson is followed, and which were done, by their slugs."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.following: Following | None = None
        self.done: set[str] = set()

    @property
    def fragment(self) -> str:
        return "lesson" if self.following is not None else ""


@dataclass
class Following:
    """A lesson that somebody follows. start: the network it opened · at: the step in hand, from 0 · found: of the
    steps that were done, the sentence of the last time.
    """

    lesson: Lesson
    start: "KAN"
    at: int = 0
    found: dict[int, str] = field(default_factory=dict)

    @property
    def step(self) -> Step:
        return self.lesson.steps[self.at]

    @property
    def finished(self) -> bool:
        """Whether every step was done."""
        return len(self.found) == len(self.lesson.steps)

    def holds(self, s: "Session") -> bool:
        """Whether the network in hand is still the lesson's, changed as it may be."""
        return s.history is not None and s.history.versions[0].kan.digest == self.start.digest

    def look(self, s: "Session") -> str | None:
        """The sentence of the step in hand if it is done now; it is remembered then."""
        if not self.step.done(s):
            return None
        self.found[self.at] = self.step.found(s)
        return self.found[self.at]
