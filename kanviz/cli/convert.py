"""Implements `kanviz convert`, which turns the curves of a network into B-splines."""

import argparse

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import out, say
from kanviz.cli.options import takes_block, takes_model, takes_table
from kanviz.cli.outputs import model_path
from kanviz.cli.tables import read_network, rows_for

GAP = 1e-6


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    takes_block(sub)
    sub.add_argument("-o", "--output", required=True, metavar="MODEL", help="where to save it, .safetensors")
    sub.add_argument(
        "--gap", type=values.share, default=GAP, metavar="SHARE",
        help="share of a curve's height that the spline may be away from it (1e-6)",
    )  # fmt: skip
    sub.add_argument(
        "--range", type=values.number, nargs=2, metavar=("LOW", "HIGH"),
        help="where curves are converted that have no end of their own (where the table's rows put their values)",
    )  # fmt: skip
    takes_table(sub)


def convert(options: argparse.Namespace) -> None:
    """Convert and save the network; report the gap that was measured, its bound, and what was assumed."""
    from kanviz.edit.conversion import ToSplines
    from kanviz.edit.history import History
    from kanviz.io import save

    output = model_path(options.output)
    kan = read_network(options.model, options)
    low, high = options.range or (None, None)
    edit = ToSplines.of(kan, options.gap, rows_for(kan, options), low, high)
    found = edit.converted(kan)
    history = History.start(kan).record(edit, found.kan)
    save(found.kan, output, recipe=history.recipe())
    out(f"{output}: {found}")
    for words in found.words:
        say(words)


COMMAND = Command(
    "convert",
    "Turn curves of other families (Gaussians, Chebyshev polynomials, ...) into B-splines, as close as you say.",
    options,
    convert,
)
