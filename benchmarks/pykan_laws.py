"""Runs pykan's own way from a table to a formula in a separate process: reads a job from stdin, prints its result.

    python benchmarks/pykan_laws.py < job.json     # {"x": ..., "y": ..., "held_x": ..., "held_y": ..., "width", "seed"}

Follows pykan's tutorial hellokan: train with a penalty, prune, train, refine the grid, train, auto_symbolic, train,
symbolic_formula. It needs pykan and torch but not kanviz, so that any Python with pykan can run it.
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

LIBRARY = [  # the tutorial's ten, and other functions in the laws
    "x", "x^2", "x^3", "x^4", "exp", "log", "sqrt", "tanh", "sin", "abs",
    "cos", "1/x", "1/x^2", "1/sqrt(x)", "gaussian", "arctanh",
]  # fmt: skip
STEPS, PENALTY, FINER = 50, 1e-3, 10


def formula(job: dict[str, Any]) -> dict[str, Any]:
    """Find the formula with constants rounded to 4 digits as in the tutorial, the unrounded one, and CPU seconds."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    data = {
        "train_input": torch.tensor(job["x"]), "train_label": torch.tensor(job["y"])[:, None],
        "test_input": torch.tensor(job["held_x"]), "test_label": torch.tensor(job["held_y"])[:, None],
    }  # fmt: skip
    kan = importlib.import_module("kan")
    begun = time.process_time()
    network = kan.KAN(width=job["width"], grid=3, k=3, seed=job["seed"], auto_save=False)
    network.fit(data, opt="LBFGS", steps=STEPS, lamb=PENALTY)
    network = network.prune()
    network.fit(data, opt="LBFGS", steps=STEPS)
    network = network.refine(FINER)
    network.fit(data, opt="LBFGS", steps=STEPS)
    network.auto_symbolic(lib=LIBRARY)
    network.fit(data, opt="LBFGS", steps=STEPS)
    raw = network.symbolic_formula()[0][0]
    rounded = importlib.import_module("kan.utils").ex_round(raw, 4)
    return {"raw": str(raw), "rounded": str(rounded), "cpu_seconds": time.process_time() - begun}


if __name__ == "__main__":
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("model").mkdir()  # pykan always writes a checkpoint there when it refines
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                result = formula(job)
            except Exception as problem:
                result = {"failure": f"{type(problem).__name__}: {problem}"[:200]}
    print(json.dumps(result))
