"""The lock under which given rows keep their predictions, bit for bit, whatever is learned later."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.locks.lock import LayerLock, Lock
from kanviz.core.locks.reach import ULPS, reached
from kanviz.errors import UserError
from kanviz.text import counted

ROWS = 8_192  # run through the network at once


@torch.no_grad()
def data_lock(kan: KAN, x: Any, name: str = "rows") -> Lock:
    """Every number that the predictions of rows x (row, input; table units) are made from, in all layers.

    Control points whose support a row visits; base weights, biases, offsets and formulas, which act everywhere. A row
    within a thousandth of an interval of a knot, or within rounding of it, counts on both sides. Raises UserError where
    a row is not finite.
    """
    inputs = kan.normalise(x)
    if not bool(inputs.isfinite().all()):
        raise UserError("The rows to lock have values that are no finite numbers. Leave those rows out.")
    visited = [torch.zeros(layer.sources, layer.coef.shape[2], dtype=torch.bool) for layer in kan.layers]
    for values in inputs.split(ROWS):
        rounding = torch.zeros_like(values)
        for n, layer in enumerate(kan.layers):
            visited[n] |= reached(layer, values, values, rounding)
            if n + 1 < len(kan.layers):
                rounding = _rounding(layer, values)
                values = layer(values)
    origin = f"every number that {counted(len(inputs), 'row')} use"
    return Lock(tuple(map(using, kan.layers, visited)), name, origin)


def using(layer: Layer, visited: Tensor) -> LayerLock:
    """The lock of a layer whose visited functions (source, basis) are in use: with all that acts everywhere."""
    lock = LayerLock.of(layer, held=True)
    return replace(lock, coef=visited[:, None] & layer.active[..., None])


def _rounding(layer: Layer, values: Tensor) -> Tensor:
    """How far a node may be off by rounding: some units in the last place of the largest it adds up."""
    size = replace(
        layer, coef=layer.coef.abs(), base_weight=layer.base_weight.abs(), bias=layer.bias.abs(),
        offset=layer.offset.abs(), affine=layer.affine[:0], formulas=(),
    )  # fmt: skip
    return ULPS * torch.finfo(values.dtype).eps * size(values).abs()
