"""Find the basis functions that values between two bounds depend on."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.core.layer import Layer
from kanviz.core.spline import domain

NEAR = 1e-3  # share of an interval: a value nearer to a knot than this counts on both sides of it
ULPS = 16  # the same in units of the last place, for grids far from zero
BLOCK = 2**24  # marks in memory at once


def reached(
    layer: Layer, low: Float[Tensor, "box source"], high: Float[Tensor, "box source"]
) -> Bool[Tensor, "source basis"]:
    """Find the basis functions on which the spline at some value in some box [low, high] depends, or may by rounding.

    These are all functions whose closed support meets the box or is nearer than `NEAR`; beyond a linear border those of
    the border interval; and all functions where a bound is infinite or NaN.
    """
    knots, order, count = layer.knots, layer.order, layer.coef.shape[2]
    near, digits = NEAR * knots.diff(dim=1).amax(1), ULPS * torch.finfo(knots.dtype).eps
    furthest = knots.abs().amax(1)
    found = torch.zeros(layer.sources, count, dtype=torch.bool)
    size = max(1, BLOCK // found.numel())
    for at in range(0, len(low), size):
        a, b = low[at : at + size], high[at : at + size]
        margin = near + digits * torch.maximum(a.abs(), b.abs()).maximum(furthest)
        a, b = a - margin, b + margin
        unbounded = ~(a.isfinite() & b.isfinite())[..., None]
        if layer.outside == "linear":
            a, b = (bound.clamp(*domain(knots, order)) for bound in (a, b))
        begins = knots[:, :count] <= b[..., None]
        ends = knots[:, order + 1 :] >= a[..., None]
        found |= (begins & ends | unbounded).any(0)
    return found
