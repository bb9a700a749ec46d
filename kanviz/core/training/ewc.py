"""A network held near where it was, each number by how much old rows depend on it (elastic weight consolidation).

Source: Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, PNAS 2017.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.errors import TrainError


@dataclass(frozen=True, eq=False)
class Anchor:
    """What the objective gains: strength x sum of weight x (number - number of the centre)^2.

    centre: the network as it was · weights: for every layer and part, a weight of the part's shape (float64), half the
    curvature of the loss on old rows · strength: 1 counts the old rows' loss as much as the new rows', to second order
    and without what two numbers do together; 0 holds nothing.
    """

    centre: KAN
    weights: tuple[Mapping[str, Tensor], ...]
    strength: float = 1.0

    def __post_init__(self):
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise TrainError(f"The strength of an anchor is {self.strength:g}; it must be 0 or a positive number.")

    def check(self, kan: KAN) -> None:
        """Raise TrainError for a network whose numbers are not those of the centre."""
        if _structure(kan) != _structure(self.centre):
            raise TrainError(
                "This anchor is for a network of another shape, with other grids or other formulas. Make one of the "
                "network that is to be trained."
            )

    def penalty(self, kan: KAN) -> Tensor:
        """What the network's distance from the centre costs; differentiable."""
        total = torch.zeros((), dtype=kan.dtype)
        for now, then, weights in zip(kan.layers, self.centre.layers, self.weights, strict=True):
            for part, weight in weights.items():
                gap = getattr(now, part) - getattr(then, part).to(kan.dtype)
                total = total + (weight.to(kan.dtype) * gap.square()).sum()
        return self.strength * total


def _structure(kan: KAN) -> list[tuple[object, ...]]:
    """What gives each number its place and its meaning, layer by layer."""
    return [(v.coef.shape, v.knots.tolist(), v.formulas, v.arity, v.base, v.outside) for v in kan.layers]
