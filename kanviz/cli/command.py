"""Defines the record of one command of `kanviz`."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass


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
