"""What training shows after every step, and what it needs to go on from there."""

from dataclasses import dataclass, replace

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.ending import Ending
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.solvers import Saved
from kanviz.errors import TrainError


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training between two steps; `train(..., resume=checkpoint)` goes on bit for bit as if it had not stopped.

    `kan` and `best` are networks; `saved` has numbers for JSON and tensors for safetensors. config: with the solver
    that runs, never "auto". lowest: what `best` was chosen by. `saved` is None where the solver begins anew.
    table: the digest of the table that is learned. anchor: what holds the network near where it was.
    """

    config: TrainConfig
    step: int
    kan: KAN
    best: KAN
    best_step: int
    lowest: float
    saved: Saved | None
    table: str
    anchor: Anchor | None = None

    def settings(self, config: TrainConfig, data: Dataset) -> TrainConfig:
        """The settings to go on with; only the number of steps may be others, unless grids follow on a schedule."""
        if data.digest != self.table:
            raise TrainError(
                "This training was begun on another table, or another split of it; go on with that one, or start anew "
                "from the network it has reached."
            )
        picked = {"solver": self.config.solver, "batch": self.config.batch} if config.solver == "auto" else {}
        found = replace(config, **picked)
        if found != (self.config if config.follow else replace(self.config, steps=config.steps)):
            raise TrainError("This training was begun with other settings; go on with those, or start anew.")
        return found


@dataclass(frozen=True)
class Progress:
    """Where training is: `kan` is the network now, `best` the best so far.

    The best has the lowest held-out (else training) loss; where Levenberg-Marquardt lets the data choose smoothing or
    grids, the lowest `criterion` instead (generalised cross-validation on the training rows): then the held-out rows
    have decided nothing, and their error is honest.
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
    state: Checkpoint
    criterion: float | None = None
    stopped_because: Ending = Ending.RUNNING

    @property
    def solver(self) -> str:
        """The solver that runs, also where "auto" picked it."""
        return self.state.config.solver

    @property
    def grids(self) -> tuple[int, ...]:
        """Intervals of each layer's grid now."""
        return tuple(layer.grid for layer in self.kan.layers)
