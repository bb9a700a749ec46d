"""Trains kinds of blocks side by side by the clock, and records what there is to see at any moment.

It is `compare` with the whole time fixed: measuring and writing samples count, so it ends when it should.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from kanviz.core.curves.feed_forward import Kind
from kanviz.errors import UserError
from kanviz.language.comparison import Compared, Comparison, Contest, Run, compare
from kanviz.language.corpus import Corpus
from kanviz.language.entropy import held_out_bits
from kanviz.language.model import LanguageModel
from kanviz.language.sampling import sample
from kanviz.language.symbols import encode
from kanviz.language.training import LOOKS, LanguageProgress
from kanviz.text import counted

LEAST_EACH = 1.0  # seconds of a training
LOOKING = 0.15  # share of the time for measuring and samples
FIRST = 1.0  # seconds of a training after which it is measured at the latest, so that a stop has something to keep
POINTS = 300  # of one training
PROMPT, WRITTEN = 24, 160  # characters that a sample goes on from, and that it has


@dataclass(frozen=True, slots=True)
class Lane:
    """One training of a race, as far as it has come.

    steps: how many are planned · learned: (seconds, bits per character of the passages that it learned from, averaged)
    · held_out: (seconds, step, bits per character of the held-out part) · sample: what it wrote at the last of these.
    """

    kind: Kind
    seed: int
    rate: float
    parameters: int
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    learned: tuple[tuple[float, float], ...] = ()
    held_out: tuple[tuple[float, int, float], ...] = ()
    sample: str = ""
    ended: bool = False

    @property
    def run(self) -> Run:
        """What it has come to, where it was measured last."""
        seconds, step, bits = self.held_out[-1]
        return Run(self.kind, self.seed, bits, step, seconds, self.rate, self.parameters, self.held_out)


@dataclass(frozen=True, slots=True)
class Race:
    """What several trainings have come to. text, sha256: name and digest · seconds: of each training, None where steps
    are equal · prompt: what all samples go on from · runs: how many trainings it has at its end.
    """

    text: str
    sha256: str
    seconds: float | None
    steps: int | None
    prompt: str
    runs: int
    lanes: tuple[Lane, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether all trainings came to their ends."""
        return len(self.lanes) == self.runs and all(lane.ended for lane in self.lanes)

    @property
    def measured(self) -> tuple[Lane, ...]:
        """The trainings whose bits were measured at least once."""
        return tuple(lane for lane in self.lanes if lane.held_out)

    @property
    def comparison(self) -> Comparison:
        """The trainings as runs. Where one has not ended, no run of its seed is complete, but all are there."""
        runs = tuple(lane.run for lane in self.measured)
        return Comparison(self.text, self.sha256, self.seconds, self.steps, runs)

    @property
    def verdict(self) -> str:
        """What can be concluded, computed from the trainings; of a race that was stopped with what it cannot tell."""
        if not self.measured:
            return "Nothing was measured yet, so there is nothing to compare."
        found = self.comparison
        if self.ended:
            return found.verdict
        done = sum(lane.ended for lane in self.lanes)
        return (
            f"{found.verdict} Only {done} of {self.runs} trainings came to their end; the others count as they were, "
            "before their learning rate had fallen, and would still improve."
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Race":
        """Return the race that `to_json` wrote; only for our own files, as nothing is checked."""
        lanes = []
        for lane in record["lanes"]:
            pairs = {name: tuple(map(tuple, lane[name])) for name in ("learned", "held_out")}
            lanes.append(Lane(**{**lane, **pairs}))
        return cls(**{**record, "lanes": tuple(lanes)})


def race(
    corpus: Corpus,
    contest: Contest,
    seconds: float | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Race, int | None, LanguageModel | None]]:
    """Train the models of a contest side by side; yield what there is to see, with the model that was just measured.

    seconds: for everything by the clock, measuring and samples included, of which each training gets an equal share;
    None where the contest says how long each takes. The number is that of the model's lane. Raises UserError as
    `compare` does; `check_seconds` refuses seconds that are too few.
    """
    runs, looks = contest.seeds * len(contest.kinds), _Looks(clock, clock())
    if seconds is not None:
        contest = replace(contest, seconds=(1 - LOOKING) * seconds / runs, steps=None)
    by_clock, prompt, held_out = seconds is not None, _prompt(corpus), encode(corpus.held_out)
    found = Race(corpus.name, corpus.sha256, contest.seconds, contest.steps, prompt, runs)
    lanes: dict[int, Lane] = {}
    passages: dict[int, list[float]] = {}  # bits since the last point
    every = (contest.seconds or 0) / POINTS
    for now in compare(corpus, contest, clock=clock, side_by_side=True, looks=1 if by_clock else LOOKS):
        progress, number, model = now.progress, now.number, None
        before = lanes.get(number) or _first(now, contest)
        lane = _stepped(before, progress, passages.setdefault(number, []), every)
        bits, of_its_seed = progress.held_out_bits, [other for other in lanes.values() if other.seed == lane.seed]
        if bits is not None or (by_clock and looks.are_due(lane, of_its_seed, contest.seconds or 0)):
            model, started = progress.model, clock()
            bits = held_out_bits(model, held_out) if bits is None else bits
            written = sample(model, prompt, WRITTEN)
            looks.took(clock() - started)
            looked = (progress.seconds, progress.step, bits)
            ended = bool(progress.stopped_because)
            lane = replace(lane, held_out=(*lane.held_out, looked), sample=written, ended=ended)
        lanes[number] = lane
        if model is not None or len(lane.learned) > len(before.learned):
            yield replace(found, lanes=tuple(lanes[n] for n in sorted(lanes))), number if model else None, model


def _first(now: Compared, contest: Contest) -> Lane:
    """Return the lane of a training that begins."""
    rate = contest.training(now.kind, now.seed).rate_for(now.kind)
    return Lane(now.kind, now.seed, rate, now.progress.state.model.parameter_count)


def _stepped(lane: Lane, progress: LanguageProgress, bits: list[float], every: float) -> Lane:
    """Return the lane after a step. bits: of the passages since its last point · every: seconds between two points."""
    bits.append(progress.train_bits)
    learned, last = lane.learned, bool(progress.stopped_because)
    if not learned or last or progress.seconds - learned[-1][0] >= every:
        learned = (*learned, (progress.seconds, sum(bits) / len(bits)))
        bits.clear()
    return replace(lane, step=progress.step, steps=progress.steps, seconds=progress.seconds, learned=learned)


def check_seconds(seconds: float, runs: int) -> None:
    """Raise UserError where the seconds are too few for so many trainings."""
    if seconds < LEAST_EACH * runs:
        raise UserError(
            f"{seconds:g} s are too few for {counted(runs, 'training')}: each needs at least {LEAST_EACH:g} s. Choose "
            "more seconds, or fewer blocks or seeds."
        )


@dataclass
class _Looks:
    """Decides when a training is measured, so that measuring takes no more than its share of the time.

    clock, started: what time it is, and when the race began · taken: seconds so far · last: of the last look.
    """

    clock: Callable[[], float]
    started: float
    taken: float = 0.0
    last: float = 0.0

    def are_due(self, lane: Lane, others: list[Lane], seconds: float) -> bool:
        """Return whether a training of so many seconds is to be measured now; one follows where another went ahead."""
        if any(len(other.held_out) > len(lane.held_out) and not other.ended for other in others):
            return True
        if lane.seconds > (1 - 1 / LOOKS) * seconds:
            return False  # it ends soon, and is measured then
        since = lane.seconds - (lane.held_out[-1][0] if lane.held_out else 0.0)
        first = min(seconds / LOOKS, FIRST)
        within = self.taken + self.last <= LOOKING * (self.clock() - self.started)
        return since >= (seconds / LOOKS if lane.held_out else first) and within

    def took(self, seconds: float) -> None:
        """Note how long a look took."""
        self.taken, self.last = self.taken + seconds, seconds


def _prompt(corpus: Corpus) -> str:
    """Return the first words of a line of the held-out part, where it has lines."""
    start = corpus.held_out.find("\n", 0, len(corpus.held_out) // 2) + 1
    text = corpus.held_out[start : start + PROMPT].replace("\n", " ")
    return text[: text.rfind(" ") + 1] or text
