"""Defines what the commands of `kanviz language` share: options, the text to learn from, the file of a model."""

import argparse
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.console import say_notes
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus

MOST_SEED = 2**32 - 1
TEXTS = ("documentation", "code")  # Python's own


def takes_text(sub: argparse.ArgumentParser, *, default: str | None = TEXTS[0], name: str = "--text") -> None:
    """Add the options for a text. default: None where the command has its own."""
    usual = f" ({default})" if default else ""
    sub.add_argument(
        name, metavar="FILE | documentation | code", default=default,
        help=f"a text file, or what came with Python: its documentation or its code{usual}",
    )  # fmt: skip
    sub.add_argument(
        "--own",
        action="store_true",
        help="take documentation and code from the Python that runs, not from the snapshot",
    )


def takes_length(sub: argparse.ArgumentParser, seconds: float) -> None:
    """Add the options for how long to train; seconds: where neither is given."""
    how_long = sub.add_mutually_exclusive_group()
    how_long.add_argument(
        "--seconds", type=values.seconds, metavar="SECONDS",
        help=f"CPU seconds of training; the schedule is made for them ({seconds:g})",
    )  # fmt: skip
    how_long.add_argument(
        "--steps", type=values.whole(1, 1_000_000), metavar="STEPS",
        help="train so many steps instead; the result is then the same each time",
    )  # fmt: skip


def takes_seed(sub: argparse.ArgumentParser, of: str) -> None:
    sub.add_argument("--seed", type=values.whole(0, MOST_SEED), default=0, help=f"of {of} (0)")


def takes_json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")


def length(options: argparse.Namespace, seconds: float) -> tuple[float | None, int | None]:
    """Return the seconds or the steps of a training."""
    return (None, options.steps) if options.steps else (options.seconds or seconds, None)


def described(corpus: "Corpus") -> str:
    """Say which text it is."""
    return f"{shown(corpus.name)} ({len(corpus):,} characters, {corpus.source})"


def read_text(name: str, *, own: bool = False) -> "Corpus":
    """Read the text of this name or file, and report what was noted about it."""
    from kanviz.language.corpus import Corpus

    found = Corpus.named(name, own=own) if name in TEXTS else Corpus.from_file(name)
    say_notes(found.notes)
    return found
