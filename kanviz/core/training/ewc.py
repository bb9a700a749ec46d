"""Penalise the distance from an earlier network, weighted by how much old rows depend on each number (EWC).

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
    """A penalty added to the objective: strength x sum of weight x (number - number of the centre)^2.

    centre: the earlier network · weights: for every layer and part, weights of the part's shape (float64), half the
    curvature of the loss on old rows · strength: with 1 the old rows' loss counts as much as the new rows', to second
    order and without interactions between numbers; 0 has no effect. Raises TrainError where it is negative or not
    finite.
    """

    centre: KAN
    weights: tuple[Mapping[str, Tensor], ...]
    strength: float = 1.0

    def __post_init__(self):
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise TrainError(f"The strength of an anchor is {self.strength:g}; it must be 0 or a positive number.")

    def check(self, kan: KAN) -> None:
        """Raise TrainError for a network whose structure is not that of the centre."""
        if _structure(kan) != _structure(self.centre):
            raise TrainError(
                "This anchor is for a network of another shape, with other grids or other formulas. Make one of the "
                "network that is to be trained."
            )

    def penalty(self, kan: KAN) -> Tensor:
        """Compute the penalty for the network's distance from the centre; differentiable."""
        total = torch.zeros((), dtype=kan.dtype)
        for now, then, weights in zip(kan.layers, self.centre.layers, self.weights, strict=True):
            for part, weight in weights.items():
                gap = getattr(now, part) - getattr(then, part).to(kan.dtype)
                total = total + (weight.to(kan.dtype) * gap.square()).sum()
        return self.strength * total


def _structure(kan: KAN) -> list[tuple[object, ...]]:
    """Return everything that gives each number its position and meaning, layer by layer."""
    return [(v.coef.shape, v.knots.tolist(), v.formulas, v.arity, v.base, v.outside) for v in kan.layers]
