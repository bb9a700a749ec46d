"""Train a language model on a text and teach it another, in a subprocess; all of it can be read at any time.

Models are sent as the bytes of their file; tensors cannot be pickled.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kanviz.io.language_file import from_bytes, to_bytes
from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel
from kanviz.language.saved import SavedModel
from kanviz.language.teaching.certificate import certify_teaching
from kanviz.language.teaching.outcome import Outcome
from kanviz.language.teaching.teach import teach
from kanviz.language.training import LanguageTraining, train
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart

OFTEN = 5  # steps from one message to the next


@dataclass(frozen=True)
class Plan:
    """What is to be done. old, new: the text that the model knows, and the one it is taught · seconds: of training the
    model, in CPU seconds, where `model` is None · model: bytes of a trained one · ways: to teach, in this order ·
    steps: of each lesson.
    """

    old: Corpus
    new: Corpus
    ways: tuple[str, ...]
    seconds: float = 10.0
    steps: int = 200
    model: bytes | None = None


@dataclass(frozen=True)
class Sent:
    """A message of the subprocess. learned: share of the model's training that is done, with its bits · outcome: of a
    lesson · before, after: the bytes of models · certificate: of the gate, as JSON data.
    """

    learned: tuple[float, float] | None = None
    outcome: Outcome | None = None
    before: bytes = b""
    after: bytes = b""
    certificate: dict[str, Any] | None = None


def taught_apart(plan: Plan) -> Iterator[Sent]:
    """Do the work in the subprocess."""
    saved = from_bytes(plan.model) if plan.model is not None else None
    if saved is None:
        for item in train(LanguageModel("curves"), plan.old, LanguageTraining(seconds=plan.seconds)):
            if item.held_out_bits is not None or item.step % OFTEN == 0:
                yield Sent(learned=(item.seconds / plan.seconds, item.train_bits))
            saved = SavedModel.of(item, plan.old) if item.stopped_because.value else None
    assert saved is not None
    yield Sent(before=to_bytes(saved))
    for way in plan.ways:
        last = None
        for last in teach(saved.model, plan.new, keep=plan.old, how=way, steps=plan.steps):
            if last.step % OFTEN == 0 and last.end is None:
                yield Sent(outcome=Outcome.of(last))
        assert last is not None
        model = last.model
        after = SavedModel(
            model, plan.new.name, plan.new.sha256, plan.new.source, last.step, last.cpu_seconds, None
        )  # fmt: skip
        proof = certify_teaching(saved.model, model, plan.old.held_out).to_json() if way == "gate" else None
        yield Sent(outcome=Outcome.of(last), after=to_bytes(after), certificate=proof)


@dataclass(frozen=True, eq=False)
class TeachRun:
    """A started run. outcomes, after: by the way to teach · before: the trained model, once it is there."""

    plan: Plan
    job: Job[Sent]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    before: list[bytes] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    learned: list[tuple[float, float]] = field(default_factory=list)

    @staticmethod
    def start(plan: Plan, who: Hashable = None) -> "TeachRun":
        """Start the work. who: see `Job`."""
        found: list[TeachRun] = []

        def take(sent: Sent) -> None:
            found[0].take(sent)

        job = Job(lambda: apart(taught_apart, plan), take, who=who, elsewhere=True)
        found.append(TeachRun(plan, job))
        job.start()
        return found[0]

    def take(self, sent: Sent) -> None:
        """Keep what a message brings."""
        if sent.learned is not None:
            self.learned.append(sent.learned)
        if sent.before:
            self.before.append(sent.before)
        if sent.certificate is not None:
            self.certificates.append(sent.certificate)
        if sent.outcome is not None:
            self.outcomes[sent.outcome.how] = sent.outcome
            if sent.after:
                self.after[sent.outcome.how] = sent.after
