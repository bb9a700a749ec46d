"""Runs what `language.py` measures: each task is one training, one lesson or one timing, and gives one record."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, get_args

import torch

from benchmarks.curves import operations, ratios, steps
from benchmarks.memory import peak_mib
from kanviz.bench.measure import both_ways, measure
from kanviz.core.curves.feed_forward import FeedForward, Kind
from kanviz.language import (
    Contest,
    Corpus,
    LanguageModel,
    LanguageTraining,
    LettersConfig,
    Sizes,
    TeachPolicy,
    compare,
    gate_view,
    sample,
    teach,
    teach_word,
    train,
    train_letters,
)
from kanviz.language.training import BATCH, RATES

Record = dict[str, Any]

FIRST: tuple[Kind, ...] = ("gelu", "curves")
REST: tuple[Kind, ...] = ("swiglu", "gr-kan", "kan")  # with fewer seeds
FACTORS = (1.0, 1.6, 0.6)  # of each block's usual learning rate
SHARED = {
    "plain": (TeachPolicy("plain"), 200), "replay": (TeachPolicy("replay"), 200), "ewc": (TeachPolicy("ewc"), 200),
    "ewc+replay": (TeachPolicy("ewc+replay"), 200), "units": (TeachPolicy("units"), 200),
    "gate": (TeachPolicy("gate"), 200), "gate of 256 units": (TeachPolicy("gate", units=256), 300),
}  # fmt: skip
LESSONS: dict[Kind, dict[str, tuple[TeachPolicy, int]]] = {  # ways to teach a model of each kind, with their steps
    "curves": SHARED | {name: (TeachPolicy(name), 200) for name in ("lock", "random-lock")},
    "gelu": SHARED,
}
ALIKE = ("gate", "replay", "plain")  # what is tried where two texts overlap
WORD = "kanviz"


@dataclass(frozen=True)
class Length:
    """How long the runs are. seconds: CPU seconds of each block · steps: of each model that is taught later."""

    seconds: float = 12.0
    steps: int = 1_000


@dataclass(frozen=True)
class Task:
    """A piece of work and the names that tell it from all others."""

    key: tuple[str | int | float, ...]
    run: Callable[[], Record]


def tasks(length: Length, *, seeds: int, others: int, lessons: int, rates: int = 3) -> Iterator[Task]:
    """List all tasks, seed by seed, so that what is stopped early has as much of everything as possible."""
    yield Task(("cost",), cost)
    for seed in range(max(seeds, others, lessons)):
        kinds: list[Kind] = [*(FIRST if seed < seeds else ()), *(REST if seed < others else ())]
        for kind in kinds:
            for factor in FACTORS[:rates]:
                yield Task(("block", kind, factor, seed), lambda k=kind, f=factor, s=seed: block(length, k, f, s))
        if seed < lessons:
            yield from _lessons(length, seed)


def _lessons(length: Length, seed: int) -> Iterator[Task]:
    yield Task(("letters", seed), lambda: letters(seed))
    for kind, ways in LESSONS.items():
        for name, (policy, count) in ways.items():
            yield Task(
                ("lesson", kind, name, seed), lambda k=kind, p=policy, c=count: lesson(length, texts(), k, p, c, seed)
            )
    for name in ALIKE:
        yield Task(
            ("alike", "curves", name, seed),
            lambda n=name: lesson(length, halves(), "curves", TeachPolicy(n), 200, seed),
        )
    yield Task(("halves", seed), separation)


def block(length: Length, kind: Kind, factor: float, seed: int) -> Record:
    """Train a model with one kind of block for the seconds."""
    contest = Contest((kind,), 1, seconds=length.seconds, rates={kind: factor * RATES[kind]}, seed=seed)
    *_, last = compare(texts()[0], contest)
    return asdict(last.found.runs[0])


def lesson(length: Length, of: tuple[Corpus, Corpus], kind: Kind, policy: TeachPolicy, count: int, seed: int) -> Record:
    """Teach a model of the first text the second one."""
    old, new = of
    model, bits = _trained(old, kind, length.steps, seed)
    *_, last = teach(model, new, keep=old, how=policy, steps=count, seed=seed)
    trajectory = [[point.step, point.gain, point.forgetting, point.identical] for point in last.trajectory]
    return {
        "steps": count, "units": policy.units, "model_bits": bits, "gain": last.now.gain,
        "forgetting": last.now.forgetting, "identical": last.now.identical, "seconds": last.cpu_seconds,
        "trajectory": trajectory,
    }  # fmt: skip


def letters(seed: int) -> Record:
    """Train Letters and teach it a word."""
    corpus = texts()[0]
    *_, trained = train_letters(corpus, LettersConfig(seed=seed, every=400))
    *_, taught = teach_word(trained.kan, WORD, corpus.held_out, every=100)
    change = taught.change
    return {
        "bits": trained.bits, "seconds": trained.cpu_seconds, "steps": trained.steps,
        "numbers": sum(layer.coef.numel() + layer.bias.numel() for layer in trained.kan.layers), "word": WORD,
        "word_before": taught.bits_before, "word_after": taught.bits, "word_seconds": taught.cpu_seconds,
        "moved": change.moved, "points": change.points, "functions_kept": change.functions_kept,
        "predictions_kept": change.predictions_kept, "before": change.bits_before, "after": change.bits_after,
        "letters": change.changed_characters,
    }  # fmt: skip


def separation() -> Record:
    """Look whether the axis of a gate separates the two texts, and two halves of one manual."""
    found = {}
    for name, (old, new) in (("texts", texts()), ("halves", halves())):
        view = gate_view(new, old)
        found[name] = {"overlap": view.overlap, "opened": view.opened, "closed": view.closed,
                       "verdict": view.separation.name, "after": dict(view.opens_after)}  # fmt: skip
    return found


def cost(repeat: int = 15) -> Record:
    """Time curves, blocks and training steps in turns; measure memory, and how fast models write."""
    kinds: list[Kind] = sorted(get_args(Kind), key=lambda kind: kind != "gelu")
    runs = {kind: train(LanguageModel(kind), texts()[0], LanguageTraining(steps=100_000)) for kind in kinds}
    sizes = Sizes()
    x = torch.randn(BATCH, sizes.context, sizes.width, generator=torch.Generator().manual_seed(0)).requires_grad_()
    blocks = {kind: FeedForward(sizes.width, sizes.parameters, kind, seed=0) for kind in kinds}
    models = {kind: LanguageModel(kind) for kind in kinds}
    speeds = measure({kind: lambda m=model: sample(m, characters=500) for kind, model in models.items()}, repeat=5)
    return {
        "operations": list(operations(repeat)), "blocks": steps(repeat),
        "training": ratios({kind: lambda run=run: next(run) for kind, run in runs.items()}, repeat),
        "mib": {kind: peak_mib(both_ways(one, x)) for kind, one in blocks.items()},
        "characters": {kind: 500 / (statistics.median(ms) / 1000) for kind, ms in speeds.items()},
        "parameters": {kind: model.parameter_count for kind, model in models.items()},
    }  # fmt: skip


@cache
def texts() -> tuple[Corpus, Corpus]:
    """Return the text that models know, and the one that they are taught."""
    return Corpus.named("documentation"), Corpus.named("code")


@cache
def halves() -> tuple[Corpus, Corpus]:
    """Return two halves of the documentation, as texts of their own."""
    whole = texts()[0]
    text = whole.train + whole.held_out
    one, two = text[: len(text) // 2], text[len(text) // 2 :]
    return Corpus.from_text(one, name="first half"), Corpus.from_text(two, name="second half")


@cache
def _trained(corpus: Corpus, kind: Kind, count: int, seed: int) -> tuple[LanguageModel, float | None]:
    *_, last = train(LanguageModel(kind, seed=seed), corpus, LanguageTraining(steps=count, seed=seed))
    return last.model, last.held_out_bits


def clocked(task: Task) -> Record:
    """Run a task; the record has its key and all the CPU seconds that it took."""
    start = time.process_time()
    return {"key": list(task.key), **task.run(), "whole_seconds": time.process_time() - start}
