"""The command `kanviz ladder`: the rungs of the locality ladder run one after another, in words, as CSV or as JSON."""

import argparse
import json
from typing import TYPE_CHECKING

from kanviz.console import INTERRUPTED, UsageError, bar, bar_end, say
from kanviz.text import counted

if TYPE_CHECKING:
    from kanviz.locality.outcome import Outcome
    from kanviz.locality.rungs import Rung


def ladder(options: argparse.Namespace) -> int:
    """Run one rung or all; the exit status. Ctrl-C keeps the rungs that ended."""
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
        print(json.dumps({"rungs": [outcome.to_json() for outcome in outcomes]}, indent=2, allow_nan=False))
    elif options.csv:
        from kanviz.locality.outcome import to_csv

        print(to_csv(outcomes), end="")
    return INTERRUPTED if interrupted else 0


def _rungs(options: argparse.Namespace) -> "list[Rung]":
    from kanviz.locality.rungs import RUNGS, rung_of

    chosen = [rung_of(options.rung)] if options.rung else list(RUNGS)
    if options.fail and not options.rung:
        raise UsageError("The names after --fail are switches of one rung; say which one it is with --rung.")
    return chosen if options.fail is None else [rung.failing(*options.fail) for rung in chosen]


def _run(rung: "Rung", seed: int) -> "Outcome":
    from kanviz.locality.ladder import climb

    step = None
    for step in climb(rung, seed):
        bar(step.done, step.total, f"rung {rung.number}, {step.method}")
    bar_end()
    assert step is not None
    return step.outcome


def _report(outcome: "Outcome") -> None:
    from kanviz.locality.verdict import number, verdict

    rung = outcome.rung
    how = f", failing with {', '.join(rung.failing_with)}" if rung.failing_with else ""
    print(f"{rung.number}. {rung.title}{how} ({outcome.seconds:.2g} s)")
    print(f"   {'method':<14} {'numbers':>7} {'own error':>10} {'old error':>10} {'then':>10}  verdict")
    for one in outcome.methods:
        print(
            f"   {one.name:<14} {one.numbers:>7,} {number(one.own_mean):>10} {number(one.old_now):>10} "
            f"{number(one.old_then):>10}  {verdict(one, outcome.spread).text}"
        )
    print()
