"""Measures language models with learned functions, and writes docs/language.md from what was measured.

    OMP_NUM_THREADS=1 nice -n 10 python -m benchmarks.language
    python -m benchmarks.language --page > docs/language.md      # from the results, without running anything

Each result is written to the file as soon as it is there; run again, it goes on with what is missing.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.language_page import page
from benchmarks.language_runs import Length, clocked, tasks, texts
from kanviz.bench.measure import machine
from kanviz.core.engine.native import instructions
from kanviz.writing import write

RESULTS = Path(__file__).parent / "results" / "language.json"


def run(options: argparse.Namespace) -> None:
    """Run what the results do not have yet, and write them after each run."""
    length = Length(options.seconds, options.steps)
    here = {**machine(), "kernel": instructions, "note": options.note}
    record: dict[str, Any] = {"machine": here, "length": asdict(length), "texts": {c.name: c.sha256 for c in texts()},
                              "runs": []}  # fmt: skip
    if options.json.exists():
        earlier = json.loads(options.json.read_text(encoding="utf-8"))
        if any(earlier[part] != record[part] for part in ("length", "texts")):
            raise SystemExit(f"{options.json} has runs of other lengths or texts; name another file with --json.")
        record = earlier
    have = {tuple(one["key"]) for one in record["runs"]}
    counts = {name: getattr(options, name) for name in ("seeds", "others", "lessons", "rates")}
    todo = [task for task in tasks(length, **counts) if task.key not in have]
    for number, task in enumerate(todo, 1):
        found = clocked(task)
        record["runs"].append(found)
        record["machine"]["date"] = machine()["date"]
        write(options.json, lines(record))
        print(f"{number} of {len(todo)}", *task.key, f"{found['whole_seconds']:.1f} s", flush=True)


def lines(record: dict[str, Any]) -> str:
    """Write a record as JSON, a run on each line."""
    head = {name: value for name, value in record.items() if name != "runs"}
    runs = ",\n".join(json.dumps(one, allow_nan=False) for one in record["runs"])
    return f'{json.dumps(head, indent=1)[:-2]},\n "runs": [\n{runs}\n]}}\n'


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure language models with learned functions.")
    usual = Length()
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="CPU seconds of a block (12)")
    parser.add_argument("--steps", type=int, default=usual.steps, help="of a model that is taught later (1,000)")
    parser.add_argument("--seeds", type=int, default=5, help="of curves and gelu (5)")
    parser.add_argument("--others", type=int, default=3, help="seeds of the other blocks (3)")
    parser.add_argument("--lessons", type=int, default=3, help="seeds of ways to teach (3)")
    parser.add_argument("--rates", type=int, choices=(1, 2, 3), default=3, help="of each block (3)")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--note", default="", help="about the machine, for the page")
    parser.add_argument("--page", action="store_true", help="print the page from the results; run nothing")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.page:
        print(page(json.loads(options.json.read_text(encoding="utf-8"))), end="")
        return
    torch.set_num_threads(1)
    run(options)


if __name__ == "__main__":
    main()
