"""Implements `kanviz ladder`: runs the rungs of the ladder one after another, and reports in words, as CSV or JSON."""

import argparse
import json
from typing import TYPE_CHECKING

from kanviz.cli import values
from kanviz.cli.command import Command
from kanviz.cli.console import INTERRUPTED, UsageError, bar, bar_end, out, say
from kanviz.text import counted

if TYPE_CHECKING:
    from kanviz.continual.outcome import Outcome
    from kanviz.continual.rungs import Rung


def ladder(options: argparse.Namespace) -> int:
    """Run one rung or all, and return the exit status. Ctrl-C still reports the rungs that ended."""
    outcomes: list[Outcome] = []
    interrupted = False
    try:
        for rung in _rungs(options):
            outcomes.append(_run(rung, options.seed))
            if not (options.json or options.csv):
                _report(outcomes[-1])
    except KeyboardInterrupt:
        interrupted = True
        bar_end()
        say(f"Stopped; {counted(len(outcomes), 'rung')} ended.")
    if options.json:
        out(json.dumps({"rungs": [outcome.to_json() for outcome in outcomes]}, indent=2, allow_nan=False))
    elif options.csv:
        from kanviz.continual.outcome import to_csv

        out(to_csv(outcomes), end="")
    return INTERRUPTED if interrupted else 0


def _rungs(options: argparse.Namespace) -> "list[Rung]":
    from kanviz.continual.rungs import RUNGS, rung_of

    chosen = [rung_of(options.rung)] if options.rung else list(RUNGS)
    if options.fail and not options.rung:
        raise UsageError("The names after --fail are switches of one rung; say which one it is with --rung.")
    return chosen if options.fail is None else [rung.failing(*options.fail) for rung in chosen]


def _run(rung: "Rung", seed: int) -> "Outcome":
    from kanviz.continual.ladder import climb

    step = None
    for step in climb(rung, seed):
        bar(step.done, step.total, f"rung {rung.number}, {step.method}")
    bar_end()
    assert step is not None
    return step.outcome


def _report(outcome: "Outcome") -> None:
    from kanviz.continual.verdict import number, verdict

    rung = outcome.rung
    how = f", failing with {', '.join(rung.failing_with)}" if rung.failing_with else ""
    out(f"{rung.number}. {rung.title}{how} ({outcome.seconds:.2g} s)")
    out(f"   {'method':<14} {'numbers':>7} {'own error':>10} {'old error':>10} {'then':>10}  verdict")
    for one in outcome.methods:
        out(
            f"   {one.name:<14} {one.numbers:>7,} {number(one.own_mean):>10} {number(one.old_now):>10} "
            f"{number(one.old_then):>10}  {verdict(one, outcome.spread).text}"
        )
    out()


def options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--rung", type=values.whole(1, 6), metavar="N", help="only this one, 1 to 6 (all)")
    sub.add_argument(
        "--fail", nargs="*", metavar="SWITCH",
        help="make it fail: by its usual switch or, with --rung, by those named; a wrong name lists them",
    )  # fmt: skip
    sub.add_argument("--seed", type=values.whole(0, 2**32 - 1), default=0, help="of the rows and the start (0)")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with the error on every task after every task")
    form.add_argument("--csv", action="store_true", help="as CSV, a line for each method")


COMMAND = Command(
    "ladder",
    "Show where a network keeps what it knew, and where it forgets.",
    options,
    ladder,
    examples=("kanviz ladder --rung 6  # where locality holds and where not: six short experiments",),
)
