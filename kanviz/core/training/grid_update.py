"""Move hidden grids to the range of the values they receive, and refit the curves."""

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain, fit, spline, uniform_knots

MARGIN = 0.02  # share of the range added on each side
LEAST = 0.1  # least share of a grid's width that remains: where a node hardly varies yet, its curve must not get steep
SLACK = 0.25  # a grid is not moved while each end is off by at most this share of the new width


@torch.no_grad()
def follow_activations(kan: KAN, x: Tensor, frozen: Collection[EdgeId] = ()) -> KAN:
    """Move each hidden grid to the range of the values that rows x (table units) produce there.

    Curves are refitted by least squares on the new grid, so the function changes slightly where the old grid was finer.
    The grid of a source does not change if one of its edges is frozen, in the network or in `frozen`.
    """
    values = kan.normalise(x)
    layers = {}
    for n, layer in enumerate(kan.layers):
        if n:
            held = layer.frozen.any(1)
            held[[edge.source for edge in frozen if edge.layer == n]] = True
            layers[n] = layer = _laid_over(layer, layer.enter(values), held)
        values = layer(values)
    return kan.with_layers(layers)


def _laid_over(layer: Layer, values: Tensor, held: Tensor) -> Layer:
    low, high = values.min(0).values, values.max(0).values
    old_low, old_high = domain(layer.knots, layer.order)
    width = (high - low) * (1 + 2 * MARGIN)
    width = torch.maximum(width, (old_high - old_low) * LEAST).clamp(min=1e-6)
    low, high = (low + high - width) / 2, (low + high + width) / 2
    off = torch.maximum((low - old_low).abs(), (high - old_high).abs()) > SLACK * width
    knots, coef = layer.knots.clone(), layer.coef.clone()
    for i in (off & ~held).nonzero().flatten().tolist():
        row = uniform_knots(float(low[i]), float(high[i]), layer.grid, layer.order, dtype=knots.dtype)
        points = torch.linspace(float(low[i]), float(high[i]), 8 * layer.coef.shape[2], dtype=knots.dtype)[:, None]
        heights = spline(points, layer.knots[i : i + 1], layer.coef[i : i + 1], outside=layer.outside)
        knots[i], coef[i] = row[0], fit(points, heights, row, layer.order)[0]
    return replace(layer, knots=knots, coef=coef)
