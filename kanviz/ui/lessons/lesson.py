"""Define a lesson: the sample it opens, and its steps, each recognised by the state of the session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.session import Session

TAB, LANGUAGE_TAB = "keep-tab", "keep-language"  # keys of the open tab, of the workbench and of the Language page
RUNG = "keep-rung"  # key of the Locality page's rung

Place = tuple[int, int, int]  # an edge: layer, source, target; not an EdgeId, which would import torch


@dataclass(frozen=True)
class Step:
    """One task of a lesson.

    page: title of the page where it is done · text: instructions as Markdown · done: whether the session shows that it
    is done · found: a sentence with numbers measured then, plain text · do: does it for the reader · shows: values of
    widgets when the step begins · alone: no later step builds on it.
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
    """A lesson.

    slug: its name in a link · minutes: time that it takes · learn: what one learns · sample: stem of the sample's file,
    or "" for a lesson that needs no network, and leaves the open one alone · edge: the edge chosen at first, if any.
    """

    slug: str
    title: str
    minutes: int
    learn: str
    sample: str
    edge: Place | None
    steps: tuple[Step, ...]


class Lessons(Part):
    """The session's lessons: the one that is open, and the slugs of those that were finished."""

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.following: Following | None = None
        self.done: set[str] = set()

    @property
    def fragment(self) -> str:
        return "lesson" if self.following is not None else ""


@dataclass
class Following:
    """A lesson that is open.

    start: the network it opened, if it opened one · at: the current step, from 0 · found: for each step that was done,
    its last sentence.
    """

    lesson: Lesson
    start: "KAN | None"
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
        """Return whether the current network began as the lesson's, with any changes since, if it needs one."""
        if self.start is None:
            return True
        return s.history is not None and s.history.versions[0].kan.digest == self.start.digest

    def look(self, s: "Session") -> str | None:
        """Return the sentence of the current step if it is done now, and remember it; None otherwise."""
        if not self.step.done(s):
            return None
        self.found[self.at] = self.step.found(s)
        return self.found[self.at]
