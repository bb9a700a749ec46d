"""Bound the slopes of a layer's activations over intervals of its inputs."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.engine import BASE_CURVES
from kanviz.core.intervals.cells import doubled, polynomials, slopes
from kanviz.core.layer import Layer


@dataclass(frozen=True, eq=False)
class SlopeBounds:
    """The tables of a layer from which its slopes are bounded.

    knots: borders of the cells, (source, knot) · steepest: bound of |slope| of the splines over 1, 2, 4 ... cells,
    starting at each, infinite where a spline may jump · base: bound of |slope| of the base parts, (source, target).
    """

    layer: Layer
    knots: Float[Tensor, "source knot"]
    steepest: tuple[Tensor, ...]
    base: Float[Tensor, "source target"]

    @staticmethod
    def of(layer: Layer) -> "SlopeBounds":
        order, knots = layer.order, layer.knots.double()
        powers, first, last = polynomials(layer), 0, knots.shape[1] - 1
        if layer.outside == "linear":
            first, last = order, last - order
        knots, powers = knots[:, first : last + 1].contiguous(), powers[:, :, first:last]
        width = knots.diff(dim=1)[:, None]
        steep = torch.where(width > 0, slopes(powers) / width, math.inf)  # at repeated knots a spline may jump
        weight = torch.where(layer.active, layer.base_weight, 0.0).double().abs()
        return SlopeBounds(layer, knots, doubled(steep, torch.maximum), weight * BASE_CURVES[layer.base].steepest)

    def __call__(
        self, low: Float[Tensor, "box source"], high: Float[Tensor, "box source"]
    ) -> Float[Tensor, "box source target"]:
        """Bound |slope| of spline plus base between low and high; infinite for edges that have a formula."""
        last = self.knots.shape[1] - 2
        a = (torch.searchsorted(self.knots, low.T.contiguous(), right=False).T - 1).clamp(0, last)
        b = (torch.searchsorted(self.knots, high.T.contiguous(), right=True).T - 1).clamp(0, last)
        count, source = (b - a + 1)[..., None], torch.arange(len(self.knots))
        found = torch.zeros(*a.shape, self.base.shape[1], dtype=torch.float64)
        for level, table in enumerate(self.steepest):
            fits = (count >= 2**level) & (count < 2 ** (level + 1))
            if bool(fits.any()):
                top = table.shape[2] - 1
                ends = [table[source, :, at.clamp(0, top)] for at in (a, b - 2**level + 1)]
                found = torch.where(fits, torch.maximum(*ends), found)
        found = found + self.base
        for i, j, _ in self.layer.formulas:
            found[:, i, j] = math.inf
        return found
