"""Interpolate many curves by cubic splines on given knots: one band matrix for each row of knots, no pivoting.

The matrix of a spline interpolation is totally positive, so elimination without pivoting is stable, and its steps run
in one order on every machine. Source: de Boor, A Practical Guide to Splines, ch. XIII.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.spline import domain, greville, local_basis

ORDER = 3
BAND = 3  # diagonals on each side


def continued(inner: Float[Tensor, "grid inner"]) -> Float[Tensor, "grid knot"]:
    """Continue knots by as many intervals as the order on each side, each as wide as the interval at that end."""
    steps = torch.arange(1, ORDER + 1, dtype=inner.dtype)
    first, last = inner[:, 1:2] - inner[:, :1], inner[:, -1:] - inner[:, -2:-1]
    return torch.cat([inner[:, :1] - first * steps.flip(0), inner, inner[:, -1:] + last * steps], 1)


def sites(knots: Float[Tensor, "grid knot"]) -> Float[Tensor, "grid basis"]:
    """Return the places of interpolation, as many as basis functions, all of them inside the domain."""
    low, high = domain(knots, ORDER)
    return greville(knots.clamp(low[:, None], high[:, None]), ORDER).clamp(low[:, None], high[:, None])


def weights(
    x: Float[Tensor, "grid place"], knots: Float[Tensor, "grid knot"]
) -> tuple[Float[Tensor, "grid place active"], Tensor]:
    """Return the four basis functions that are not zero at each place, and the index of the first (grid, place)."""
    values, first = local_basis(x.T, knots, ORDER, 0, domain(knots, ORDER)[1])
    return values.permute(1, 0, 2), first.T


class Interpolation:
    """The factors of the band matrices of rows of knots; it turns heights at `sites` into coefficients."""

    def __init__(self, knots: Float[Tensor, "grid knot"]):
        values, first = weights(sites(knots), knots)
        rows, count = values.shape[:2]
        band = torch.zeros(rows, count, 2 * BAND + 1, dtype=knots.dtype)
        places = first - torch.arange(count) + BAND
        for k in range(ORDER + 1):  # a place on a knot has one function less, which may lie outside the band
            column = places + k
            inside = (column >= 0) & (column <= 2 * BAND)
            values_k = torch.where(inside, values[..., k], 0.0)
            band.scatter_add_(2, column.clamp(0, 2 * BAND)[..., None], values_k[..., None])
        for n in range(count):
            for r in range(1, min(BAND, count - 1 - n) + 1):
                factor = band[:, n + r, BAND - r] / band[:, n, BAND]
                band[:, n + r, BAND - r + 1 : 2 * BAND - r + 1] -= factor[:, None] * band[:, n, BAND + 1 :]
                band[:, n + r, BAND - r] = factor
        self.band = band

    def coefficients(self, heights: Float[Tensor, "basis source target"], grid: Tensor) -> Tensor:
        """Solve for the coefficients (basis, source, target); grid: the row of knots of each source."""
        found, count = heights.clone(), len(heights)
        band = self.band[grid]
        for n in range(count):
            for r in range(1, min(BAND, n) + 1):
                found[n] -= band[:, n, BAND - r, None] * found[n - r]
        for n in reversed(range(count)):
            for r in range(1, min(BAND, count - 1 - n) + 1):
                found[n] -= band[:, n, BAND + r, None] * found[n + r]
            found[n] /= band[:, n, BAND, None]
        return found
