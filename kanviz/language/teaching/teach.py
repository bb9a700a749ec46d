"""Teaches a language model a new text as a stream of values: each item has a model; to stop, take no more."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from kanviz.core.threads import in_steps
from kanviz.core.training.ending import Ending
from kanviz.errors import TrainError
from kanviz.language.corpus import Corpus
from kanviz.language.model import LanguageModel
from kanviz.language.optimiser import Flat
from kanviz.language.symbols import encode
from kanviz.language.teaching.lesson import Lesson, prepare
from kanviz.language.teaching.measure import AT_THE_END, ON_THE_WAY, Ruler, TeachPoint, forgetting_at
from kanviz.language.teaching.policy import TeachPolicy
from kanviz.language.training import MOST_SEED, LanguageTraining, passages
from kanviz.text import shown

STEPS = 200
_WARM_UP, _LOWEST = 10, 0.1  # steps of rising rate; share of the rate at the end
_GROWTH = 1.35  # between two steps at which the model is measured
MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class TeachProgress:
    """The progress of a lesson.

    step: of `steps`, 0 before the first · bits: per character of the new text in this step, NaN before the first ·
    trajectory: what was measured so far, on some windows · cpu_seconds: of preparing and learning, without measuring ·
    lesson, theta: the form of the model, and its numbers that learn · end: after the last step, measured on all
    held-out text (of a long one, 512 windows) · stopped_because: why it ended.

    >>> from kanviz.language import Corpus, LanguageModel, Sizes, teach
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> model = LanguageModel(Sizes("gelu", width=16, context=32, parameters=1_000))
    >>> *_, last = teach(model, new, keep=old, how="gate", steps=2)
    >>> last.now is last.end, last.model.kind, last.forgetting_at(3.0)
    (True, 'gelu', None)
    """

    policy: TeachPolicy
    step: int
    steps: int
    bits: float
    trajectory: tuple[TeachPoint, ...]
    cpu_seconds: float
    lesson: Lesson
    theta: Float[Tensor, "number"]
    end: TeachPoint | None = None
    stopped_because: Ending = Ending.RUNNING

    @property
    def now(self) -> TeachPoint:
        """The latest measurement."""
        return self.end or self.trajectory[-1]

    @property
    def model(self) -> LanguageModel:
        """The model as it is now; a copy."""
        found = copy.deepcopy(self.lesson.model)
        Flat(found).put(self.theta.clone())
        found.zero_grad(set_to_none=True)
        return found.requires_grad_()

    def forgetting_at(self, gain: float) -> float | None:
        """Return the forgetting at a gain, in bits per character; None where that gain is not reached."""
        return forgetting_at(self.trajectory, gain)


def teach(
    model: LanguageModel,
    text: Corpus,
    *,
    keep: Corpus,
    how: str | TeachPolicy = "gate",
    steps: int = STEPS,
    seed: int = 0,
    clock: Callable[[], float] = time.thread_time,
) -> Iterator[TeachProgress]:
    """Teach a copy of `model` a new text, and yield the progress before the first step and after each.

    keep: the text that the model knows; forgetting is measured on its held-out part · how: the name of a policy of
    `kanviz.language.teaching.policy`, or a `TeachPolicy` with other settings · clock: how seconds are measured. The
    same seed gives the same bits. One thread computes. Raises TrainError where the policy does not fit the model or the
    texts, a text is shorter than a window, or the loss becomes NaN or infinite.

    >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, Sizes, teach, train
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> tiny = LanguageModel(Sizes("gelu", width=16, context=32, parameters=1_000))
    >>> *_, trained = train(tiny, old, LanguageTraining(steps=30))
    >>> *_, last = teach(trained.model, new, keep=old, how="gate", steps=20)
    >>> last.now.gain > 0.5, abs(last.now.forgetting) < 0.01, last.now.identical > 0.9
    (True, True, True)
    """
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise TrainError(f"A lesson takes 1 to {MOST_STEPS:,} steps, not {steps!r:.20}.")
    if type(seed) is not int or not 0 <= seed <= MOST_SEED:
        raise TrainError(f"A seed is a whole number from 0 to {MOST_SEED:,}, not {seed!r:.20}.")
    for corpus in (text, keep):
        if len(corpus.train) <= model.sizes.context:
            raise TrainError(
                f"{shown(corpus.name)} is shorter than a window of the model, {model.sizes.context} characters. Choose "
                "a longer text."
            )
    config = LanguageTraining(steps=steps, seed=seed)
    yield from in_steps(_steps(model, text, keep, TeachPolicy.of(how), config, clock))


def _steps(
    model: LanguageModel,
    new: Corpus,
    old: Corpus,
    policy: TeachPolicy,
    config: LanguageTraining,
    clock: Callable[[], float],
) -> Iterator[TeachProgress]:
    steps = config.steps or STEPS
    started = clock()
    lesson = prepare(policy, model, new, old, config.seed)
    flat = Flat(lesson.model)
    numbers, start = flat.start(), flat.start().theta
    texts = encode(new.train), encode(old.train)
    spent = clock() - started
    ruler = Ruler(model, new, old, ON_THE_WAY)
    trajectory, looks, bits = (ruler.point(0, lesson.model),), _looks(steps), math.nan
    yield TeachProgress(policy, 0, steps, bits, trajectory, spent, lesson, numbers.theta)
    for step in range(1, steps + 1):
        started = clock()
        rows, replayed = _rows(policy, texts, model.sizes.context, config, step)
        bits = _slope(lesson, flat, rows, replayed) / math.log(2)
        gradient = flat.gradient
        if lesson.weights is not None:
            gradient = gradient + lesson.weights * (numbers.theta - start)
        rate = policy.highest_rate * min(1.0, step / _WARM_UP) * (1 - (1 - _LOWEST) * step / steps)
        numbers = numbers.stepped(gradient, lesson.factors * rate, torch.zeros_like(lesson.factors))
        if not math.isfinite(bits):
            raise TrainError(f"The loss became NaN or infinite at step {step}. Try a smaller learning rate.")
        flat.put(numbers.theta)
        spent += clock() - started
        if step in looks:
            trajectory = (*trajectory, ruler.point(step, lesson.model))
        last = step == steps
        end = Ruler(model, new, old, AT_THE_END).point(step, lesson.model) if last else None
        why = Ending.ALL_STEPS if last else Ending.RUNNING
        yield TeachProgress(policy, step, steps, bits, trajectory, spent, lesson, numbers.theta, end, why)


def _looks(steps: int) -> set[int]:
    """Return the steps at which the model is measured: ever fewer, and the last."""
    found, at = {steps}, 2.0
    while at < steps:
        found.add(round(at))
        at *= _GROWTH
    return found


def _rows(
    policy: TeachPolicy, texts: tuple[Tensor, Tensor], context: int, config: LanguageTraining, step: int
) -> tuple[Int64[Tensor, "row places"], int]:
    """Draw the passages of a step, new ones first; also return how many are old."""
    rows = passages(texts[0], context, config, step)
    replayed = max(1, round(policy.share * len(rows))) if policy.replays else 0
    if replayed:
        rows = torch.cat([rows[replayed:], passages(texts[1], context, config, step)[:replayed]])
    return rows, replayed


def _slope(lesson: Lesson, flat: Flat, rows: Int64[Tensor, "row places"], replayed: int) -> float:
    """Put the gradient of the mean loss where `flat` has it; return the mean loss of the new passages, in nats."""
    flat.gradient.zero_()
    with torch.enable_grad():
        logits = lesson.model(rows[:, :-1])
        losses = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none").view(len(rows), -1)
        losses.mean().backward()
    return float(losses.detach()[: len(rows) - replayed].mean())
