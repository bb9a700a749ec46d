"""Implements `kanviz language teach`: teaches a language model a new text, and measures what it forgets."""

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, UsageError, bar, bar_end, finite, out, say
from kanviz.cli.language_options import TEXTS, read_text, takes_json, takes_seed, takes_text
from kanviz.cli.outputs import model_path
from kanviz.language.teaching.policy import POLICIES, TeachPolicy
from kanviz.text import BLOCK_KINDS, listing, percent, shown

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.language.saved import SavedModel
    from kanviz.language.teaching.teach import TeachProgress
    from kanviz.language.teaching.view import GateView

SECONDS = 20.0


def teach(options: argparse.Namespace) -> int:
    """Teach a model in one way or in all, report, save, and return the exit status. Ctrl-C keeps what was taught."""
    output = model_path(options.output) if options.output else None
    if output and options.compare:
        raise UsageError("--compare teaches in every way; save one of them with --how and -o.")
    if options.rate and options.compare:
        raise UsageError("--compare takes each way's own learning rate; try another with --how and --rate.")
    text = read_text(options.text, own=options.own)
    saved, keep = _model_and_text(options)
    runs, interrupted = [], False
    try:
        for policy in _policies(options, saved.model.kind):
            for item in _items(options, saved, text, keep, policy):
                bar(
                    item.step,
                    item.steps,
                    f"{policy.name}: gain {item.now.gain:z.2f}, forgetting {item.now.forgetting:z.3f}",
                )
                runs = [*(run for run in runs if run.policy.name != policy.name), item]
    except KeyboardInterrupt:
        if not runs:
            raise
        interrupted = True
    bar_end()
    view = _gate_view(runs, text, keep, saved.model.sizes.context)
    if output:
        from kanviz.io.language_file import save

        save(_taught(saved, runs[-1], text, keep), output)
    if options.json:
        record = {"model": options.model, "text": text.name, "keep": keep.name, "seed": options.seed}
        found = [_record(run, view) for run in runs]
        out(json.dumps(record | ({"policies": found} if options.compare else found[0]), indent=2, allow_nan=False))
    else:
        _report(runs, view, text, keep)
    if interrupted:
        say(f"Stopped at step {runs[-1].step} of {runs[-1].steps} of {runs[-1].policy.name}.")
    return INTERRUPTED if interrupted else 0


def _policies(options: argparse.Namespace, kind: str) -> list[TeachPolicy]:
    """Return the ways to teach; of all of them, those that fit a model of this kind."""
    if not options.compare:
        return [TeachPolicy(options.how or "gate", options.rate, units=options.units)]
    names = [name for name in POLICIES if "lock" not in name or kind == "curves"]
    return [TeachPolicy(name, units=options.units) for name in names]


def _model_and_text(options: argparse.Namespace) -> "tuple[SavedModel, Corpus]":
    """Read the model and the text that it knows; without a model, train one on that text."""
    from kanviz.io.language_file import load

    if options.model is None:
        keep = read_text(options.keep or TEXTS[0], own=options.own)
        return _trained(options, keep), keep
    if options.block or options.seconds:
        raise UsageError("--block and --seconds are for a model that is trained first; leave out MODEL, or them.")
    saved = load(options.model)
    name = options.keep or saved.text
    if not options.keep and name not in TEXTS:
        raise UsageError(f"The model learned from {shown(name)}, a text of your own. Name that text with --keep.")
    return saved, read_text(name, own=options.own)


def _trained(options: argparse.Namespace, keep: "Corpus") -> "SavedModel":
    from kanviz.language.model import LanguageModel
    from kanviz.language.saved import SavedModel
    from kanviz.language.training import LanguageTraining, train

    seconds, last = options.seconds or SECONDS, None
    say(f"No model is named: one is trained on {shown(keep.name)} for {seconds:g} CPU seconds.")
    model = LanguageModel(options.block or "curves", seed=options.seed)
    for last in train(model, keep, LanguageTraining(seconds, seed=options.seed)):
        bar(last.step, last.steps, f"{last.train_bits:.2f} bits per character")
    bar_end()
    assert last is not None
    return SavedModel.of(last, keep)


def _items(
    options: argparse.Namespace, saved: "SavedModel", text: "Corpus", keep: "Corpus", policy: TeachPolicy
) -> "Iterator[TeachProgress]":
    from kanviz.language.teaching.teach import teach as steps_of

    return steps_of(saved.model, text, keep=keep, how=policy, steps=options.steps, seed=options.seed)


def _gate_view(runs: "list[TeachProgress]", text: "Corpus", keep: "Corpus", context: int) -> "GateView | None":
    """Look at the gate of the lesson that has one; say where the texts do not separate."""
    from kanviz.language.teaching.model import TaughtModel
    from kanviz.language.teaching.view import Separation, view_gate

    models = [run.lesson.model for run in runs if run.policy.name == "gate"]
    gates = [model.all_additions[-1].gate for model in models if isinstance(model, TaughtModel)]
    if not gates or gates[0] is None:
        return None
    view = view_gate(gates[0], text, keep, context)
    if view.separation is not Separation.APART:
        say(f"note: {view.separation}")
    return view


def _taught(saved: "SavedModel", run: "TeachProgress", text: "Corpus", keep: "Corpus") -> "SavedModel":
    from kanviz.language.saved import SavedModel

    digest = hashlib.sha256(f"{keep.sha256}{text.sha256}".encode()).hexdigest()
    return SavedModel(
        run.model, f"{keep.name}, then {text.name}", digest, f"{keep.source}; {text.source}", saved.steps + run.step,
        saved.seconds + run.cpu_seconds, None,
    )  # fmt: skip


def _record(run: "TeachProgress", view: "GateView | None") -> dict[str, Any]:
    from kanviz.language.teaching.verdict import GAINS

    now = run.now
    found = {
        "how": run.policy.name, "steps": run.step, "gain": now.gain, "forgetting": now.forgetting,
        "identical": now.identical, "cpu_seconds": run.cpu_seconds,
        "forgetting_at": {f"{gain:g}": run.forgetting_at(gain) for gain in GAINS},
        "trajectory": [asdict(point) for point in run.trajectory], "stopped_because": str(run.stopped_because),
    }  # fmt: skip
    return found | ({"gate": _gate_record(view)} if view is not None and run.policy.name == "gate" else {})


def _gate_record(view: "GateView") -> dict[str, Any]:
    gate = view.gate
    return {
        "closed_until": finite(gate.closed_until), "reach": gate.reach, "closed": view.closed, "opened": view.opened,
        "overlap": view.overlap, "opens_after": dict(view.opens_after), "separation": view.separation.value,
        "knots": gate.knots.tolist(), "heights": gate.heights.tolist(), "locked": gate.locked.tolist(),
    }  # fmt: skip


def _report(runs: "list[TeachProgress]", view: "GateView | None", text: "Corpus", keep: "Corpus") -> None:
    from kanviz.language.teaching.verdict import GAINS, teach_verdict

    gains = "".join(f"{f'at gain {gain:g}':>12}" for gain in GAINS)
    out(f"{shown(text.name)} after {shown(keep.name)}; forgetting and gain in bits per character of held-out text")
    out(f"{'way':12}{gains}{'forgetting':>12}{'gain':>8}{'identical':>11}{'CPU s':>8}")
    for run in runs:
        at = "".join(f"{'-' if value is None else f'{value:z.3f}':>12}" for value in map(run.forgetting_at, GAINS))
        now = run.now
        out(
            f"{run.policy.name:12}{at}{now.forgetting:>z12.3f}{now.gain:>z8.2f}{f'{percent(now.identical)}%':>11}{run.cpu_seconds:>8.1f}"
        )
    if len(runs) > 1:
        out(teach_verdict(runs))
    if view is not None:
        out("\n".join(view.summary()))


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "model", nargs="?", metavar="MODEL", help="a language model, .safetensors; without one, one is trained first"
    )
    takes_text(sub, default=TEXTS[1])
    sub.add_argument(
        "--keep", metavar="FILE | documentation | code", help="the text that the model knows (the one it learned from)"
    )
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--how", choices=list(POLICIES), help="the way to teach (gate)")
    which.add_argument("--compare", action="store_true", help="teach in every way, and compare at equal gain")
    sub.add_argument("--steps", type=values.whole(1, 1_000_000), default=200, help="of the lesson (200)")
    sub.add_argument(
        "--units", type=values.whole(1, 4_096), default=32, help="new ones in each block: units, gate (32)"
    )
    sub.add_argument("--rate", type=values.share, help="the highest learning rate (the way's own)")
    takes_seed(sub, "the passages that are read and of new units")
    sub.add_argument("--block", choices=BLOCK_KINDS, help="blocks of a model that is trained first (curves)")
    sub.add_argument(
        "--seconds", type=values.seconds, help=f"CPU seconds to train a model first, without MODEL ({SECONDS:g})"
    )
    takes_json(sub)
    sub.add_argument("-o", "--output", metavar="TAUGHT", help="where to save the taught model, .safetensors")


COMMAND = Command(
    "teach",
    f"Teach a language model a new text, by {listing(list(POLICIES), 8)}.",
    options,
    teach,
    examples=(
        "kanviz language teach model.safetensors --text code -o taught.safetensors  # new units behind a gate",
        "kanviz language teach model.safetensors --text code --compare  # every way, forgetting at equal gain",
    ),
)
