"""Continue from grid to grid: steps until they gain too little, then the smoothing by the data, then a finer grid."""

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

STIFF = 1e-3  # initial smoothing, where the data will choose it and there are few rows for the free numbers
PAYS = 0.05  # relative decrease of the objective below which a step gains too little on this grid
HASTE = 0.3  # the same where a finer grid follows and the rows are many: the finer grid gains more in the same time
ROWS = 8  # residuals per free number from which HASTE is used
LAST = 0.005  # the same on the last grid
PATIENCE = 3  # so many such steps in a row end the work on a grid
BETTER = 0.98  # share of the criterion: below it, another smoothing or another grid is an improvement
WARM = 0.1  # share of the initial damping of a new network, for a trained network on rows without noise
MORE = 1e3  # factor of the smoothing that is tried to see whether the rows are noisy
SWITCHES = 3  # most changes of the smoothing on one grid
NEVER = 1e-9  # relative decrease below which, PATIENCE times in a row, training on a fixed grid ends


@dataclass(frozen=True, eq=False)
class State:
    """The state of Levenberg-Marquardt between two steps."""

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
        """The value of the objective: loss plus penalties."""
        return self.system.loss + held(self.shape, self.smooth, self.point.work.theta, self.problem.tether)

    @property
    def ladder(self) -> Ladder:
        """The network linearised at this point, to be evaluated with any smoothing."""
        return Ladder(self.problem.rows, self.system, self.shape, self.point.work.theta, self.problem.tether)

    @property
    def criterion(self) -> float:
        """The criterion for the best network; all free numbers count until the degrees of freedom are computed."""
        dof = len(self.point.work.free) if math.isnan(self.dof) else self.dof
        return criterion(self.problem.rows, self.point.loss, dof)


@dataclass(frozen=True, eq=False)
class Descender:
    """The facts of a training that do not change, and its steps.

    count: free numbers on the first grid. may: which layers' grids may change. tails: whether an input is heavy-tailed.
    anchor: the EWC anchor, if any.
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
        """The initial smoothing."""
        if self.config.smooth is not None:
            return self.config.smooth
        return max(SMOOTH if self.ample else STIFF, self.least)

    @property
    def ample(self) -> bool:
        """Whether there are at least two residuals for each free number."""
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
        """Return the network as a `Working`, with the free numbers of the settings."""
        return Working.of(kan, self.config.parts, self.config.frozen, self.config.lock)

    def at(self, kan: KAN, smooth: float | None = None) -> State:
        """Return the state before the first step from a network. Raises TrainError where its slope is not finite."""
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
        """Take one step, on a finer grid if the current one is finished.

        After PATIENCE steps that gain too little, change the smoothing or finish the grid.
        """
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
        """Return the relative decrease below which a step gains too little; it is larger if a finer grid can follow."""
        if not self.chooses:
            return NEVER
        if not any(refined(state.point.work, self.may, self.config.finest)):
            return LAST
        return HASTE if ROWS * len(state.point.work.free) <= self.rows.count else PAYS

    def _settled(self, state: State) -> State:
        """Change the smoothing, or finish this grid; the criterion is that of the network before any change."""
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
        """Prepare a trained network: use less damping if the rows are many and much more smoothing is not better.

        Otherwise let the data choose the smoothing.
        """
        if not self.ample:
            return self.smoothed(state)[0]
        ladder = state.ladder
        now, more = ladder.at(state.smooth), ladder.at(MORE * state.smooth)
        if now.criterion < more.criterion:
            return replace(state, damping=Damping(WARM * state.damping.mu))
        return self.smoothed(state)[0]

    def smoothed(self, state: State) -> tuple[State, bool]:
        """Compute the degrees of freedom, and change the smoothing if that improves the criterion.

        The second result says whether the smoothing changed.
        """
        ladder = state.ladder
        now = ladder.at(state.smooth)
        best = ladder.best(self.least) if self.by_data else now
        state = replace(state, dof=now.dof)
        hopeless = math.isinf(best.criterion) and best.dof < now.dof - 0.5  # few rows: take the smoothest
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
