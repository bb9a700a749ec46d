"""Train with Adam, for tables and networks of any size, in batches."""

from collections.abc import Iterator

import torch

from kanviz.core.kan import KAN
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.step import Saved, Step, free_parameters


def adam(objective: Objective, kan: KAN, step: int, saved: Saved | None = None) -> Iterator[Step]:
    """Yield one Adam step per item, on all rows or on a random batch (Kingma & Ba 2015)."""
    free = free_parameters(objective, kan)
    theta = free.vector().requires_grad_(True)
    solver = torch.optim.Adam([theta], lr=objective.config.rate or 0.01)
    rng = torch.Generator().manual_seed(objective.config.seed + step)
    if saved is not None:
        solver.state[theta].update({name: value.clone() for name, value in saved.tensors.items() if name != "rng"})
        rng.set_state(saved.tensors["rng"])
    count, batch = len(objective.inputs), objective.config.batch
    while True:
        rows = torch.randperm(count, generator=rng)[:batch] if batch and batch < count else None
        solver.zero_grad()
        with torch.enable_grad():
            objective(free.put(theta), rows).backward()
        solver.step()
        kept = {name: value.detach().clone() for name, value in solver.state[theta].items()}
        yield Step(free.put(theta.detach().clone()), Saved({}, {**kept, "rng": rng.get_state()}))
