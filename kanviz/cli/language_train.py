"""Implements `kanviz language train`: trains a language model on a text for so many seconds, and saves it."""

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, UsageError, bar, bar_end, out, say
from kanviz.cli.language_options import described, length, read_text, takes_json, takes_length, takes_seed, takes_text
from kanviz.cli.outputs import model_path
from kanviz.core.training.ending import Ending
from kanviz.text import BLOCK_KINDS, shown

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.language.training import LanguageProgress

SECONDS = 10.0


def train(options: argparse.Namespace) -> int:
    """Train a model, save it and return the exit status. Ctrl-C stops and saves it with what is needed to go on."""
    from kanviz.io.language_file import save
    from kanviz.language.saved import SavedModel

    output = model_path(options.output)
    corpus = read_text(options.text, own=options.own)
    last, interrupted = None, False
    try:
        for last in _steps(options, corpus):
            bar(last.step, last.steps, f"{last.train_bits:.2f} bits per character")
    except KeyboardInterrupt:
        interrupted = True
    bar_end()
    if last is None:
        raise KeyboardInterrupt
    save(SavedModel.of(last, corpus, resumable=interrupted), output)
    if interrupted:
        say(f"Stopped at step {last.step} of {last.steps}; --resume {shown(str(output))} goes on.")
    _report(last, corpus, str(output), as_json=options.json, interrupted=interrupted)
    return INTERRUPTED if interrupted else 0


def _steps(options: argparse.Namespace, corpus: "Corpus") -> "Iterator[LanguageProgress]":
    from kanviz.io.language_file import load
    from kanviz.language.model import LanguageModel
    from kanviz.language.training import LanguageTraining
    from kanviz.language.training import train as steps_of

    if options.resume:
        if options.block or options.rate or options.seconds or options.steps:
            raise UsageError("--resume goes on with the settings of its training; leave out the others.")
        saved = load(options.resume)
        if saved.state is None:
            raise UsageError(f"{shown(options.resume, 200)} holds no training that was stopped; train a new model.")
        return steps_of(saved.model, corpus, resume=saved.state)
    seconds, steps = length(options, SECONDS)
    model = LanguageModel(options.block or "curves", seed=options.seed)
    return steps_of(model, corpus, LanguageTraining(seconds, steps, options.rate, options.seed))


def _report(last: "LanguageProgress", corpus: "Corpus", path: str, *, as_json: bool, interrupted: bool) -> None:
    state = last.state
    rate = state.config.rate_for(state.model.kind)
    why = Ending.INTERRUPTED if interrupted else last.stopped_because
    if as_json:
        record = {
            "model": path, "block": state.model.kind, "parameters": state.model.parameter_count, "rate": rate,
            "text": corpus.name, "sha256": corpus.sha256, "steps": last.step, "cpu_seconds": last.seconds,
            "train_bits": last.train_bits, "held_out_bits": last.held_out_bits, "seed": state.config.seed,
            "stopped_because": str(why),
        }  # fmt: skip
        out(json.dumps(record, indent=2, allow_nan=False))
        return
    out(f"{path}: {state.model.kind}, {state.model.parameter_count:,} parameters, on {described(corpus)}")
    measured = "" if last.held_out_bits is None else f": {last.held_out_bits:.3f} bits per character of held-out text"
    ms = 1000 * last.seconds / last.step
    out(f"{last.step} steps, {last.seconds:.3g} s of CPU time ({ms:.3g} ms a step), learning rate {rate:g}{measured}")


def options(sub: argparse.ArgumentParser) -> None:
    takes_text(sub)
    sub.add_argument("--block", choices=BLOCK_KINDS, help="its feed-forward blocks (curves)")
    takes_length(sub, SECONDS)
    sub.add_argument("--rate", type=values.share, help="the highest learning rate (the default of the block)")
    takes_seed(sub, "the first weights and of the passages that are read")
    sub.add_argument("--resume", metavar="MODEL", help="go on with a training that was stopped, bit for bit")
    takes_json(sub)
    sub.add_argument("-o", "--output", required=True, metavar="MODEL", help="where to save, .safetensors")


COMMAND = Command(
    "train",
    "Train a language model on a text, for so many seconds.",
    options,
    train,
    examples=("kanviz language train --text documentation --seconds 10 -o model.safetensors",),
)
