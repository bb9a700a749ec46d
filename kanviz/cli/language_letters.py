"""Implements `kanviz language letters`: trains the language model that one can read, and teaches it a word."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import UsageError, bar, bar_end, out
from kanviz.cli.language_options import described, read_text, takes_json, takes_seed, takes_text
from kanviz.cli.outputs import model_path
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.language.corpus import Corpus
    from kanviz.language.letters.training import LettersProgress
    from kanviz.language.letters.word import TaughtWord

SHOWN = 12  # strongest control points


def letters(options: argparse.Namespace) -> None:
    """Train Letters, teach it the word, print what came of it, and save the network."""
    import kanviz

    output = model_path(options.output) if options.output else None
    if options.word == "":
        raise UsageError("--word is empty; give the word to teach, or leave the option out.")
    corpus = read_text(options.text, own=options.own)
    trained = _trained(options, corpus)
    taught = None if options.word is None else _taught(trained.kan, options.word, corpus)
    kan = trained.kan if taught is None else taught.kan
    if output:
        kanviz.save(kan, output)
    record = _record(options, corpus, trained, taught, kan)
    out(json.dumps(record, indent=2, allow_nan=False) if options.json else _report(record, corpus, taught))


def _trained(options: argparse.Namespace, corpus: "Corpus") -> "LettersProgress":
    from kanviz.language.letters.training import LettersConfig, train_letters

    last = None
    for last in train_letters(corpus, LettersConfig(steps=options.steps, seed=options.seed)):
        bar(last.step, last.steps, f"{last.bits:.2f} bits per character")
    bar_end()
    assert last is not None
    return last


def _taught(kan: "KAN", word: str, corpus: "Corpus") -> "TaughtWord":
    from kanviz.language.letters.word import teach_word

    *_, last = teach_word(kan, word, corpus.held_out)
    return last


def _record(
    options: argparse.Namespace, corpus: "Corpus", trained: "LettersProgress", taught: "TaughtWord | None", kan: "KAN"
) -> dict[str, Any]:
    from kanviz.language.letters.reading import next_character, strongest

    found: dict[str, Any] = {
        "text": corpus.name, "sha256": corpus.sha256, "seed": options.seed, "steps": trained.steps,
        "bits": trained.bits, "cpu_seconds": trained.cpu_seconds,
        "numbers": sum(layer.coef.numel() + layer.bias.numel() for layer in kan.layers), "network": options.output,
        "strongest": [pair._asdict() | {"place": pair.place + 1} for pair in strongest(kan, SHOWN)],
    }  # fmt: skip
    if options.after is not None:
        found["after"] = options.after
        found["next"] = [
            {"character": one, "probability": p} for one, p in next_character(kan, options.after).likeliest()
        ]
    if taught is not None:
        change = taught.change
        found["word"] = {
            "word": taught.word, "bits_before": taught.bits_before, "bits": taught.bits, "moved": change.moved,
            "control_points": change.points, "functions_kept": change.functions_kept,
            "predictions_kept": change.predictions_kept, "held_out_bits_before": change.bits_before,
            "held_out_bits": change.bits_after,
        }  # fmt: skip
    return found


def _report(record: dict[str, Any], corpus: "Corpus", taught: "TaughtWord | None") -> str:
    visible = {" ": "␣", "\n": "⏎"}

    def see(character: str) -> str:
        return visible.get(character, character)

    pairs = [
        f"{see(pair['next'])} after {see(pair['character'])} {pair['place']} back {pair['height']:+.1f}"
        for pair in record["strongest"]
    ]
    cost = f"{record['numbers']:,} numbers, {record['cpu_seconds']:.2g} s of CPU time"
    lines = [
        f"{described(corpus)}: {record['bits']:.3f} bits per character of held-out text, {cost}",
        f"strongest control points: {', '.join(pairs)}",
    ]
    if "next" in record:
        chances = ", ".join(f"{see(one['character'])} {one['probability']:.1%}" for one in record["next"])
        lines.append(f"after {shown(record['after'], 40)!r}: {chances}")
    return "\n".join(lines + ([] if taught is None else [taught.summary()]))


def options(sub: argparse.ArgumentParser) -> None:
    takes_text(sub)
    sub.add_argument("--steps", type=values.whole(1, 1_000_000), default=800, help="of the training (800)")
    sub.add_argument("--word", help="teach it this word afterwards; functions and predictions are compared")
    sub.add_argument("--after", metavar="TEXT", help="print the likeliest next characters after this text")
    takes_seed(sub, "the order in which it reads")
    takes_json(sub)
    sub.add_argument("-o", "--output", metavar="NETWORK", help="where to save the network, .safetensors")


COMMAND = Command(
    "letters",
    "Train the language model one can read, an additive KAN over the last six characters; teach it a word.",
    options,
    letters,
    examples=("kanviz language letters --text documentation --word kanviz --after functi",),
)
