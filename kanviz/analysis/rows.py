"""Choose rows that represent a network's typical inputs."""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.steps import USUAL

ROWS = 5_000


def typical_inputs(kan: KAN, data: Dataset | None, rows: int = ROWS) -> Float[Tensor, "rows input"]:
    """Return training rows (table units), thinned evenly to at most `rows`.

    Without data, Sobol points of the first grid.
    """
    if data is not None:
        x = data.matching(kan).rows("train")[0]
        return x[torch.linspace(0, len(x) - 1, min(rows, len(x))).long()]
    low, high = usual_inputs(kan)
    draws = torch.quasirandom.SobolEngine(len(low), scramble=True, seed=0).draw(min(rows, 1_000)).to(kan.dtype)
    scale, shift = (low.new_tensor([getattr(v, part) for v in kan.inputs]) for part in ("scale", "shift"))
    return (low + (high - low) * draws) * scale + shift


def usual_inputs(kan: KAN) -> tuple[Float[Tensor, " input"], Float[Tensor, " input"]]:
    """Return the least and greatest usual value of each input (network units): the ends of the first layer's domain.

    Which values go into a step is not known: then a fixed range.
    """
    layer = kan.layers[0]
    low, high = layer.domain
    return (low.new_full((layer.takes,), -USUAL), low.new_full((layer.takes,), USUAL)) if layer.step else (low, high)


def entering(kan: KAN, x: Float[Tensor, "rows input"], layers: int | None = None) -> list[Tensor]:
    """Return what the edges of each layer get (network units), the outputs last, for rows in table units.

    layers: how many layers to compute, None for all. Computed exactly as the network computes it.
    """
    values, found = kan.normalise(x), []
    for layer in kan.layers[:layers]:
        found.append(layer.enter(values))
        values = layer.combine(layer.sums(found[-1]))
    here = kan.layers[len(found)].enter(values) if len(found) < len(kan.layers) else values
    return [*found, here]
