"""Make another random start for a new network."""

import math
from dataclasses import replace

import torch

from kanviz.core.kan import KAN
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.parameters import FreeParameters

NOISE = 0.3  # as in `init`


def redrawn(kan: KAN, config: TrainConfig, start: int) -> KAN:
    """Sample the free coefficients and base weights again, as `init` does; all other numbers stay."""
    rng = torch.Generator().manual_seed((config.seed + 7919 * start) % 2**63)
    masks = FreeParameters.of(kan, config.parts, config.frozen, config.lock).masks
    layers = {}
    for n, (layer, mask) in enumerate(zip(kan.layers, masks, strict=True)):
        scale = 1 / math.sqrt(layer.sources)
        coef = NOISE * scale * torch.randn(layer.coef.shape, generator=rng, dtype=torch.float64)
        weight = scale * (2 * torch.rand(layer.base_weight.shape, generator=rng, dtype=torch.float64) - 1)
        layers[n] = replace(
            layer,
            coef=torch.where(mask["coef"], coef.to(kan.dtype), layer.coef),
            base_weight=torch.where(mask["base_weight"], weight.to(kan.dtype), layer.base_weight),
        )
    return kan.with_layers(layers)
