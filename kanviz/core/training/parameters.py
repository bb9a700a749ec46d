"""Collect the numbers of a network that may change in one flat vector; all others stay bit-identical by construction.

A frozen number is not masked after a step: it is not in the vector, so no momentum, decay or line search can change it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.locks.lock import LayerLock, Lock

PARTS = ("coef", "base_weight", "bias", "affine")


@dataclass(frozen=True)
class FreeParameters:
    """The free numbers of `kan`: for each layer and part, a mask of its shape."""

    kan: KAN
    masks: tuple[dict[str, Tensor], ...]

    @staticmethod
    def of(
        kan: KAN, parts: Collection[str] = PARTS, frozen: Collection[EdgeId] = (), lock: Lock | None = None
    ) -> "FreeParameters":
        """Select all numbers in `parts`, except pruned edges, edges frozen in the network or in `frozen`, and locked
        numbers. Raises UserError for an edge or a lock that does not fit the network.
        """
        frozen = [kan.check(edge) for edge in frozen]
        masks = [_masks(layer, n, parts, frozen) for n, layer in enumerate(kan.layers)]
        if lock is not None:
            held = lock.check(kan).layers
            masks = [_unlocked(*both) for both in zip(masks, held, kan.layers, strict=True)]
        return FreeParameters(kan, tuple(masks))

    @property
    def count(self) -> int:
        return sum(int(mask.sum()) for masks in self.masks for mask in masks.values())

    def vector(self) -> Tensor:
        """Return a copy of the free numbers."""
        found = [
            getattr(v, p)[m] for v, masks in zip(self.kan.layers, self.masks, strict=True) for p, m in masks.items()
        ]
        return torch.cat([part.flatten() for part in found]).clone()

    def put(self, vector: Tensor) -> KAN:
        """Return the network with these free numbers; differentiable in `vector`."""
        layers, at = {}, 0
        for n, (layer, masks) in enumerate(zip(self.kan.layers, self.masks, strict=True)):
            new = {}
            for part, mask in masks.items():
                size = int(mask.sum())
                if size:
                    new[part] = getattr(layer, part).masked_scatter(mask, vector[at : at + size])
                at += size
            layers[n] = replace(layer, **new)
        return self.kan.with_layers(layers)


def _unlocked(masks: dict[str, Tensor], lock: LayerLock, layer: Layer) -> dict[str, Tensor]:
    rows = torch.tensor([bool(lock.affine[i, j]) for i, j, _ in layer.formulas], dtype=torch.bool)
    held = {name: rows[:, None] if name == "affine" else getattr(lock, name) for name in masks}
    return {name: mask & ~held[name] for name, mask in masks.items()}


def _masks(layer: Layer, n: int, parts: Collection[str], frozen: Collection[EdgeId]) -> dict[str, Tensor]:
    held = layer.frozen.clone()
    for edge in frozen:
        if edge[0] == n:
            held[edge[1], edge[2]] = True
    learned = layer.active & ~held
    product = torch.tensor([k > 1 for k in layer.arity])
    formulas = torch.tensor([not held[i, j] for i, j, _ in layer.formulas], dtype=torch.bool)
    free = {
        "coef": learned[..., None].expand_as(layer.coef),
        "base_weight": learned & torch.tensor(layer.base != "zero"),
        "bias": torch.ones_like(layer.bias, dtype=torch.bool),
        "offset": product,
        "affine": formulas[:, None].expand(-1, 4),
    }
    chosen = {*parts, "offset"} if "bias" in parts else set(parts)
    return {name: mask if name in chosen else torch.zeros_like(mask) for name, mask in free.items()}
