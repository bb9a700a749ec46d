"""From one grid to the next: steps until they no longer pay, then the smoothing the data ask for, then a finer grid."""

import math
from dataclasses import dataclass, replace

from kanviz.core.kan import KAN
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.ending import Ending
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.objective import SMOOTH
from kanviz.core.training.solvers.damping import Damping, descend, held
from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.gauss_newton import Point, Problem, Rows, System
from kanviz.core.training.solvers.grid_growth import finer, refined
from kanviz.core.training.solvers.lbfgs import NO_STEP
from kanviz.core.training.solvers.smoothing import LEAN, TAILS, Ladder, Penalty, criterion, penalty
from kanviz.core.training.solvers.working import Working
from kanviz.errors import TrainError

STIFF = 1e-3  # smoothing to begin with, where the data will choose and the numbers are many for the rows
PAYS = 0.05  # a step that lowers the objective by less no longer pays on this grid ...
HASTE = 0.3  # the same while a finer grid comes and the rows hold it down: it gains more in the time
ROWS = 8  # for each number that may move make it so
LAST = 0.005  # ... or on the last one ...
PATIENCE = 3  # ... and so many of them in a row end it
BETTER = 0.98  # of the criterion: less is worth another smoothing, or another grid
WARM = 0.1  # of the damping that a new network begins with, for one that has learned rows without noise
MORE = 1e3  # times the smoothing: what rows with noise ask for
SWITCHES = 3  # of smoothing on one grid
NEVER = 1e-9  # relative gain below which, PATIENCE times in a row, nothing is left to gain on a fixed grid


@dataclass(frozen=True, eq=False)
class State:
    """Levenberg-Marquardt between two steps."""

    problem: Problem
    shape: Penalty
    point: Point
    system: System
    damping: Damping
    smooth: float
    idle: int = 0
    switches: int = 0
    dof: float = math.nan
    coarser: float = math.inf
    settled: bool = False
    done: Ending = Ending.RUNNING

    @property
    def value(self) -> float:
        """The objective: loss and penalty."""
        return self.system.loss + held(self.shape, self.smooth, self.point.work.theta, self.problem.tether)

    @property
    def ladder(self) -> Ladder:
        """The network linearised here, with any smoothing."""
        return Ladder(self.problem.rows, self.system, self.shape, self.point.work.theta, self.problem.tether)

    @property
    def criterion(self) -> float:
        """What the best network is chosen by; before the degrees of freedom are counted, with all of the numbers."""
        dof = len(self.point.work.free) if math.isnan(self.dof) else self.dof
        return criterion(self.problem.rows, self.point.loss, dof)


@dataclass(frozen=True, eq=False)
class Descender:
    """The problem as it stays: rows, settings, how many numbers may move on the first grid, which grids may change.

    tails: whether an input is heavy-tailed. anchor: what holds the network near where it was.
    """

    config: TrainConfig
    rows: Rows
    count: int
    may: list[bool]
    tails: bool = False
    anchor: Anchor | None = None

    @property
    def by_data(self) -> bool:
        return self.config.smooth is None

    @property
    def smooth(self) -> float:
        """The smoothing to begin with."""
        if self.config.smooth is not None:
            return self.config.smooth
        return max(SMOOTH if self.ample else STIFF, self.least)

    @property
    def ample(self) -> bool:
        """Whether the rows are many for the numbers."""
        return 2 * self.count <= self.rows.count

    @property
    def least(self) -> float:
        """The least smoothing that the data may choose."""
        return TAILS if self.tails else 0.0

    @property
    def chooses(self) -> bool:
        """Whether the best network is the one with the lowest criterion."""
        return self.config.by_criterion

    def working(self, kan: KAN) -> Working:
        """The network opened up, free where the settings leave it free."""
        return Working.of(kan, self.config.parts, self.config.frozen, self.config.lock)

    def at(self, kan: KAN, smooth: float | None = None) -> State:
        """Ready to go down from a network; raises TrainError where its slope is no number."""
        work = self.working(kan)
        tether = None if self.anchor is None else Tether.of(self.anchor, work)
        problem = Problem(self.rows, work, tether)
        point = problem.at(work)
        system = problem.system(point)
        if not (system.finite and math.isfinite(point.loss)):
            raise TrainError(NO_STEP)
        shape = penalty(work, LEAN if self.by_data else 0.0)
        smooth = self.smooth if smooth is None else smooth
        return State(problem, shape, point, system, Damping.first(system), smooth)

    def step(self, state: State) -> State:
        """One step down, on a finer grid if the present one is done with; when steps no longer pay, what comes next."""
        if state.settled:
            state = self._grown(state)
        found = descend(state.problem, state.point, state.system, state.shape, state.smooth, state.damping)
        if found is None:
            state = replace(state, idle=PATIENCE)
        else:
            idle = state.idle + 1 if found.gain < self._pays(state) else 0
            state = replace(state, point=found.point, system=found.system, damping=found.damping, idle=idle)
        return state if state.idle < PATIENCE else self._settled(state)

    def _pays(self, state: State) -> float:
        """The gain below which a step no longer pays: more where the next grid can take over."""
        if not self.chooses:
            return NEVER
        if not any(refined(state.point.work, self.may, self.config.finest)):
            return LAST
        return HASTE if ROWS * len(state.point.work.free) <= self.rows.count else PAYS

    def _settled(self, state: State) -> State:
        """Another smoothing, or done with this grid: the network as it is now is the one the criterion is for."""
        if not self.chooses:
            return replace(state, done=Ending.NO_LOWER_LOSS)
        state, switched = self.smoothed(state)
        if switched:
            return state
        if not state.criterion < BETTER * state.coarser:
            return replace(state, done=Ending.FINER_DOES_NOT_PAY)
        if not any(refined(state.point.work, self.may, self.config.finest)):
            finest = self.config.finest and any(self.may)
            return replace(state, done=Ending.DONE_ON_THE_FINEST if finest else Ending.DONE_ON_THESE_GRIDS)
        return replace(state, settled=True)

    def warmed(self, state: State) -> State:
        """For a network that has learned: longer steps, with the smoothing as it is where the rows are many and much
        more of it promises nothing better.
        """
        if not self.ample:
            return self.smoothed(state)[0]
        ladder = state.ladder
        now, more = ladder.at(state.smooth), ladder.at(MORE * state.smooth)
        if now.criterion < more.criterion:
            return replace(state, damping=Damping(WARM * state.damping.mu))
        return self.smoothed(state)[0]

    def smoothed(self, state: State) -> tuple[State, bool]:
        """With the degrees of freedom counted, and the smoothing changed where the criterion asks for it."""
        ladder = state.ladder
        now = ladder.at(state.smooth)
        best = ladder.best(self.least) if self.by_data else now
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
        new = self.at(kan, max(state.smooth / 10, self.least) if self.by_data else state.smooth)
        return replace(new, coarser=state.criterion)
