"""Train Letters, and teach it a word, in subprocesses; what they have come to can be read at any time.

Networks are sent as the bytes of their file; tensors cannot be pickled.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from kanviz.core.kan import KAN
from kanviz.io import open_model
from kanviz.io.native import to_bytes
from kanviz.language.corpus import Corpus
from kanviz.language.letters.training import LettersConfig, LettersProgress, train_letters
from kanviz.language.letters.word import teach_word
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart

NAME = "letters.safetensors"
Sent = tuple[dict[str, Any], bytes]  # a progress without its network, and that


def trained_apart(corpus: Corpus, config: LettersConfig) -> Iterator[Sent]:
    """Train in the subprocess."""
    for item in train_letters(corpus, config):
        yield (
            {part.name: getattr(item, part.name) for part in fields(item) if part.name != "kan"},
            to_bytes(item.kan),
        )


@dataclass(frozen=True, eq=False)
class LettersRun:
    """A started training. trail: all items so far."""

    corpus: Corpus
    config: LettersConfig
    job: Job[Sent]
    trail: list[LettersProgress] = field(default_factory=list)

    @staticmethod
    def start(corpus: Corpus, config: LettersConfig, who: Hashable = None) -> "LettersRun":
        """Start the training. who: see `Job`."""
        trail: list[LettersProgress] = []

        def take(sent: Sent) -> None:
            trail.append(LettersProgress(**sent[0], kan=open_model({NAME: sent[1]})))

        job = Job(lambda: apart(trained_apart, corpus, config), take, who=who, elsewhere=True)
        return LettersRun(corpus, config, job.start(), trail)


@dataclass(frozen=True, slots=True)
class WordStep:
    """The progress of the lesson of a word, as `TaughtWord` has it. network: the bytes of the network's file."""

    word: str
    step: int
    bits_before: float
    bits: float
    done: bool
    network: bytes


def taught_apart(network: bytes, word: str, text: str) -> Iterator[WordStep]:
    """Teach in the subprocess."""
    for item in teach_word(open_model({NAME: network}), word, text):
        yield WordStep(item.word, item.step, item.bits_before, item.bits, item.done, to_bytes(item.kan))


@dataclass(frozen=True, eq=False)
class WordRun:
    """A started lesson: a word is taught to a network of Letters."""

    word: str
    job: Job[WordStep]

    @staticmethod
    def start(kan: KAN, word: str, text: str, learned: Callable[[str, KAN], None], who: Hashable = None) -> "WordRun":
        """Start the lesson. text: held-out, to compare on · learned: gets word and network at the end · who: see
        `Job`.
        """
        network = to_bytes(kan)

        def take(item: WordStep) -> None:
            if item.done:
                learned(item.word, open_model({NAME: item.network}))

        job = Job(lambda: apart(taught_apart, network, word, text), take, who=who, elsewhere=True)
        return WordRun(word, job.start())
