"""Counts how many known laws are recovered, with given shape and without, and by pykan's auto_symbolic: a table.

    python -m benchmarks.recovery --runs recovery.jsonl                     # resumes where it was stopped
    python -m benchmarks.recovery --only hypot --shape given --seconds 30
    python -m benchmarks.recovery --runs recovery.jsonl --markdown

Times are CPU seconds of all processes of a run. The targets' own rules judge a law (`benchmarks/laws.py`). Asserts
nothing.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from benchmarks.laws import Target, expression_of, judged, targets
from benchmarks.tables import short, table

PYKAN = str(Path(__file__).parent / "pykan_laws.py")
Row = dict[str, Any]
TRAINED_SEEDS = 3
WAYS = {"given": "shape given", "none": "shape not given", "trained": "read off a network", "pykan": "pykan"}


def recovered(target: Target, shape: str, options: argparse.Namespace) -> Row:
    """Run kanviz on a law and judge the result; the row contains the whole front."""
    from kanviz.laws.search.discover import DiscoverConfig, discoveries

    config = DiscoverConfig(
        shape=target.width if shape == "given" else None, seconds=options.seconds, seeds=options.seeds,
        jobs=options.jobs,
    )  # fmt: skip
    clock, begun = _cpu_seconds(), time.monotonic()
    *_, found = discoveries(target.data(), config)
    spent = max(found.cpu_seconds, _cpu_seconds() - clock)
    row = {
        "target": target.name, "shape": shape, "wall": time.monotonic() - begun, "cpu_seconds": spent,
        "attempts": [tried.attempt for tried in found.attempts], "stopped_because": found.stopped_because,
        "failures": [tried.failure for tried in found.attempts if tried.failure],
        "seeds": len({tried.attempt.rsplit("seed", 1)[-1] for tried in found.attempts}),
        "front": [entry.to_json() for entry in found.front],
    }  # fmt: skip
    if not found.front:
        return row | {"recovered": "no", "expression": "", "complexity": None, "error": None, "free": None}
    verdict = judged(found.best.expression, target)
    others = [judged(entry.expression, target).recovered for entry in found.front]
    return row | {
        "recovered": verdict.recovered, "expression": found.best.text, "complexity": verdict.complexity,
        "error": _finite(verdict.error), "free": found.best.law.free, "on_front": any(v != "no" for v in others),
    }  # fmt: skip


def read_off(target: Target, options: argparse.Namespace) -> Row:
    """Train a network of the given shape in the ordinary way, and read it as a law; stop at the first right seed."""
    from kanviz.core.init import init
    from kanviz.core.training.train import TrainConfig, trained
    from kanviz.laws.search.extraction import extract
    from kanviz.laws.search.extraction_record import ExtractConfig

    data, clock, row = target.data(), _cpu_seconds(), {}
    for seed in range(min(options.seeds, TRAINED_SEEDS)):
        kan = init(target.width, grid=3, seed=seed, inputs=data.inputs, outputs=data.outputs)
        kan = trained(kan, data, TrainConfig.for_new(len(kan.layers), seed=seed)).kan
        *_, found = extract(kan, data, ExtractConfig(seconds=options.seconds))
        best, law = found.best, found.best.law
        row = {"target": target.name, "shape": "trained", "seeds": seed + 1, "cpu_seconds": _cpu_seconds() - clock}
        row |= {"recovered": "no", "error": _finite(found.error(best)), "complexity": best.complexity}
        row |= {"expression": str(law.expression) if law else f"{best.curves} curves left"}
        if law is not None:
            verdict = judged(law.expression, target)
            row |= {"recovered": verdict.recovered, "complexity": verdict.complexity, "error": _finite(verdict.error)}
        if row["recovered"] != "no":
            break
    return row


def pykan_recovered(target: Target, options: argparse.Namespace) -> Row:
    """Run pykan on the same rows; judge its formula in full and rounded, and count the better one."""
    data = target.data()
    (x, y), (held_x, held_y) = data.rows("train"), data.rows("test")
    job = {
        "x": x.tolist(), "y": y[:, 0].tolist(), "held_x": held_x.tolist(), "held_y": held_y[:, 0].tolist(),
        "width": [list(c) if isinstance(c, tuple) else c for c in target.width], "seed": options.pykan_seed,
    }  # fmt: skip
    row: Row = {"target": target.name, "shape": "pykan", "recovered": "no", "error": None, "complexity": None}
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [options.pykan, PYKAN], input=json.dumps(job), capture_output=True, text=True, timeout=options.pykan_seconds
        )
    except subprocess.TimeoutExpired:
        return row | {"cpu_seconds": time.monotonic() - begun, "failure": f"not done in {options.pykan_seconds:g} s"}
    if done.returncode:
        return row | {"cpu_seconds": time.monotonic() - begun, "failure": done.stderr[-200:]}
    result = json.loads(done.stdout.strip().splitlines()[-1])  # pykan prints other text above it
    if "failure" in result:
        return row | {"cpu_seconds": time.monotonic() - begun, "failure": result["failure"]}
    return row | _pykan_verdict(result, target) | {"cpu_seconds": result["cpu_seconds"]}


def _pykan_verdict(result: Row, target: Target) -> Row:
    """Judge the one of pykan's two formulas that is nearer to the truth, in the truth's names."""
    symbols = {f"x_{k + 1}": symbol for k, symbol in enumerate(target.symbols)}
    verdicts = []
    for text in (result["raw"], result["rounded"]):
        try:
            found = expression_of(text, symbols)
        except (ValueError, KeyError, SyntaxError) as problem:
            return {"failure": f"its formula cannot be read: {problem}"}
        verdicts.append((judged(found, target), str(found)))
    order = ("exact", "numeric", "no")
    verdict, text = min(verdicts, key=lambda v: (order.index(v[0].recovered), v[0].error))
    return {
        "recovered": verdict.recovered, "error": _finite(verdict.error), "complexity": verdict.complexity,
        "expression": text,
    }  # fmt: skip


def _cpu_seconds() -> float:
    """Sum the CPU time of this process and of all its processes that still run."""
    total = 0.0
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def runs(options: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for every law and method that is not in the file yet; write each to the file when it is done."""
    path = Path(options.runs) if options.runs else None
    done = _read(path)
    yield from done
    known = {(row["target"], row["shape"]) for row in done}
    ways = ["given", "none"] if options.shape == "both" else [] if options.shape == "pykan" else [options.shape]
    how = {"pykan": pykan_recovered, "trained": read_off}
    every = targets(options.targets)
    for name in options.only or every:
        for way in [*ways, *(["pykan"] if options.pykan else [])]:
            if (name, way) in known:
                continue
            row = how[way](every[name], options) if way in how else recovered(every[name], way, options)
            if path:
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            yield row


def _read(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def line_of(row: Row) -> str:
    return (
        f"{row['target']:20} {row['shape']:6} {row['recovered']:8} {row['cpu_seconds']:8.1f} s  "
        f"complexity {row['complexity'] or '-'!s:>3}  seeds {row.get('seeds', '-')!s:>2}  error {short(row['error'])}  "
        f"{row.get('expression', '')[:70]}{row.get('failure', '')[:70]}"
    )


def summary(rows: list[Row]) -> Iterator[str]:
    """Summarise how many laws each method recovered, and in what time."""
    for way, words in WAYS.items():
        mine = [row for row in rows if row["shape"] == way]
        if mine:
            found = [row for row in mine if row["recovered"] != "no"]
            times = [row["cpu_seconds"] for row in mine]
            exact = sum(row["recovered"] == "exact" for row in mine)
            yield (
                f"{words}: {len(found)} of {len(mine)} recovered, {exact} of them exactly; "
                f"median {statistics.median(times):.1f} CPU s, longest {max(times):.0f}"
            )


def markdown(rows: list[Row]) -> Iterator[str]:
    """Write the table of the documents: a line for each law."""
    by = {(row["target"], row["shape"]): row for row in rows}
    names = list(dict.fromkeys(row["target"] for row in rows))
    ways = [way for way in WAYS if any((name, way) in by for name in names)]
    head = [
        "law",
        *(f"{WAYS[way]}{what}" for way in ways for what in ("", ", CPU s", ", complexity")),
    ]

    def cells(row: Row | None) -> list[str]:
        if row is None:
            return ["-", "-", "-"]
        missed = row["recovered"] == "no"
        verdict = f"no ({short(row['error'])})" if missed and row["error"] is not None else row["recovered"]
        seeds = f", {row['seeds']} seeds" if row.get("seeds", 1) > 1 else ""
        return [verdict + seeds, short(row["cpu_seconds"]), str(row["complexity"] or "-")]

    yield from table(head, ([f"`{name}`", *(c for way in ways for c in cells(by.get((name, way))))] for name in names))
    yield from (f"- {line}" for line in summary(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Find known laws again.")
    parser.add_argument("--targets", default="../shared/recovery/targets.json", metavar="FILE")
    parser.add_argument("--only", action="append", metavar="NAME", help="repeat it for more")
    parser.add_argument("--shape", choices=("given", "none", "both", "trained", "pykan"), default="both",
                        help="trained: a network of the given shape is trained and then read")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=90, help="for each run of kanviz, by the clock (90)")
    parser.add_argument("--seeds", type=int, default=5, help="at most, for each shape (5)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--runs", metavar="FILE", help="JSON lines of the runs that are done; only the others are run")
    parser.add_argument(
        "--pykan", metavar="PYTHON", default=sys.executable if find_spec("kan") else "",
        help='a Python that has pykan; "" leaves it out (this one, if it has it)',
    )  # fmt: skip
    parser.add_argument("--pykan-seconds", type=float, default=600, help="after which it is stopped (600)")
    parser.add_argument("--pykan-seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="print the table for the documents")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    warnings.filterwarnings("ignore")
    found = []
    for row in runs(options):
        found.append(row)
        if not options.markdown:
            print(line_of(row), flush=True)
    print("\n".join(markdown(found) if options.markdown else summary(found)))


if __name__ == "__main__":
    main()
