"""Hold the curves of a layer of another family while they are converted: range, spread, tolerance, corners, values."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.conversion.bends import BENDS, corners
from kanviz.core.families import FAMILIES, functions
from kanviz.core.layer import Layer
from kanviz.errors import UserError

AT_ONCE = 2**22  # values of curves in memory at once
START = 8  # intervals
SAMPLES = 400  # places that a curve's spread is measured at
BELLS = ("gaussian", "sech2")
ROUNDING = {torch.float64: 256, torch.float32: 16}  # units in the last place of a curve that no spline gets below
FLAT = 1e-9  # a curve that varies by less than this share of its size counts as constant


@dataclass(frozen=True)
class Range:
    """The least and the greatest x of each source that its curves are converted on (network units, after the step)."""

    low: Float[Tensor, " source"]
    high: Float[Tensor, " source"]


def complete_range(layer: Layer) -> bool:
    """Return whether the layer's curves are converted for all values that can come: bells, and anything after tanh."""
    return layer.family in BELLS or layer.step == "tanh"


@dataclass(frozen=True)
class Curves:
    """The curves of a layer in float64. Sources with equal parameters and equal ranges share a grid.

    rows: parameters by grid · grid: the grid of each source · coef: (function, source, target) · size: what the gap is
    a share of, by edge · tolerance: the largest difference allowed, by edge.
    """

    layer: Layer
    name: str
    rows: Float[Tensor, "grid parameter"]
    low: Float[Tensor, " grid"]
    high: Float[Tensor, " grid"]
    grid: Int[Tensor, " source"]
    coef: Float[Tensor, "function source target"]
    size: Float[Tensor, "source target"]
    tolerance: Float[Tensor, "source target"]

    @staticmethod
    def of(layer: Layer, on: Range | None, gap: float, name: str) -> "Curves":
        coef = layer.coef.double()
        finite = coef.isfinite().all(2)
        if not bool((finite | ~layer.active).all()):
            raise UserError(f"{name} has curves without numbers (NaN or infinite); prune these edges first.")
        table = torch.where(finite[..., None], coef, 0.0).permute(2, 0, 1).contiguous()
        low, high = _shown(layer) if on is None else (on.low.double(), on.high.double())
        keys = torch.cat([layer.knots.double(), low[:, None], high[:, None]], 1)
        unique, grid = keys.unique(dim=0, return_inverse=True)
        zeros = coef.new_zeros(coef.shape[:2])
        draft = Curves(layer, name, unique[:, :-2], unique[:, -2], unique[:, -1], grid, table, zeros, zeros)
        draft.check_poles()
        size, rounding = draft._sizes()
        draft = replace(draft, size=size, tolerance=torch.maximum(gap * size, rounding))
        return draft._with_tails() if on is None and layer.step != "tanh" else draft

    def check_poles(self) -> None:
        """Refuse a range that holds a pole of the curves."""
        if self.layer.family != "quotient":
            return
        for n in range(len(self.rows)):
            poles = [x for x in self.corners[n] if self.low[n] <= x <= self.high[n]]
            if poles:
                source = int((self.grid == n).nonzero()[0, 0])
                raise UserError(
                    f"{self.name} has a pole at {poles[0]:.4g} for source {source}, inside the range from "
                    f"{float(self.low[n]):.4g} to {float(self.high[n]):.4g}: no spline follows it. Choose a range "
                    "without it: kanviz convert --range, or kanviz.to_splines(kan, low=..., high=...)."
                )

    @cached_property
    def corners(self) -> list[list[float]]:
        """The places of each grid that need a corner (or are poles)."""
        return [corners(self.layer.family, row) for row in self.rows.tolist()]

    def _sizes(self) -> tuple[Tensor, Tensor]:
        """Return by edge the spread of its curve, or its size where it is constant, and what rounding does to it."""
        x = self.low + (self.high - self.low) * torch.linspace(0, 1, SAMPLES, dtype=torch.float64)[:, None]
        spread, largest = torch.zeros_like(self.size), torch.zeros_like(self.size)
        for part in self.parts(SAMPLES):
            y = self.heights(x, part)
            if not bool(y.isfinite().all()):
                raise UserError(
                    f"{self.name} has curves that are too large for a number in the range they are converted on; "
                    "choose a smaller one."
                )
            spread[part], largest[part] = y.amax(0) - y.amin(0), y.abs().amax(0)
        size = torch.where(spread > FLAT * largest, spread, largest)
        dtype = self.layer.coef.dtype
        return torch.where(size > 0, size, 1.0), ROUNDING[dtype] * torch.finfo(dtype).eps * largest

    def _with_tails(self) -> "Curves":
        """Widen the range until all bells are far below the tolerance at its ends, so that 0 may follow."""
        share = torch.where(self.layer.active, self.coef.abs().sum(0) / self.tolerance, 0.0)
        share = max(16 * float(share.amax()), 4.0)
        reach = math.sqrt(math.log(share)) if self.layer.family == "gaussian" else math.log(4 * share) / 2
        width = self.rows[:, -1].abs() * reach
        centres = self.rows[:, :-1]
        return replace(self, low=centres.amin(1) - width, high=centres.amax(1) + width)

    @property
    def ends_at_zero(self) -> bool:
        """Whether the curves are 0 beyond the grid; else they go on as straight lines."""
        return self.layer.family in BELLS and self.layer.step != "tanh"

    def start(self) -> Float[Tensor, "grid inner"]:
        """Return the first knots: even, with a triple knot at each corner, equally many for all grids."""
        rows = []
        ends = zip(self.low.tolist(), self.high.tolist(), self.corners, strict=True)
        inside = [(low, high, [x for x in places if low < x < high]) for low, high, places in ends]
        most = max(len(places) for *_, places in inside)
        for low, high, places in inside:
            row = sorted([low, high, *places])
            while len(row) + 2 * len(places) < START + 1 + 3 * most:
                n = max(range(len(row) - 1), key=lambda n, row=row: row[n + 1] - row[n])
                row.insert(n + 1, (row[n] + row[n + 1]) / 2)
            rows.append(sorted([*row, *places, *places]))
        return torch.tensor(rows, dtype=torch.float64)

    def parts(self, values: int) -> Iterator[slice]:
        """Split the sources so that so many values for each edge fit into memory."""
        sources, targets = self.size.shape
        step = max(1, AT_ONCE // (values * targets))
        return (slice(first, min(first + step, sources)) for first in range(0, sources, step))

    def heights(self, x: Float[Tensor, "place grid"], part: slice) -> Float[Tensor, "place source target"]:
        """Compute the curves of some sources at places of their grids."""
        return _weighted(self._functions(x, part), self.coef[:, part])

    def tails(self, inner: Tensor, part: slice) -> Float[Tensor, "end source target"]:
        """Bound the curves of bells beyond the first and the last knot, where all bells only fall."""
        ends = torch.stack([inner[:, 0], inner[:, -1]])
        return _weighted(self._functions(ends, part), self.coef[:, part].abs())

    def _functions(self, x: Float[Tensor, "place grid"], part: slice) -> Float[Tensor, "place source function"]:
        return functions(self.layer.family, x, self.rows, len(self.coef), 0)[:, self.grid[part]]

    def bends(self, inner: Tensor, part: slice) -> Float[Tensor, "interval source target"]:
        """Bound |f''''| of the curves of some sources on each interval."""
        low, high = inner[:, :-1].T, inner[:, 1:].T
        table = BENDS[self.layer.family](low, high, self.rows, len(self.coef))[:, self.grid[part]]
        return _weighted(table, self.coef[:, part].abs())


def _weighted(table: Float[Tensor, "place source function"], coef: Tensor) -> Float[Tensor, "place source target"]:
    """Add the functions of each source, weighted, always in the same order."""
    found = torch.zeros(*table.shape[:2], coef.shape[2], dtype=table.dtype)
    for values, weight in zip(table.unbind(2), coef, strict=True):
        found.addcmul_(values[..., None], weight)
    return found


def _shown(layer: Layer) -> tuple[Tensor, Tensor]:
    """Return the range on which the spread of curves is measured: all values after a tanh, or where the bells are."""
    if layer.step == "tanh":
        ones = torch.ones(layer.sources, dtype=torch.float64)
        return -ones, ones
    low, high = FAMILIES[layer.family].span(layer.knots.double())
    width = 4 * layer.knots[:, -1].double().abs()
    return low - width, high + width
