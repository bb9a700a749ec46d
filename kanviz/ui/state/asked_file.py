"""Hold the file of the network that was opened last, while there is something that the file does not say."""

from typing import TYPE_CHECKING

from kanviz.io.project import LONGEST_VIEW
from kanviz.io.questions import Asked, Question, Unanswered
from kanviz.io.unknown_class import UnknownClass
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanviz.io.opened import Blocks, Opened
    from kanviz.io.questions import Answer
    from kanviz.io.weight_layout import WeightLayout
    from kanviz.io.work import Work
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.session import Session


class AskedFile(Part):
    """The file whose reader asked something, with the answers that were used.

    title: name of the work on it · block: the chosen part of a larger model · asked: its questions, with the answers of
    the open network · waiting: the question without which it does not open · unknown: what is in it, if no reader knows
    its class · layout: that of the open network; None while it waits for one · edition: counts the openings.
    """

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.edition = 0
        self.close()

    def close(self) -> None:
        """Free the file."""
        with self._holder.lock:
            self.files: dict[str, bytes] = {}
            self.title, self.block, self.waiting = "", None, None
            self.unknown: UnknownClass | None = None
            self.layout: WeightLayout | None = None
            self.asked: tuple[Asked, ...] = ()
            self._given: dict[str, Answer] = {}
            self._digest = ""

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(map(len, self.files.values()))

    @property
    def waits(self) -> bool:
        """Whether it opens only with an answer or a layout."""
        return self.waiting is not None or (self.unknown is not None and self.layout is None)

    @property
    def questions(self) -> "tuple[tuple[Question, Answer | None], ...]":
        """What is asked, each with the answer that is used; None where nothing can be assumed."""
        found = tuple((one.question, one.answer) for one in self.asked)
        return found if self.waiting is None else (*found, (self.waiting, None))

    def take(
        self,
        s: "Session",
        files: "Mapping[str, bytes]",
        title: str,
        block: str | None = None,
        given: "Mapping[str, Answer] | None" = None,
        layout: "WeightLayout | None" = None,
    ) -> "Opened | Work | Blocks":
        """Read a file, and open its network if it is one; hold the file if it leaves something open.

        title: the name of the work on it. Raises LoadError for a file that cannot be read, Unanswered for one that
        waits for an answer, and UnknownClass for one that waits for a layout; these two are held, too.
        """
        from kanviz.io.opened import Opened
        from kanviz.io.reading import read

        try:
            found = read(files, block, given, layout)
        except Unanswered as refusal:
            self._hold(files, title, block, dict(given or {}))
            self.waiting = refusal.question
            raise
        except UnknownClass as refusal:
            self._hold(files, title, block, {})
            self.unknown = refusal
            raise
        if not isinstance(found, Opened):
            self.close()
            return found
        inside = found.block if block is None else block
        name = f"{inside} of {title}" if block is None and inside else title
        again = files is self.files and self.is_open(s) and len(s.opened.history.versions) == 1
        s.open(
            found.kan, name, recipe=found.recipe, data=found.data, rows_from=found.rows_from,
            block=inside if len(inside) <= LONGEST_VIEW else "", aside=not again,
        )  # fmt: skip
        if found.asked or layout is not None:
            unknown = self.unknown if layout is not None else None
            self._hold(files, title, block, dict(given or {}))
            self.asked, self._digest = found.asked, found.kan.digest
            self.unknown, self.layout = unknown, layout
        else:
            self.close()
        return found

    def answer(self, s: "Session", given: "Mapping[str, Answer]") -> None:
        """Open the file again with these answers. Raises LoadError if it does not open."""
        self.take(s, self.files, self.title, self.block, {**self._given, **given})

    def use(self, s: "Session", layout: "WeightLayout") -> None:
        """Open the file with this layout. Raises LoadError if it does not open."""
        self.take(s, self.files, self.title, self.block, layout=layout)

    def is_open(self, s: "Session") -> bool:
        """Say whether the open work began with the network of this file."""
        return self._made(s.work)

    def is_near(self, s: "Session") -> bool:
        """Say whether the open work, or the one before it, began with the network of this file."""
        return self._made(s.work) or self._made(s.left)

    def _made(self, work: "Work | None") -> bool:
        made = bool(self.asked) or self.layout is not None
        return made and work is not None and work.history.versions[0].kan.digest == self._digest

    def _hold(self, files: "Mapping[str, bytes]", title: str, block: str | None, given: "dict[str, Answer]") -> None:
        with self._holder.lock:
            self.close()
            self.files, self.title, self.block, self._given = dict(files), title, block, given
            self.edition += 1
