"""Implements `kanviz check`, which compares a network with outputs that its original gave."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import finite, out, say, say_notes
from kanviz.cli.options import reads_table, takes_block, takes_model
from kanviz.cli.tables import read_network, reading
from kanviz.text import shown

if TYPE_CHECKING:
    from kanviz.analysis.check_record import Check


def options(sub: argparse.ArgumentParser) -> None:
    takes_model(sub)
    sub.add_argument(
        "data", metavar="DATA",
        help="inputs and outputs of the original: an .npz with arrays x and y, or a table with the columns of both",
    )  # fmt: skip
    takes_block(sub)
    sub.add_argument(
        "--tolerance", type=values.strength, metavar="SHARE",
        help="largest gap that agrees, as a share of the largest output (1e-5; 1e-9 where both sides are float64)",
    )  # fmt: skip
    sub.add_argument("--json", action="store_true", help="as JSON, for other programs")
    reads_table(sub)


def check(options: argparse.Namespace) -> int:
    """Compare a network with its original, and return the exit status: 1 where they differ."""
    from kanviz.analysis.check import check as compare
    from kanviz.io.original import read_original

    kan = read_network(options.model, options)
    path = Path(options.data)
    original = read_original(kan, path.read_bytes(), path.name, reading(options, least=1))
    say_notes(original.notes)
    found = compare(kan, original.x, original.y, tolerance=options.tolerance)
    if options.json:
        out(json.dumps(_record(found), indent=2))
    else:
        out(shown(found.verdict, 400))
        for sentence in (*found.facts, *found.hints):
            out(shown(sentence, 400))
    if found.agrees:
        return 0
    if not options.json:
        _say_worst(found)
    for note in kan.cautions:
        say(f"caution: {shown(note, 400)}")
    return 1


def _say_worst(found: "Check") -> None:
    """Print the rows with the largest gaps."""
    for row in found.worst:
        sides = (("inputs", row.inputs), ("original", row.original), ("here", row.ours))
        words = ", ".join(f"{name} {_numbers(side)}" for name, side in sides)
        out(f"row {row.row + 1:,}: {words}")


def _numbers(side: tuple[float, ...], most: int = 6) -> str:
    """Write some numbers of a row."""
    listed = " ".join(f"{value:.6g}" for value in side[:most])
    return f"{listed} ... ({len(side):,})" if len(side) > most else listed


def _record(found: "Check") -> dict[str, Any]:
    """Return the comparison for JSON, which has neither NaN nor infinity; rows are counted from 1, as in the words."""
    return {
        "agrees": found.agrees,
        "rows": found.rows,
        "differing": int(found.differing.sum()),
        "largest": finite(found.largest),
        "mean": finite(found.mean),
        "relative": finite(found.relative),
        "tolerance": found.tolerance,
        "verdict": found.verdict,
        "hints": list(found.hints),
        "worst": [
            {
                "row": row.row + 1,
                **{
                    name: [finite(value) for value in side]
                    for name, side in (("inputs", row.inputs), ("original", row.original), ("here", row.ours))
                },
            }
            for row in found.worst
        ],
    }


COMMAND = Command(
    "check",
    "Compare a network with outputs that its original gave; the status is 1 where they differ.",
    options,
    check,
    examples=(
        "kanviz check sample_models/gravity.safetensors original.npz  "
        "# inputs x and outputs y of the original: do they agree?",
    ),
)
