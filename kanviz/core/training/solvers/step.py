"""What every solver gives after each step, and what it needs to go on from there."""

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
    """A solver between two steps: numbers that go through JSON, tensors that go through safetensors."""

    numbers: Mapping[str, Number] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Step:
    """A network, and how to go on from it.

    outputs, held: what it gives on the training and the held-out rows (row, output), where the solver knows already.
    criterion: what to choose the best network by, where the solver has something better than the loss. done: why
    there is no next step.
    """

    kan: KAN
    saved: Saved
    outputs: Tensor | None = None
    held: Tensor | None = None
    criterion: float | None = None
    done: Ending = Ending.RUNNING


def free_parameters(objective: Objective, kan: KAN) -> FreeParameters:
    """What may move; raises TrainError when that is nothing."""
    config = objective.config
    free = FreeParameters.of(kan, config.parts, config.frozen, config.lock)
    if free.count == 0:
        raise TrainError(
            "Nothing may move: every edge is frozen, locked or pruned, or no part is chosen. Thaw an edge."
        )
    return free
