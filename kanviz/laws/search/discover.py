"""Search for the law behind rows: attempts of growing shape, several in parallel, with the best so far at any time."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.threads import on_one_thread
from kanviz.core.training.ending import Ending
from kanviz.errors import UserError
from kanviz.laws.front import PREFERRED, UNEVEN, Entry, Scale, best, enough, front
from kanviz.laws.search import attempt as engine
from kanviz.laws.search.attempt import Attempt, Found, Table
from kanviz.laws.search.attempt_pool import Outcome, Task, crew_for
from kanviz.laws.search.hints import Hints, unit_doubts
from kanviz.laws.search.problem import Question, question_of
from kanviz.laws.search.record import Discovery, Tried

SETTLED = 1  # attempts in a row without a better law that end the search; each tries everything from another start
LEAST_PATIENCE = 2.0  # least seconds that earlier attempts still get after an exact law was found


@dataclass(frozen=True)
class DiscoverConfig:
    """The settings of a search for a law.

    shape: pykan's width, None to try shapes from small to large · seconds: by the clock, for the whole search · seeds:
    starts of each shape · jobs: processes, 1 for this one alone, None for the machine's default · seed: the first seed.
    Raises UserError for no time, seeds or jobs.

    >>> import kanviz
    >>> kanviz.DiscoverConfig(seconds=5.0, hints=kanviz.Hints(forbid=("sin",))).shape is None
    True
    >>> kanviz.DiscoverConfig(seconds=0)
    Traceback (most recent call last):
        ...
    kanviz.errors.UserError: The search needs time; got 0 seconds.
    """

    shape: Sequence[Any] | None = None
    seconds: float = 60.0
    seeds: int = 5
    hints: Hints = field(default_factory=Hints)
    jobs: int | None = None
    seed: int = 0

    def __post_init__(self):
        if not self.seconds > 0:
            raise UserError(f"The search needs time; got {self.seconds:g} seconds.")
        if self.seeds < 1 or (self.jobs is not None and self.jobs < 1):
            raise UserError("A search needs at least one seed and one job.")


class Search(Protocol):
    """The search method: a series of attempts, and how one is run (`kanviz.laws.search.attempt`)."""

    def attempts(self, inputs: int, shape: Sequence[Any] | None = None, seeds: int = 5) -> Iterator[Attempt]: ...
    def pursuit(
        self, attempt: Attempt, table: Table, primitives: Sequence[str] | None, seconds: float
    ) -> Iterator[Found]: ...


@on_one_thread
def discoveries(
    data: Dataset,
    config: DiscoverConfig | None = None,
    search: Search | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Discovery]:
    """Generate the state of the search after each attempt, the last one included; a caller may stop at any time.

    The front is that of the attempts in their order, so it does not depend on which of them ended first, unless time
    ran out. The search ends with an exact law, when no attempt improves a law at the level of the noise, or when time
    is up by the clock, in seconds.
    Raises TableError for a data set without one target of numbers, or with too few rows; UserError for hints or a shape
    that do not fit it.

    >>> import kanviz
    >>> x = [k / 10 for k in range(40)]
    >>> data = kanviz.Dataset.from_frame({"x": x, "y": [2 * v + 1 for v in x]}, "y")
    >>> for found in kanviz.discoveries(data, kanviz.DiscoverConfig(shape=[1, 1], seeds=1, jobs=1)):
    ...     if found.exact:
    ...         break
    >>> str(found.best.law.expression)
    '2*x + 1'
    """
    config, search = config or DiscoverConfig(), search or engine
    question = question_of(data)
    table = question.table
    config.hints.check_names(table.names)
    ladder = [
        replace(attempt, seed=config.seed + attempt.seed)
        for attempt in search.attempts(len(table.names), config.shape, config.seeds)
    ]
    scale = Scale(float(table.held_y.std()), len(table.y), len(table.held_y))
    started = clock()
    deadline, patient = started + config.seconds, True
    done: dict[int, Outcome] = {}
    laws: dict[int, tuple[Entry, ...]] = {}
    task = Task(search.pursuit, table, config.hints.primitives)
    crew = crew_for(task, enumerate(ladder), config.jobs, config.seconds)
    try:
        while True:
            outcome = crew.next(deadline - clock())
            elapsed = clock() - started
            if outcome is not None:
                done[outcome.index] = outcome
                before = () if outcome.whole else laws.get(outcome.index, ())
                laws[outcome.index] = (*before, *_entries(outcome, question, config.hints))
            last, why = ending(done, laws, scale) or (None, Ending.RUNNING)
            if outcome is None and not why:
                late = started + elapsed >= deadline
                why = Ending.EXACT_LAW if not patient else Ending.TIME_UP if late else Ending.ALL_TRIED
            yield _discovery(question, scale, done, laws, last, seconds=elapsed, stopped_because=why)
            if why:
                return
            if patient and any(scale.exact(entry) for found in laws.values() for entry in found):
                patient = False
                deadline = min(deadline, started + elapsed + max(LEAST_PATIENCE, elapsed))
    finally:
        crew.close()


def ending(done: Mapping[int, Outcome], laws: Mapping[int, Sequence[Entry]], scale: Scale) -> tuple[int, Ending] | None:
    """Return the attempt that ends the search, and why. Only attempts before the first unfinished one count."""
    entries: list[Entry] = []
    splines: list[float] = []
    shortest, since = float("inf"), 0
    for index in itertools.takewhile(done.__contains__, itertools.count()):
        if any(scale.exact(entry) for entry in laws[index]):
            return index, Ending.EXACT_LAW
        if not done[index].whole:
            return None
        entries += laws[index]
        splines += [found.spline_rmse for found in done[index].found]
        if not entries:
            continue
        knee = best(entries, scale)
        length = scale.description(knee)
        since = 0 if length < shortest - 1 else since + 1
        shortest = min(shortest, length)
        if since >= SETTLED and knee.test_rmse <= enough(scale.held) * min(splines):
            return index, Ending.AS_GOOD_AS_SPLINES
    return None


def _discovery(
    question: Question,
    scale: Scale,
    done: Mapping[int, Outcome],
    laws: Mapping[int, Sequence[Entry]],
    last: int | None,
    **rest: Any,
) -> Discovery:
    """Return the record of the attempts up to `last`; of all attempts where it is None."""
    kept = [index for index in sorted(done) if last is None or index <= last]
    return Discovery(
        target=question.target,
        unit=question.unit,
        inputs=question.table.names,
        units=question.table.units,
        scale=scale,
        front=front((entry for index in kept for entry in laws[index]), scale),
        attempts=tuple(Tried.of(done[index]) for index in sorted(done)),
        notes=question.notes,
        **rest,
    )


def _entries(outcome: Outcome, question: Question, hints: Hints) -> tuple[Entry, ...]:
    """Return the laws of an attempt that the hints allow, each with its doubts."""
    table = question.table
    units = dict(zip(table.names, table.units, strict=True))
    entries = []
    for found in outcome.found:
        expression = found.law.expression
        if not hints.allows(expression):
            continue
        uneven = hints.uneven(found.law, torch.as_tensor(table.held_x), table.names)
        doubts = [f"It should be symmetric in {pair}, and is not." for pair in uneven]
        doubts += unit_doubts(expression, units, question.unit)
        if found.law.test_rmse > 2 * found.spline_rmse > 1e-9 * float(table.held_y.std()):
            doubts.append(
                f"A spline network has error {found.spline_rmse:.2g}, this law {found.law.test_rmse:.2g}: "
                "something may be missing."
            )
        entries.append(
            Entry(
                law=found.law,
                train_rmse=found.law.train_rmse,
                test_rmse=found.law.test_rmse,
                seconds=found.seconds,
                notes=(*found.law.notes, *doubts),
                attempt=str(found.attempt),
                bonus=PREFERRED * hints.preferred(expression) - UNEVEN * len(uneven),
            )
        )
    return tuple(entries)
