"""Define the arguments that all paths of the engine share: a layer's numbers, and whether its knots are even."""

from typing import NamedTuple

import torch
from torch import Tensor

from kanviz.core.spline import Outside

MOST_ORDER = 5  # for the kernel and the closed forms; above it de Boor's recursion is used


class Parts(NamedTuple):
    """The numbers of a layer: knots (source, knot), coef (source, target, basis), weight (source, target)."""

    knots: Tensor
    coef: Tensor
    weight: Tensor

    @property
    def order(self) -> int:
        return int(self.knots.shape[1] - self.coef.shape[2] - 1)  # under torch.jit.trace sizes are tensors


class Kind(NamedTuple):
    """The settings of a layer's curves besides their numbers. even: all knots are evenly spaced; None: not known."""

    base: str
    outside: Outside
    even: bool | None = None

    def closed(self, parts: "Parts") -> bool:
        """Return whether closed forms can be used: even knots, and order 2 to 5.

        Above they are not accurate enough; at order 1 slopes jump at the knots.
        """
        return 2 <= parts.order <= MOST_ORDER and (evenly_spaced(parts.knots) if self.even is None else self.even)


def evenly_spaced(knots: Tensor) -> bool:
    """Return whether every source's knots are evenly spaced up to rounding, so that closed forms can be used."""
    cells = knots.shape[1] - 1
    exact = knots.detach().double()
    step = (exact[:, -1:] - exact[:, :1]) / cells
    off = (exact - exact[:, :1] - step * torch.arange(cells + 1, device=knots.device)).abs()
    return bool(((off <= step * (1e-5 if knots.dtype == torch.float32 else 4e-13)) & (step > 0)).all())
