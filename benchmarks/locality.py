"""Measures what a network retains while it learns five peaks in turn, under every setting, and compares with pykan.

    OMP_NUM_THREADS=1 python -m benchmarks.locality [--pykan /tmp/peers/bin/python] [--json locality.json]

Prints tables in Markdown. The verdict is computed from the run. The last column tells whether the design page that
these settings come from has the same verdict, and errors within a factor of ten (or smaller ones, where nothing is
lost).
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.peaks import ADAM, ADJACENT, DIAGONAL, LBFGS, LINE, SQUARE, Outcome, Setting, patch, run, shown
from kanviz.bench.measure import machine
from kanviz.continual.policy import Policy
from kanviz.core.training.train import TrainConfig
from kanviz.writing import write

WITH_BASE = replace(LBFGS, parts=("coef", "base_weight"))
KEPT, FORGOTTEN = 0.5, 3.0  # least share of unchanged bits for "inside"; factor of end to own error for "forgets"

SETTINGS = (
    Setting("1D [1,1], G=60, no base, intervals apart", (1, 1), LINE, (0.00045, 0.00045, 1)),
    Setting("same, adjacent intervals", (1, 1), LINE, (0.00045, 0.0007, 0.75), half=ADJACENT),
    Setting("optimiser state kept between tasks", (1, 1), LINE, (0.0003, 0.0004, 0), how={"keep_state": True}),
    Setting("weight decay 0.01", (1, 1), LINE, (0.0012, 0.070, 0), how={"weight_decay": 0.01}),
    Setting("trainable silu base", (1, 1), LINE, (0.0005, 0.236, 0), base="silu", config=WITH_BASE),
    Setting("G=5", (1, 1), LINE, (0.317, 1.80, 0), grid=5, config=ADAM),
    Setting("[1,5,1], no base", (1, 5, 1), LINE, (0.004, 0.317, 0)),
    Setting("[1,5,1], base", (1, 5, 1), LINE, (0.004, 0.457, 0), base="silu", config=WITH_BASE),
    Setting("2D [2,1], additive, apart in both inputs", (2, 1), DIAGONAL, (0.0016, 0.0016, 1), additive=True),
    Setting("2D [2,1], additive, shared coordinates", (2, 1), SQUARE, (0.0097, 0.765, 0.25), additive=True),
    Setting("2D [2,5,1], diagonal", (2, 5, 1), DIAGONAL, (0.010, 0.269, 0)),
    Setting("2D [2,5,1], square", (2, 5, 1), SQUARE, (0.004, 0.103, 0)),
    Setting("MLP 64x2, 1D", (1, 1), LINE, (0.045, 1.45, 0), how={"mlp": True, "lr": 0.01}),
    Setting("MLP 64x2, 2D", (2, 1), SQUARE, (0.110, 1.35, 0), additive=True, how={"mlp": True, "lr": 0.01}),
)  # fmt: skip

LOCK = Policy("lock")


def _region(centres: Iterable[tuple[float, ...]], half: float) -> Policy:
    return Policy("certified", boxes=tuple(tuple((v - half, v + half) for v in centre) for centre in centres))


LINES = _region(LINE, 0.13)
LOCKS = (
    Setting("[1,5,1], apart", (1, 5, 1), LINE, (0.0132, 0.0132, 1), policy=LOCK, config=ADAM),
    Setting("[1,5,1], adjacent", (1, 5, 1), LINE, (0.0372, 0.0372, 1), half=ADJACENT, policy=LOCK, config=ADAM),
    Setting("[1,5,5,1], apart", (1, 5, 5, 1), LINE, (0.0522, 0.0522, 1), policy=LOCK, config=ADAM),
    Setting("[2,5,1], square", (2, 5, 1), SQUARE, (0.0208, 0.0208, 1), policy=LOCK, config=ADAM),
    Setting("[2,5,1], diagonal", (2, 5, 1), DIAGONAL, (0.0298, 0.0298, 1), policy=LOCK, config=ADAM),
    Setting("[1,5,1], apart, G=30, region", (1, 5, 1), LINE, (0.04, 0.04, 1), grid=30, policy=LINES, config=ADAM),
    Setting("[1,5,1], apart, G=200, region", (1, 5, 1), LINE, (0.04, 0.04, 1), grid=200, policy=LINES, config=ADAM),
)  # fmt: skip

EXAMPLE_8 = Setting(
    "Example 8: [1,1], G=200", (1, 1), LINE, (4e-6, 4e-6, math.nan), half=ADJACENT, grid=200, sharp=300.0, rows=100,
    even=True,
)  # fmt: skip
WIDE = 0.25  # half the side of a patch of issue 227
ISSUE_227 = Setting(
    "issue 227: [2,5,1], G=45", (2, 5, 1), SQUARE, (0.001, 0.25, math.nan), half=WIDE, grid=45, sharp=3 / WIDE**2,
    dtype=torch.float64, config=TrainConfig("lm", steps=60, smooth=1e-4),
)  # fmt: skip
LOCKED, SEEDS = "kanviz, region locked", 5
PYKAN = (EXAMPLE_8, 100, True), (ISSUE_227, 20, True), (ISSUE_227, 20, False)  # setting, steps, local as in Example 8
LOCKED_227 = replace(ISSUE_227, policy=_region(SQUARE, WIDE), page=(0.03, 0.03, 1))


def verdict(own: float, end: float, kept: float) -> str:
    """Judge from means over tasks, and the share of old rows whose prediction kept its bits."""
    if end > FORGOTTEN * own:
        return "forgets"
    return "exact" if kept == 1 else "exact inside, drift at the border" if kept >= KEPT else "drift"


def as_on_the_page(setting: Setting, found: Outcome) -> bool:
    """Say whether verdict and order of magnitude are those of the page; where it has no bits, whether both forget.

    A smaller error on the old tasks counts as the same.
    """
    own, end, kept = setting.page
    ours = statistics.mean(found.own), statistics.mean(found.end)
    said, saw = verdict(own, end, kept), verdict(*ours, found.rows)
    alike = (said == "forgets") == (saw == "forgets") if math.isnan(kept) else said == saw
    loses = said == "forgets"
    return alike and ours[0] < 10 * own and ours[1] < 10 * end and (not loses or ours[1] > end / 10)


def by_pykan(python: str, setting: Setting, steps: int, *, local: bool) -> Outcome:
    """Run the same tasks with pykan in a separate process; local: base zero and scales frozen, as in its Example 8."""
    held = [patch(setting, n, 2_000, seed=1) for n in range(len(setting.centres))]
    parts = {"tasks": shown(setting), "held": held}
    job: dict[str, Any] = {"width": setting.shape, "grid": setting.grid, "steps": steps, "local": local}
    job |= {"float64": setting.dtype == torch.float64}
    job |= {name: [{"x": x.tolist(), "y": y.tolist()} for x, y in rows] for name, rows in parts.items()}
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    script = Path(__file__).with_name("pykan_peaks.py")
    done = subprocess.run([python, script], input=json.dumps(job), env=clean, capture_output=True, text=True)
    result = json.loads(done.stdout or "{}")
    if "errors" not in result:
        raise SystemExit(f"pykan gave nothing: {result.get('failure', done.stderr[-400:])}")
    own = tuple(row[n] for n, row in enumerate(result["errors"]))
    kept, given = (statistics.mean(result[part][:-1]) for part in ("kept", "kept_rows"))
    return Outcome(own, tuple(row[-1] for row in result["errors"][:-1]), given, kept)


HEAD = ("setting", "own error", "old tasks at the end", "bits, rows", "bits, fresh points")


def line(setting: Setting, found: Outcome, *, locks: bool) -> list[str]:
    said = verdict(statistics.mean(found.own), statistics.mean(found.end), found.rows)
    locked = [" / ".join(f"{share:.2f}" for share in found.locked)] if locks else []
    alike = "yes" if as_on_the_page(setting, found) else "no"
    return [setting.name, _range(found.own), _range(found.end), _share(found.rows), _share(found.fresh), *locked, said,
            alike]  # fmt: skip


def _share(value: float) -> str:
    """Format as percent, never rounded up to 100 or down to 0."""
    percent = 100 * value
    return f"{percent:.0f} %" if percent in (0, 100) or 0.5 <= percent <= 99.5 else f"{percent:.3g} %"


def _range(values: tuple[float, ...]) -> str:
    low, high = (f"{v:.2g}" for v in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def table(rows: Iterable[list[str]], head: Iterable[str]) -> None:
    head = list(head)
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    record: dict[str, Any] = {"machine": machine(), "runs": []}
    print(json.dumps(record["machine"]))
    begun = time.process_time()

    def seen(setting: Setting, found: Outcome, who: str = "kanviz") -> Outcome:
        record["runs"].append({"setting": setting.name, "by": who, **asdict(found)})
        return found

    table((line(s, seen(s, run(s)), locks=False) for s in SETTINGS), (*HEAD, "verdict", "as on the page"))
    ends = ("locked by layer", "verdict", "as on the page")
    table((line(s, seen(s, run(s)), locks=True) for s in LOCKS), (*HEAD, *ends))

    pairs = [(EXAMPLE_8, "kanviz"), (ISSUE_227, "kanviz"), (LOCKED_227, LOCKED)]
    rows = [[who, *line(s, seen(s, run(s), who), locks=True)] for s, who in pairs]
    for setting, steps, local in PYKAN if options.pykan else ():
        who = "pykan" if local else "pykan, its defaults"
        found = by_pykan(options.pykan, setting, steps, local=local)
        rows.append([who, *line(setting, seen(setting, found, who), locks=True)])
    table(sorted(rows, key=lambda row: row[1]), ("who", *HEAD, *ends))
    print("\nIssue 227 with the region locked, error on each new peak:")
    for seed in range(SEEDS):
        found = seen(LOCKED_227, run(replace(LOCKED_227, seed=seed)), f"{LOCKED}, seed {seed}")
        print(f"- seed {seed}: {', '.join(f'{v:.2g}' for v in found.own)}; bits kept {_share(found.fresh)}", flush=True)
    record["cpu_seconds"] = time.process_time() - begun
    print(f"\n{record['cpu_seconds']:.0f} s of CPU time, pykan's not counted")
    if options.json:
        write(options.json, json.dumps(record, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Learn five peaks in turn under every setting.")
    parser.add_argument("--pykan", metavar="PYTHON", help="a Python that has pykan; it then runs beside kanviz")
    parser.add_argument("--json", metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
