"""One person's work: the network and its history, the table, the chosen edge, the running job.

The only mutable object of the app. Every change goes through a method and its lock, so that fast clicks, which make
Streamlit run the script in overlapping threads, never lose an edit. Nothing here touches Streamlit.
"""

import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.train import Progress, TrainConfig
from kanviz.edit.edits import Edit, edit_from_json
from kanviz.edit.history import LONGEST, History, replay
from kanviz.errors import EditError, UserError
from kanviz.text import shown
from kanviz.ui.jobs import End, Job
from kanviz.ui.runs import Mark, Retraining, Run

if TYPE_CHECKING:
    from kanviz.analysis.symbolic import Candidate
    from kanviz.continual.rungs import Rung
    from kanviz.io.project import Project
    from kanviz.io.project_rows import RowsOf
    from kanviz.io.tables import Table
    from kanviz.laws.discover import DiscoverConfig
    from kanviz.laws.extraction import ExtractConfig
    from kanviz.ui.climbing import Climbing
    from kanviz.ui.course import Following
    from kanviz.ui.extracting import Extracting
    from kanviz.ui.law_search import LawSearch

T = TypeVar("T")
SAMPLE = "sample"  # what the view of a project calls the sample that it began with
REMEMBERED = 48  # derived results kept, newest first
JUDGED = 2 * LONGEST  # small results about versions kept: more than a history has
LEARNED = 20  # tables kept that trainings were done on


class Session:
    """What one browser tab works on."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._who = object()  # stands for this person in the queue for jobs
        self.history: History | None = None
        self.name = ""
        self.work = ""  # what the network in hand, with its history, is kept under in the browser
        self.is_kept = True  # work is kept for later, unless the person turned that off
        self.written: object = None  # what stands for the work that was last written on the server
        self.view: dict[str, str] = {}  # what of it is looked at, as the pages say
        self.sample = ""  # which one it is, where it is one
        self._origin: dict[str, Any] | None = None
        self._tables: dict[str, tuple[Table, str]] = {}
        self.data: Dataset | None = None
        self.rows_from = ""
        self.missing: RowsOf | None = None  # rows that a project speaks of and does not hold
        self._left: tuple[Any, ...] | None = None
        self.edge: EdgeId | None = None
        self.job: Job[Progress] | None = None
        self.run: Run | None = None
        self._halted: tuple[History | None, Dataset | None] | None = None
        self.new_rows: tuple[Dataset, str] | None = None  # to be learned next, and the name of their table
        self.old_rows: tuple[Dataset, str] | None = None  # of another table than the one in hand, not to be forgotten
        self.data_before: tuple[Dataset, str] | None = None  # the table that was in use before, and its name
        self.trail: list[Mark] = []
        self.last_run: Progress | None = None
        self._run_end: End | None = None
        self.since: Progress | None = None  # what the run that is under way goes on from
        self.messages: list[tuple[str, str]] = []
        self.search_job: Job[Any] | None = None
        self._searched: tuple[str, str, dict[EdgeId, Sequence[Candidate]]] | None = None
        self._extraction: Extracting | None = None
        self.reading: int | None = None  # the complexity of the one in hand
        self.law_search: LawSearch | None = None
        self.law = ""  # the one in hand, as text
        self._picked: tuple[Dataset | None, tuple[int, ...]] = (None, ())
        self._row: tuple[Dataset | None, int | None] = (None, None)
        self._point: tuple[tuple[Variable, ...], tuple[float, ...]] = ((), ())
        self.climbs: dict[int, Climbing] = {}  # the last run of each rung
        self.lesson: Following | None = None
        self.lesson_network: KAN | None = None  # that the last lesson opened
        self.lessons_done: set[str] = set()
        self._new = False
        self._derived: OrderedDict[Hashable, Any] = OrderedDict()
        self._latest: dict[str, tuple[Hashable, Any]] = {}
        self._judged: tuple[str, OrderedDict[Hashable, Any]] = ("", OrderedDict())
        self._learned: OrderedDict[str, Dataset] = OrderedDict()

    # --- the network ------------------------------------------------------------------------------------------

    @property
    def opened(self) -> History:
        if self.history is None:
            raise UserError(
                "No network is open yet. Open a sample or a file on the Open page, or train one from a table."
            )
        return self.history

    @property
    def present(self) -> KAN:
        return self.opened.present

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
    ) -> None:
        """Begin with another network; rows that fit it stay.

        rows_from: the name of the table that `data` is from. recipe: the steps that made it, from its file.
        new: it has learned nothing yet. sample: the name by which a link opens it. aside: the one in hand
        can be taken up again; otherwise the one before it still can.
        """
        with self._lock:
            self._refuse_while_training()
            self._left = self._in_hand if aside else self._left
            self.history, self.name, self._new, self.sample = History.start(kan), name, new, sample
            self.work, self.view, self.missing = secrets.token_urlsafe(12), {}, None
            self._origin = recipe if recipe is not None and _leads_to(recipe, kan) else None
            self.edge = edge if edge is not None else next(kan.edges(), next(kan.edges(pruned=True)))
            if data is not None:
                self.rows_from = rows_from
            self.data = data if data is not None else _fitting(self.data, kan)
            self.new_rows = self.old_rows = self.data_before = None
            self.trail, self.last_run, self.job, self._halted = [], None, None, None

    @property
    def _in_hand(self) -> tuple[Any, ...]:
        return (
            self.history, self.name, self.data, self.rows_from, self.edge, self._origin, self._new, self.sample,
            self.work, self.view, self.missing,
        )  # fmt: skip

    def _take_in_hand(self, work: tuple[Any, ...]) -> None:
        (
            self.history, self.name, self.data, self.rows_from, self.edge, self._origin, self._new, self.sample,
            self.work, self.view, self.missing,
        ) = work  # fmt: skip
        self.new_rows = self.old_rows = self.data_before = None
        self.trail, self.last_run, self.job, self._halted = [], None, None, None

    @property
    def is_new(self) -> bool:
        """Whether the present network is one just made, that has learned nothing and was not edited."""
        return self._new and self.opened.at == 0

    @property
    def left(self) -> tuple[str, int] | None:
        """Name and steps of the network that was in hand before this one; None when there was none."""
        return (self._left[1], len(self._left[0].versions) - 1) if self._left and self._left[0] else None

    def go_back(self) -> None:
        """Take up the network that was in hand before this one; this one waits in its place."""
        with self._lock:
            self._refuse_while_training()
            if self._left is None:
                raise EditError("No other network was open before this one.")
            now = self._in_hand
            self._take_in_hand(self._left)
            self._left = now

    def apply(self, edit: Edit, *, merge: bool = False) -> None:
        """Do an edit as one step of the history."""
        with self._lock:
            self._refuse_while_training()
            self.history = self.opened.apply(edit, self.data, merge=merge)

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
        self._move(lambda history: replay(history.versions[0].kan, recipe, list(self.tables.values())))

    def whole_recipe(self) -> dict[str, Any]:
        """All steps to the present network, those before its file was opened included: what a saved file tells."""
        own, before = self.opened.recipe(), self._origin
        return {**own, "start": before["start"], "edits": [*before["edits"], *own["edits"]]} if before else own

    @property
    def made_by(self) -> list[Edit]:
        """The steps before the network was opened, as its file tells them."""
        return [edit_from_json(record) for record in self._origin["edits"]] if self._origin else []

    def select(self, edge: EdgeId) -> None:
        with self._lock:
            self.edge = self.present.check(edge)

    # --- the work as a whole ----------------------------------------------------------------------------------

    def project(self, *, with_rows: bool) -> "Project":
        """All of the work in hand as one value, to be saved. with_rows: else only which rows they are.

        What a training under way has learned so far is its last step.
        """
        from kanviz.io.project import Project
        from kanviz.io.project_rows import RowsOf

        with self._lock:
            history, edge = self.opened, self.edge
            if edge is None:
                edge = next(history.present.edges(pruned=True))
            rows = RowsOf.of(self.data, self.rows_from) if self.data is not None else self.missing
            data = self.data if with_rows else None
            view = {**self.view, **({SAMPLE: self.sample} if self.sample else {})}
            job, run, training = self.job, self.run, None
            if run is not None and job is not None:  # it is under way, or nobody has looked at its end yet
                last = job.latest or self.since
                with suppress(EditError):  # a history that is full has no room for it
                    history = run.recorded(history, last) if last is not None and run.learned(last) else history
                if last is not None and not last.stopped_because and job.end not in (End.DONE, End.FAILED):
                    running = job.live and job.state != "paused"
                    training = run.underway(last, list(self.trail), running=running)
            elif run is not None and self.last_run is not None and self.can_continue:
                training = run.underway(self.last_run, self.trail, running=False)
            found = Project(history, self.name, edge, self._origin, data, rows, view, self._new, training)
            return found if with_rows else found.without_rows()

    def restore(self, project: "Project", work: str = "") -> None:
        """Take up work that was saved: the same versions, names, cursor, edge and rows. What was in hand waits.

        work: what it is kept under in the browser, where it comes from there. Rows that the project only speaks of are
        taken from those in hand, if they are the same.
        """
        with self._lock:
            self._refuse_while_training()
            data, rows = project.data, project.rows
            if data is None and rows is not None and self.data is not None and self.data.digest == rows.digest:
                data = self.data
            self._left = self._in_hand
            self._take_in_hand((
                project.history, project.name, data, rows.name if rows is not None and data is not None else "",
                project.edge, project.origin, project.new, project.view.get(SAMPLE, ""),
                work or secrets.token_urlsafe(12), {k: v for k, v in project.view.items() if k != SAMPLE},
                rows if data is None else None,
            ))  # fmt: skip
            if project.training is not None:
                began = project.history.versions[project.training.at].kan
                self.run, self.trail = Run.of(project.training, began)
                self.last_run, self._run_end = project.training.last, End.SERVER
                self._halted = (self.history, self.data)
                self._remember(self.run)
            if self.missing is not None:
                self.messages.append((
                    "info",
                    f"The rows of {shown(self.missing.name)} ({self.missing.count:,}) were not kept with this work; "
                    "load the table again.",
                ))  # fmt: skip

    def _move(self, how: Callable[[History], History]) -> None:
        with self._lock:
            self._refuse_while_training()
            self.history = how(self.opened)

    def _refuse_while_training(self) -> None:
        self.collect()
        if self.training:
            raise EditError("Training is running; stop it before you change the network.")

    # --- the table --------------------------------------------------------------------------------------------

    def take_table(self, table: "Table", name: str, slot: str = "") -> None:
        """slot: tables for different purposes do not take each other's place."""
        with self._lock:
            self._tables[slot] = (table, name)

    def table_in(self, slot: str = "") -> "tuple[Table, str] | None":
        """The table that was taken last for this purpose, and its name."""
        return self._tables.get(slot)

    def take_data(self, data: Dataset, rows_from: str) -> None:
        """Look at the network on these rows, from the table of that name; refuses a table that does not fit it."""
        with self._lock:
            self._refuse_while_training()
            found = data.matching(self.present)
            if self.data is not None and self.data.digest != found.digest:
                self.data_before = self.data, self.rows_from
            self.data, self.rows_from, self.missing = found, rows_from, None

    def take_new(self, data: Dataset, name: str) -> None:
        """Rows that the network shall learn next, beside those it knows."""
        with self._lock:
            self.new_rows = data.matching(self.present), name

    def take_old(self, data: Dataset, name: str) -> None:
        """Rows that it shall not forget, of another table than the one in hand."""
        with self._lock:
            self.old_rows = data.matching(self.present), name

    @property
    def table(self) -> "Table | None":
        return self._tables[""][0] if "" in self._tables else None

    @property
    def table_name(self) -> str:
        return self._tables[""][1] if "" in self._tables else ""

    @property
    def tables(self) -> dict[str, Dataset]:
        """All rows at hand that fit the network, by the digest trainings know them by; those looked at come first."""
        others = [rows[0] for rows in (self.new_rows, self.old_rows, self.data_before) if rows]
        given = [_fitting(data, self.present) for data in (self.data, *others, *reversed(self._learned.values()))]
        return {data.digest: data for data in given if data is not None}

    def learned(self) -> None:
        """The new rows join those in hand: what the network knows from now on."""
        with self._lock:
            self._refuse_while_training()
            if self.data is None or self.new_rows is None:
                raise EditError("There are no rows in hand and new rows to put together; load both first.")
            new, name = self.new_rows
            self.data, self.rows_from = self.data.joined(new), f"{self.rows_from} + {name}"
            self.new_rows = None

    # --- rows picked, and the one to be explained -------------------------------------------------------------

    @property
    def picked(self) -> tuple[int, ...]:
        """Rows of `data` that are selected, by their index, ascending; none once the data are others."""
        data, rows = self._picked
        return rows if data is self.data else ()

    def pick(self, rows: Iterable[int]) -> None:
        """Select these rows of the table in hand instead of those selected before; none of them clears it."""
        with self._lock:
            wanted = sorted(set(rows))
            for row in (*wanted[:1], *wanted[-1:]):
                self._check_row(row)
            self._picked = (self.data, tuple(wanted))

    def picked_rows(self) -> Dataset | None:
        """The selected rows as a table; training rows stay training rows. None when none is selected."""
        picked = self.picked
        return self.data.chosen(picked) if self.data is not None and picked else None

    @property
    def row(self) -> int | None:
        """The row of `data` to be explained: the one that the point was taken from and still is at."""
        data, row = self._row
        if data is None or row is None or data is not self.data:
            return None
        return row if self.point == tuple(data.x[row].tolist()) else None

    def take_row(self, row: int | None) -> None:
        """Look at the network at this row of the table; None forgets row and point."""
        with self._lock:
            if row is None:
                self._row, self._point = (None, None), ((), ())
                return
            x = self._check_row(row).x[row]
            self._row, self._point = (self.data, row), (self.present.inputs, tuple(x.tolist()))

    @property
    def point(self) -> tuple[float, ...] | None:
        """A value for each input (table units) at which the network is looked at; None if none was taken for these."""
        inputs, values = self._point
        return values if values and self.history is not None and inputs == self.present.inputs else None

    def take_point(self, values: Sequence[float]) -> None:
        """Look at the network there."""
        inputs = self.present.inputs
        if len(values) != len(inputs) or not all(math.isfinite(value) for value in values):
            raise UserError(f"The network is looked at where each of its {len(inputs)} inputs is a finite number.")
        with self._lock:
            self._point = (inputs, tuple(float(value) for value in values))

    def _check_row(self, row: int) -> Dataset:
        if self.data is None:
            raise UserError("There are no rows to choose from. Upload a table, or open a sample that brings its own.")
        if not 0 <= row < len(self.data):
            raise UserError(f"There is no row {row + 1:,}: the table has rows 1 to {len(self.data):,}.")
        return self.data

    # --- training ---------------------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        return self.job is not None and self.job.live

    def train(self, config: TrainConfig) -> None:
        """Start training the present network on the table; one at a time."""
        with self._lock:
            self._refuse_while_training()
            if self.data is None:
                raise UserError("Training needs a table. Upload one, or open a sample that brings its own.")
            self._begin(Run(self.present, self.data, config, self.opened.at), [])

    def retrain(self, run: Retraining) -> None:
        """Start teaching the present network rows while others are kept; one training at a time."""
        with self._lock:
            self._refuse_while_training()
            if run.kan is not self.present:
                raise EditError("The network has changed since this was asked for; look at it, and start again.")
            self._begin(run, [])

    @property
    def retrained(self) -> Retraining | None:
        """The last retraining, if the network in hand is what came of it."""
        run, last = self.run, self.last_run
        if not isinstance(run, Retraining) or last is None or self.training or last.best is run.kan:
            return None
        return run if self.present.digest == last.best.digest else None

    @property
    def why_ended(self) -> str:
        """Why the last run ended, in words."""
        found = self.last_run.stopped_because if self.last_run is not None else ""
        return found or str(self._run_end or End.DONE)

    @property
    def can_continue(self) -> bool:
        """Whether the last run was stopped before its end, and neither network nor rows have changed since."""
        halted = self._halted
        return halted is not None and not self.training and halted[0] is self.history and halted[1] is self.data

    def resume(self) -> None:
        """Take up the run that was stopped, as if it had not been: in the history both are one step."""
        with self._lock:
            self._refuse_while_training()
            if not self.can_continue or self.run is None or self.last_run is None:
                raise EditError("This run cannot go on, because the network or its rows have changed since.")
            self._begin(replace(self.run, seconds=self.last_run.seconds), list(self.trail), self.last_run)

    def _begin(self, run: Run, trail: list[Mark], since: Progress | None = None) -> None:
        """since: the item to go on from."""
        self.run, self.trail, self.since = run, trail, since
        resume = since.state if since is not None else None
        self.job = Job(lambda: run.items(resume), lambda item: trail.append(run.mark(item)), who=self._who).start()

    def collect(self) -> bool:
        """Take over what a training that has ended learned, as one step of the history; True when there was one."""
        with self._lock:
            job, run = self.job, self.run
            if job is None or run is None or job.live:
                return False
            self.job, last = None, job.latest
            if job.error:
                self.messages.append(("error", job.error))
            if last is None:
                return True
            self.last_run, self._run_end = last, job.end
            if not run.learned(last):
                self.messages.append(("info", "Training found nothing better; the network is as it was."))
            else:
                try:
                    self.history = run.recorded(self.opened, last)
                    self._remember(run)
                except UserError as refusal:
                    self.messages.append(("error", str(refusal)))
            stopped = job.state == "stopped" and not last.stopped_because
            self._halted = (self.history, self.data) if stopped else None
            return True

    def _remember(self, run: Run) -> None:
        """Its table, for whoever does its step again."""
        self._learned[run.rows_digest] = run.data
        while len(self._learned) > LEARNED:
            self._learned.popitem(last=False)

    # --- looking for formulas ---------------------------------------------------------------------------------

    def search(self) -> None:
        """Look for a formula for every edge; what is found counts for this network and these rows."""
        from kanviz.analysis.symbolic import suggest_all

        with self._lock:
            if self.search_job is not None:
                self.search_job.stop(End.REPLACED)
            kan, data = self.present, self.data
            candidates: dict[EdgeId, Sequence[Candidate]] = {}
            self._searched = (kan.digest, data.digest if data else "", candidates)
            found = Job(lambda: suggest_all(kan, data), lambda item: candidates.update([item]), who=self._who)
            self.search_job = found.start()

    @property
    def candidates(self) -> "dict[EdgeId, Sequence[Candidate]] | None":
        """What the search has found so far for the present network and rows; None if it was for others."""
        with self._lock:
            if self._searched is None or self.history is None:
                return None
            network, rows, found = self._searched
            same = (network, rows) == (self.present.digest, self.data.digest if self.data else "")
            return dict(found) if same else None

    def extract(self, config: "ExtractConfig") -> None:
        """Read all edges of the present network together. One at a time: another one ends."""
        from kanviz.ui.extracting import Extracting

        with self._lock:
            self.stop_extracting()
            self._extraction, self.reading = Extracting.start(self.present, self.data, config, self._who), None

    @property
    def extraction(self) -> "Extracting | None":
        """The extraction of the present network on the present rows; None if it was of others."""
        with self._lock:
            one = self._extraction
            if one is None or self.history is None or one.kan.digest != self.present.digest:
                return None
            rows = [data.digest if data else "" for data in (one.data, self.data)]
            return one if rows[0] == rows[1] else None

    def stop_extracting(self) -> None:
        """The best so far stays."""
        if self._extraction is not None:
            self._extraction.job.stop()

    def discover(self, data: Dataset, rows_from: str, config: "DiscoverConfig") -> None:
        """Look for the law behind a table; no network is needed. One search at a time: another one ends."""
        from kanviz.laws.door import question_of
        from kanviz.laws.engine import attempts
        from kanviz.ui.law_search import LawSearch

        config.hints.check_names(question_of(data).table.names)
        next(attempts(len(data.inputs), config.shape))  # refuses a shape that does not fit
        with self._lock:
            self.stop_discovering()
            self.law_search, self.law = LawSearch.start(data, rows_from, config, self._who), ""

    def stop_discovering(self) -> None:
        """The best so far stays."""
        if self.law_search is not None:
            self.law_search.job.stop()

    # --- the ladder -------------------------------------------------------------------------------------------

    @property
    def climbing(self) -> bool:
        """Whether a rung is being run."""
        return any(one.job.live for one in self.climbs.values())

    def climb(self, rung: "Rung", seed: int = 0) -> None:
        """Run a rung; no network is needed. One at a time: another one ends and keeps what it reached."""
        from kanviz.ui.climbing import Climbing

        with self._lock:
            for one in self.climbs.values():
                one.job.stop(End.REPLACED)
            self.climbs[rung.number] = Climbing.start(rung, seed, self._who)

    # --- all that runs --------------------------------------------------------------------------------------

    @property
    def jobs(self) -> list[Job[Any]]:
        """Those that have not ended."""
        started = [self.job, self.search_job, *(one.job for one in self.climbs.values())]
        started += [one.job for one in (self._extraction, self.law_search) if one is not None]
        return [job for job in started if job is not None and job.live]

    def stop_jobs(self, why: End) -> None:
        """What they reached is kept."""
        for job in self.jobs:
            job.stop(why)

    # --- derived results --------------------------------------------------------------------------------------

    def derived(self, what: str, make: Callable[[], T], *key: Hashable) -> T:
        """The result of `make`, remembered by what the network and the table are (their digests)."""
        network = self.history.present.digest if self.history else ""
        full = (what, network, self.data.digest if self.data else "", *key)
        return self._kept(self._derived, REMEMBERED, full, make)

    def latest(self, what: str, make: Callable[[], T], *key: Hashable) -> T:
        """As `derived`, but only the last is remembered: for what every move of a slider makes anew."""
        full = (self.history.present.digest if self.history else "", self.data.digest if self.data else "", *key)
        known = self._latest.get(what)
        if known is not None and known[0] == full:
            return known[1]
        found = make()
        self._latest[what] = (full, found)
        return found

    def judged(self, what: str, make: Callable[[], T], *key: Hashable) -> T:
        """A small result about networks of the history (their digests are its key), remembered until the rows change.

        Unlike `derived`, it outlasts a jump to another version and has room for all of them.
        """
        rows = self.data.digest if self.data else ""
        with self._lock:
            if self._judged[0] != rows:
                self._judged = (rows, OrderedDict())
            store = self._judged[1]
        return self._kept(store, JUDGED, (what, *key), make)

    def _kept(self, store: "OrderedDict[Hashable, Any]", most: int, full: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if full in store:
                store.move_to_end(full)
                return store[full]
        found = make()
        with self._lock:
            store[full] = found
            while len(store) > most:
                store.popitem(last=False)
        return found


def _leads_to(recipe: dict[str, Any], kan: KAN) -> bool:
    """Whether a recipe from a file is whole and ends at that network; one that is not is left out."""
    try:
        for record in recipe["edits"]:
            edit_from_json(record)
    except (UserError, KeyError, TypeError):
        return False
    return isinstance(recipe.get("start"), str) and recipe.get("end") == kan.digest


def _fitting(data: Dataset | None, kan: KAN) -> Dataset | None:
    if data is not None and (data.inputs, data.outputs) == (kan.inputs, kan.outputs):
        return data  # its digest is known already
    try:
        return data.matching(kan) if data is not None else None
    except UserError:
        return None
