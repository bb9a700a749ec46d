"""Implements `kanviz language sample` and `bits`: what a saved model writes, and how well it predicts a text."""

import argparse
import json

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import out
from kanviz.cli.language_options import TEXTS, read_text, takes_json, takes_seed, takes_text
from kanviz.errors import UserError
from kanviz.text import shown


def sample(options: argparse.Namespace) -> None:
    """Print what the model writes, as it writes it."""
    from kanviz.io.language_file import load
    from kanviz.language.sampling import characters_of

    model = load(options.model).model
    written = characters_of(
        model, options.prompt, options.characters, seed=options.seed, temperature=options.temperature
    )
    if options.json:
        how = {"prompt": options.prompt, "seed": options.seed, "temperature": options.temperature}
        out(json.dumps({"model": options.model, **how, "text": "".join(written)}, indent=2))
        return
    out(options.prompt, end="")
    for character in written:
        out(character, end="")
    out()


def bits(options: argparse.Namespace) -> None:
    """Print the bits per character of a text: the part held out of the model's own text, or all of another."""
    from kanviz.io.language_file import load
    from kanviz.language.entropy import bits as measured
    from kanviz.language.entropy import passage_bits

    saved = load(options.model)
    name = options.text or saved.text
    if not options.text and name not in TEXTS:
        raise UserError(f"The model learned from {shown(name)}, a text of your own. Name it, or another, with --text.")
    corpus = read_text(name, own=options.own)
    learned = corpus.sha256 == saved.sha256
    part = "held-out part" if learned or name in TEXTS else "whole"
    text = corpus.held_out if part == "held-out part" else corpus.train + corpus.held_out
    error = None
    if options.passages:
        found, error = passage_bits(saved.model, text, options.passages, options.seed)
    else:
        found = measured(saved.model, text)
    if options.json:
        record = {
            "model": options.model, "text": corpus.name, "sha256": corpus.sha256, "part": part,
            "characters": len(text), "bits": found, "standard_error": error, "passages": options.passages,
            "learned_from_it": learned,
        }  # fmt: skip
        out(json.dumps(record, indent=2, allow_nan=False))
        return
    spread = "" if error is None else f" +- {error:.4f}"
    which = "the text that it learned from" if learned else "another text than it learned from"
    out(f"{found:.4f}{spread} bits per character of {shown(corpus.name)}, {part} ({len(text):,} characters): {which}")


def sample_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("model", metavar="MODEL", help="a language model, .safetensors")
    sub.add_argument("--prompt", default="", help="what it goes on from (a new line)")
    sub.add_argument("--characters", type=values.whole(1, 1_000_000), default=400, help="how many to write (400)")
    sub.add_argument(
        "--temperature", type=values.strength, default=0.8,
        help="1 draws from the model's probabilities, less from the likelier characters, 0 takes the likeliest (0.8)",
    )  # fmt: skip
    takes_seed(sub, "what is drawn")
    takes_json(sub)


def bits_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("model", metavar="MODEL", help="a language model, .safetensors")
    takes_text(sub, default=None)
    sub.add_argument(
        "--passages", type=values.whole(2, 1_000_000), metavar="COUNT",
        help="measure so many passages drawn from the text, with a standard error (the whole text)",
    )  # fmt: skip
    takes_seed(sub, "--passages")
    takes_json(sub)


SAMPLE = Command(
    "sample",
    "Let a language model write.",
    sample_options,
    sample,
    examples=('kanviz language sample model.safetensors --prompt "The value of " --seed 1',),
)
BITS = Command(
    "bits",
    "Measure how well a language model predicts a text, in bits per character.",
    bits_options,
    bits,
    examples=("kanviz language bits model.safetensors --text code",),
)
