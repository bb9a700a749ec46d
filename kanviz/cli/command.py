"""Defines the record of one command of `kanviz`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """One command. summary: a sentence for --help · options: adds its arguments to a parser · run: executes it and
    returns the exit status, None for 0 · examples: lines for the README and for --help.
    """

    name: str
    summary: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]
    examples: tuple[str, ...] = ()


def add_commands(subparsers: Any, commands: Sequence[Command]) -> list[argparse.ArgumentParser]:
    """Add a parser for each command to what argparse's `add_subparsers` gave, and return these parsers."""
    found = []
    for command in commands:
        sub = subparsers.add_parser(
            command.name, help=command.summary, description=command.summary,
            epilog="\n".join(("Examples:", *(f"  {line}" for line in command.examples))) if command.examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        command.options(sub)
        found.append(sub)
    return found
