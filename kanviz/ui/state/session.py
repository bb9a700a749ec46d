"""One person's session: the current work, the work before it, what was derived from it, and jobs by kind.

Every change of the work goes through a method that holds one lock, so that fast clicks, which make Streamlit run the
script in overlapping threads, never lose an edit. Nothing here imports Streamlit.
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
from kanviz.io.project import Work
from kanviz.text import shown
from kanviz.ui.state.cache import Cache
from kanviz.ui.state.holder import Holder, fitting
from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.looking import Looking
from kanviz.ui.state.part import Part
from kanviz.ui.state.tables import Tables
from kanviz.ui.state.training import Training

P = TypeVar("P", bound=Part)
SAMPLE = "sample"  # in the view of a work: the sample that it began with


class Session:
    """What one browser tab works on.

    left: the work that was current before · is_kept: work is kept for later, unless the person turned that off ·
    written: what stands for the work that was last written on the server · messages: for the next page drawn.
    """

    def __init__(self) -> None:
        self._holder = holder = Holder()
        self.messages = holder.messages
        self.left: Work | None = None
        self.is_kept = True
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
        """The current work. Raises UserError where none is open."""
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
        """Of the current network; empty where none is open."""
        return self.work.name if self.work is not None else ""

    @property
    def rows_from(self) -> str:
        """The name of the table that the rows are from; empty without rows."""
        return self.work.rows_from if self.work is not None else ""

    @property
    def sample(self) -> str:
        """The sample that the current work began with, by the name of its file; empty where it is none."""
        return self.work.view.get(SAMPLE, "") if self.work is not None else ""

    @property
    def edge(self) -> EdgeId | None:
        return self.work.edge if self.work is not None else None

    def open(
        self,
        kan: KAN,
        name: str,
        *,
        data: Dataset | None = None,
        edge: EdgeId | None = None,
        rows_from: str = "",
        recipe: dict[str, Any] | None = None,
        new: bool = False,
        sample: str = "",
        aside: bool = True,
        kept: bool = True,
    ) -> None:
        """Begin with another network; rows that fit it stay.

        rows_from: the name of the table that `data` is from. recipe: the steps that made it, from its file.
        new: it has learned nothing yet. sample: the name by which a link opens it. aside: the current work can be
        taken up again; otherwise the one before it still can. kept: it is kept for later once it is changed; a lesson's
        network is there to be tried out, and would drive out work.
        """
        edge = edge if edge is not None else next(kan.edges(), next(kan.edges(pruned=True)))
        origin = recipe if recipe is not None and _leads_to(recipe, kan) else None
        view = {SAMPLE: sample} if sample else {}
        id = secrets.token_urlsafe(12) if kept else ""
        work = Work(History.start(kan), name, edge, origin, view=view, new=new, id=id)
        with self._holder.lock:
            self.training.refuse_while_live()
            before = self.work
            if data is not None:
                work = work.with_rows(data, rows_from)
            elif before is not None:
                work = work.with_rows(fitting(before.data, kan), before.rows_from)
            self._take(work, before if aside else self.left)

    def restore(self, found: Work, id: str = "") -> None:
        """Take up work that was saved: the same versions, names, cursor, edge and rows.

        id: what it is kept under in the browser, where it comes from there. Rows that the saved work only names are
        taken from the current work, if they are the same.
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
        """Take up the work that was current before; the current one waits in its place."""
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
        """All of the current work as it is saved, a training under way included. with_rows: else only their name."""
        with self._holder.lock:
            found = self.training.saved_with(self.opened)
            return found if with_rows else found.without_rows()

    # --- the history ------------------------------------------------------------------------------------------

    def apply(self, edit: Edit, *, merge: bool = False) -> None:
        """Do an edit as one step of the history."""
        self._move(lambda history: history.apply(edit, self.data, merge=merge))

    def undo(self) -> None:
        self._move(History.undo)

    def redo(self) -> None:
        self._move(History.redo)

    def jump(self, to: int) -> None:
        self._move(lambda history: history.jump(to))

    def rename(self, label: str, at: int) -> None:
        self._move(lambda history: history.named(label, at))

    def replay(self, recipe: dict[str, Any]) -> None:
        """Do a recipe's edits to the network the history starts from."""
        self._move(lambda history: replay(history.versions[0].kan, recipe, list(self.tables.fitting.values())))

    def _move(self, how: Callable[[History], History]) -> None:
        with self._holder.lock:
            self.training.refuse_while_live()
            self._holder.change(history=how(self.opened.history))

    def select(self, edge: EdgeId) -> None:
        with self._holder.lock:
            self._holder.change(edge=self.present.check(edge))

    def look_at(self, view: dict[str, str]) -> None:
        """Note what the pages look at, as the address names it; the sample that the work began with stays."""
        with self._holder.lock:
            sample = {SAMPLE: self.sample} if self.sample else {}
            if {**view, **sample} != self.opened.view:
                self._holder.change(view={**view, **sample})

    # --- jobs by kind, and what pages keep ---------------------------------------------------------------------

    def of(self, kind: type[P]) -> P:
        """The part of this kind."""
        with self._holder.lock:
            if kind not in self._parts:
                self._parts[kind] = kind(self._holder)
            return cast("P", self._parts[kind])

    @property
    def parts(self) -> list[Part]:
        """Those that were asked for, the training always."""
        return list(self._parts.values())

    @property
    def jobs(self) -> list[Job[Any]]:
        """Those that have not ended."""
        return [job for part in self.parts for job in part.jobs if job.live]

    def stop_jobs(self, why: End) -> None:
        """What they reached is kept."""
        for job in self.jobs:
            job.stop(why)


def _leads_to(recipe: dict[str, Any], kan: KAN) -> bool:
    """Whether a recipe from a file is whole and ends at that network; one that is not is left out."""
    try:
        return Recipe.from_json(recipe).end == kan.digest
    except UserError:
        return False
