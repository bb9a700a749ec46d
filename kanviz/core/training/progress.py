"""Define the records that training yields after every step: what it shows, and what it needs to continue."""

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
    """The state of a training between two steps; `train(..., resume=checkpoint)` continues with exactly the same bits.

    config: with the solver that runs, never "auto". kan, best: the current and the best network. lowest: the value of
    `best` in the quantity by which it was chosen. saved: state of the solver, numbers for JSON and tensors for
    safetensors; None where the solver starts anew. table: digest of the training table. anchor: the EWC anchor, if any.
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
        """Return the settings to continue with.

        Only the number of steps may differ from before, and not even that where `follow` moves grids on a schedule.
        Raises TrainError for other settings or another table.
        """
        if data.digest != self.table:
            raise TrainError(
                "This training started on another table, or another split of it; go on with that one, or start again "
                "from the network it has reached."
            )
        picked = {"solver": self.config.solver, "batch": self.config.batch} if config.solver == "auto" else {}
        found = replace(config, **picked)
        if found != (self.config if config.follow else replace(self.config, steps=config.steps)):
            raise TrainError("This training started with other settings; go on with those, or start again.")
        return found


@dataclass(frozen=True)
class Progress:
    """The progress of a training: `kan` is the current network, `best` the best so far.

    The best has the lowest held-out loss (training loss if no rows are held out). Where Levenberg-Marquardt lets the
    data choose smoothing or grids, the best has the lowest `criterion` instead (generalised cross-validation on the
    training rows); then the held-out rows decide nothing, and their error is not biased by the choice.
    loss: the name of the loss in train_loss and test_loss. rmse: root mean square over outputs, in the target's units,
    for regression. seconds: time since the start of `train`.

    >>> import kanviz
    >>> data = kanviz.Dataset.from_arrays([[0.0], [0.5], [1.0], [1.5]], [0.0, 0.25, 1.0, 2.25], test=0)
    >>> kan = kanviz.init([1, 1], inputs=data.inputs, outputs=data.outputs)
    >>> *_, last = kanviz.train(kan, data, kanviz.TrainConfig(steps=3))
    >>> last.step, last.loss, last.test_loss, last.solver, last.grids
    (3, 'mse', None, 'lbfgs', (5,))
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
        """The name of the solver that runs, also where "auto" chose it."""
        return self.state.config.solver

    @property
    def grids(self) -> tuple[int, ...]:
        """Number of intervals of each layer's current grid."""
        return tuple(layer.grid for layer in self.kan.layers)
