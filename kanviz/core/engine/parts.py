"""What every way to compute a layer starts from: its numbers, and whether its knots are evenly spaced."""

from typing import NamedTuple

import torch
from torch import Tensor

from kanviz.core.spline import Outside

MOST_ORDER = 5  # of the kernel and the closed forms; above it de Boor's recursion serves


class Parts(NamedTuple):
    """A layer's numbers: knots (source, knot), coef (source, target, basis), weight (source, target)."""

    knots: Tensor
    coef: Tensor
    weight: Tensor

    @property
    def order(self) -> int:
        return int(self.knots.shape[1] - self.coef.shape[2] - 1)  # sizes are tensors to torch.jit.trace


class Kind(NamedTuple):
    """What a layer's curves are beside their numbers. even: whether all knots are evenly spaced; None: not known."""

    base: str
    outside: Outside
    even: bool | None = None

    def closed(self, parts: "Parts") -> bool:
        """Whether closed forms hold: even knots, an order they are accurate at, slopes that do not jump on knots."""
        return 2 <= parts.order <= MOST_ORDER and (evenly_spaced(parts.knots) if self.even is None else self.even)


def evenly_spaced(knots: Tensor) -> bool:
    """Whether every source's knots are evenly spaced to rounding, so that closed forms hold."""
    cells = knots.shape[1] - 1
    exact = knots.detach().double()
    step = (exact[:, -1:] - exact[:, :1]) / cells
    off = (exact - exact[:, :1] - step * torch.arange(cells + 1, device=knots.device)).abs()
    return bool(((off <= step * (1e-5 if knots.dtype == torch.float32 else 4e-13)) & (step > 0)).all())


def _silu_curvature(x: Tensor) -> Tensor:
    s = x.sigmoid()  # silu = x s
    return s * (-x).sigmoid() * (2 + x * (1 - 2 * s))


BASE_CURVES = {  # value, slope, curvature
    "silu": (torch.nn.functional.silu, lambda x: x.sigmoid() * (1 + x * (-x).sigmoid()), _silu_curvature),
    "identity": (lambda x: x, torch.ones_like, torch.zeros_like),
    "zero": (torch.zeros_like, torch.zeros_like, torch.zeros_like),
}


def slope_only(base: str, x: Tensor) -> Tensor:
    """The base function's slope where nobody differentiates it further: in one pass."""
    return torch.ops.aten.silu_backward(torch.ones_like(x), x) if base == "silu" else BASE_CURVES[base][1](x)
