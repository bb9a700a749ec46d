"""Make the lock under which the predictions of given rows do not change by a single bit, whatever is learned later."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.intervals.propagation import through
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.locks.lock import LayerLock, Lock
from kanviz.core.locks.reach import reached
from kanviz.core.needs import need_no_steps
from kanviz.errors import UserError
from kanviz.text import counted

AT_ONCE = 2**21  # bounds of single activations in memory at once


@torch.no_grad()
def data_lock(kan: KAN, x: Any, name: str = "rows") -> Lock:
    """Lock every number on which the predictions of rows x (row, input; table units) depend, in all layers.

    These are the control points whose support contains a row, and all base weights, biases, offsets and formulas, which
    act everywhere. A row within a thousandth of an interval of a knot counts on both sides of it. So does a hidden
    value that rounding may move over a knot: nodes are propagated as intervals that contain the result of every way to
    compute the layer. Raises UserError where a row is not finite.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1], grid=20)
    >>> lock = kanviz.data_lock(kan, [[0.05], [0.07]])
    >>> [int(part.locked.sum()) for part in lock.capacity(kan)], lock.origin
    ([4], 'every number that 2 rows use')
    """
    need_no_steps(kan, "A lock")
    inputs = kan.normalise(x)
    if not bool(inputs.isfinite().all()):
        raise UserError("The rows to lock have values that are no finite numbers. Leave those rows out.")
    visited = [torch.zeros(layer.sources, layer.coef.shape[2], dtype=torch.bool) for layer in kan.layers]
    bounds = [CurveBounds.of(layer) for layer in kan.layers[:-1]]
    for values in inputs.double().split(max(1, AT_ONCE // max(layer.base_weight.numel() for layer in kan.layers))):
        low = high = values
        for n, layer in enumerate(kan.layers):
            visited[n] |= reached(layer, low, high)
            if n < len(bounds):
                low, high = through(bounds[n], low, high)
    origin = f"every number that {counted(len(inputs), 'row')} use"
    return Lock(tuple(map(using, kan.layers, visited)), name, origin)


def using(layer: Layer, visited: Tensor) -> LayerLock:
    """Lock the visited basis functions (source, basis) of a layer, and all numbers that act everywhere."""
    lock = LayerLock.of(layer, held=True)
    return replace(lock, coef=visited[:, None] & layer.active[..., None])
