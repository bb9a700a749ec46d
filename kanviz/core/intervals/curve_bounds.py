"""Bound every activation of a layer over intervals of its inputs, to second order in the width of a piece.

Each cell of the grid is cut into pieces. On a piece, or a part of it, a curve exceeds its values at the two ends by at
most h^2 / 8 times its greatest curvature (the error of linear interpolation; the curvature comes from the Bernstein
coefficients of the cell's polynomial). Bounds over many pieces come from tables over powers of two, in float64.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.engine.bases import BASE_CURVES, Base
from kanviz.core.intervals.cells import base_bounds, bends, borders, doubled, polynomials
from kanviz.core.intervals.formula_bounds import formula_bounds
from kanviz.core.layer import Layer

PIECES = 16  # per cell, fewer where there are many edges
MOST = 2**18  # pieces of all edges together
FAR = 1e300  # used for infinity, because infinity times 0 is NaN


@dataclass(frozen=True, eq=False)
class CurveBounds:
    """The tables of a layer from which its activations are bounded.

    edges: borders of the pieces, (source, piece + 1) · powers: polynomials of the cells, (source, target, cell, power)
    · bend: greatest curvature of a piece, in units of its own width · ends: values at both ends of a piece, (2, source,
    target, piece) · lowest, highest: bounds of 1, 2, 4 ... pieces, starting at each · border: borders of the grid, and
    value and slope of the splines there, (2, source) and (2, source, target).
    """

    layer: Layer
    cuts: int
    edges: Float[Tensor, "source edge"]
    powers: Float[Tensor, "source target cell power"]
    bend: Float[Tensor, "source target piece"]
    ends: Float[Tensor, "2 source target piece"]
    lowest: tuple[Tensor, ...]
    highest: tuple[Tensor, ...]
    border: tuple[Tensor, Tensor, Tensor]

    @staticmethod
    def of(layer: Layer) -> "CurveBounds":
        order, knots = layer.order, layer.knots.double()
        powers, first, last = polynomials(layer), 0, knots.shape[1] - 1
        if layer.outside == "linear":
            first, last = order, last - order
        powers, inner = powers[:, :, first:last], knots[:, first : last + 1]
        cuts = max(1, min(PIECES, MOST // max(1, powers[..., 0].numel())))
        width = inner.diff(dim=1)
        at = torch.arange(cuts, dtype=torch.float64) / cuts
        edges = torch.cat([(inner[:, :-1, None] + width[..., None] * at).flatten(1), inner[:, -1:]], 1)
        weight = torch.where(layer.active, layer.base_weight, 0.0).double()
        curve = BASE_CURVES[layer.base]
        base = curve.value(edges)[:, None] * weight[..., None]
        fractions = torch.arange(cuts + 1, dtype=torch.float64) / cuts
        values = powers @ (fractions ** torch.arange(order + 1)[:, None])
        ends = torch.stack([values[..., :-1].flatten(2) + base[..., :-1], values[..., 1:].flatten(2) + base[..., 1:]])
        bend = (bends(powers) / cuts**2).repeat_interleave(cuts, 2)
        bend = bend + weight.abs()[..., None] * _base_bend(curve, edges)[:, None]
        empty = (edges.diff(dim=1) <= 0)[:, None].expand_as(bend)
        below = torch.where(empty, math.inf, ends.amin(0) - bend / 8)
        above = torch.where(empty, -math.inf, ends.amax(0) + bend / 8)
        return CurveBounds(
            layer, cuts, edges, powers, bend, ends, doubled(below, torch.minimum), doubled(above, torch.maximum),
            borders(layer, inner, powers),
        )  # fmt: skip

    def __call__(
        self, low: Float[Tensor, "box source"], high: Float[Tensor, "box source"]
    ) -> tuple[Float[Tensor, "box source target"], Float[Tensor, "box source target"]]:
        """Return bounds of each activation on [low, high], without rounding."""
        layer = self.layer
        low, high = low.clamp(-FAR, FAR), high.clamp(-FAR, FAR)
        first, last = self.edges[:, 0], self.edges[:, -1]
        found = [self._inside(low.clamp(first, last), high.clamp(first, last))]
        meets = (high >= first) & (low <= last)
        found[0] = _only(meets, *found[0])
        for side, there in enumerate((low < first, high > last)):
            if bool(there.any()):
                a, b = (low, torch.minimum(high, first)) if side == 0 else (torch.maximum(low, last), high)
                found.append(_only(there, *self._beyond(side, a, b)))
        below = torch.stack([one for one, _ in found]).amin(0)
        above = torch.stack([one for _, one in found]).amax(0)
        below, above = (torch.where(layer.active, bound, 0.0) for bound in (below, above))
        eps = torch.finfo(layer.coef.dtype).eps
        for (i, j, name), affine in zip(layer.formulas, layer.affine, strict=True):
            more = formula_bounds(name, affine, low[:, i], high[:, i], eps)
            below[:, i, j], above[:, i, j] = below[:, i, j] + more[0], above[:, i, j] + more[1]
        return below, above

    def _inside(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Bound the curves between the first and the last border of the pieces."""
        a, b = self._piece(low), self._piece(high)
        at_low, at_high = self._value(low, a), self._value(high, b)
        left, right = (self._of(self.ends[side], piece) for side, piece in ((1, a), (0, b)))
        one = (a == b)[..., None]
        wide = [self._of(self.edges.diff(dim=1)[:, None], piece) for piece in (a, b)]
        share = [
            (torch.where(a == b, high, self._edge(a + 1)) - low)[..., None] / wide[0],
            (high - torch.where(a == b, low, self._edge(b)))[..., None] / wide[1],
        ]
        power = 1 if BASE_CURVES[self.layer.base].kink else 2  # of how the bound shrinks with a part of a piece
        off = [
            self._of(self.bend, piece) * part.nan_to_num(1.0, 1.0, 1.0).clamp(0, 1) ** power / 8
            for piece, part in zip((a, b), share, strict=True)
        ]
        left, right = torch.where(one, at_high, left), torch.where(one, at_low, right)
        below = torch.minimum(torch.minimum(at_low, left) - off[0], torch.minimum(at_high, right) - off[1])
        above = torch.maximum(torch.maximum(at_low, left) + off[0], torch.maximum(at_high, right) + off[1])
        more = self._between(a + 1, b - 1)
        return torch.minimum(below, more[0]), torch.maximum(above, more[1])

    def _between(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Bound the curves over the whole pieces a to b; an empty interval (inf, -inf) if there is no piece."""
        count = (b - a + 1)[..., None]
        shape = (*a.shape, self.bend.shape[1])
        below, above = (
            a.new_full(shape, math.inf, dtype=torch.float64),
            a.new_full(shape, -math.inf, dtype=torch.float64),
        )
        for level, (low, high) in enumerate(zip(self.lowest, self.highest, strict=True)):
            fits = (count >= 2**level) & (count < 2 ** (level + 1))
            if bool(fits.any()):
                top = low.shape[2] - 1
                for at in (a, b - 2**level + 1):
                    at = at.clamp(0, top)
                    below = torch.where(fits, torch.minimum(below, self._of(low, at)), below)
                    above = torch.where(fits, torch.maximum(above, self._of(high, at)), above)
        return below, above

    def _beyond(self, side: int, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Bound the curves outside the grid: a straight line (or 0) and the base, each bounded separately."""
        border, value, slope = (part[side] for part in self.border)
        ends = torch.stack([value + slope * (x - border)[..., None] for x in (low, high)])
        below, above = base_bounds(self.layer.base, low, high)
        weight = self.layer.base_weight.double()
        base = torch.stack([below[..., None] * weight, above[..., None] * weight])
        return ends.amin(0) + base.amin(0), ends.amax(0) + base.amax(0)

    def _piece(self, x: Tensor) -> Tensor:
        found = torch.searchsorted(self.edges, x.T.contiguous(), right=True).T - 1
        return found.clamp(0, self.edges.shape[1] - 2)

    def _edge(self, piece: Tensor) -> Tensor:
        return self.edges[torch.arange(len(self.edges)), piece]

    def _of(self, table: Tensor, piece: Tensor) -> Tensor:
        """Look up a table (source, target, piece) at the pieces (box, source); return (box, source, target)."""
        return table[torch.arange(len(table)), :, piece]

    def _value(self, x: Tensor, piece: Tensor) -> Tensor:
        cell = piece // self.cuts
        start, end = self._edge(cell * self.cuts), self._edge((cell + 1) * self.cuts)
        f = torch.where(end > start, (x - start) / (end - start), 0.0)[..., None]
        powers = self.powers[torch.arange(len(self.powers)), :, cell]
        y = powers[..., -1]
        for p in range(powers.shape[-1] - 2, -1, -1):
            y = y * f + powers[..., p]
        return y + BASE_CURVES[self.layer.base].value(x)[..., None] * self.layer.base_weight.double()


def _base_bend(curve: Base, edges: Tensor) -> Tensor:
    """Bound how much the base function bends on each piece, (source, piece), in units of the piece's own width.

    On a piece of width h with a kink, linear interpolation is off by at most h / 4 times the jump of the slope.
    """
    width = edges.diff(dim=1)
    kinked = (edges[:, :-1] < 0) & (edges[:, 1:] > 0)
    return curve.bend * width**2 + 2 * curve.kink * width * kinked


def _only(there: Tensor, below: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    there = there[..., None]
    return torch.where(there, below, math.inf), torch.where(there, above, -math.inf)
