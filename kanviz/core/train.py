"""Training as a stream of values: each step yields a network; the caller stops by not asking for the next."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kanviz.core.dataset import Dataset
from kanviz.core.grids import follow_activations
from kanviz.core.kan import KAN
from kanviz.core.objective import LOSSES, Objective
from kanviz.core.solvers import SOLVERS
from kanviz.core.train_config import LOSS_NAMES, TrainConfig
from kanviz.errors import TrainError

__all__ = ["LOSSES", "LOSS_NAMES", "SOLVERS", "Progress", "TrainConfig", "train", "trained"]


@dataclass(frozen=True)
class Progress:
    """Where training is: `kan` is the network now, `best` the one with the lowest held-out (else training) loss.

    Losses carry the name `loss`; rmse is in the target's units (root mean square over outputs), for regression.
    """

    step: int
    steps: int
    loss: str
    train_loss: float
    test_loss: float | None
    train_rmse: float | None
    test_rmse: float | None
    seconds: float
    kan: KAN
    best: KAN
    best_step: int
    stopped_because: str = ""


def train(kan: KAN, data: Dataset, config: TrainConfig | None = None) -> Iterator[Progress]:
    """Train a copy of `kan`; the first item is the start itself, the last carries `stopped_because`.

    Raises TrainError when nothing may move, the table does not fit, or the loss stops being a number.
    """
    config = config or TrainConfig()
    objective = Objective.of(kan, data, config)
    frozen = [kan.check(edge) for edge in config.frozen]
    start = time.perf_counter()
    follow_at = (
        {round(n * config.steps / (2 * config.follow)) for n in range(config.follow)} if config.follow else set()
    )
    now = best = kan
    train_loss, test_loss = objective.losses(kan)
    if not math.isfinite(train_loss):
        raise TrainError("The network's loss on these rows is not a finite number before training; check its weights.")
    lowest, best_step, why = math.inf, 0, ""
    solver = None
    for step in range(config.steps + 1):
        if step:
            if step - 1 in follow_at:
                now, solver = follow_activations(now, objective.x, frozen), None
            if solver is None:
                solver = SOLVERS[config.solver](objective, now, step)
            now = next(solver)
            train_loss, test_loss = objective.losses(now)
            if not math.isfinite(train_loss):
                raise TrainError(
                    f"The loss stopped being a number at step {step}; the network of step {best_step} is kept. "
                    "Try a smaller learning rate, and release formulas that have a pole on these rows."
                )
        watched = test_loss if test_loss is not None else train_loss
        if watched < lowest:
            best, lowest, best_step = now, watched, step
        if step == config.steps:
            why = f"all {config.steps} steps done"
        elif config.patience and step - best_step >= config.patience:
            why = f"no better loss for {config.patience} steps"
        elif train_loss < 1e-28:
            why = "nothing left to learn"
        yield Progress(
            step, config.steps, objective.loss, train_loss, test_loss,
            objective.rmse(now, "train"), objective.rmse(now, "test"),
            time.perf_counter() - start, now, best, best_step, why,
        )  # fmt: skip
        if why:
            return


def trained(kan: KAN, data: Dataset, config: TrainConfig | None = None) -> Progress:
    """The last item of `train`: run to the end, for scripts and tests."""
    last = None
    for item in train(kan, data, config):
        last = item
    assert last is not None
    return replace(last, kan=last.best)
