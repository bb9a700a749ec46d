"""Compares kinds of feed-forward blocks: equal parameters and equal seconds, several seeds, a verdict from the runs."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kanviz.core.curves.feed_forward import KINDS, Kind
from kanviz.errors import UserError
from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel, Sizes
from kanviz.language.training import BATCH, LOOKS, LanguageProgress, LanguageTraining, train
from kanviz.text import shown

BLOCKS: tuple[Kind, ...] = ("gelu", "curves", "swiglu", "gr-kan")
MOST_SEEDS = 100
ENOUGH = 3  # seeds without which no block is called better
SURE = 2  # standard errors


@dataclass(frozen=True, slots=True)
class Contest:
    """What a comparison runs.

    kinds: of blocks · seeds: how many, from `seed` on · seconds or steps: of each training, as in `LanguageTraining` ·
    rates: learning rates of kinds, where they are not the default · sizes: of the models.

    >>> from kanviz.language import Contest
    >>> Contest(seconds=10, seeds=1).kinds
    ('gelu', 'curves', 'swiglu', 'gr-kan')
    """

    kinds: tuple[Kind, ...] = BLOCKS
    seeds: int = 3
    seconds: float | None = None
    steps: int | None = None
    rates: dict[str, float] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    batch: int = BATCH
    seed: int = 0

    def training(self, kind: Kind, seed: int) -> LanguageTraining:
        """Return the settings of one run.

        >>> from kanviz.language import Contest
        >>> Contest(steps=100, rates={"gelu": 0.02}).training("gelu", seed=1).rate
        0.02
        """
        return LanguageTraining(self.seconds, self.steps, self.rates.get(kind), seed, self.batch)


@dataclass(frozen=True, slots=True)
class Run:
    """One training of a comparison.

    bits: per character of the held-out part, at its end · seconds: CPU seconds · curve: seconds, step and bits of the
    held-out part, as it learned.

    >>> from kanviz.language import Run
    >>> Run("gelu", 0, 2.4, 400, 6.0, 0.012, 114_816, ()).milliseconds
    15.0
    """

    kind: Kind
    seed: int
    bits: float
    steps: int
    seconds: float
    rate: float
    parameters: int
    curve: tuple[tuple[float, int, float], ...]

    @property
    def milliseconds(self) -> float:
        """CPU time of a step."""
        return 1000 * self.seconds / self.steps


@dataclass(frozen=True, slots=True)
class Summary:
    """All runs of one kind of block.

    >>> from kanviz.language import Run, Summary
    >>> runs = (Run("gelu", seed, 2.4 + seed / 100, 400, 6.0, 0.01, 114_816, ()) for seed in range(3))
    >>> block = Summary("gelu", tuple(runs))
    >>> round(block.mean, 3), round(block.spread, 3), block.steps, block.milliseconds
    (2.41, 0.01, 400.0, 15.0)
    """

    kind: Kind
    runs: tuple[Run, ...]

    @property
    def mean(self) -> float:
        """Mean bits per character."""
        return statistics.fmean(run.bits for run in self.runs)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the bits per character over seeds; None of a single one."""
        return statistics.stdev(run.bits for run in self.runs) if len(self.runs) > 1 else None

    @property
    def steps(self) -> float:
        """Mean number of steps."""
        return statistics.fmean(run.steps for run in self.runs)

    @property
    def milliseconds(self) -> float:
        """Mean CPU time of a step."""
        return statistics.fmean(run.milliseconds for run in self.runs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What blocks came to, from the same text, parameters and seconds (or steps). text, sha256: name and digest.

    >>> from kanviz.language import Comparison, Run
    >>> runs = [Run(kind, seed, bits + seed / 100, 400, 6.0, 0.012, 114_816, ())
    ...         for kind, bits in (("gelu", 2.4), ("curves", 2.3)) for seed in range(3)]
    >>> found = Comparison("documentation", "0" * 64, None, 400, tuple(runs))
    >>> print(found.verdict)
    curves needs the fewest bits per character, 2.310 on average of 3 seeds. It is better than gelu (2.410, by 0.100).
    """

    text: str
    sha256: str
    seconds: float | None
    steps: int | None
    runs: tuple[Run, ...] = ()

    @property
    def blocks(self) -> tuple[Summary, ...]:
        """The kinds in the order in which they ran, each with its runs."""
        kinds: dict[Kind, None] = dict.fromkeys(run.kind for run in self.runs)
        return tuple(Summary(kind, tuple(run for run in self.runs if run.kind == kind)) for kind in kinds)

    @property
    def verdict(self) -> str:
        """What can be concluded, computed from the runs.

        Only seeds count that every block has run. A block is better than another where it needs fewer bits by more than
        two standard errors of the differences, seed by seed, over three seeds or more; otherwise their difference is
        within the spread.
        """
        all_have = (
            set.intersection(*({run.seed for run in block.runs} for block in self.blocks)) if self.runs else set()
        )
        paired = replace(self, runs=tuple(run for run in self.runs if run.seed in all_have))
        blocks = sorted(paired.blocks, key=lambda block: block.mean)
        if len(blocks) < 2:
            return "One block alone was trained; there is nothing to compare it with."
        best, seeds = blocks[0], len(all_have)
        average = "with one seed" if seeds == 1 else f"on average of {seeds} seeds"
        words = f"{best.kind} needs the fewest bits per character, {best.mean:.3f} {average}."
        if seeds < ENOUGH:
            others = ", ".join(f"{other.kind} {other.mean:.3f}" for other in blocks[1:])
            return f"{words} {others}. So few seeds do not tell a difference from chance; run at least {ENOUGH}."
        better = [_words(best, other) for other in blocks[1:] if _is_better(best, other)]
        level = [_words(best, other) for other in blocks[1:] if not _is_better(best, other)]
        found = [
            *([f"It is better than {_listed(better)}."] if better else []),
            *([f"Its lead over {_listed(level)} is within the spread."] if level else []),
        ]
        return " ".join([words, *found])

    def to_json(self) -> dict[str, Any]:
        """Return everything by name, for other programs."""
        blocks = [
            {
                "block": block.kind, "bits": [run.bits for run in block.runs], "mean": block.mean,
                "spread": block.spread, "parameters": block.runs[0].parameters, "rate": block.runs[0].rate,
                "steps": [run.steps for run in block.runs], "cpu_seconds": [run.seconds for run in block.runs],
                "milliseconds_a_step": block.milliseconds, "seeds": [run.seed for run in block.runs],
                "curves": [[list(point) for point in run.curve] for run in block.runs],
            }
            for block in self.blocks
        ]  # fmt: skip
        given = {"text": self.text, "sha256": self.sha256, "seconds": self.seconds, "steps": self.steps}
        return {**given, "blocks": blocks, "verdict": self.verdict}


@dataclass(frozen=True)
class Compared:
    """The progress of a comparison. progress: of the run that goes on, the `number`-th of `runs`, from 0 · found: the
    runs that have ended.

    >>> from kanviz.language import Contest, Corpus, Sizes, compare
    >>> tiny, text = Sizes(width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
    >>> first, *_ = compare(text, Contest(("gelu", "curves"), seeds=1, steps=3, sizes=tiny))
    >>> first.kind, first.number, first.runs, first.progress.step, first.found.runs
    ('gelu', 0, 2, 1, ())
    """

    kind: Kind
    seed: int
    number: int
    runs: int
    progress: LanguageProgress
    found: Comparison


def compare(
    corpus: Corpus,
    contest: Contest | None = None,
    *,
    clock: Callable[[], float] = time.thread_time,
    side_by_side: bool = False,
    looks: int = LOOKS,
) -> Iterator[Compared]:
    """Train a model of each kind with each seed, one after another, and yield the progress after every step.

    contest: 10 seconds, three seeds and the usual blocks where it is None. The kinds take turns, so that a comparison
    that is stopped has about as many seeds of each. The last item has all runs. clock: how seconds are measured ·
    side_by_side: the models of one seed take turns step by step, so that they can be watched together · looks: how
    often the held-out part is measured in each training. Raises UserError for a contest that is not possible, and as
    `train` does.

    >>> from kanviz.language import Contest, Corpus, Sizes, compare
    >>> tiny, text = Sizes(width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
    >>> *_, last = compare(text, Contest(("gelu", "curves"), seeds=1, steps=3, sizes=tiny))
    >>> [len(block.runs) for block in last.found.blocks], last.found.verdict[-15:]
    ([1, 1], 'run at least 3.')
    """
    contest = contest or Contest(seconds=10)
    _check(contest)
    found = Comparison(corpus.name, corpus.sha256, contest.seconds, contest.steps)
    order: list[tuple[Kind, int]] = [
        (kind, seed) for seed in range(contest.seed, contest.seed + contest.seeds) for kind in contest.kinds
    ]
    together = len(contest.kinds) if side_by_side else 1
    for first in range(0, len(order), together):
        streams = [_trained(corpus, contest, kind, seed, clock, looks) for kind, seed in order[first:][:together]]
        for place, progress, run in _in_turns(streams):
            if run is not None:
                found = replace(found, runs=(*found.runs, run))
            number = first + place
            yield Compared(*order[number], number, len(order), progress, found)


def _trained(
    corpus: Corpus, contest: Contest, kind: Kind, seed: int, clock: Callable[[], float], looks: int
) -> Iterator[tuple[LanguageProgress, Run | None]]:
    """Train one model; the last item has its run."""
    model, how = LanguageModel(replace(contest.sizes, kind=kind), seed=seed), contest.training(kind, seed)
    curve: list[tuple[float, int, float]] = []
    for progress in train(model, corpus, how, clock=clock, looks=looks):
        if progress.held_out_bits is not None:
            curve.append((progress.seconds, progress.step, progress.held_out_bits))
        ended, bits, rate = bool(progress.stopped_because), curve[-1][2] if curve else math.nan, how.rate_for(kind)
        run = Run(kind, seed, bits, progress.step, progress.seconds, rate, model.parameter_count, tuple(curve))
        yield progress, run if ended else None


def _in_turns(
    streams: list[Iterator[tuple[LanguageProgress, Run | None]]],
) -> Iterator[tuple[int, LanguageProgress, Run | None]]:
    """Yield the items of all streams, each with its stream's place; next comes the one that has learned the least."""
    spent = dict.fromkeys(range(len(streams)), 0.0)
    while spent:
        place = min(spent, key=spent.__getitem__)
        progress, run = next(streams[place])
        yield place, progress, run
        spent[place] = progress.seconds
        if run is not None:
            del spent[place]


def _check(contest: Contest) -> None:
    unknown = [kind for kind in (*contest.kinds, *contest.rates) if kind not in KINDS]
    if unknown:
        raise UserError(f"There is no block {shown(str(unknown[0]))!r}; choose among {', '.join(KINDS)}.")
    if not contest.kinds or len(set(contest.kinds)) < len(contest.kinds):
        raise UserError("Name at least one block, and each once.")
    if type(contest.seeds) is not int or not 1 <= contest.seeds <= MOST_SEEDS:
        raise UserError(f"A comparison has 1 to {MOST_SEEDS} seeds, not {contest.seeds!r:.20}.")


def _is_better(best: Summary, other: Summary) -> bool:
    """Return whether the differences, seed by seed, are above 0 by more than two standard errors."""
    mean, error = _difference(best, other)
    return mean > SURE * error


def _difference(best: Summary, other: Summary) -> tuple[float, float]:
    """Return the mean difference over the seeds, which both have, with its standard error."""
    mine = {run.seed: run.bits for run in best.runs}
    gaps = [run.bits - mine[run.seed] for run in other.runs]
    return statistics.fmean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))


def _words(best: Summary, other: Summary) -> str:
    return f"{other.kind} ({other.mean:.3f}, by {_difference(best, other)[0]:.3f})"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
