"""Choose rows that represent a network's typical inputs."""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.spline import domain

ROWS = 5_000


def typical_inputs(kan: KAN, data: Dataset | None, rows: int = ROWS) -> Float[Tensor, "rows input"]:
    """Return training rows (table units), thinned evenly to at most `rows`.

    Without data, Sobol points of the first grid.
    """
    if data is not None:
        x = data.matching(kan).rows("train")[0]
        return x[torch.linspace(0, len(x) - 1, min(rows, len(x))).long()]
    layer = kan.layers[0]
    low, high = domain(layer.knots, layer.order)
    draws = torch.quasirandom.SobolEngine(layer.sources, scramble=True, seed=0).draw(min(rows, 1_000)).to(kan.dtype)
    scale, shift = (low.new_tensor([getattr(v, part) for v in kan.inputs]) for part in ("scale", "shift"))
    return (low + (high - low) * draws) * scale + shift


def entering(kan: KAN, x: Float[Tensor, "rows input"], layers: int | None = None) -> list[Tensor]:
    """Return the inputs of each layer (network units), the outputs last, for rows in table units.

    layers: how many layers to compute, None for all. Computed exactly as the network computes it.
    """
    nodes = [kan.normalise(x)]
    for layer in kan.layers[:layers]:
        nodes.append(layer(nodes[-1]))
    return nodes
