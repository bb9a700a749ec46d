"""Implements `kanviz bench`, which measures the speed of the layers and of training on this machine."""

import argparse
import json

from kanviz.cli.command import Command
from kanviz.cli.console import out


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")


def bench(options: argparse.Namespace) -> None:
    """Time the layers and the training on this machine."""
    from kanviz.bench.short import short_bench, short_text

    record = short_bench()
    if options.json:
        out(json.dumps(record, indent=2))
        return
    for line in short_text(record):
        out(line)


COMMAND = Command(
    "bench",
    "Time the layers and the training on this machine, in a quarter of a minute.",
    options,
    bench,
    examples=("kanviz bench  # how fast the layers and the training are on this machine",),
)
