"""All edges as small curves, sampled layer by layer; what one edge's thumbnail is gets put together when asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.curves import as_numpy, formula_text, layer_inputs, visible_ranges
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain

FINEST = 400  # points of a thumbnail at most
FLAT = 0.25  # a thumbnail shows a curve under this share of its layer's largest as flatter than its box


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """One edge's curve in a unit box: x from 0 to 1 across, heights from -1 to 1, nan where there is nothing to draw.

    size: half the curve's range; scale: the height that ±1 stands for (both in network units).
    """

    id: EdgeId
    source: str
    target: str
    state: str
    frozen: bool
    formula_text: str
    x: Float[Array, " points"]
    heights: Float[Array, " points"]
    size: float
    scale: float


@dataclass(frozen=True, eq=False)
class LayerThumbnails:
    """The curves of one layer as `Thumbnail` has them, in arrays."""

    x: Float[Array, " points"]
    heights: Float[Array, "points source target"]
    size: Float[Array, "source target"]
    scale: Float[Array, "source target"]


@dataclass(frozen=True, eq=False)
class Thumbnails(Sequence[Thumbnail]):
    """A thumbnail of every edge, pruned ones included, in the order of `KAN.edges`."""

    kan: KAN
    layers: tuple[LayerThumbnails, ...]

    def __len__(self) -> int:
        return len(self._edges)

    @overload
    def __getitem__(self, at: int) -> Thumbnail: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Thumbnail, ...]: ...
    def __getitem__(self, at: int | slice) -> Thumbnail | tuple[Thumbnail, ...]:
        found = self._edges[at]
        return self.of(found) if isinstance(found, EdgeId) else tuple(map(self.of, found))

    def of(self, edge: EdgeId) -> Thumbnail:
        """The thumbnail of one edge."""
        n, i, j = edge
        layer, here = self.kan.layers[n], self.layers[n]
        return Thumbnail(
            edge, self.kan.node_name(n, i), self.kan.target_name(n, j), layer.states[i][j], self._frozen[n][i][j],
            formula_text(self.kan, edge), here.x, here.heights[:, i, j], float(here.size[i, j]),
            float(here.scale[i, j]),
        )  # fmt: skip

    @cached_property
    def _edges(self) -> tuple[EdgeId, ...]:
        return tuple(self.kan.edges(pruned=True))

    @cached_property
    def _frozen(self) -> Mapping[int, list[list[bool]]]:
        return {n: layer.frozen.tolist() for n, layer in enumerate(self.kan.layers)}


@torch.no_grad()
def all_curves(kan: KAN, data: Dataset | None = None, points: int = 60, *, shared: bool = False) -> Thumbnails:
    """A thumbnail of every edge, pruned ones included, over the training rows' range (without data: the grid).

    A curve fills its box unless its size is under FLAT of the largest of its layer that counts: then it is flatter by
    that much, so that an idle edge looks idle. shared: all heights relative to the largest of the layer. points: at
    least; a fine grid is sampled twice an interval, up to FINEST.
    """
    nodes = layer_inputs(kan, data, len(kan.layers) - 1) if data is not None else None
    found = []
    for n, layer in enumerate(kan.layers):
        across = np.linspace(0, 1, max(points, min(2 * layer.grid + 1, FINEST)))
        low, high = domain(layer.knots, layer.order)
        if nodes is not None:
            low, high = _data_range(nodes[n], low, high)
        x = low + (high - low) * torch.from_numpy(across).to(low.dtype)[:, None]
        y = layer.activations(x)
        if not layer.present.all():
            y = torch.where(layer.present, y, _learned(layer).activations(x))
        found.append(LayerThumbnails(across, *_boxed(as_numpy(y), layer.present.numpy(), shared)))
    return Thumbnails(kan, tuple(found))


def _data_range(values: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Per source, the range of its finite values; its grid where those do not make a range."""
    finite = values.isfinite()
    first = torch.where(finite, values, torch.inf).min(0).values
    last = torch.where(finite, values, -torch.inf).max(0).values
    usable = (last > first) & first.isfinite() & last.isfinite()
    return torch.where(usable, first, low), torch.where(usable, last, high)


def _learned(layer: Layer) -> Layer:
    """The layer with every learned part counting and no formula: what pruned edges would be."""
    return replace(layer, active=torch.ones_like(layer.active), formulas=(), affine=layer.affine[:0])


def _boxed(
    y: Float[Array, "points source target"], present: Bool[Array, "source target"], shared: bool
) -> tuple[Array, Array, Array]:
    """Heights in -1..1, half of each curve's range, and what ±1 stands for; next to nothing in its layer is flat."""
    low, high = (end.reshape(y.shape[1:]) for end in visible_ranges(y.reshape(len(y), -1)))
    middle, half = (low + high) / 2, (high - low) / 2
    largest = half.max(initial=0.0)
    counting = half.max(where=present, initial=0.0)  # a pruned edge's size says nothing about the others
    scale = np.full_like(half, largest) if shared else np.maximum(half, FLAT * counting)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        heights = np.where(half > 1e-9 * largest, (y - middle) / scale, np.where(np.isfinite(y), 0.0, np.nan))
    return np.where(np.abs(heights) <= 1 + 1e-9, heights, np.nan), half, scale
