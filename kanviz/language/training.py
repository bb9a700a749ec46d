"""Trains a language model as a stream of values: each step yields progress; the caller stops by not taking the next."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.nn import functional as F

from kanviz.core.curves.rates import parameter_groups
from kanviz.core.threads import in_steps
from kanviz.core.training.ending import Ending
from kanviz.errors import TrainError, UserError
from kanviz.language.corpus import Corpus
from kanviz.language.entropy import held_out_bits
from kanviz.language.model import LanguageModel
from kanviz.language.optimiser import DECAY, Flat, Numbers
from kanviz.language.schedule import Plan
from kanviz.language.symbols import encode
from kanviz.text import shown

BATCH = 16  # passages of a step
MOST_BATCH = 1_024
MOST_SEED = 2**32 - 1
LEAST_RATE = 1e-12
LOOKS = 10  # how often the held-out part is measured
# good for 400 to 1,500 steps; shorter trainings like higher rates, longer ones lower
RATES = {"curves": 1e-2, "gelu": 1e-2, "swiglu": 1e-2, "gr-kan": 1e-2, "kan": 7e-3}


@dataclass(frozen=True, slots=True)
class LanguageTraining:
    """Settings of a training.

    seconds: CPU seconds of one thread · steps: instead of seconds; then the result is the same each time, to the last
    bit · rate: the highest learning rate, None for the default of the model's kind · seed: of the passages that each
    step reads · batch: how many, each as long as the model's context.

    >>> from kanviz.language import LanguageTraining
    >>> LanguageTraining(steps=100).seed
    0
    """

    seconds: float | None = None
    steps: int | None = None
    rate: float | None = None
    seed: int = 0
    batch: int = BATCH

    def rate_for(self, kind: str) -> float:
        """Return the highest learning rate for this kind of block. Raises UserError for one that is not possible.

        >>> from kanviz.language import LanguageTraining
        >>> LanguageTraining(rate=0.01).rate_for("gelu")
        0.01
        """
        rate = RATES[kind] if self.rate is None else self.rate
        if not LEAST_RATE <= rate <= 1:
            raise UserError(f"A learning rate is above 0 and at most 1, as {RATES[kind]:g}, not {rate:g}.")
        return rate


@dataclass(frozen=True, eq=False)
class LanguageState:
    """The state of a training between two steps; `train(..., resume=state)` goes on with exactly the same bits.

    model: gives the form, not the numbers · corpus: SHA-256 of the text · spent: seconds of training so far.
    """

    model: LanguageModel
    config: LanguageTraining
    plan: Plan
    numbers: Numbers
    spent: float
    corpus: str

    def trained(self) -> LanguageModel:
        """Return a model with the numbers that were learned so far.

        >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, Sizes, train
        >>> tiny, text = Sizes("gelu", width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
        >>> first, *_ = train(LanguageModel(tiny), text, LanguageTraining(steps=2))
        >>> first.state.trained().parameter_count == LanguageModel(tiny).parameter_count
        True
        """
        found = copy.deepcopy(self.model)
        Flat(found).put(self.numbers.theta.clone())
        found.zero_grad(set_to_none=True)
        return found


@dataclass(frozen=True)
class LanguageProgress:
    """The progress after a step. steps: how many are planned now · train_bits: bits per character of this step's
    passages · held_out_bits: on the held-out part, None at steps at which it was not measured; always after the last ·
    seconds: CPU seconds of training, without those of measuring.

    >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, Sizes, train
    >>> tiny, text = Sizes("gelu", width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
    >>> *_, last = train(LanguageModel(tiny), text, LanguageTraining(steps=40))
    >>> last.step, last.held_out_bits < 3.5, str(last.stopped_because)
    (40, True, 'all steps done')
    """

    step: int
    steps: int
    train_bits: float
    held_out_bits: float | None
    seconds: float
    rate: float
    state: LanguageState
    stopped_because: Ending = Ending.RUNNING

    @property
    def model(self) -> LanguageModel:
        """The model as it is now."""
        return self.state.trained()


def train(
    model: LanguageModel,
    corpus: Corpus,
    config: LanguageTraining | None = None,
    *,
    resume: LanguageState | None = None,
    clock: Callable[[], float] = time.thread_time,
    looks: int = LOOKS,
) -> Iterator[LanguageProgress]:
    """Train a copy of `model` on a text, and yield the progress after every step. One thread computes.

    config: 10 seconds where it is None. With seconds, ten steps are timed and the schedule is made for the time that is
    left: the rate rises for 50 steps and then falls to a tenth at the end; it is made again now and then. resume: the
    `state` of an earlier item; the first item is then the step after it, and `model` and `config` are not used. clock:
    how seconds are measured · looks: about how often the held-out part is measured, the last step included. Parameters
    that require no gradient stay as they are. Raises UserError for settings that
    are not possible, and TrainError where the resumed training has ended or is of another text, where no parameter may
    change, or the loss becomes NaN or infinite.

    >>> from kanviz.language import Corpus, LanguageModel, LanguageTraining, Sizes, bits, train
    >>> tiny, text = Sizes("gelu", width=16, parameters=1_000), Corpus.from_text("To be, or not to be. " * 60)
    >>> for progress in train(LanguageModel(tiny), text, LanguageTraining(steps=30)):
    ...     if progress.train_bits < 3:
    ...         break
    >>> progress.step < 30, bits(progress.model, "To be, or not") < 4
    (True, True)
    """
    if resume is not None and resume.corpus != corpus.sha256:
        raise TrainError("This training started on another text; go on with that one, or train a new model.")
    if resume is not None:
        model, config = resume.model, resume.config
    config = config or LanguageTraining(seconds=10)
    _check(config, model, corpus)
    if resume is None:
        plan, model = Plan.of(config.steps, config.seconds), copy.deepcopy(model)
        resume = LanguageState(model, config, plan, Flat(model).start(), 0.0, corpus.sha256)
    if resume.numbers.step >= resume.plan.steps:
        raise TrainError("This training has done all its steps; there is nothing to go on with. Train the model anew.")
    yield from in_steps(_steps(resume, corpus, clock, looks))


def _steps(state: LanguageState, corpus: Corpus, clock: Callable[[], float], looks: int) -> Iterator[LanguageProgress]:
    config, model = state.config, copy.deepcopy(state.model)
    flat, text, held_out = Flat(model), encode(corpus.train), encode(corpus.held_out)
    factors, decays = map(flat.each, _groups(model))
    highest = config.rate_for(model.kind)
    plan, numbers, spent = state.plan, state.numbers, state.spent
    flat.put(numbers.theta)
    while numbers.step < plan.steps:
        started, step = clock(), numbers.step + 1
        loss = _loss(model, passages(text, model.sizes.context, config, step), flat)
        rate = highest * plan.rate(step)
        numbers = numbers.stepped(flat.gradient, factors * rate, decays)
        flat.put(numbers.theta)
        spent += clock() - started
        plan = plan.after(step, spent, config.seconds)
        last = step >= plan.steps
        look = last or step % max(plan.steps // max(looks, 1), 1) == 0
        bits = held_out_bits(model, held_out) if look and math.isfinite(loss) else None
        if not math.isfinite(loss if bits is None else bits):
            raise TrainError(f"The loss became NaN or infinite at step {step}. Try a smaller learning rate.")
        yield LanguageProgress(
            step, plan.steps, loss / math.log(2), bits, spent, rate,
            replace(state, plan=plan, numbers=numbers, spent=spent), Ending.ALL_STEPS if last else Ending.RUNNING,
        )  # fmt: skip


def _check(config: LanguageTraining, model: LanguageModel, corpus: Corpus) -> None:
    """Raise UserError for settings that are not possible, for a frozen model, and a text shorter than a passage."""
    config.rate_for(model.kind)
    if type(config.seed) is not int or not 0 <= config.seed <= MOST_SEED:
        raise UserError(f"A seed is a whole number from 0 to {MOST_SEED:,}, not {config.seed!r:.20}.")
    if type(config.batch) is not int or not 1 <= config.batch <= MOST_BATCH:
        raise UserError(f"A batch has 1 to {MOST_BATCH:,} passages, not {config.batch!r:.20}.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise TrainError("No number of this model may change: no parameter requires a gradient. Free some of them.")
    context, shortest = model.sizes.context, min(len(corpus.train), len(corpus.held_out))
    if shortest <= context:
        raise UserError(
            f"The model reads {context:,} characters at once, and a part of {shown(corpus.name)} has only "
            f"{shortest:,}; it needs at least {context + 1:,}. Choose a longer text."
        )


def _loss(model: LanguageModel, rows: Int64[Tensor, "row places"], flat: Flat) -> float:
    """Return the mean loss of some passages in nats, and put its gradient where `flat` has it."""
    flat.gradient.zero_()
    with torch.enable_grad():
        loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        loss.backward()
    return float(loss.detach())


def passages(
    text: Int64[Tensor, "characters"], context: int, config: LanguageTraining, step: int
) -> Int64[Tensor, "row places"]:
    """Draw the passages that a step reads, each one character longer than the context; seed and step decide which."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    starts = torch.randint(len(text) - context, (config.batch, 1), generator=generator)
    return text[starts + torch.arange(context + 1)]


def _groups(model: LanguageModel) -> tuple[dict[nn.Parameter, float], dict[nn.Parameter, float]]:
    """Return factors of the rate, and decays, of the parameters: control points move faster and do not decay."""
    factors: dict[nn.Parameter, float] = {}
    decays: dict[nn.Parameter, float] = {}
    for group in parameter_groups(model, 1.0):
        for one in group["params"]:
            factors[one] = group["lr"]
            decays[one] = group.get("weight_decay", DECAY if one.ndim > 1 else 0.0)
    return factors, decays
