"""Levenberg-Marquardt with the analytic Jacobian, from coarse grids to fine: for small networks, in milliseconds.

A new network may race several random starts. On each grid steps go down until they no longer pay; then the data choose
the smoothing, and the grid is refined (the curves kept) as long as the criterion of `smoothing` falls.
Sources: Marquardt 1963; Madsen, Nielsen & Tingleff, Methods for non-linear least squares problems, 2004.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from kanviz.core.kan import KAN
from kanviz.core.objective import SMOOTH, Objective
from kanviz.core.solvers.damping import Damping, descend, held
from kanviz.core.solvers.growth import finer, grows, laid_out, refined
from kanviz.core.solvers.lbfgs import NO_STEP
from kanviz.core.solvers.local import Array
from kanviz.core.solvers.normal import Point, Problem, Rows, System
from kanviz.core.solvers.smoothing import LEAN, Ladder, criterion, penalty
from kanviz.core.solvers.start import redrawn
from kanviz.core.solvers.step import Number, Saved, Step, free_parameters
from kanviz.core.solvers.working import Working
from kanviz.core.train_config import TrainConfig
from kanviz.errors import TrainError

STIFF = 1e-3  # smoothing to begin with, where the data will choose and the numbers are many for the rows
PAYS = 0.05  # a step that lowers the objective by less no longer pays on this grid ...
PATIENCE = 3  # ... and so many of them in a row end it
RACE = 10  # steps of every start
BETTER = 0.98  # of the criterion: less is worth another smoothing, or another grid
SWITCHES = 3  # of smoothing on one grid
NEVER = 1e-9  # relative gain below which, PATIENCE times in a row, nothing is left to gain on a fixed grid


@dataclass(frozen=True, eq=False)
class State:
    """Levenberg-Marquardt between two steps."""

    problem: Problem
    shape: Array
    point: Point
    system: System
    damping: Damping
    smooth: float
    idle: int = 0
    switches: int = 0
    dof: float = math.nan
    coarser: float = math.inf
    settled: bool = False
    done: str = ""

    @property
    def value(self) -> float:
        """The objective: loss and penalty."""
        return self.system.loss + held(self.shape, self.smooth, self.point.work.theta)

    @property
    def criterion(self) -> float:
        """What the best network is chosen by; before the degrees of freedom are counted, with all of the numbers."""
        dof = len(self.point.work.free) if math.isnan(self.dof) else self.dof
        return criterion(self.problem.rows, self.point.loss, dof)


@dataclass(frozen=True, eq=False)
class Descender:
    """The problem as it stays: rows, settings, and which grids may change."""

    config: TrainConfig
    rows: Rows
    held_out: Rows | None
    may: list[bool]

    @property
    def by_data(self) -> bool:
        return self.config.smooth is None

    @property
    def chooses(self) -> bool:
        """Whether the best network is the one with the lowest criterion."""
        return self.config.by_criterion

    def at(self, kan: KAN, smooth: float) -> State:
        """Ready to go down from a network; raises TrainError where its slope is no number."""
        work = Working.of(kan, self.config.parts, self.config.frozen)
        problem = Problem(self.rows, work)
        point = problem.at(work)
        system = problem.system(point)
        if not (system.finite and math.isfinite(point.loss)):
            raise TrainError(NO_STEP)
        shape = penalty(work, LEAN if self.by_data else 0.0)
        return State(problem, shape, point, system, Damping.first(system), smooth)

    def step(self, state: State) -> State:
        """One step down, on a finer grid if the present one is done with; when steps no longer pay, what comes next."""
        if state.settled:
            state = self._grown(state)
        found = descend(state.problem, state.point, state.system, state.shape, state.smooth, state.damping)
        if found is None:
            state = replace(state, idle=PATIENCE)
        else:
            idle = state.idle + 1 if found.gain < (PAYS if self.chooses else NEVER) else 0
            state = replace(state, point=found.point, system=found.system, damping=found.damping, idle=idle)
        return state if state.idle < PATIENCE else self._settled(state)

    def _settled(self, state: State) -> State:
        """Another smoothing, or done with this grid: the network as it is now is the one the criterion is for."""
        if not self.chooses:
            return replace(state, done="no step lowers the loss any more")
        state, switched = self.smoothed(state)
        if switched:
            return state
        if not state.criterion < BETTER * state.coarser:
            return replace(state, done="a finer grid does not pay")
        if not any(refined(state.point.work, self.may, self.config.finest)):
            return replace(state, done="no step pays any more on the finest grid")
        return replace(state, settled=True)

    def smoothed(self, state: State) -> tuple[State, bool]:
        """With the degrees of freedom counted, and the smoothing changed where the criterion asks for it."""
        ladder = Ladder.of(self.rows, state.system, state.shape, state.point.work.theta)
        if ladder is None:
            return state, False
        now = ladder.at(state.smooth)
        best = ladder.best() if self.by_data else now
        state = replace(state, dof=now.dof)
        hopeless = math.isinf(best.criterion) and best.dof < now.dof - 0.5  # few rows: then as smooth as there is
        if (best.criterion < BETTER * now.criterion or hopeless) and state.switches < SWITCHES:
            damping = Damping(min(state.damping.mu, Damping.first(state.system).mu))
            return replace(
                state, smooth=best.smooth, idle=0, switches=state.switches + 1, damping=damping, dof=math.nan
            ), True
        return state, False

    def _grown(self, state: State) -> State:
        kan = finer(state.point, self.rows.x, refined(state.point.work, self.may, self.config.finest))
        new = self.at(kan, state.smooth / 10 if self.by_data else state.smooth)
        return replace(new, coarser=state.criterion)

    def seen(self, state: State, dtype: torch.dtype, tried: int) -> Step:
        """The state as the caller sees it."""
        kan = state.point.work.network(dtype)
        outputs = out = None
        if dtype == torch.float64:
            outputs = torch.from_numpy(state.point.outputs.T)
            if self.held_out is not None:
                out = _outputs(self.held_out, state.point.work)
        chosen_by = state.criterion if self.chooses else None
        return Step(kan, _saved(state, tried), outputs, out, chosen_by, state.done)


def begun(objective: Objective, kan: KAN) -> Step:
    """The network before the first step, seen by the solver's own quick eyes where it works in float64."""
    if objective.config.solver != "lm" or kan.dtype != torch.float64:
        return Step(kan, Saved())
    work = Working.of(kan, objective.config.parts, objective.config.frozen)
    held_out = Rows.held_out(objective, kan)
    outputs = _outputs(Rows.of(objective, kan), work)
    return Step(kan, Saved(), outputs, None if held_out is None else _outputs(held_out, work))


def _outputs(rows: Rows, work: Working) -> torch.Tensor:
    return torch.from_numpy(Problem(rows, work).at(work).outputs.T)


def lm(objective: Objective, kan: KAN, step: int, saved: Saved | None = None) -> Iterator[Step]:
    """One step an item; each start of a race is one item too."""
    config = objective.config
    may = grows(kan, config.frozen) if "coef" in config.parts else [False] * len(kan.layers)
    training = Descender(config, Rows.of(objective, kan), Rows.held_out(objective, kan), may)
    smooth = config.smooth
    if smooth is None:
        smooth = SMOOTH if 2 * free_parameters(objective, kan).count <= training.rows.count else STIFF
    new = config.starts > 0 and step == 1
    tried = 0 if new else config.starts
    if saved is not None:
        state, tried = _restored(training, kan, saved)
    else:
        if new and may[0]:
            kan = laid_out(kan, training.rows.x)
        state = training.at(kan.to(torch.float64), smooth)
        if not new and training.by_data:
            state, _ = training.smoothed(state)
    while config.starts > 1 and tried < config.starts:
        state = _raced(training, kan, state, tried, smooth)
        tried += 1
        yield training.seen(state, kan.dtype, tried)
    while not state.done:
        state = training.step(state)
        yield training.seen(state, kan.dtype, tried)


def _raced(training: Descender, kan: KAN, leader: State, start: int, smooth: float) -> State:
    """The better of the leader and another start after some steps; the first start is the network as it came."""
    state = leader
    if start:
        state = training.at(redrawn(kan.to(torch.float64), training.config, start), smooth)
    for _ in range(RACE):
        found = descend(state.problem, state.point, state.system, state.shape, state.smooth, state.damping)
        if found is None:
            break
        state = replace(state, point=found.point, system=found.system, damping=found.damping)
    return state if state.value < leader.value else leader


def _saved(state: State, tried: int) -> Saved:
    numbers: dict[str, Number] = {
        "mu": state.damping.mu, "growth": state.damping.growth, "smooth": state.smooth, "idle": state.idle,
        "switches": state.switches, "dof": None if math.isnan(state.dof) else state.dof,
        "coarser": None if math.isinf(state.coarser) else state.coarser, "tried": tried,
        "settled": state.settled, "done": state.done,
    }  # fmt: skip
    work = state.point.work
    knots = {f"knots.{n}": torch.from_numpy(layer.grid.knots) for n, layer in enumerate(work.layers)}
    return Saved(numbers, {"vector": torch.from_numpy(work.vector), **knots})


def _restored(training: Descender, kan: KAN, saved: Saved) -> tuple[State, int]:
    kan = kan.to(torch.float64)
    layers = {n: replace(layer, knots=saved.tensors[f"knots.{n}"]) for n, layer in enumerate(kan.layers)}
    work = Working.of(kan.with_layers(layers), training.config.parts, training.config.frozen)
    vector = np.array(saved.tensors["vector"].numpy())
    whole = Working(work.kan, work.layers, vector, work.free).network(torch.float64)
    numbers: dict[str, Any] = dict(saved.numbers)
    state = training.at(whole, numbers["smooth"])
    return replace(
        state,
        damping=Damping(numbers["mu"], numbers["growth"]),
        idle=numbers["idle"],
        switches=numbers["switches"],
        dof=math.nan if numbers["dof"] is None else numbers["dof"],
        coarser=math.inf if numbers["coarser"] is None else numbers["coarser"],
        settled=numbers["settled"],
        done=numbers["done"],
    ), numbers["tried"]
