"""Runs kanviz's own training to a given error, with noise, and after an edit; the defaults are in one place here."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.problems import Array, Problem
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.training.train import Progress, TrainConfig, train
from kanviz.errors import TrainError

GOALS = (1e-1, 1e-2, 1e-3, 1e-4)
LIVE_GOAL, LIVE_SHIFT = 1e-3, 0.05
COARSE = 3  # intervals of a new network's grid


def new_network(problem: Problem, data: Dataset, seed: int) -> KAN:
    """Make a network as a person gets it who chooses only a shape."""
    return init(list(problem.shape), grid=COARSE, seed=seed, inputs=data.inputs, outputs=data.outputs)


def new_network_config(problem: Problem, seed: int) -> TrainConfig:
    """Return the default training of a new network; the one place to change when that default changes."""
    return TrainConfig.for_new(len(problem.shape) - 1, seed=seed)


def live_config(seed: int) -> TrainConfig:
    """Return the training of a trained network after its target moved."""
    return TrainConfig.for_trained(seed=seed)


def watched(kan: KAN, data: Dataset, config: TrainConfig, longest: float) -> Iterator[tuple[float, Progress]]:
    """Yield every step with the CPU seconds spent inside `train` so far; stop after `longest`."""
    spent, steps = 0.0, train(kan, data, config)
    while True:
        start = time.process_time_ns()
        progress = next(steps, None)
        spent += (time.process_time_ns() - start) / 1e9
        if progress is None:
            return
        yield spent, progress
        if spent > longest:
            return


def rmse(kan: KAN, x: Array, truth: Array) -> float:
    found = kan(x).detach().numpy()[:, 0]
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def kanviz_run(problem: Problem, seed: int, longest: float) -> dict[str, Any]:
    """Measure the seconds to every goal, total seconds, and the error on fresh rows."""
    x, y, _ = problem.rows(1000, seed)
    data = Dataset.from_arrays(x, y, test=0)
    reached: dict[str, float] = {}
    spent, last = 0.0, None
    try:
        for spent, last in watched(new_network(problem, data, seed), data, new_network_config(problem, seed), longest):
            _note(reached, last.train_rmse, spent)
    except TrainError as why:
        return {"seconds_to": reached, "seconds": spent, "test": None, "note": str(why)}
    assert last is not None
    fresh = problem.draw(np.random.default_rng(1_000 + seed), 1000)
    return {
        "seconds_to": reached,
        "seconds": spent,
        "steps": last.step,
        "test": rmse(last.best, fresh, problem.truth(fresh)),
    }


def _note(reached: dict[str, float], error: float | None, spent: float) -> None:
    for goal in GOALS:
        if error is not None and error <= goal:
            reached.setdefault(f"{goal:g}", spent)


def noise_run(problem: Problem, noise: float, rows: int, seed: int, longest: float) -> dict[str, Any]:
    """Measure the error of the best network against the noise-free truth, on fresh rows."""
    x, y, _ = problem.rows(rows, seed, noise)
    data = Dataset.from_arrays(x, y, test=0)  # every row trains: the criterion needs no held-out rows
    *_, (spent, last) = watched(new_network(problem, data, seed), data, new_network_config(problem, seed), longest)
    fresh = problem.draw(np.random.default_rng(1_000 + seed), 2000)
    truth = problem.truth(fresh)
    return {"clean": rmse(last.best, fresh, truth), "last_step": rmse(last.kan, fresh, truth), "seconds": spent}


def live_run(problem: Problem, seed: int, longest: float) -> dict[str, Any]:
    """Move the target of a trained network by 5% of the spread; count steps and CPU ms until it is below the goal."""
    x, y, _ = problem.rows(1000, seed)
    data = Dataset.from_arrays(x, y, test=0)
    *_, (_, last) = watched(new_network(problem, data, seed), data, new_network_config(problem, seed), longest)
    wave = np.sin(3 * (x[:, 0] - x[:, 0].mean()) / x[:, 0].std())
    moved = Dataset.from_arrays(x, y + LIVE_SHIFT * wave / wave.std(), test=0).matching(last.best)
    before = rmse(last.best, x, y)
    for spent, now in watched(last.best, moved, live_config(seed), longest):
        if (now.train_rmse or 1) < LIVE_GOAL:
            return {"before": before, "steps": now.step, "ms": 1e3 * spent}
    return {"before": before, "steps": None, "ms": None}
