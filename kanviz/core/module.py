"""A KAN layer as a `torch.nn.Module`, for people who put KAN layers in torch models of their own."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kanviz.core.init import init
from kanviz.core.layer import Layer


class KANLayer(nn.Module):
    """A learned function of one variable on every edge from `sources` values to `targets` sums.

    x: (..., sources) gives (..., targets); a layer with product nodes gives (..., nodes). Trains with any optimiser, in
    float32 or float64. Parameters are coef (source, target, basis), base_weight (source, target), bias (target) and,
    where there are any, offset (node) of products and affine (formula, 4). Knots and marks are buffers, so `state_dict`
    holds tensors alone. Edges frozen in a `Layer` are marked, but an optimiser of yours is not held back by the mark.

        model = torch.nn.Sequential(KANLayer(2, 5), KANLayer(5, 1))
    """

    coef: nn.Parameter
    base_weight: nn.Parameter
    bias: nn.Parameter
    offset: nn.Parameter
    affine: nn.Parameter

    def __init__(self, sources: int, targets: int, *, dtype: torch.dtype | None = None, **how: Any):
        """A new layer; `how` is what `kanviz.init` takes: grid, order, seed, base, outside, low, high, noise.

        dtype: None takes torch's default.
        """
        super().__init__()
        kan = init([sources, targets], dtype=dtype or torch.get_default_dtype(), **how)
        self._take(kan.layers[0])

    @classmethod
    def from_layer(cls, layer: Layer) -> "KANLayer":
        """The same functions as a module, with numbers of its own."""
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        module._take(layer)
        return module

    def _take(self, layer: Layer) -> None:
        for name in ("coef", "base_weight", "bias", "offset", "affine"):
            self.register_parameter(name, nn.Parameter(getattr(layer, name).detach().clone()))
        for name in ("knots", "active", "frozen"):
            self.register_buffer(name, getattr(layer, name).clone())
        self.offset.requires_grad_(any(k > 1 for k in layer.arity))  # a sum node has no offset to learn
        self.affine.requires_grad_(bool(layer.formulas))
        self.base_weight.requires_grad_(layer.base != "zero")
        self._rest = {name: getattr(layer, name) for name in ("formulas", "arity", "base", "outside")}

    def _layer(self) -> Layer:
        parts = dict(self.named_parameters()) | dict(self.named_buffers())
        return Layer(**parts, **self._rest)

    def to_layer(self) -> Layer:
        """The layer as a value: a copy that later training leaves alone."""
        parts = {name: part.detach().clone() for name, part in (*self.named_parameters(), *self.named_buffers())}
        return Layer(**parts, **self._rest)

    def forward(self, x: Float[Tensor, "*rows source"]) -> Float[Tensor, "*rows node"]:
        rows = self._layer()(x.reshape(-1, x.shape[-1]))
        return rows.reshape(*x.shape[:-1], rows.shape[-1])

    def extra_repr(self) -> str:
        layer = self._layer()
        return f"{layer.sources}, {layer.targets}, grid={layer.grid}, order={layer.order}, base={layer.base!r}"
