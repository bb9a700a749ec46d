"""Hold one person's session: the current work, the work before it, cached results, and jobs by kind.

Every change of the work goes through a method that holds one lock. Fast clicks make Streamlit run the script in
overlapping threads; the lock ensures that no edit is lost. Nothing here imports Streamlit.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Edit
from kanviz.edit.history import History, replay
from kanviz.edit.recipe import Recipe
from kanviz.errors import EditError, UserError
from kanviz.io.work import Work
from kanviz.text import shown
from kanviz.ui.state.cache import Cache
from kanviz.ui.state.holder import Holder, fitting
from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.looking import Looking
from kanviz.ui.state.part import Part
from kanviz.ui.state.tables import Tables
from kanviz.ui.state.training import Training

P = TypeVar("P", bound=Part)
SAMPLE, BLOCK = "sample", "block"  # keys in the view of a work: the sample, or the block of a model, that it is from


class Session:
    """The state of one browser tab.

    left: the work that was open before · is_kept: whether work is saved; the person can turn this off · written: mark
    of the work that was last written on the server · messages: shown on the next page.
    """

    def __init__(self) -> None:
        self._holder = holder = Holder()
        self.messages = holder.messages
        self.left: Work | None = None
        self.is_saved = True
        self.written: object = None
        self.cache = Cache()
        self.looking = Looking(holder)
        self.training = Training(holder)
        self.tables = Tables(holder, self.training)
        self._parts: dict[type[Part], Part] = {Training: self.training}

    # --- the work ---------------------------------------------------------------------------------------------

    @property
    def work(self) -> Work | None:
        return self._holder.work

    @property
    def opened(self) -> Work:
        """The current work. Raises UserError if none is open."""
        return self._holder.opened

    @property
    def present(self) -> KAN:
        return self.opened.present

    @property
    def history(self) -> History | None:
        return self.work.history if self.work is not None else None

    @property
    def data(self) -> Dataset | None:
        return self._holder.data

    @property
    def name(self) -> str:
        """Name of the current network; empty if none is open."""
        return self.work.name if self.work is not None else ""

    @property
    def rows_from(self) -> str:
        """Name of the table that the rows are from; empty without rows."""
        return self.work.rows_from if self.work is not None else ""

    @property
    def sample(self) -> str:
        """File name of the sample that the current work was opened from; empty if there is none."""
        return self.work.view.get(SAMPLE, "") if self.work is not None else ""

    @property
    def block(self) -> str:
        """Name of the module, in a larger model, that the current network is; empty if it is none."""
        return self.work.view.get(BLOCK, "") if self.work is not None else ""

    @property
    def edge(self) -> EdgeId | None:
        return self.work.edge if self.work is not None else None

    def open(
        self, kan: KAN, name: str, *, data: Dataset | None = None, edge: EdgeId | None = None, rows_from: str = "",
        recipe: dict[str, Any] | None = None, new: bool = False, sample: str = "", block: str = "", aside: bool = True,
        kept: bool = True,
    ) -> None:  # fmt: skip
        """Open another network. The current rows stay if they fit it; those of a block of a model are of no other.

        rows_from: name of the table that `data` is from · recipe: the edits that made the network, from its file · new:
        it is untrained · sample: the name under which a link opens it · block: its module's name in a larger model ·
        aside: `go_back` returns to the current work, else the one before · kept: it is saved once changed (no lesson)
        """
        edge = edge or next(kan.edges(), next(kan.edges(pruned=True)))
        origin = recipe if recipe is not None and _leads_to(recipe, kan) else None
        view = {name: value for name, value in ((SAMPLE, sample), (BLOCK, block)) if value}
        id = secrets.token_urlsafe(12) if kept else ""
        work = Work(History.start(kan), name, edge, origin, view=view, new=new, id=id)
        with self._holder.lock:
            self.training.refuse_while_live()
            before = self.work
            if data is not None:
                work = work.with_rows(data, rows_from)
            elif before is not None and not block and not self.block:
                work = work.with_rows(fitting(before.data, kan), before.rows_from)
            self._take(work, before if aside else self.left)

    def restore(self, found: Work, id: str = "") -> None:
        """Open saved work: the same versions, names, cursor, edge and rows.

        id: its id in the browser, if it comes from there. If the saved work only names its rows, the current rows are
        used where they are the same.
        """
        with self._holder.lock:
            self.training.refuse_while_live()
            work = replace(found, id=id or secrets.token_urlsafe(12), training=None)
            if work.missing is not None and self.data is not None and self.data.digest == work.missing.digest:
                work = replace(work, data=self.data)
            self._take(work, self.work)
            self.training.take_up(replace(found, data=work.data))
            if work.missing is not None:
                name, count = shown(work.missing.name), work.missing.count
                text = f"The rows of {name} ({count:,}) were not kept with this work; load the table again."
                self.messages.append(("info", text))

    def go_back(self) -> None:
        """Return to the work that was open before; the two change places."""
        with self._holder.lock:
            self.training.refuse_while_live()
            if self.left is None:
                raise EditError("No other network was open before this one.")
            self._take(self.left, self.work)

    def _take(self, work: Work, left: Work | None) -> None:
        self._holder.work, self.left = work, left
        self.tables.forget()
        self.training.forget()

    def saved(self, *, with_rows: bool) -> Work:
        """Return the whole current work for saving, with a running training. with_rows: False saves only their name."""
        with self._holder.lock:
            found = self.training.saved_with(self.opened)
            return found if with_rows else found.without_rows()

    # --- the history ------------------------------------------------------------------------------------------

    def apply(self, edit: Edit, *, merge: bool = False) -> None:
        """Apply an edit as one step of the history."""
        self._move(lambda history: history.apply(edit, self.data, merge=merge))

    def record(self, edit: Edit, before: KAN, after: KAN) -> None:
        """Add a step whose result is known; it is computed again if the network changed meanwhile."""
        self._move(lambda h: h.record(edit, after if h.present is before else edit.apply(h.present, self.data)))

    def undo(self) -> None:
        self._move(History.undo)

    def redo(self) -> None:
        self._move(History.redo)

    def jump(self, to: int) -> None:
        self._move(lambda history: history.jump(to))

    def rename(self, label: str, at: int) -> None:
        self._move(lambda history: history.named(label, at))

    def replay(self, recipe: dict[str, Any]) -> None:
        """Apply a recipe's edits to the first network of the history."""
        self._move(lambda history: replay(history.versions[0].kan, recipe, list(self.tables.fitting.values())))

    def _move(self, how: Callable[[History], History]) -> None:
        with self._holder.lock:
            self.training.refuse_while_live()
            self._holder.change(history=how(self.opened.history))

    def select(self, edge: EdgeId) -> None:
        with self._holder.lock:
            self._holder.change(edge=self.present.check(edge))

    def look_at(self, view: dict[str, str]) -> None:
        """Remember what the pages show, as the address names it. The names of sample and block stay."""
        with self._holder.lock:
            own = {name: value for name, value in self.opened.view.items() if name in (SAMPLE, BLOCK)}
            if {**view, **own} != self.opened.view:
                self._holder.change(view={**view, **own})

    # --- jobs by kind, and state of the pages -----------------------------------------------------------------

    def of(self, kind: type[P]) -> P:
        """Return the part of this kind; make it at its first use."""
        with self._holder.lock:
            if kind not in self._parts:
                self._parts[kind] = kind(self._holder)
            return cast("P", self._parts[kind])

    @property
    def parts(self) -> list[Part]:
        """The parts that were used so far; the training is always one."""
        return list(self._parts.values())

    @property
    def jobs(self) -> list[Job[Any]]:
        """The jobs that have not ended."""
        return [job for part in self.parts for job in part.jobs if job.live]

    def stop_jobs(self, why: End) -> None:
        """Stop all jobs. Their results so far remain."""
        for part in self.parts:
            part.stop(why)


def _leads_to(recipe: dict[str, Any], kan: KAN) -> bool:
    """Return whether a recipe from a file is complete and leads to that network; otherwise it is ignored."""
    try:
        return Recipe.from_json(recipe).end == kan.digest
    except UserError:
        return False
