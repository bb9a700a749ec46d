"""Ways downhill: each yields the network after every step, and moves only what may move."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.objective import Objective
from kanviz.core.parameters import FreeParameters
from kanviz.errors import TrainError


def _free(objective: Objective, kan: KAN) -> FreeParameters:
    free = FreeParameters.of(kan, objective.config.parts, objective.config.frozen)
    if free.count == 0:
        raise TrainError("Nothing may move: every edge is frozen or pruned, or no part is chosen. Thaw an edge.")
    return free


def lbfgs(objective: Objective, kan: KAN, step: int) -> Iterator[KAN]:
    """Five L-BFGS iterations with a strong Wolfe line search an item (Nocedal & Wright, ch. 7)."""
    free = _free(objective, kan)
    theta = free.vector().requires_grad_(True)
    rate = objective.config.rate or 1.0
    while True:
        solver = torch.optim.LBFGS(
            [theta], lr=rate, max_iter=5, history_size=20, line_search_fn="strong_wolfe",
            tolerance_grad=1e-14, tolerance_change=1e-18,
        )  # fmt: skip

        def closure() -> Tensor:
            solver.zero_grad()  # noqa: B023 (the solver of this round calls it)
            loss = objective(free.put(theta))
            loss.backward()
            return loss

        good = theta.detach().clone()
        while True:
            solver.step(closure)
            if not theta.isfinite().all():  # a line search that flew off: go back, forget the curvature, step shorter
                with torch.no_grad():
                    theta.copy_(good)
                rate *= 0.3
                break
            good = theta.detach().clone()
            yield free.put(good)
        yield free.put(good)


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
