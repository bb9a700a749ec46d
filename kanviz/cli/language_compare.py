"""Implements `kanviz language compare`: kinds of blocks, the same seconds and parameters, several seeds, a verdict."""

import argparse
import json
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, bar, bar_end, out, say
from kanviz.cli.language_options import length, read_text, takes_json, takes_length, takes_seed, takes_text
from kanviz.cli.outputs import json_path, written_so_far
from kanviz.text import BLOCK_KINDS, counted, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.language.comparison import Comparison, Summary

SECONDS = 60.0


def compare(options: argparse.Namespace) -> int:
    """Run the comparison, print its table and verdict, and return the exit status. Ctrl-C keeps the runs that ended."""
    from kanviz.language.comparison import BLOCKS, Contest
    from kanviz.language.comparison import compare as steps_of

    output = json_path(options.output) if options.output else None
    corpus = read_text(options.text, own=options.own)
    seconds, steps = length(options, SECONDS)
    rates = dict(options.rate or ())
    contest = Contest(tuple(options.blocks or BLOCKS), options.seeds, seconds, steps, rates, seed=options.seed)
    found, interrupted = None, False
    try:
        for item in steps_of(corpus, contest):
            words = f"run {item.number + 1} of {item.runs}: {item.kind}, seed {item.seed}"
            bar(item.progress.step, item.progress.steps, f"{words}, {item.progress.train_bits:.2f} bits")
            if item.progress.stopped_because and output:
                written_so_far(output, _record(item.found))
            found = item.found
    except KeyboardInterrupt:
        if found is None or not found.runs:
            raise
        interrupted = True
    bar_end()
    assert found is not None
    if interrupted:
        say(f"Stopped; {counted(len(found.runs), 'run')} ended before.")
    out(_record(found).rstrip() if options.json else report(found))
    if output:
        write(output, _record(found))
    return INTERRUPTED if interrupted else 0


def _record(found: "Comparison") -> str:
    return json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n"


def report(found: "Comparison") -> str:
    """Format a comparison as a table, a line for each block, best first, and its verdict."""
    length = f"{found.steps:,} steps" if found.seconds is None else f"{found.seconds:g} CPU seconds"
    seeds = list(dict.fromkeys(run.seed for run in found.runs))
    heads = "".join(f"{f'seed {seed}':>9}" for seed in seeds)
    lines = [
        f"bits per character of held-out text: {shown(found.text, 40)}, {length} each",
        f"{'block':10}{heads}{'mean':>9}{'spread':>9}{'steps':>8}{'ms a step':>11}{'parameters':>12}{'rate':>8}",
        *(_line(block, seeds) for block in sorted(found.blocks, key=lambda block: block.mean)),
        found.verdict,
    ]
    return "\n".join(lines)


def _line(block: "Summary", seeds: list[int]) -> str:
    bits = {run.seed: f"{run.bits:.4f}" for run in block.runs}
    spread = "-" if block.spread is None else f"{block.spread:.4f}"
    numbers = "".join(f"{bits.get(seed, '-'):>9}" for seed in seeds)
    return (
        f"{block.kind:10}{numbers}{block.mean:9.4f}{spread:>9}{block.steps:8,.0f}{block.milliseconds:11.2f}"
        f"{block.runs[0].parameters:12,}{block.runs[0].rate:8g}"
    )


def options(sub: argparse.ArgumentParser) -> None:
    takes_text(sub)
    sub.add_argument(
        "--blocks", nargs="+", metavar="BLOCK", choices=BLOCK_KINDS, type=str,
        help="which feed-forward blocks (gelu curves swiglu gr-kan)",
    )  # fmt: skip
    takes_length(sub, SECONDS)
    sub.add_argument("--seeds", type=values.whole(1, 100), default=3, help="trainings of each block (3)")
    takes_seed(sub, "the first training of each block")
    sub.add_argument(
        "--rate", action="append", type=values.named_share, metavar="BLOCK=RATE",
        help="the highest learning rate of a block (its default); repeat it",
    )  # fmt: skip
    takes_json(sub)
    sub.add_argument("-o", "--output", metavar="RESULT", help="also write all runs into this .json file")


COMMAND = Command(
    "compare",
    "Compare feed-forward blocks: the same seconds and parameters, several seeds, a verdict.",
    options,
    compare,
    examples=(
        "kanviz language compare --seconds 60 --seeds 3  # learned functions against GELU: a table and a verdict",
    ),
)
