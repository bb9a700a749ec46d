"""Estimate, before training under a lock, what can still be learned, and which new rows only use locked numbers."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.locality.overlap import cell_edges, cells_of
from kanviz.analysis.locality.supports import visited
from kanviz.analysis.rows import entering
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.locks import Lock
from kanviz.core.spline import domain
from kanviz.core.training.parameters import FreeParameters


@dataclass(frozen=True)
class Room:
    """The control points of a layer, over all edges with a spline.

    points: how many · locked: of them locked, or of frozen edges · of_use: free ones that new rows depend on.
    """

    points: int
    locked: int
    of_use: int

    @property
    def free(self) -> int:
        return self.points - self.locked


@dataclass(frozen=True, eq=False)
class Prospect:
    """The possible effect of training on new rows.

    settled: rows that depend on no free number, so that no training under the lock changes their prediction; exact ·
    beyond: rows outside the grid of some input, which only border control points can fit · rooms: by layer, at hidden
    layers for the values that the network computes now.
    """

    settled: Bool[Tensor, " rows"]
    beyond: Bool[Tensor, " rows"]
    rooms: tuple[Room, ...]


@torch.no_grad()
def prospect(kan: KAN, lock: Lock | None, x: Float[Tensor, "rows input"]) -> Prospect:
    """Return what a lock (or none) leaves to new rows (table units). Raises UserError for a lock of another network."""
    values = entering(kan, x, len(kan.layers) - 1)
    settled = torch.ones(len(x), dtype=torch.bool)
    rooms = []
    for layer, entered, free in zip(kan.layers, values, FreeParameters.of(kan, lock=lock).masks, strict=True):
        points = free["coef"]
        covered = points & visited(entered, layer.knots, layer.order, layer.outside)[:, None]
        there = int(layer.active.sum()) * points.shape[2]
        rooms.append(Room(there, there - int(points.sum()), int(covered.sum())))
        everywhere = any(bool(mask.any()) for part, mask in free.items() if part != "coef")
        settled &= ~_uses(layer, entered, points.any(1)) & (not everywhere)
    first, last = domain(kan.layers[0].knots, kan.layers[0].order)
    inside = (values[0] >= first) & (values[0] <= last)
    return Prospect(settled, ~inside.all(1), tuple(rooms))


def _uses(layer: Layer, x: Tensor, free: Bool[Tensor, "source basis"]) -> Bool[Tensor, " rows"]:
    """Return the rows that depend on a free control point: one of the order + 1 that act in the cell of a value."""
    order = layer.order
    if layer.outside == "zero":
        free = torch.nn.functional.pad(free, (order, order))
    cells = free.unfold(1, order + 1, 1).any(2)
    at = cells_of(x, cell_edges(layer), layer.outside)
    return ((at >= 0) & cells[torch.arange(layer.sources), at.clamp(min=0)]).any(1)
