"""Implements `kanviz discover`: finds laws for a column of a table, and reports them in words or as JSON."""

import argparse
import json
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, bar, bar_end, out, say, say_notes
from kanviz.cli.options import reads_table
from kanviz.cli.outputs import json_path, written_so_far
from kanviz.cli.tables import reading, units_from
from kanviz.text import counted, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.laws.front import Entry
    from kanviz.laws.search.record import Discovery


def discover(options: argparse.Namespace) -> int:
    """Search for a law; return the exit status, 1 if none was found.

    Ctrl-C stops the search and reports the best result so far; the file of --output contains it during the search.
    """
    from kanviz.discovery import dataset_for
    from kanviz.laws.search.discover import DiscoverConfig, discoveries
    from kanviz.laws.search.hints import Hints

    output = json_path(options.output) if options.output else None
    hints = Hints(options.forbid, options.prefer, options.integer_exponents, tuple(options.symmetric))
    data = dataset_for(
        options.table, options.target, inputs=options.inputs, units=units_from(options.unit), test=options.test,
        seed=options.seed, how=reading(options),
    )  # fmt: skip
    say_notes(data.notes)
    shape = options.shape.between(data) if options.shape else None
    config = DiscoverConfig(shape, options.seconds, options.seeds, hints, options.jobs, options.seed)
    found, interrupted, written = None, False, ()
    try:
        for found in discoveries(data, config):
            if output and found.front and found.front != written:
                written = found.front
                written_so_far(output, _text(found))
            bar(min(round(found.seconds), round(config.seconds)), round(config.seconds), _state(found))
    except KeyboardInterrupt:
        interrupted = True
    bar_end()
    if found is None:
        raise KeyboardInterrupt
    say_notes([note for note in found.notes if note not in data.notes])
    if interrupted:
        say("Stopped; the best so far is kept.")
    if options.json:
        out(json.dumps({"front": [entry.to_json() for entry in found.front]}, indent=2, allow_nan=False))
    elif found.front:
        _report(found)
    if not found.front:
        say(f"No law was found: {found.stopped_because or 'it was stopped'}. Give it more seconds, or fewer hints.")
    if output:
        write(output, _text(found))
    return INTERRUPTED if interrupted else 0 if found.front else 1


def _text(found: "Discovery") -> str:
    return json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n"


def _state(found: "Discovery") -> str:
    """Describe the state of the search for the progress bar; the length of the bar is the time."""
    if not found.front:
        return f"s  {counted(len(found.attempts), 'attempt')}"
    best = found.best
    return f"s  {counted(len(found.attempts), 'attempt')}, best: {_short(best.text, 60)}, missing {best.test_rmse:.2g}"


def _report(found: "Discovery") -> None:
    """Write the front as a table, then the best law with its constants and the arguments against it."""
    best, unit = found.best, f" {shown(found.unit)}" if found.unit else ""
    out(f"{'complexity':>10} {'held-out RMSE':>14} {'train RMSE':>11}  law (* is the best)")
    for entry in found.front:
        mark = "*" if entry is best else " "
        out(
            f"{entry.complexity:>9}{mark} {entry.test_rmse:>14.3g} {entry.train_rmse:>11.3g}  "
            f"{_short(_rounded(entry), 80)}"
        )
    out()
    out(f"{shown(found.target)} = {_rounded(best)}")
    out(f"held-out RMSE {best.test_rmse:.3g}{unit}, train RMSE {best.train_rmse:.3g}{unit}")
    for line in _constants(best):
        out(line)
    for note in best.notes:
        out(f"note: {shown(note, 400)}")
    out(
        f"{counted(len(found.attempts), 'attempt')} in {found.seconds:.3g} s ({found.cpu_seconds:.3g} s of CPU time)"
        f"; {found.stopped_because or 'stopped'}"
    )


def _rounded(entry: "Entry") -> str:
    """Write the law as text, decimal constants with six digits."""
    from kanviz.analysis.symbolic.written import text

    return shown(text(entry.expression, 6), 1_000_000)


def _constants(entry: "Entry") -> list[str]:
    """Write a line for each decimal constant: its value and its standard error."""
    lines = []
    for constant in (c for c in entry.law.constants if not c.exact):
        error = "not determined by the rows" if constant.error is None else f"+- {constant.error:.2g}"
        lines.append(f"constant {constant.value:.10g}, {error}")
    return lines


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("table", metavar="TABLE", help="CSV or other text, Parquet or Excel")
    sub.add_argument("--target", required=True, metavar="COLUMN", help="the column to find a law for")
    sub.add_argument(
        "--inputs", nargs="+", metavar="COLUMN", help="what it may depend on (other numbers, and two words)"
    )
    sub.add_argument(
        "--unit", action="append", default=[], metavar="COLUMN=UNIT",
        help="unit of a column, where its heading has none; repeat it",
    )  # fmt: skip
    sub.add_argument("--seconds", type=values.seconds, default=60.0, help="how long to look, at most (60)")
    sub.add_argument(
        "--shape", type=values.width, metavar="[2,[1,1],1] | 5 | 4+2",
        help="pykan's whole width, as [2,[1,1],1] with one sum and one product node, or hidden columns, as 5 or 4+2 "
        "(shapes from small to large)",
    )  # fmt: skip
    sub.add_argument("--seeds", type=values.whole(1, 1_000), default=5, help="starts of each shape (5)")
    sub.add_argument("--seed", type=values.whole(0, 2**31), default=0, help="of the split and of the first start (0)")
    sub.add_argument("--jobs", type=values.whole(1, 1_000), help="processes at once (as many as there are cores)")
    sub.add_argument("--test", type=float, default=0.2, help="share of rows held out (0.2)")
    sub.add_argument(
        "--forbid", type=values.names, default=(), metavar="SIN,COS", help="functions that may not be in it"
    )
    sub.add_argument("--prefer", type=values.names, default=(), metavar="EXP,LOG", help="functions to favour")
    sub.add_argument("--integer-exponents", action="store_true", help="powers are whole numbers, roots left out")
    sub.add_argument(
        "--symmetric", type=values.names, action="append", default=[], metavar="A,B",
        help="inputs that may change places; repeat it",
    )  # fmt: skip
    reads_table(sub)
    sub.add_argument("--json", action="store_true", help="the front as JSON, for other programs")
    sub.add_argument("-o", "--output", metavar="FILE", help="also write all that was found into this .json file")


COMMAND = Command(
    "discover",
    "Find the law behind one column of a table.",
    options,
    discover,
    examples=("kanviz discover sample_models/two_variables.csv --target f --seconds 60",),
)
