"""Fit cubic splines to the curves of a layer on given knots, and bound how far they are from the curves.

On an interval of width h the spline is a cubic, so between four Chebyshev places it differs from the curve by at most
1.85 times the largest difference there, plus h^4 / 3072 times the largest fourth derivative: the error of a cubic
through four places.
Source: Davis, Interpolation and Approximation, ch. III.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.conversion.curves import Curves
from kanviz.core.conversion.interpolation import ORDER, Interpolation, continued, sites, weights
from kanviz.core.families import SPLINE
from kanviz.core.layer import Layer

CHEBYSHEV = tuple(math.cos((2 * k - 1) * math.pi / 8) for k in (4, 3, 2, 1))  # on [-1, 1]
PLACES = (*CHEBYSHEV, 0.0)  # the gap is measured in the middle, too
LEBESGUE = sum(1 / math.tan((2 * k - 1) * math.pi / 16) for k in (1, 2, 3, 4)) / 4
CUBIC = 1 / 3072  # the largest product of four distances, 2 (h/4)^4, divided by 4!


@dataclass(frozen=True)
class ConvertedLayer:
    """A layer of B-splines instead of another family.

    gap: largest difference that was measured, as a share of the curve's spread (of its size where it is constant) ·
    bound: that no difference exceeds, in the same share.
    """

    layer: Layer
    gap: float
    bound: float


class Fit:
    """The splines on given inner knots, and how far they are from the curves.

    ratio: the bound on each interval divided by the tolerance, the largest of all edges of a grid.
    """

    def __init__(self, work: Curves, inner: Float[Tensor, "grid inner"]):
        self.work = work
        dtype = work.layer.coef.dtype
        self.knots = continued(inner).to(dtype).double()
        self.inner = self.knots[:, ORDER:-ORDER]
        intervals = self.inner.shape[1] - 1
        middle, half = (self.inner[:, 1:] + self.inner[:, :-1]) / 2, self.inner.diff(dim=1) / 2
        places = (middle[..., None] + half[..., None] * torch.tensor(PLACES, dtype=torch.float64)).flatten(1)
        self.weights = weights(places, self.knots)[0].unflatten(1, (intervals, len(PLACES)))
        self.wide = half > 0
        self.step = (CUBIC * (2 * half) ** 4).T[..., None]
        solver, at = Interpolation(self.knots), sites(self.knots)
        self.coef = torch.empty(*work.size.shape, intervals + ORDER, dtype=dtype)
        self.ratio = torch.zeros(len(self.knots), intervals, dtype=torch.float64)
        self.gap = self.bound = 0.0
        for part in work.parts(len(PLACES) * intervals):
            coef = solver.coefficients(work.heights(at.T, part), work.grid[part]).to(dtype)
            self.coef[part] = coef.permute(1, 2, 0)
            self._compare(coef.double(), places, part)

    def _compare(self, coef: Float[Tensor, "basis source target"], places: Tensor, part: slice) -> None:
        work, grid = self.work, self.work.grid[part]
        measured = self._differences(coef, work.heights(places.T, part), grid)
        bound = LEBESGUE * measured[:, : len(CHEBYSHEV)].amax(1) + self.step[:, grid] * work.bends(self.inner, part)
        wide = self.wide.T[:, grid, None]
        bound, measured = torch.where(wide, bound, 0.0), torch.where(wide, measured.amax(1), 0.0)
        if work.ends_at_zero:
            tails = work.tails(self.inner, part)
            for end, last in ((0, coef[:ORDER]), (-1, coef[-ORDER:])):
                bound[end] = bound[end].maximum(tails[end] + last.abs().amax(0))
        there = work.layer.active[part]
        bound, measured = (torch.where(there, v, 0.0).nan_to_num(torch.inf, torch.inf) for v in (bound, measured))
        self.gap = max(self.gap, float((measured / work.size[part]).amax()))
        self.bound = max(self.bound, float((bound / work.size[part]).amax()))
        ratio = torch.where(there, bound / work.tolerance[part].clamp(min=1e-300), 0.0).amax(2).T
        self.ratio.scatter_reduce_(0, grid[:, None].expand_as(ratio), ratio, "amax")

    def _differences(
        self, coef: Tensor, heights: Tensor, grid: Tensor
    ) -> Float[Tensor, "interval place source target"]:
        """Return the differences at the places of each interval."""
        intervals = self.inner.shape[1] - 1
        off = heights.unflatten(0, (intervals, len(PLACES)))
        for k in range(ORDER + 1):
            share = self.weights[grid, :, :, k].permute(1, 2, 0)[..., None]
            off.addcmul_(share, coef[k : k + intervals, None], value=-1)
        return off.abs()

    def result(self) -> ConvertedLayer:
        layer, dtype = self.work.layer, self.coef.dtype
        new = replace(
            layer, family=SPLINE, knots=self.knots.to(dtype)[self.work.grid], coef=self.coef,
            outside="zero" if self.work.ends_at_zero else "linear",
        )  # fmt: skip
        return ConvertedLayer(new, self.gap, self.bound)
