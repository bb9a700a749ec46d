"""Propagate intervals of inputs through one layer, rounding included."""

from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor

from kanviz.core.engine import BASE_CURVES
from kanviz.core.intervals.cells import base_bounds
from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.layer import Layer

ARITHMETIC = 1e-10  # relative precision of the computed bounds
CARE = 4  # times the textbook bounds of rounding


class Sums(NamedTuple):
    """The bounds of a layer's sums over boxes.

    activations: bounds without rounding, (box, source, target) each · rounding: greatest error of a computed sum,
    (box, target) · below, above: bounds of the computed sums, rounding included, (box, target).
    """

    activations: tuple[Tensor, Tensor]
    rounding: Tensor
    below: Tensor
    above: Tensor


def sums(bounds: CurveBounds, low: Tensor, high: Tensor) -> Sums:
    """Bound the sums of a layer that are computed from values in the boxes, rounding included."""
    layer, bias = bounds.layer, bounds.layer.bias.double()
    below, above = bounds(low, high)
    off = _rounding(layer, low, high, below, above)
    return Sums((below, above), off, *_sound(layer, below.sum(1) + bias - off, above.sum(1) + bias + off))


def through(bounds: CurveBounds, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Bound the nodes that a layer computes from values in the boxes, rounding included."""
    return nodes(bounds.layer, *sums(bounds, low, high)[2:])


def nodes(layer: Layer, below: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    """Bound the nodes from bounds of the sums, (box, target), rounding included."""
    if max(layer.arity) == 1:
        return below, above
    found, start = [], 0
    for node, count in enumerate(layer.arity):
        pairs = [torch.stack([below[:, t], above[:, t]]) for t in range(start, start + count)]
        start += count
        found.append(pairs[0] if count == 1 else _product(layer, pairs, layer.offset[node]))
    return _sound(layer, *torch.stack(found, -1).unbind(0))


def _product(layer: Layer, factors: list[Tensor], offset: Tensor) -> Tensor:
    """Bound a product of values in intervals; each interval is (2, box)."""
    kind = torch.finfo(layer.coef.dtype)
    eps = CARE * len(factors) * kind.eps

    def times(a: Tensor, b: Tensor) -> Tensor:
        corners = torch.stack([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]])
        return torch.stack(_sound(layer, corners.amin(0), corners.amax(0)))  # a partial product may overflow, too

    found = reduce(times, factors)
    lost = kind.tiny * torch.stack([factor.abs().amax(0).clamp(min=1) for factor in factors]).prod(0)  # by underflow
    off = eps * (found.abs().amax(0) + float(offset.abs())) + lost
    return torch.stack([found[0] + float(offset) - off, found[1] + float(offset) + off])


def _sound(layer: Layer, below: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    """Replace bounds by infinity where one is NaN or near the largest number of the network's dtype."""
    most = torch.finfo(layer.coef.dtype).max / CARE
    known = (below.abs() < most) & (above.abs() < most)
    return torch.where(known, below, -torch.inf), torch.where(known, above, torch.inf)


def _rounding(layer: Layer, low: Tensor, high: Tensor, below: Tensor, above: Tensor) -> Tensor:
    """Bound the difference between a computed sum and the exact one, (box, target).

    Each term has an error of some units in the last place. The position of a point between its knots has an error of
    some units of the knots' distance from zero, plus the error of closed forms if the knots are not exactly even; a
    curve changes by at most 2 order max |coef| over an interval. Source: Higham, Accuracy and Stability of Numerical
    Algorithms, sections 3 and 4.
    """
    order, knots = layer.order, layer.knots.double()
    kind = torch.finfo(layer.coef.dtype)
    eps = kind.eps
    width = knots.diff(dim=1)
    step = torch.where(width > 0, width, torch.inf).amin(1)
    count = width.shape[1]
    even = knots[:, :1] + (knots[:, -1:] - knots[:, :1]) * torch.arange(count + 1) / count
    uneven = (knots - even).abs().amax(1) / step
    closed = torch.where(uneven < 1e-4, uneven, 0.0)  # else the layer is computed on the knots as they are
    first, last = (knots[:, order], knots[:, -1 - order]) if layer.outside == "linear" else (knots[:, 0], knots[:, -1])
    size = torch.maximum(low.abs(), high.abs())
    beyond = torch.maximum(first - low, high - last).clamp(min=0) / step if layer.outside == "linear" else 0 * size
    place = CARE * (2 * closed + eps * ((size + knots.abs().amax(1)) / step + count))
    coef = torch.where(layer.active[..., None], layer.coef, 0.0).double().abs().amax(2)
    reach = (1 + 2 * order * beyond)[..., None] * coef
    base = torch.stack([bound.abs() for bound in base_bounds(layer.base, low, high)]).amax(0)
    if BASE_CURVES[layer.base].loses:
        base = torch.maximum(base, size)
    terms = reach + base[..., None] * torch.where(layer.active, layer.base_weight, 0.0).double().abs()
    terms = torch.maximum(terms, torch.maximum(below.abs(), above.abs()))
    units = CARE * eps * (layer.sources * (order + 2) + order**2 + 2) + ARITHMETIC
    moved = (2 * order * place[..., None] * reach).sum(1)
    total = terms.sum(1) + layer.bias.double().abs()
    # where a partial sum may overflow, the sum is not bounded
    return torch.where(total < kind.max / CARE, moved + units * total + count * kind.tiny, torch.inf)
