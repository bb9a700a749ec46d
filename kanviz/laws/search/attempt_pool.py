"""Run attempts at a law, one after another in this process, or several in parallel through joblib."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from multiprocessing import TimeoutError as NoneInTime
from typing import Any, Protocol

import joblib

from kanviz.core.threads import one_thread
from kanviz.laws.search.attempt import Attempt, Found, Table

HEAD_START = 3.0  # seconds in this process before other processes are started: about the time it takes to start one
WORTH_A_POOL = 12.0  # seconds of budget below which other processes would start too late
GRACE = 2.0  # seconds that other processes may overrun before they are abandoned
Pursuit = Callable[[Attempt, Table, Sequence[str] | None, float], Iterator[Found]]
Numbered = tuple[int, Attempt]


@dataclass(frozen=True)
class Outcome:
    """The result of one attempt.

    index: its place in the order of attempts · cpu_seconds: of the process that ran it · failure: the error as text ·
    whole: it ended by itself, not because its time was up · going: it continues, and `found` has only the laws since
    its last outcome.
    """

    index: int
    attempt: Attempt
    found: tuple[Found, ...]
    cpu_seconds: float = 0.0
    failure: str = ""
    whole: bool = True
    going: bool = False


@dataclass(frozen=True, eq=False)
class Task:
    """The data that every attempt needs, to be sent to another process.

    pursuit: runs an attempt for a number of seconds, law by law · primitives: names allowed in a law, None for all.
    """

    pursuit: Pursuit
    table: Table
    primitives: Sequence[str] | None = None


def outcomes_of(task: Task, numbered: Numbered, seconds: float) -> Iterator[Outcome]:
    """Generate the outcomes of an attempt within its seconds, law by law; the last outcome has all laws."""
    index, attempt = numbered
    started, spent = time.monotonic(), time.process_time()
    steps, all_found, failure = task.pursuit(attempt, task.table, task.primitives, seconds), [], ""
    while True:
        with one_thread():  # the work is parallel by attempts
            try:
                found = next(steps, None)
            except Exception as problem:  # a failed attempt must not end the others
                found, failure = None, f"{type(problem).__name__}: {problem}"[:200]
        cpu = time.process_time() - spent
        if found is None:
            whole = time.monotonic() - started < seconds
            yield Outcome(index, attempt, tuple(all_found), cpu, failure, whole)
            return
        all_found.append(found)
        yield Outcome(index, attempt, (found,), cpu, whole=False, going=True)


def outcome_of(task: Task, numbered: Numbered, seconds: float, until: float) -> Outcome:
    """Return all laws of an attempt, which also ends at `until` (time.time(); clocks of all machines must agree)."""
    seconds = min(seconds, until - time.time())
    if seconds <= 0:
        return Outcome(*numbered, (), whole=False)
    *_, whole = outcomes_of(task, numbered, seconds)
    return whole


class Crew(Protocol):
    """A runner of attempts: `next` waits for the next outcome; None when time is up or no work is left."""

    def next(self, seconds: float) -> Outcome | None: ...
    def close(self) -> None: ...


def crew_for(task: Task, work: Iterator[Numbered], jobs: int | None, seconds: float) -> Crew:
    """Choose the runner: one process at first, more when they pay. A backend chosen by the caller is used at once.

    jobs: processes, None for one per core, or as set by joblib.parallel_config.
    """
    backend, configured = joblib.parallel.get_active_backend()
    if not isinstance(backend, joblib.parallel.LokyBackend):
        return Pool(task, work, jobs, seconds)
    count = jobs or (configured if isinstance(configured, int) and configured != 1 else joblib.cpu_count())
    if count == 1 or seconds < WORTH_A_POOL:
        return InTurn(task, work)
    return HeadStart(task, work, count, seconds)


@dataclass
class InTurn:
    """A runner of one attempt after another in this process; it returns each law as soon as it is found."""

    task: Task
    work: Iterator[Numbered]
    _steps: Iterator[Outcome] = field(default_factory=lambda: iter(()))
    going: bool = False  # whether an attempt is running

    def next(self, seconds: float) -> Outcome | None:
        outcome = self._next(seconds)
        self.going = outcome is not None and outcome.going
        return outcome

    def _next(self, seconds: float) -> Outcome | None:
        outcome = next(self._steps, None)
        if outcome is not None:
            return outcome
        numbered = next(self.work, None) if seconds > 0 else None
        if numbered is None:
            return None
        self._steps = outcomes_of(self.task, numbered, seconds)
        return next(self._steps)

    def close(self) -> None:
        self._steps = iter(())


class Pool:
    """A runner of several attempts in parallel, by joblib's backend: processes on this machine, or a Dask cluster.

    Attempts still running when it is closed are ended (on a cluster: abandoned). Dead workers are replaced; the
    attempts that they were running have failed.
    """

    def __init__(self, task: Task, work: Iterator[Numbered], jobs: int | None, seconds: float):
        self._task, self._work, self._jobs, self._until = task, work, jobs, time.time() + seconds
        self._running, self._lost = dict[int, Numbered](), list[Numbered]()
        self._start()

    def _start(self) -> None:
        self._parallel = joblib.Parallel(
            n_jobs=self._jobs,
            batch_size=1,  # pyright: ignore[reportArgumentType]  (its signature was inferred from the default, "auto")
            pre_dispatch="n_jobs",
            return_as="generator_unordered",
            max_nbytes=None,  # send rows as they are: a memory map would be read-only
        )
        self._outcomes: Any = self._parallel(self._calls())

    def _calls(self) -> Iterator[Any]:
        for numbered in self._work:
            left = self._until - time.time()
            if left <= 0:
                return
            self._running[numbered[0]] = numbered
            yield joblib.delayed(outcome_of)(self._task, numbered, left, self._until)

    def next(self, seconds: float) -> Outcome | None:
        if self._lost:
            return Outcome(*self._lost.pop(), (), failure="Its process died.")
        self._parallel.timeout = max(seconds + GRACE, 0.0)  # of this wait: joblib reads it before each wait
        try:
            outcome = next(self._outcomes, None)
        except NoneInTime:
            return None
        except (BrokenExecutor, RuntimeError):
            if not self._running:  # they cannot be started at all
                raise
            self._lost, self._running = list(self._running.values()), {}
            self._start()
            return self.next(seconds)
        if outcome is not None:
            self._running.pop(outcome.index, None)
        return outcome

    def close(self) -> None:
        """End joblib's workers, by an exception in its generator; joblib then gives no warning."""
        with contextlib.suppress(_Enough):
            self._outcomes.throw(_Enough())


class _Enough(Exception):
    pass


class HeadStart:
    """A runner that starts in this process, which finds most easy laws, and then continues in other processes.

    An attempt that is interrupted when they start is reported as far as it came, and is run again from the start.
    """

    def __init__(self, task: Task, work: Iterator[Numbered], jobs: int, seconds: float):
        self._task, self._work, self._jobs = task, work, jobs
        self._alone_until, self._until = time.monotonic() + HEAD_START, time.monotonic() + seconds
        self._first, self._pool, self._again = InTurn(task, work), None, list[Numbered]()

    def next(self, seconds: float) -> Outcome | None:
        alone = self._alone_until - time.monotonic()
        if self._first.going or (alone > 0 and not self._again):
            outcome = self._first.next(min(seconds, alone))
            if outcome is not None and not outcome.whole and not outcome.going:
                self._again = [(outcome.index, outcome.attempt)]
            return outcome
        if self._pool is None:
            work = itertools.chain(self._again, self._work)
            self._pool = Pool(self._task, work, self._jobs, self._until - time.monotonic())
        return self._pool.next(seconds)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
