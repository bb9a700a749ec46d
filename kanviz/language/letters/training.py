"""Trains Letters from a text as a stream of values: each item has a network; to stop, do not take the next one."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.threads import on_one_thread
from kanviz.errors import TrainError
from kanviz.language.corpus import Corpus
from kanviz.language.letters.network import (
    CHARACTERS,
    PLACES,
    Table,
    Windows,
    bits_of,
    network_of,
    rows_of,
    windows,
)
from kanviz.language.symbols import encode

_SHOWN = 4_096  # held-out characters measured on the way; all of them at the end
_FADE, _SLOW = 0.9, 0.99  # of Adam
_LAST_RATE = 0.02  # share of the rate that is left at the end


@dataclass(frozen=True)
class LettersConfig:
    """The settings of a training. Raises TrainError for settings that make no sense.

    steps: of Adam · batch: windows in a step · rate: of the first step, it falls to 2 % in a straight line · prior:
    pull of each control point to 0, in squared errors over the whole text: what few windows say counts less · every:
    steps from one item to the next.

    >>> from kanviz.language.letters.training import LettersConfig
    >>> LettersConfig(steps=100).batch
    4096
    """

    steps: int = 800
    batch: int = 4_096
    rate: float = 0.03
    prior: float = 0.5
    seed: int = 0
    every: int = 20

    def __post_init__(self):
        whole = {name: getattr(self, name) for name in ("steps", "batch", "every")}
        wrong = [name for name, value in whole.items() if type(value) is not int or not 1 <= value <= 1_000_000]
        wrong += [] if 0 < self.rate <= 10 else ["rate"]
        wrong += [] if 0 <= self.prior < math.inf else ["prior"]
        wrong += [] if type(self.seed) is int and 0 <= self.seed < 2**63 else ["seed"]
        if wrong:
            raise TrainError(f"These settings of Letters make no sense: check {', '.join(wrong)}.")


@dataclass(frozen=True)
class LettersProgress:
    """The progress of a training. kan: the network so far.

    bits: per held-out character, over a sample of them on the way and over all at the end ·
    train_bits: per character of the last batches · cpu_seconds: spent on learning, without measuring.

    >>> from kanviz.language import Corpus, LettersConfig, train_letters
    >>> first, *_, last = train_letters(Corpus.from_text("the cat sat on the mat. " * 50), LettersConfig(steps=60))
    >>> first.step, last.step, last.bits < first.bits
    (20, 60, True)
    """

    step: int
    steps: int
    train_bits: float
    bits: float
    cpu_seconds: float
    kan: KAN

    @property
    def done(self) -> bool:
        """Whether this is the last item."""
        return self.step == self.steps


@on_one_thread
@torch.no_grad()
def train_letters(corpus: Corpus, config: LettersConfig | None = None) -> Iterator[LettersProgress]:
    """Train Letters on a text, and yield the progress every few steps.

    The loss is softmax cross-entropy, the solver Adam (Kingma & Ba, 2015), on the table that the network looks up:
    inputs are whole numbers, so that is the spline exactly.

    >>> from kanviz.language.corpus import Corpus
    >>> from kanviz.language.letters.training import LettersConfig, train_letters
    >>> corpus = Corpus.from_text("the cat sat on the mat. " * 50)
    >>> *_, last = train_letters(corpus, LettersConfig(steps=60))
    >>> last.kan.shape, last.done, last.bits < 0.5
    ((6, 96), True, True)
    """
    config = config or LettersConfig()
    before, following = windows(encode(corpus.train))
    held = windows(encode(corpus.held_out))
    sample = _spread(held)
    solver, spent, recent = _Adam(config, len(before)), 0.0, []
    start = time.thread_time()
    for step, index in enumerate(_batches(len(before), config), 1):
        recent.append(solver.step(step, before[index], following[index]))
        if step % config.every and step < config.steps:
            continue
        spent += time.thread_time() - start
        bits = bits_of(solver.table, *(held if step == config.steps else sample)).double()
        yield LettersProgress(
            step, config.steps, float(torch.stack(recent).mean()), float(bits.mean()), spent, network_of(solver.table)
        )
        recent, start = [], time.thread_time()


class _Adam:
    """Adam on the table; its last row is the constants, which every window looks up."""

    def __init__(self, config: LettersConfig, count: int) -> None:
        self.config, self.pull = config, config.prior / count
        self.table: Table = torch.zeros(PLACES * CHARACTERS + 1, CHARACTERS)
        self.mean, self.square = torch.zeros_like(self.table), torch.zeros_like(self.table)

    def step(self, step: int, before: Windows, following: Int64[Tensor, "windows"]) -> Tensor:
        """Take a step down the loss of these windows; return that loss in bits."""
        rows, count = rows_of(before), len(before)
        there = torch.nn.functional.embedding_bag(rows, self.table, mode="sum") + self.table[-1]
        logs = there.log_softmax(1)
        loss = -logs.gather(1, following[:, None]).mean() / math.log(2)
        error = logs.exp_().div_(count)
        error[torch.arange(count), following] -= 1 / count
        slope = self.table * self.pull
        slope[-1] = error.sum(0)  # no pull on the constants
        for place in range(PLACES):
            slope.index_add_(0, rows[:, place], error)
        self.mean.lerp_(slope, 1 - _FADE)
        self.square.mul_(_SLOW).addcmul_(slope, slope, value=1 - _SLOW)
        rate = self.config.rate * (1 - (1 - _LAST_RATE) * (step - 1) / self.config.steps)
        wide = (self.square / (1 - _SLOW**step)).sqrt_().add_(1e-8)
        self.table.addcdiv_(self.mean, wide, value=-rate / (1 - _FADE**step))
        return loss


def _batches(count: int, config: LettersConfig) -> Iterator[Int64[Tensor, "batch"]]:
    """Give every window in turn, in a new order each time around."""
    rng = torch.Generator().manual_seed(config.seed)
    batch = min(config.batch, count)
    order, at = torch.randperm(count, generator=rng), 0
    for _ in range(config.steps):
        if at + batch > count:
            order, at = torch.randperm(count, generator=rng), 0
        yield order[at : at + batch]
        at += batch


def _spread(held: tuple[Windows, Tensor]) -> tuple[Int64[Tensor, "some places"], Tensor]:
    count = len(held[1])
    index = torch.linspace(0, count - 1, min(_SHOWN, count)).long()
    return held[0][index], held[1][index]
