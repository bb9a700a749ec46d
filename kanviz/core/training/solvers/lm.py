"""Train small networks in milliseconds: Levenberg-Marquardt with the analytic Jacobian, from coarse grids to fine.

A new network may try several random starts. On each grid there are steps until they gain too little; then the data
choose the smoothing, and the grid is refined (the curves unchanged) as long as the criterion of `smoothing` falls.
Sources: Marquardt 1963; Madsen, Nielsen & Tingleff, Methods for non-linear least squares problems, 2004.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from kanviz.core.kan import KAN
from kanviz.core.training.ending import Ending
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.continuation import Descender, State
from kanviz.core.training.solvers.damping import Damping, descend
from kanviz.core.training.solvers.gauss_newton import Problem, Rows
from kanviz.core.training.solvers.grid_growth import grows, heavy_tailed, laid_out
from kanviz.core.training.solvers.restart import redrawn
from kanviz.core.training.solvers.step import Number, Saved, Step, free_parameters
from kanviz.core.training.solvers.working import Working

RACE = 10  # steps of every start


@dataclass(frozen=True, eq=False)
class Runner:
    """A training with the data that its caller needs.

    held_out: held-out rows, if any. origin: the network before the first step, with its grids placed for the inputs.
    """

    training: Descender
    held_out: Rows | None
    origin: KAN
    dtype: torch.dtype

    @staticmethod
    def of(objective: Objective, kan: KAN, *, lay: bool) -> "Runner":
        config = objective.config
        may = grows(kan, config.frozen, config.lock) if "coef" in config.parts else [False] * len(kan.layers)
        rows, count = Rows.of(objective, kan), free_parameters(objective, kan).count
        tails = config.smooth is None and any(heavy_tailed(column) for column in rows.x)
        training = Descender(config, rows, count, may, tails, objective.anchor)
        origin = laid_out(kan, training.rows.x) if lay and may[0] else kan
        return Runner(training, Rows.held_out(objective, kan), origin.to(torch.float64), kan.dtype)

    def raced(self, leader: State, start: int) -> State:
        """Run some steps from another start, return the better of it and the leader; start 0 is the given network."""
        state = self.training.at(redrawn(self.origin, self.training.config, start)) if start else leader
        for _ in range(RACE):
            found = descend(state.problem, state.point, state.system, state.shape, state.smooth, state.damping)
            if found is None:
                break
            state = replace(state, point=found.point, system=found.system, damping=found.damping)
        return state if state.value < leader.value else leader

    def seen(self, state: State, tried: int) -> Step:
        """Return the state as a `Step`; while starts are tried, the numbers of the origin are saved too."""
        outputs = held = None
        if self.dtype == torch.float64:
            outputs = torch.from_numpy(state.point.outputs.T)
            held = None if self.held_out is None else _outputs(self.held_out, state.point.work)
        saved = _saved(state, tried)
        if tried < self.training.config.starts:
            work = self.training.working(self.origin)
            saved = replace(saved, tensors={**saved.tensors, "origin": torch.from_numpy(work.vector)})
        criterion = state.criterion if self.training.chooses else None
        return Step(state.point.work.network(self.dtype), saved, outputs, held, criterion, state.done)

    def restored(self, saved: Saved) -> tuple["Runner", State, int]:
        """Restore the runner, the state and the number of starts tried.

        Before the call, `origin` is the network of the saved step.
        """
        kan, numbers = self.origin, dict[str, Any](saved.numbers)
        layers = {n: replace(layer, knots=saved.tensors[f"knots.{n}"]) for n, layer in enumerate(kan.layers)}
        work = self.training.working(kan.with_layers(layers))

        def whole(name: str) -> KAN:
            vector = np.array(saved.tensors[name].numpy())
            return Working(work.kan, work.layers, vector, work.free).network(torch.float64)

        runner = replace(self, origin=whole("origin")) if "origin" in saved.tensors else self
        state = replace(
            self.training.at(whole("vector"), numbers["smooth"]),
            damping=Damping(numbers["mu"], numbers["growth"]),
            idle=numbers["idle"],
            switches=numbers["switches"],
            dof=math.nan if numbers["dof"] is None else numbers["dof"],
            coarser=math.inf if numbers["coarser"] is None else numbers["coarser"],
            settled=numbers["settled"],
            done=Ending.read(numbers["done"]),
        )
        return runner, state, numbers["tried"]


def _outputs(rows: Rows, work: Working) -> torch.Tensor:
    return torch.from_numpy(Problem(rows, work).at(work).outputs.T)


def _saved(state: State, tried: int) -> Saved:
    numbers: dict[str, Number] = {
        "mu": state.damping.mu, "growth": state.damping.growth, "smooth": state.smooth, "idle": state.idle,
        "switches": state.switches, "dof": None if math.isnan(state.dof) else state.dof,
        "coarser": None if math.isinf(state.coarser) else state.coarser, "tried": tried,
        "settled": state.settled, "done": str(state.done),
    }  # fmt: skip
    work = state.point.work
    knots = {f"knots.{n}": torch.from_numpy(layer.grid.knots) for n, layer in enumerate(work.layers)}
    return Saved(numbers, {"vector": torch.from_numpy(work.vector), **knots})


def first_step(objective: Objective, kan: KAN) -> Step:
    """Return the network before the first step; for Levenberg-Marquardt in float64 with its outputs on all rows.

    They are computed with the solver's numpy code.
    """
    if objective.config.solver != "lm" or kan.dtype != torch.float64:
        return Step(kan, Saved())
    config = objective.config
    work = Working.of(kan, config.parts, config.frozen, config.lock)
    held_out = Rows.held_out(objective, kan)
    outputs = _outputs(Rows.of(objective, kan), work)
    return Step(kan, Saved(), outputs, None if held_out is None else _outputs(held_out, work))


def lm(objective: Objective, kan: KAN, step: int, saved: Saved | None = None) -> Iterator[Step]:
    """Yield one step per item; each random start that is tried is one item too."""
    starts = objective.config.starts
    new = starts > 0 and step == 1  # a training whose grids were moved is not new
    runner = Runner.of(objective, kan, lay=new and saved is None)
    training, tried = runner.training, 0 if new and starts > 1 else starts
    if saved is not None:
        runner, state, tried = runner.restored(saved)
    else:
        state = training.at(runner.origin)
        if not new and training.by_data:
            state = training.warmed(state)
    while tried < starts:
        state = runner.raced(state, tried)
        tried += 1
        yield runner.seen(state, tried)
    while not state.done:
        state = training.step(state)
        yield runner.seen(state, tried)
