"""The command `kanviz discover`: a table in, the laws behind one of its columns out, in words or as JSON."""

import argparse
import json
from typing import TYPE_CHECKING

from kanviz.console import INTERRUPTED, bar, bar_end, json_path, reading, say, say_notes, units_from, written_so_far
from kanviz.text import counted, shown
from kanviz.writing import write

if TYPE_CHECKING:
    from kanviz.laws.front import Entry
    from kanviz.laws.record import Discovery


def discover(options: argparse.Namespace) -> int:
    """Look for a law; Ctrl-C keeps the best so far, and --output has it all the while. The exit status: 1 when none was
    found.
    """
    from kanviz.discovery import dataset_for
    from kanviz.laws.discover import DiscoverConfig, discoveries
    from kanviz.laws.hints import Hints

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
        print(json.dumps({"front": [entry.to_json() for entry in found.front]}, indent=2, allow_nan=False))
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
    """What the progress bar says: seconds are its length."""
    if not found.front:
        return f"s  {counted(len(found.attempts), 'attempt')}"
    best = found.best
    return f"s  {counted(len(found.attempts), 'attempt')}, best: {_short(best.text, 60)}, missing {best.test_rmse:.2g}"


def _report(found: "Discovery") -> None:
    """The front as a table, then the best law: its constants, and what speaks against it."""
    best, unit = found.best, f" {shown(found.unit)}" if found.unit else ""
    print(f"{'complexity':>10} {'held-out RMSE':>14} {'train RMSE':>11}  law (* is the best)")
    for entry in found.front:
        mark = "*" if entry is best else " "
        print(
            f"{entry.complexity:>9}{mark} {entry.test_rmse:>14.3g} {entry.train_rmse:>11.3g}  "
            f"{_short(_rounded(entry), 80)}"
        )
    print()
    print(f"{shown(found.target)} = {_rounded(best)}")
    print(f"held-out RMSE {best.test_rmse:.3g}{unit}, train RMSE {best.train_rmse:.3g}{unit}")
    for line in _constants(best):
        print(line)
    for note in best.notes:
        print(f"note: {shown(note, 400)}")
    print(
        f"{counted(len(found.attempts), 'attempt')} in {found.seconds:.3g} s ({found.cpu_seconds:.3g} s of CPU time)"
        f"; {found.stopped_because or 'stopped'}"
    )


def _rounded(entry: "Entry") -> str:
    """The law in text, decimal constants to six digits."""
    from kanviz.analysis.symbolic.written import text

    return shown(text(entry.expression, 6), 1_000_000)


def _constants(entry: "Entry") -> list[str]:
    """A line for each decimal constant: its value and its standard error."""
    lines = []
    for constant in (c for c in entry.law.constants if not c.exact):
        error = "not determined by the rows" if constant.error is None else f"+- {constant.error:.2g}"
        lines.append(f"constant {constant.value:.10g}, {error}")
    return lines


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
