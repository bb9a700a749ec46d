"""Runs pykan's own training on a problem as its examples do: L-BFGS on grids 3-5-10-20, float64."""

import contextlib
import importlib
import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.problems import Array, Problem

GRIDS, STEPS = (3, 5, 10, 20), 50


def pykan_run(problem: Problem, seed: int, goals: tuple[float, ...]) -> dict[str, Any]:
    """Measure CPU seconds to every goal, total seconds, and the error on fresh rows (the best of the four grids).

    Inputs are mapped onto [-1, 1] by their range, where pykan's grids start. A metric that pykan calls after each step
    reads the time; its test set is ten rows, so that it costs nothing.
    """
    x, y, _ = problem.rows(1000, seed)
    fresh = problem.draw(np.random.default_rng(1_000 + seed), 1000)
    low, high = x.min(0), x.max(0)

    def ready(rows: Array) -> Tensor:
        return torch.tensor(2 * (rows - low) / (high - low) - 1)

    inputs, targets = ready(x), torch.tensor(y)[:, None]
    data = {
        "train_input": inputs, "train_label": targets, "test_input": inputs[:10], "test_label": targets[:10],
    }  # fmt: skip
    truth = problem.truth(fresh)
    reached: dict[str, float] = {}
    tests, spent, note = [], 0.0, ""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _silence():
            Path("model").mkdir()  # pykan always writes a checkpoint there when it refines
            KAN = importlib.import_module("kan").KAN
            start = time.process_time()
            network = KAN(width=list(problem.shape), grid=GRIDS[0], k=3, seed=seed, auto_save=False)
            for grid in GRIDS:
                if grid != GRIDS[0]:
                    network = network.refine(grid)
                    network.auto_save = False  # refining resets it

                def clock(since: float = start, before: float = spent) -> Tensor:
                    return torch.tensor(before + time.process_time() - since)

                try:
                    found = network.fit(data, opt="LBFGS", steps=STEPS, metrics=(clock,))
                except (RuntimeError, ValueError) as why:
                    note = f"grid {grid}: {str(why).splitlines()[0][:120]}"
                    break
                spent += time.process_time() - start
                for error, at in zip(found["train_loss"], found["clock"], strict=True):
                    for goal in goals:
                        if error <= goal:
                            reached.setdefault(f"{goal:g}", float(at))
                with torch.no_grad():
                    gap = network(ready(fresh)).numpy()[:, 0] - truth
                tests.append(float(np.sqrt(np.mean(gap**2))))
                start = time.process_time()
    finally:
        torch.set_default_dtype(usual)
    good = [test for test in tests if np.isfinite(test)]
    return {"seconds_to": reached, "seconds": spent, "test": min(good, default=None), "note": note}


@contextlib.contextmanager
def _silence():
    """Suppress pykan's output, and its progress bar on stderr."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
