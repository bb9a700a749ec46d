"""Measures the time of training to a given error, compared with pykan; the effect of noise; a moved target.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.training --json training.json
    python -m benchmarks.training --only "x y" --seeds 2 --no-pykan

CPU seconds of the process (torch on one thread) inside the trainer alone; targets have a spread of 1. Asserts no times.
"""

import argparse
import json
import math
import statistics
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.kanviz_training import GOALS, kanviz_run, live_run, new_network_config, noise_run
from benchmarks.problems import NOISY, PROBLEMS
from kanviz.bench.measure import machine
from kanviz.writing import write


def training(options: argparse.Namespace, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for every problem: all runs of kanviz and pykan in turn, and their summary."""
    for name in options.only:
        problem = PROBLEMS[name]
        runs: dict[str, list[dict[str, Any]]] = {"kanviz": []}
        for seed in range(options.seeds):
            runs["kanviz"].append(kanviz_run(problem, seed, options.longest))
            if seed < options.pykan_seeds and record["pykan"]:
                from benchmarks.pykan_training import pykan_run

                runs.setdefault("pykan", []).append(pykan_run(problem, seed, GOALS))
        row = {"problem": name, "shape": list(problem.shape), "runs": runs}
        yield row | {who: _summary(found) for who, found in runs.items()}


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Summarise runs: median seconds to each goal over those that reached it, how many did, and the test error."""
    times = {f"{g:g}": sorted(r["seconds_to"][f"{g:g}"] for r in runs if f"{g:g}" in r["seconds_to"]) for g in GOALS}
    tests = sorted(math.inf if r["test"] is None else r["test"] for r in runs)
    return {
        "seconds_to": {g: statistics.median(t) if t else None for g, t in times.items()},
        "reached": {g: len(t) for g, t in times.items()},
        "of": len(runs),
        "test_median": _finite(statistics.median(tests)),
        "test_worst": _finite(tests[-1]),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def ratios(rows: list[dict[str, Any]], goals: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Divide pykan's seconds by kanviz's: the geometric mean over the problems in which both reach the goal."""
    found = {}
    for goal in goals:
        pairs = [
            (row["pykan"]["seconds_to"][goal], row["kanviz"]["seconds_to"][goal]) for row in rows if "pykan" in row
        ]
        both = [theirs / ours for theirs, ours in pairs if theirs and ours]
        found[goal] = {
            "geometric_mean": statistics.geometric_mean(both) if both else None,
            "lowest": min(both, default=None),
            "highest": max(both, default=None),
            "problems": len(both),
            "kanviz_alone": sum(bool(ours) and not theirs for theirs, ours in pairs),
            "pykan_alone": sum(bool(theirs) and not ours for theirs, ours in pairs),
        }
    return found


def main() -> None:
    options = arguments()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    record: dict[str, Any] = {"machine": machine(), "pykan": _pykan_version(options), "rows": []}
    record |= {"note": options.note, "longest": options.longest}
    record["config"] = new_network_config(PROBLEMS["x y"], 0).to_json()

    def save() -> None:
        if options.json:
            write(options.json, json.dumps(record, indent=1) + "\n")

    for row in training(options, record):
        record["rows"].append(row)
        for who in ("kanviz", "pykan"):
            if who in row:
                print(f"{row['problem']:28}{who:8}{_words(row[who])}", flush=True)
        save()
    record["ratios"] = ratios(record["rows"], tuple(f"{goal:g}" for goal in GOALS))
    print(json.dumps(record["ratios"]), file=sys.stderr)
    for section, found in (("noise", noises(options)), ("live", lives(options))):
        record[section] = []
        for row in found:
            record[section].append(row)
            print(section, json.dumps(row), flush=True)
            save()
    save()


def noises(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name, noise, rows in NOISY:
        if name in options.only:
            runs = [noise_run(PROBLEMS[name], noise, rows, seed, options.longest) for seed in range(options.seeds)]
            clean, last = (sorted(run[key] for run in runs) for key in ("clean", "last_step"))
            row = {
                "problem": name,
                "noise": noise,
                "rows": rows,
                "runs": runs,
                "clean_median": statistics.median(clean),
            }
            yield row | {"clean_worst": clean[-1], "last_step_median": statistics.median(last)}


def lives(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in options.only:
        runs = [live_run(PROBLEMS[name], seed, options.longest) for seed in range(options.seeds)]
        back = [run for run in runs if run["ms"] is not None]
        before = statistics.median(run["before"] for run in runs)
        middle = {key: statistics.median(run[key] for run in back) if back else None for key in ("steps", "ms")}
        yield {"problem": name, "runs": runs, "back": len(back), "of": len(runs), "before": before, **middle}


def _words(found: dict[str, Any]) -> str:
    times = (
        f"{goal}: {'-' if seconds is None else f'{seconds:.3f} s'} ({found['reached'][goal]}/{found['of']})"
        for goal, seconds in found["seconds_to"].items()
    )
    tests = (f"{v:.1e}" if v is not None else "-" for v in (found["test_median"], found["test_worst"]))
    return f"{'  '.join(times)}  test {' / '.join(tests)}"


def _pykan_version(options: argparse.Namespace) -> str | None:
    from importlib import metadata

    try:
        return None if options.no_pykan else metadata.version("pykan")
    except metadata.PackageNotFoundError:
        return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time training to a given error.")
    parser.add_argument("--only", action="append", choices=list(PROBLEMS), metavar="NAME", help="repeat it for more")
    parser.add_argument("--seeds", type=int, default=5, help="of data and start, for kanviz (5)")
    parser.add_argument("--pykan-seeds", type=int, default=1, help="for pykan (1)")
    parser.add_argument("--longest", type=float, default=30, help="CPU seconds after which kanviz's run ends (30)")
    parser.add_argument("--no-pykan", action="store_true")
    parser.add_argument("--note", default="", help="said on the page, as: on a busy machine")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.only = options.only or list(PROBLEMS)
    return options


if __name__ == "__main__":
    main()
