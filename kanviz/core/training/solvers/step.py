"""Define the records that every solver yields after a step: the network, and what it needs to continue."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.training.ending import Ending
from kanviz.core.training.objective import Objective
from kanviz.core.training.parameters import FreeParameters
from kanviz.errors import TrainError

Number = float | int | str | bool | None


@dataclass(frozen=True, eq=False)
class Saved:
    """The state of a solver between two steps: numbers are saved as JSON, tensors as safetensors."""

    numbers: Mapping[str, Number] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Step:
    """The network after a step, and the state to continue from.

    outputs, held: its outputs on the training and the held-out rows (row, output), if the solver has them already.
    criterion: the value to choose the best network by, if the solver has a better one than the loss. done: the reason
    why there is no next step.
    """

    kan: KAN
    saved: Saved
    outputs: Tensor | None = None
    held: Tensor | None = None
    criterion: float | None = None
    done: Ending = Ending.RUNNING


def free_parameters(objective: Objective, kan: KAN) -> FreeParameters:
    """Return the numbers that may change. Raises TrainError where there are none."""
    config = objective.config
    free = FreeParameters.of(kan, config.parts, config.frozen, config.lock)
    if free.count == 0:
        raise TrainError(
            "Nothing may move: every edge is frozen, locked or pruned, or no part is chosen. Thaw an edge."
        )
    return free
