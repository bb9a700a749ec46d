"""Sample all edges as small curves, layer by layer; the record of one edge is built when it is requested."""

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
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer

FINEST = 400  # points of a thumbnail at most
PART = 2**22  # numbers in memory at once
FLAT = 0.25  # share of its layer's largest size below which a thumbnail shows a curve flatter than its box


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """One edge's curve in a unit box: x from 0 to 1, heights from -1 to 1, NaN where nothing is drawn.

    size: half the curve's range; scale: the height that ±1 means (both in network units).
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
    """The curves of one layer, as in `Thumbnail` but in arrays; `places` gives the column of each edge."""

    places: Mapping[tuple[int, int], int]
    x: Float[Array, " points"]
    heights: Float[Array, "points edge"]
    size: Float[Array, " edge"]
    scale: Float[Array, " edge"]


@dataclass(frozen=True, eq=False)
class Thumbnails(Sequence[Thumbnail]):
    """The thumbnails of some edges, in the order of `KAN.edges`."""

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
        """Return the thumbnail of one edge. Raises KeyError for an edge without one."""
        n, i, j = edge
        layer, here = self.kan.layers[n], self.layers[n]
        at = here.places[i, j]
        return Thumbnail(
            edge, self.kan.source_name(n, i), self.kan.target_name(n, j), layer.state(i, j), bool(layer.frozen[i, j]),
            formula_text(self.kan, edge), here.x, here.heights[:, at], float(here.size[at]), float(here.scale[at]),
        )  # fmt: skip

    @cached_property
    def _edges(self) -> tuple[EdgeId, ...]:
        return tuple(EdgeId(n, i, j) for n, layer in enumerate(self.layers) for i, j in layer.places)


@torch.no_grad()
def all_curves(
    kan: KAN,
    data: Dataset | None = None,
    points: int = 60,
    *,
    shared: bool = False,
    edges: Sequence[EdgeId] | None = None,
) -> Thumbnails:
    """Sample a thumbnail of every edge, pruned ones included, over the training rows' range (without data: the grid).

    A curve fills its box unless its size is below FLAT of the largest present curve of its layer: then it is flatter in
    proportion, so that an unimportant edge looks unimportant. shared: all heights relative to the largest of the layer.
    points: at least; a fine grid is sampled twice an interval, up to FINEST. edges: only these, which are then compared
    only with each other; a wide network has too many to look at.
    """
    nodes = layer_inputs(kan, data, len(kan.layers) - 1) if data is not None else None
    found = []
    for n, layer in enumerate(kan.layers):
        intervals = layer.grid if layer.family == SPLINE else layer.coef.shape[2]
        across = np.linspace(0, 1, max(points, min(2 * intervals + 1, FINEST)))
        low, high = layer.domain
        if nodes is not None:
            low, high = _data_range(nodes[n], low, high)
        x = low + (high - low) * torch.from_numpy(across).to(low.dtype)[:, None]
        if edges is None:
            chosen = list(np.ndindex(*layer.active.shape))
            parts = [
                as_numpy(_all(part, x[:, here])) for here, part in layer.parts(_at_once(layer, len(x), layer.targets))
            ]
        else:
            chosen = sorted(edge[1:] for edge in edges if edge.layer == n)
            step = _at_once(layer, len(x), 1)
            some = (chosen[at : at + step] for at in range(0, len(chosen), step))
            parts = [as_numpy(_all(layer.alone(here), x[:, [i for i, _ in here]])) for here in some]
        curves = np.concatenate([np.empty((len(x), 0)), *parts], 1)
        places = {place: k for k, place in enumerate(chosen)}
        found.append(LayerThumbnails(places, across, *_boxed(curves, _marked(layer.present, chosen), shared)))
    return Thumbnails(kan, tuple(found))


def _at_once(layer: Layer, points: int, targets: int) -> int:
    """Return how many sources' curves are computed together."""
    return max(1, PART // (points * (3 * targets + 3 * layer.coef.shape[2] + 8 * layer.functions_at_a_point)))


def _all(layer: Layer, x: Tensor) -> Tensor:
    """Return the curves of all edges at x (point, source); a pruned edge has the curve it would have if restored."""
    y = layer.activations(x)
    if not layer.present.all():
        learned = replace(layer, active=torch.ones_like(layer.active), formulas=(), affine=layer.affine[:0])
        y = torch.where(layer.present, y, learned.activations(x))
    return y.flatten(1)


def _marked(marks: Tensor, edges: Sequence[tuple[int, int]]) -> Array:
    at = np.array(edges, dtype=int).reshape(-1, 2)
    return marks.numpy()[at[:, 0], at[:, 1]]


def _data_range(values: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return, per source, the range of its finite values; its grid where they do not give a range."""
    finite = values.isfinite()
    first = torch.where(finite, values, torch.inf).min(0).values
    last = torch.where(finite, values, -torch.inf).max(0).values
    usable = (last > first) & first.isfinite() & last.isfinite()
    return torch.where(usable, first, low), torch.where(usable, last, high)


def _boxed(y: Float[Array, "points edge"], present: Bool[Array, " edge"], shared: bool) -> tuple[Array, Array, Array]:
    """Return heights in -1..1, half of each curve's range, and the height that ±1 means; tiny curves become flat."""
    low, high = visible_ranges(y)
    middle, half = (low + high) / 2, (high - low) / 2
    largest = half.max(initial=0.0)
    counting = half.max(where=present, initial=0.0)  # a pruned edge's size says nothing about the others
    scale = np.full_like(half, largest) if shared else np.maximum(half, FLAT * counting)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        heights = np.where(half > 1e-9 * largest, (y - middle) / scale, np.where(np.isfinite(y), 0.0, np.nan))
    return np.where(np.abs(heights) <= 1 + 1e-9, heights, np.nan), half, scale
