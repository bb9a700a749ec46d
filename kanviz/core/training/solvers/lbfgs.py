"""Train with L-BFGS, for networks too large for Levenberg-Marquardt and losses that are not a sum of squares."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.step import Number, Saved, Step, free_parameters
from kanviz.errors import TrainError

TRIES = 12  # attempts with shorter and shorter first steps before giving up
NO_STEP = (
    "No step from here leads to a finite loss; a formula may meet its pole on these rows. "
    "Freeze or release the edges with formulas."
)


def lbfgs(objective: Objective, kan: KAN, step: int, saved: Saved | None = None) -> Iterator[Step]:
    """Yield five L-BFGS iterations with a strong Wolfe line search per item (Nocedal & Wright, ch. 7).

    If a line search diverges, the solver goes back, drops the stored curvature, and tries a shorter first step.
    Raises TrainError if that fails too.
    """
    free = free_parameters(objective, kan)
    theta = free.vector().requires_grad_(True)
    good, rate, tries = theta.detach().clone(), objective.config.rate or 1.0, 0
    if saved is not None:
        rate = float(saved.numbers["rate"] or rate)
    solver = _quasi_newton(theta, rate)
    if saved is not None:
        _restore(solver, theta, saved)

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
                yield Step(free.put(good), _saved(solver, theta, rate))
                continue
            theta.copy_(good)
        rate, tries = 0.1 * rate, tries + 1
        if tries > TRIES:
            raise TrainError(NO_STEP)
        solver = _quasi_newton(theta, rate)


def _quasi_newton(theta: Tensor, rate: float) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        [theta], lr=rate, max_iter=5, history_size=20, line_search_fn="strong_wolfe",
        tolerance_grad=1e-14, tolerance_change=1e-18,
    )  # fmt: skip


def _saved(solver: torch.optim.LBFGS, theta: Tensor, rate: float) -> Saved:
    """Return the stored curvature. Only tensors that later steps change in place are copied, to save time."""
    numbers: dict[str, Number] = {"rate": rate}
    tensors: dict[str, Tensor] = {}
    for name, value in solver.state[theta].items():
        if isinstance(value, Tensor):
            tensors[name] = value.detach().clone()
        elif isinstance(value, list):
            tensors |= {f"{name}.{n}": part for n, part in enumerate(value) if isinstance(part, Tensor)}
        elif value is not None:
            numbers[name] = value
    return Saved(numbers, tensors)


def _restore(solver: torch.optim.LBFGS, theta: Tensor, saved: Saved) -> None:
    state: dict[str, Any] = {name: value for name, value in saved.numbers.items() if name != "rate"}
    lists: dict[str, dict[int, Tensor]] = {}
    for name, value in saved.tensors.items():
        head, _, place = name.partition(".")
        if place:
            lists.setdefault(head, {})[int(place)] = value
        else:
            state[name] = value.clone()
    for name, parts in lists.items():
        state[name] = [parts[n] for n in range(len(parts))]
    if lists:
        state["al"] = [None] * 20
    solver.state[theta].update(state)
