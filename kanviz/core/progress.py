"""What training shows after every step, and what it needs to go on from there."""

from dataclasses import dataclass, replace

from kanviz.core.kan import KAN
from kanviz.core.solvers import Saved
from kanviz.core.train_config import TrainConfig
from kanviz.errors import TrainError


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training between two steps; `train(..., resume=checkpoint)` goes on bit for bit as if it had not stopped.

    `kan` and `best` are networks; `saved` has numbers for JSON and tensors for safetensors. lowest: what `best` was
    chosen by. solver: the one that runs, never "auto"; `saved` is None where it begins anew at the next step.
    """

    config: TrainConfig
    solver: str
    step: int
    kan: KAN
    best: KAN
    best_step: int
    lowest: float
    saved: Saved | None

    def check(self, config: TrainConfig) -> None:
        """Refuse other settings: they may differ in the number of steps, unless grids follow on a schedule."""
        same = replace(config, steps=self.config.steps) if config.follow == 0 else config
        if same != self.config:
            raise TrainError("This training was begun with other settings; go on with those, or start anew.")


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
    solver: str
    criterion: float | None = None
    stopped_because: str = ""

    @property
    def grids(self) -> tuple[int, ...]:
        """Intervals of each layer's grid now."""
        return tuple(layer.grid for layer in self.kan.layers)
