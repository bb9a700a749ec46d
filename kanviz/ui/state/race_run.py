"""Run a race of language models in a subprocess; what it has come to, and its models, can be read at any time."""

import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from kanviz.io.language_file import to_bytes
from kanviz.language.comparison import Contest
from kanviz.language.corpus import Corpus
from kanviz.language.race import Race, race
from kanviz.language.saved import SavedModel
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart

FREE = 0.5  # seconds for start and end of the subprocess that are not taken from the race
START_AND_END = 1.5  # what both take, as a multiple of the start: a busy machine is slow at either
LEAST = 0.3  # share of the seconds that always remains


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see now. file: the model of a lane, by its number, as the bytes of a file, if it is new."""

    race: Race
    number: int | None = None
    file: bytes = b""


def seen(corpus: Corpus, contest: Contest, seconds: float, asked: float) -> Iterator[Seen]:
    """Run the race in this process. asked: when, by time.monotonic, which is the same for all processes."""
    late = max(START_AND_END * (time.monotonic() - asked) - FREE, 0.0)
    for found, number, model in race(corpus, contest, max(seconds - late, LEAST * seconds)):
        if model is None or number is None:
            yield Seen(found)
            continue
        lane = found.lanes[number]
        taken, _, bits = lane.held_out[-1]
        saved = SavedModel(model, corpus.name, corpus.sha256, corpus.source, lane.step, taken, bits)
        yield Seen(found, number, to_bytes(saved))


@dataclass(frozen=True, eq=False)
class RaceRun:
    """A started race. files: the models so far, by the number of their lanes."""

    corpus: Corpus
    contest: Contest
    seconds: float
    job: Job[Seen]
    files: dict[int, bytes] = field(default_factory=dict)

    @staticmethod
    def start(corpus: Corpus, contest: Contest, seconds: float, who: Hashable = None) -> "RaceRun":
        """Start the race. who: see `Job`."""
        files: dict[int, bytes] = {}

        def take(item: Seen) -> None:
            if item.number is not None:
                files[item.number] = item.file

        def items() -> Iterator[Seen | None]:
            return apart(seen, corpus, contest, seconds, time.monotonic())

        return RaceRun(corpus, contest, seconds, Job(items, take, who=who, elsewhere=True).start(), files)

    @property
    def race(self) -> Race | None:
        """What it has come to; None before the first step."""
        return self.job.latest.race if self.job.latest is not None else None
