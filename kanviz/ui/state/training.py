"""Train the current network: start, watch, stop, continue, and record the result in the history."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.training.train import Progress, TrainConfig
from kanviz.edit.history import History
from kanviz.errors import EditError, UserError
from kanviz.io.work import Work
from kanviz.ui.state.holder import Holder
from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.part import Part
from kanviz.ui.state.training_run import Mark, Retraining, Run

LEARNED = 20  # tables of past trainings that are remembered


class Training(Part):
    """The session's training, one at a time, and the result of the last one.

    job: the running job, or an ended one that was not collected · run: the last run that was started · trail: its
    errors by step · last: its newest step, once it was collected · since: the step from which it was continued.
    """

    is_saved = True

    def __init__(self, holder: Holder) -> None:
        super().__init__(holder)
        self.job: Job[Progress] | None = None
        self.run: Run | None = None
        self.trail: list[Mark] = []
        self.last: Progress | None = None
        self.since: Progress | None = None
        self._end: End | None = None
        self._halted: tuple[History | None, Dataset | None] | None = None
        self._learned: OrderedDict[str, Dataset] = OrderedDict()

    @property
    def jobs(self) -> list[Job[Any]]:
        return [self.job] if self.job is not None else []

    @property
    def pending(self) -> bool:
        """Whether a run goes on, or has ended and is not in the history yet.

        A page asks this once and then shows the run: it may end between two questions whether it is live, and who shows
        neither the run nor its result shows the network before for good.
        """
        return self.job is not None

    @property
    def learned_rows(self) -> Sequence[Dataset]:
        """The tables of the last trainings, newest first: their steps can be replayed."""
        return list(reversed(self._learned.values()))

    @property
    def retrained(self) -> Retraining | None:
        """The last retraining, if the current network is its result."""
        run, last = self.run, self.last
        if not isinstance(run, Retraining) or last is None or self.live or last.best is run.kan:
            return None
        return run if self._holder.opened.present.digest == last.best.digest else None

    @property
    def retraining(self) -> Retraining | None:
        """The last run that was started, if it protects known rows or a region."""
        return self.run if isinstance(self.run, Retraining) else None

    @property
    def why_ended(self) -> str:
        """The reason why the last run ended, as text."""
        found = self.last.stopped_because if self.last is not None else ""
        return found or str(self._end or End.DONE)

    @property
    def can_continue(self) -> bool:
        """Whether the last run was stopped before its end, and network and rows are unchanged since."""
        work, halted = self._holder.work, self._halted
        if halted is None or work is None or self.live:
            return False
        return halted[0] is work.history and halted[1] is work.data

    def refuse_while_live(self) -> None:
        """Raise EditError while a training runs. A training that has ended is collected."""
        self.collect()
        if self.live:
            raise EditError("Training is running; stop it before you change the network.")

    def start(self, how: TrainConfig | Retraining) -> None:
        """Start training the current network on its rows. how: settings, or a retraining, which protects known rows."""
        if isinstance(how, Retraining):
            self.retrain(how)
            return
        with self._holder.lock:
            self.refuse_while_live()
            work = self._holder.opened
            if work.data is None:
                raise UserError("Training needs a table. Upload one, or open a sample that brings its own.")
            self._begin(Run(work.present, work.data, how, work.history.at), [])

    def retrain(self, run: Retraining) -> None:
        """Start teaching the current network new rows while what it knows is protected."""
        with self._holder.lock:
            self.refuse_while_live()
            if run.kan is not self._holder.opened.present:
                raise EditError("The network has changed since this was requested; look at it, and start again.")
            self._begin(run, [])

    def resume(self) -> None:
        """Continue a stopped run as if it had not stopped: the history shows one step."""
        with self._holder.lock:
            self.refuse_while_live()
            if not self.can_continue or self.run is None or self.last is None:
                raise EditError("This run cannot go on, because the network or its rows have changed since.")
            self._begin(replace(self.run, seconds=self.last.seconds), list(self.trail), self.last)

    def _begin(self, run: Run, trail: list[Mark], since: Progress | None = None) -> None:
        self.run, self.trail, self.since = run, trail, since
        resume = since.state if since is not None else None
        who = self._holder.owner
        self.job = Job(lambda: run.items(resume), lambda item: trail.append(run.mark(item)), who=who).start()

    def collect(self) -> bool:
        """Record the result of an ended training as one step of the history; return whether there was one."""
        with self._holder.lock:
            job, run, messages = self.job, self.run, self._holder.messages
            if job is None or run is None or job.live:
                return False
            self.job, last = None, job.latest
            if job.error:
                messages.append(("error", job.error))
            if last is None:
                return True
            self.last, self._end = last, job.end
            if not run.learned(last):
                messages.append(("info", "Training found nothing better; the network is as it was."))
            else:
                try:
                    self._holder.change(history=run.recorded(self._holder.opened.history, last))
                    self._remember(run)
                except UserError as refusal:
                    messages.append(("error", str(refusal)))
            work = self._holder.opened
            stopped = job.state == "stopped" and not last.stopped_because
            self._halted = (work.history, work.data) if stopped else None
            return True

    def forget(self) -> None:
        """Forget the result of the last run, since another network was opened."""
        self.job, self.trail, self.last, self._halted = None, [], None, None

    def saved_with(self, work: Work) -> Work:
        """Return the work with its unfinished training, to be continued later; its result so far is the last step."""
        job, run, history, training = self.job, self.run, work.history, None
        if run is not None and job is not None:  # it runs, or its end was not collected yet
            last = job.latest or self.since
            with suppress(EditError):  # a full history has no room for it
                history = run.recorded(history, last) if last is not None and run.learned(last) else history
            if last is not None and not last.stopped_because and job.end not in (End.DONE, End.FAILED):
                running = job.live and job.state != "paused"
                training = run.underway(last, list(self.trail), running=running)
        elif run is not None and self.last is not None and self.can_continue:
            training = run.underway(self.last, self.trail, running=False)
        return replace(work, history=history, training=training)

    def take_up(self, work: Work) -> None:
        """Prepare the training of saved work to be continued."""
        found = work.training
        if found is None:
            return
        self.run, self.trail = Run.of(found, work.history.versions[found.at].kan)
        self.last, self._end = found.last, End.SERVER
        self._halted = (work.history, work.data)
        self._remember(self.run)

    def _remember(self, run: Run) -> None:
        self._learned[run.rows_digest] = run.data
        while len(self._learned) > LEARNED:
            self._learned.popitem(last=False)
