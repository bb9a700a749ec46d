"""Trains pykan on one task after another in a separate process: reads a job from stdin, prints its result.

    python benchmarks/pykan_peaks.py < job.json
    # {"width", "grid", "steps", "local", "tasks": [{"x", "y"}], "held": [{"x", "y"}], "float64"}

Follows pykan's Example 8: L-BFGS on the rows of each task alone, no grid update. local: base zero and scales frozen, as
in the example; otherwise pykan's defaults. It needs pykan and torch but not kanviz, so that any Python with pykan can
run it.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def peaks(job: dict[str, Any]) -> dict[str, Any]:
    """Measure errors[task][turn] on held-out rows, and seconds. kept, kept_rows: for each task, the share of
    predictions, on held-out rows and on its own rows, that have the same bits at the end as right after the task.
    """
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64 if job["float64"] else torch.float32)
    local = {"base_fun": "zero", "sp_trainable": False, "sb_trainable": False, "noise_scale": 0.1}
    begun = time.process_time()
    network = importlib.import_module("kan").KAN(
        width=job["width"], grid=job["grid"], k=3, seed=0, auto_save=False, **(local if job["local"] else {})
    )
    tasks, held = ([_tensors(rows) for rows in job[part]] for part in ("tasks", "held"))
    errors: list[list[float]] = [[] for _ in tasks]
    shown: list[tuple[Tensor, Tensor]] = []
    now: list[tuple[Tensor, Tensor]] = []
    for turn, (x, y) in enumerate(tasks):
        data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
        network.fit(data, opt="LBFGS", steps=job["steps"], update_grid=False)
        with torch.no_grad():
            now = [(network(points), network(rows)) for (points, _), (rows, _) in zip(held, tasks, strict=True)]
        for task, (guess, _) in enumerate(now):
            errors[task].append(float((guess - held[task][1]).square().mean().sqrt()))
        shown.append(now[turn])
    kept, kept_rows = (
        [float((a[part] == b[part]).double().mean()) for a, b in zip(shown, now, strict=True)] for part in (0, 1)
    )
    return {
        "errors": errors, "kept": kept, "kept_rows": kept_rows, "cpu_seconds": time.process_time() - begun,
    }  # fmt: skip


def _tensors(rows: dict[str, Any]) -> tuple[Tensor, Tensor]:
    return torch.tensor(rows["x"]), torch.tensor(rows["y"])


if __name__ == "__main__":
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("model").mkdir()  # pykan always writes there
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                result = peaks(job)
            except Exception as problem:
                result = {"failure": f"{type(problem).__name__}: {problem}"[:200]}
    print(json.dumps(result))
