"""Turn a layer of another family into cubic B-splines, each curve to within a share of its spread.

Intervals are halved where the bound does not hold yet.
"""

import torch
from torch import Tensor

from kanviz.core.conversion.curves import Curves, Range
from kanviz.core.conversion.fit import ConvertedLayer, Fit
from kanviz.core.conversion.interpolation import ORDER
from kanviz.core.layer import Layer
from kanviz.errors import UserError

MOST_INTERVALS = 10_000
MOST_NUMBERS = 20_000_000  # coefficients of a layer


@torch.no_grad()
def converted(layer: Layer, on: Range | None, gap: float, name: str) -> ConvertedLayer:
    """Convert the learned curves of a layer; base functions, formulas, biases, marks and steps stay as they are.

    on: the range, None where it is complete · gap: the share of each curve's spread that the bound must not exceed, or
    the precision of the layer's numbers where these are coarser · name: how refusals call the layer. Raises UserError
    for a pole in the range, curves without finite values, and where too many intervals are needed.
    """
    work = Curves.of(layer, on, gap, name)
    inner = work.start()
    while True:
        found = Fit(work, inner)
        if not bool((found.ratio > 1).any()):
            return found.result()
        finer = _halved(inner, found.ratio)
        _check_size(work, inner, finer, found.ratio)
        inner = finer


def _halved(inner: Tensor, ratio: Tensor) -> Tensor:
    """Halve the intervals whose ratio is above 1, and as many of every other grid, its worst ones."""
    wide = inner.diff(dim=1) > 0  # a corner's triple knot stays one
    count = int((ratio > 1).sum(1).max().minimum(wide.sum(1).min()))
    at = torch.where(wide, ratio, -1.0).topk(count, 1).indices
    middles = (inner.gather(1, at) + inner.gather(1, at + 1)) / 2
    return torch.cat([inner, middles], 1).sort(1).values


def _check_size(work: Curves, inner: Tensor, finer: Tensor, ratio: Tensor) -> None:
    """Refuse a conversion that needs too many intervals, or intervals that the precision does not hold apart."""
    intervals = finer.shape[1] - 1
    numbers = (intervals + ORDER) * work.size.numel()
    widths = torch.where(ratio > 1, inner.diff(dim=1), torch.inf)
    apart = 64 * torch.finfo(work.layer.coef.dtype).eps * inner.abs().amax(1, keepdim=True)
    narrow = not bool((widths > apart).all())
    if intervals <= MOST_INTERVALS and numbers <= MOST_NUMBERS and not narrow:
        return
    n = int(ratio.amax(1).argmax())
    x = float(inner[n, int(ratio[n].argmax())])
    if narrow:
        why = f"narrower intervals than {str(work.layer.coef.dtype).removeprefix('torch.')} tells apart"
    else:
        why = (
            f"{intervals:,} intervals or more for each of {work.size.numel():,} edges, and kanviz makes up to "
            f"{MOST_INTERVALS:,} intervals and {MOST_NUMBERS:,} coefficients"
        )
    raise UserError(
        f"{work.name} needs {why}. The curves bend most near {x:.4g}. Choose a larger gap or a smaller range."
    )
