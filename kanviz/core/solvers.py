"""Ways downhill: each yields the network after every step, and moves only what may move."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.objective import Objective
from kanviz.core.parameters import FreeParameters
from kanviz.errors import TrainError

TRIES = 12  # ever shorter first steps of L-BFGS before giving up


def _free(objective: Objective, kan: KAN) -> FreeParameters:
    free = FreeParameters.of(kan, objective.config.parts, objective.config.frozen)
    if free.count == 0:
        raise TrainError("Nothing may move: every edge is frozen or pruned, or no part is chosen. Thaw an edge.")
    return free


def lbfgs(objective: Objective, kan: KAN, step: int) -> Iterator[KAN]:
    """Five L-BFGS iterations with a strong Wolfe line search an item (Nocedal & Wright, ch. 7).

    After a line search that flew off it goes back, forgets the curvature, and tries a shorter first step.
    """
    free = _free(objective, kan)
    theta = free.vector().requires_grad_(True)
    good, rate, tries = theta.detach().clone(), objective.config.rate or 1.0, 0
    solver = _quasi_newton(theta, rate)

    def closure() -> Tensor:
        theta.grad = None
        loss = objective(free.put(theta))
        loss.backward()
        return loss

    while True:
        solver.step(closure)
        with torch.no_grad():
            if theta.isfinite().all() and objective(free.put(theta)).isfinite():
                good, tries = theta.detach().clone(), 0
                yield free.put(good)
                continue
            theta.copy_(good)
        rate, tries = 0.1 * rate, tries + 1
        if tries > TRIES:
            raise TrainError(
                "No step from here gives a loss that is a number; a formula may meet its pole on these rows. "
                "Freeze or release the edges with formulas."
            )
        solver = _quasi_newton(theta, rate)


def _quasi_newton(theta: Tensor, rate: float) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        [theta], lr=rate, max_iter=5, history_size=20, line_search_fn="strong_wolfe",
        tolerance_grad=1e-14, tolerance_change=1e-18,
    )  # fmt: skip


def adam(objective: Objective, kan: KAN, step: int) -> Iterator[KAN]:
    """One Adam step an item, on all rows or on a random batch (Kingma & Ba 2015)."""
    free = _free(objective, kan)
    theta = free.vector().requires_grad_(True)
    solver = torch.optim.Adam([theta], lr=objective.config.rate or 0.01)
    rng = torch.Generator().manual_seed(objective.config.seed + step)
    count, batch = len(objective.inputs), objective.config.batch
    while True:
        rows = torch.randperm(count, generator=rng)[:batch] if batch and batch < count else None
        solver.zero_grad()
        with torch.enable_grad():
            objective(free.put(theta), rows).backward()
        solver.step()
        yield free.put(theta.detach().clone())


SOLVERS: dict[str, Callable[[Objective, KAN, int], Iterator[KAN]]] = {"lbfgs": lbfgs, "adam": adam}
