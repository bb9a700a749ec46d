"""Check, sort and weight the points of a curve for a fit, and estimate their noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.errors import FormulaError

QUIET = 1e-12  # the smallest noise assumed, as a share of the standard deviation
ROUNDED = 4e-15  # of the largest value: the rounding error of a short calculation
INDEPENDENT = 240  # most points of a smooth curve that count as independent
WHITE = 1e-9  # with more noise than this, measured between neighbours, every point is independent
WINDOWS = 600  # most places where neighbours are compared
NEIGHBOURS = (1, 2, 3)  # on either side: the line, cubic and quintic through them


@dataclass(frozen=True)
class Samples:
    """Points of a curve sorted by x (float64), weights that sum to 1, and their properties.

    noise: accuracy of the curve, as a share of its standard deviation · reach: the range on which a formula should be
    defined, which may be wider than the data's · scale: a size in units of y; a curve counts as constant when its
    standard deviation is tiny compared with it · independent: how many points count as independent · enough: an error,
    as a share of the standard deviation, below which one function is not replaced by two.
    """

    x: Float[Tensor, " sample"]
    y: Float[Tensor, " sample"]
    w: Float[Tensor, " sample"]
    noise: float
    reach: tuple[float, float]
    scale: float = 0.0
    independent: int = INDEPENDENT
    enough: float = 0.0

    @cached_property
    def mean(self) -> float:
        return float(self.y @ self.w)

    @cached_property
    def std(self) -> float:
        return float((((self.y - self.mean) ** 2) @ self.w).sqrt())

    @cached_property
    def floor(self) -> float:
        """The part of its standard deviation that is noise or rounding."""
        return max(self.noise, ROUNDED * float(self.y.abs().max()) / max(self.std, 1e-300))

    @property
    def range(self) -> tuple[float, float]:
        return float(self.x[0]), float(self.x[-1])

    @property
    def still(self) -> bool:
        """Whether all x are the same."""
        low, high = self.range
        return high - low <= 1e-12 * max(abs(low), abs(high))

    @property
    def constant(self) -> bool:
        """Whether it hardly varies: by rounding only, or too little to affect its target."""
        return self.std <= max(1e-12 * float(self.y.abs().max()), 1e-6 * self.scale, 1e-300)


def samples(x: Any, y: Any, weights: Any = None, noise: float | None = None) -> Samples:
    """Return checked, sorted samples; points of weight 0 are left out. Raises FormulaError for samples of no curve.

    noise: accuracy of y, as a share of its standard deviation; None estimates it from neighbours.
    """
    x, y = (torch.as_tensor(v, dtype=torch.float64).detach().reshape(-1) for v in (x, y))
    w = torch.ones_like(x) if weights is None else torch.as_tensor(weights, dtype=torch.float64).reshape(-1)
    if not len(x) == len(y) == len(w):
        raise FormulaError(f"A curve needs as many x as y and weights; got {len(x)}, {len(y)} and {len(w)}.")
    if bool((w < 0).any()) or not bool(w.isfinite().all()):
        raise FormulaError("Weights must be numbers of at least 0.")
    order = x.argsort(stable=True)
    order = order[w[order] > 0]
    x, y, w = x[order], y[order], w[order]
    if not len(x):
        raise FormulaError("There is no point to fit a formula to.")
    if not bool(x.isfinite().all() and y.isfinite().all()):
        raise FormulaError("The curve holds values that are not numbers; no formula can be fitted to it.")
    sigma = noise_level(x, y) if noise is None else noise
    independent = len(x) if noise is None and sigma > WHITE else min(len(x), INDEPENDENT)
    return Samples(x, y, w / w.sum(), max(sigma, QUIET), (float(x[0]), float(x[-1])), independent=independent)


def noise_level(x: Float[Tensor, " sample"], y: Float[Tensor, " sample"]) -> float:
    """Estimate the noise, as a share of y's standard deviation, by the distance from a smooth curve through neighbours.

    Of several polynomials the one with the smallest distance counts, since bends of the curve only increase it.
    """
    spread = float(y.std(correction=0))
    if len(x) < 8 or spread == 0:
        return QUIET
    found = [off for around in NEIGHBOURS if len(off := _off_neighbours(x, y, around)) >= 4]
    return min((float(off.median()) / 0.6745 / spread for off in found), default=QUIET)


def _off_neighbours(x: Float[Tensor, " sample"], y: Float[Tensor, " sample"], around: int) -> Float[Tensor, " inner"]:
    """Return each point's distance from the polynomial through its neighbours, divided by its value for noise 1.

    Lagrange's weights are in units of the window's width, so that they do not overflow.
    """
    every = -(-len(x) // WINDOWS)
    near, values = (axis.unfold(0, 2 * around + 1, every) for axis in (x, y))
    near = (near - near[:, :1]) / (near[:, -1:] - near[:, :1])
    others = torch.cat([near[:, :around], near[:, around + 1 :]], 1)
    gap = near[:, around, None] - others
    between = others[:, :, None] - others[:, None, :]
    itself = torch.eye(2 * around, dtype=torch.bool)
    weight = torch.where(itself, 1.0, gap[:, None, :] / between).prod(2)
    expected = (weight * torch.cat([values[:, :around], values[:, around + 1 :]], 1)).sum(1)
    off = (values[:, around] - expected) / (1 + (weight**2).sum(1)).sqrt()
    return off[off.isfinite()].abs()


@dataclass(frozen=True)
class Curves:
    """Curves of one length, scaled: t in [-1, 1], y of mean 0 and variance 1 under weights w that sum to 1."""

    t: Float[Tensor, "curve sample"]
    y: Float[Tensor, "curve sample"]
    w: Float[Tensor, "curve sample"]

    @staticmethod
    def of(points: Sequence[Samples], most: int) -> "Curves":
        """Scale curves with equally many points; thin them to at most `most`."""
        x, y, w = (torch.stack([getattr(one, axis) for one in points]) for axis in "xyw")
        low, high = x[:, :1], x[:, -1:]
        return Curves((x - (low + high) / 2) / ((high - low) / 2), y, w).thin(most)

    def thin(self, most: int) -> "Curves":
        """Return evenly chosen samples by rank, so that they remain dense where the data are."""
        t, y, w = self.t, self.y, self.w
        if t.shape[1] > most:
            index = torch.linspace(0, t.shape[1] - 1, most).round().long()
            t, y, w = t[:, index], y[:, index], w[:, index]
        w = w / w.sum(1, keepdim=True)
        y = y - (y * w).sum(1, keepdim=True)
        return Curves(t, y / (y * y * w).sum(1, keepdim=True).sqrt().clamp(min=1e-300), w)
