"""Train a network as a stream of values: each step yields a network; the caller stops by not taking the next."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.needs import need_splines
from kanviz.core.threads import in_steps
from kanviz.core.training.config import LOSS_NAMES, TrainConfig
from kanviz.core.training.ending import Ending
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.grid_update import follow_activations
from kanviz.core.training.objective import LOSSES, Objective
from kanviz.core.training.progress import Checkpoint, Progress
from kanviz.core.training.solvers import SOLVERS, Step, chosen, first_step
from kanviz.errors import TrainError

__all__ = ["LOSSES", "LOSS_NAMES", "SOLVERS", "Checkpoint", "Progress", "TrainConfig", "train", "trained"]

WORTH_THREADS = 3e8  # rows x coefficients of a step, above which several threads are faster


def train(
    kan: KAN,
    data: Dataset,
    config: TrainConfig | None = None,
    *,
    resume: Checkpoint | None = None,
    anchor: Anchor | None = None,
) -> Iterator[Progress]:
    """Train a copy of `kan`, and yield the progress after every step.

    The first item is the network before training; the last has the reason of its end in `stopped_because`.
    resume: the `state` of an earlier item; the first item is then the step after it, and `kan` is not used.
    anchor: an EWC penalty; no grid may move then, and a resumed training uses the anchor it began with.
    Raises TableError if the table does not fit the network, TrainError if no number may change, the table is not that
    of the resumed training, or the loss becomes NaN or infinite. Each step computes on one thread, unless it is so
    large that more threads are faster.

    >>> import kanviz, torch
    >>> x = torch.linspace(-1, 1, 40)[:, None]
    >>> data = kanviz.Dataset.from_arrays(x, x[:, 0] ** 2)
    >>> kan = kanviz.init([1, 1], inputs=data.inputs, outputs=data.outputs)
    >>> for progress in kanviz.train(kan, data, kanviz.TrainConfig(steps=10)):
    ...     if progress.test_rmse < 0.01:  # in the units of y
    ...         break
    >>> progress.test_rmse < 0.01, progress.solver, progress.best
    (True, 'lbfgs', KAN([1, 1], 1 edges, float64))
    """
    config = config or TrainConfig()
    steps = _steps(kan, data, config, resume, anchor)
    numbers = sum(layer.coef.numel() for layer in (kan if resume is None else resume.kan).layers)
    yield from steps if numbers * (config.batch or len(data)) > WORTH_THREADS else in_steps(steps)


def _steps(
    kan: KAN, data: Dataset, config: TrainConfig, resume: Checkpoint | None, anchor: Anchor | None
) -> Iterator[Progress]:
    clock = time.perf_counter()
    need_splines(kan if resume is None else resume.kan)
    if resume is None:
        wanted = Objective.of(kan, data, config, _checked(anchor, kan, config))
        how = chosen(wanted, kan)
        objective = replace(wanted, config=how)
        mark = Checkpoint(how, 0, kan, kan, 0, math.inf, None, data.digest, wanted.anchor)
    else:
        how = resume.settings(config, data)
        objective = Objective.of(resume.kan, data, how, resume.anchor)
        if anchor is not None and anchor is not resume.anchor:
            raise TrainError("This training started with another anchor, or none; go on with that, or start again.")
        mark = replace(resume, config=how)
    frozen = [mark.kan.check(edge) for edge in how.frozen]
    follows = how.follow if how.lock is None else 0  # a lock fixes every grid
    follow_at = {round(n * how.steps / (2 * follows)) for n in range(follows)}
    if resume is None:
        item = _seen(objective, mark, first_step(objective, kan), clock)
        if not math.isfinite(item.train_loss):
            raise TrainError(
                "The network's loss on these rows is not a finite number before training; check its weights."
            )
        yield item
        if item.stopped_because:
            return
        mark = item.state
    solver: Iterator[Step] | None = None
    while True:
        now, saved = mark.kan, mark.saved
        if mark.step in follow_at:
            now, solver, saved = follow_activations(now, objective.x, frozen), None, None
        if solver is None:
            solver = SOLVERS[how.solver](objective, now, mark.step + 1, saved)
        found = next(solver, None)
        if found is None:
            raise TrainError("This training came to its own end; there is no next step. Begin another to learn more.")
        item = _seen(objective, replace(mark, step=mark.step + 1), found, clock)
        if not math.isfinite(item.train_loss):
            raise TrainError(
                f"The loss became NaN or infinite at step {item.step}; the network of step {mark.best_step} is kept. "
                "Try a smaller learning rate, and release formulas that have a pole on these rows."
            )
        yield item
        if item.stopped_because:
            return
        mark = item.state


def _seen(objective: Objective, mark: Checkpoint, found: Step, clock: float) -> Progress:
    """Return the item for a step, with the checkpoint to continue from."""
    config, step = objective.config, mark.step
    train_loss, train_rmse = objective.measured(found.kan, "train", found.outputs)
    test_loss, test_rmse = objective.measured(found.kan, "test", found.held)
    assert train_loss is not None
    watched = found.criterion if found.criterion is not None else test_loss if test_loss is not None else train_loss
    if objective.anchor is not None:
        watched += float(objective.anchor.penalty(found.kan))
    if step == 0 and config.by_criterion:
        watched = math.inf  # before the first step of a solver there is no criterion
    if watched < mark.lowest or mark.lowest == math.inf:
        mark = replace(mark, best=found.kan, best_step=step, lowest=watched)
    why = found.done
    if step == config.steps:
        why = Ending.ALL_STEPS
    elif config.patience and step - mark.best_step >= config.patience:
        why = Ending.NO_BETTER_LOSS
    elif train_loss < 1e-28:
        why = Ending.NOTHING_LEFT
    mark = replace(mark, kan=found.kan, saved=found.saved if step else None)
    return Progress(
        step, config.steps, objective.loss, train_loss, test_loss, train_rmse, test_rmse,
        time.perf_counter() - clock, mark.kan, mark.best, mark.best_step, mark, found.criterion, why,
    )  # fmt: skip


def _checked(anchor: Anchor | None, kan: KAN, config: TrainConfig) -> Anchor | None:
    """Return the anchor, or None if its strength is 0.

    Raises TrainError for an anchor that does not fit the network, or settings that would move its grids.
    """
    if anchor is None or anchor.strength == 0:
        return None
    anchor.check(kan)
    if config.finest or config.starts or config.follow:
        raise TrainError(
            "An anchor holds the numbers of the grids as they are: set finest, starts and follow to 0, as settings for "
            "a network that has learned do."
        )
    return anchor


def trained(kan: KAN, data: Dataset, config: TrainConfig | None = None, *, anchor: Anchor | None = None) -> Progress:
    """Train to the end and return the last item of `train`, with the best network as `kan`. Raises as `train` does."""
    last = None
    for item in train(kan, data, config, anchor=anchor):
        last = item
    assert last is not None
    return replace(last, kan=last.best)
