"""Express an EWC anchor for Levenberg-Marquardt: a diagonal penalty on the free numbers."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from kanviz.core.training.ewc import Anchor
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.working import Working


@dataclass(frozen=True, eq=False)
class Tether:
    """The penalty sum of weight x (theta - centre)^2; the weights include the strength."""

    weights: Array
    centre: Array

    @classmethod
    def of(cls, anchor: Anchor, work: Working) -> Self:
        weights, centre = np.zeros(len(work.vector)), np.zeros(len(work.vector))
        layers = anchor.centre.to(torch.float64).layers
        for layer, then, held in zip(work.layers, layers, anchor.weights, strict=True):
            for name, place in layer.places.items():
                weights[place] = held[name].numpy().reshape(-1)
                centre[place] = getattr(then, name).numpy().reshape(-1)
        return cls(anchor.strength * weights[work.free], centre[work.free])

    def value(self, theta: Array) -> float:
        return float(self.weights @ np.square(theta - self.centre))

    def slope(self, theta: Array) -> Array:
        return 2 * self.weights * (theta - self.centre)

    @property
    def curvature(self) -> Array:
        """The second derivative, which is diagonal."""
        return 2 * self.weights
