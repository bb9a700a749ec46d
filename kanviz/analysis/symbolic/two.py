"""Model a curve by two functions: one inside the other, or the sum of both."""

from dataclasses import dataclass, replace
from typing import Self

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.polish import applied, values
from kanviz.analysis.symbolic.samples import Curves
from kanviz.analysis.symbolic.shapes import Rows, kind_of

LARGEST = 300.0


@dataclass(frozen=True)
class Two:
    """Rows of two functions of one curve: `first` in the rows' order, `second` sorted by its own names.

    place: the index in `second` of a row's partner.
    """

    first: Rows
    second: Rows
    place: Int[Tensor, " row"]
    t: Float[Tensor, "row sample"]
    y: Float[Tensor, "row sample"]
    w: Float[Tensor, "row sample"]

    @classmethod
    def of(cls, first: Rows, second: Rows, curve: Curves) -> Self:
        """Build pairs, in any order: row n of one belongs to row n of the other."""
        order = first.name.argsort(stable=True)
        first, second = first.take(order), second.take(order)
        by_second = second.name.argsort(stable=True)
        shape = len(order), -1
        t, y, w = (part[:1].expand(shape) for part in (curve.t, curve.y, curve.w))
        return cls(first, second.take(by_second), by_second.argsort(), t, y, w)

    def on(self, curve: Curves) -> Self:
        """Return the same rows on other samples."""
        return type(self).of(self.first, self.second.take(self.place), curve)

    def take(self, index: Int[Tensor, " part"]) -> Self:
        at = self.place[index]
        order = at.argsort()
        second = self.second.take(at[order])
        return type(self)(self.first.take(index), second, order.argsort(), self.t[index], self.y[index], self.w[index])

    @property
    def theta(self) -> Float[Tensor, "row 4"]:
        return torch.cat([self.first.theta, self.second.theta[self.place]], 1)

    def at(self, theta: Float[Tensor, "row 4"]) -> Self:
        """Return the same rows with other free numbers."""
        second = self.second.at(theta[self.place.argsort(), 2:])
        return replace(self, first=self.first.at(theta[:, :2]), second=second)

    @property
    def partner(self) -> Rows:
        """`second` in the rows' order; its names are not sorted."""
        return self.second.take(self.place)

    def looked_at(self, rows: Rows, theta: Float[Tensor, "row 2"]) -> tuple[Tensor, Tensor]:
        """Return `second` at t, and its derivatives by its theta, in the rows' order."""
        back = self.place.argsort()
        value, along = values(rows, theta[back], self.t[back])
        return value[self.place], along[self.place]


class Sum(Two):
    """The model factor f(alpha t + beta) + factor g(alpha' t + beta') + shift; theta is that of f, then that of g."""

    @property
    def owner(self) -> tuple[int, ...]:
        return 0, 0, 1, 1

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        (low, high), (low2, high2) = self.first.bounds(), self.second.bounds()
        return torch.cat([low, low2[self.place]], 1), torch.cat([high, high2[self.place]], 1)

    def look(self, theta: Float[Tensor, "row 4"]) -> tuple[Tensor, Tensor]:
        value, along = values(self.first, theta[:, :2], self.t)
        value2, along2 = self.looked_at(self.second, theta[:, 2:])
        return torch.stack([value, value2], 1), torch.cat([along, along2], 1)


class Chain(Two):
    """The model factor f(alpha g(.) + beta) + shift; theta is alpha and beta, then that of g.

    Alpha and beta are free only where the factor and the shift do not already cover them.
    """

    @property
    def owner(self) -> tuple[int, ...]:
        return 0, 0, 0, 0

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        free = torch.tensor([free_outside(name) for name in self.first.names], dtype=torch.float64)[self.first.name]
        reach = torch.tensor([LARGEST, 10 * LARGEST], dtype=torch.float64)
        low, high = (torch.where(free > 0, end, self.first.theta) for end in (-reach, reach))
        low2, high2 = self.second.bounds()
        return torch.cat([low, low2[self.place]], 1), torch.cat([high, high2[self.place]], 1)

    def look(self, theta: Float[Tensor, "row 4"]) -> tuple[Tensor, Tensor]:
        alpha, beta = theta[:, :1], theta[:, 1:2]
        inner, along = self.looked_at(self.second, theta[:, 2:])
        value, slope, _ = applied(self.first, torch.addcmul(beta, alpha, inner), theta[:, 1])
        free = torch.tensor([free_outside(name) for name in self.first.names], dtype=torch.float64)[self.first.name]
        own = torch.stack([slope * inner, slope], 1) * free[:, :, None]
        return value[:, None], torch.cat([own, (slope * alpha)[:, None] * along], 1)


def free_outside(name: str) -> tuple[float, float]:
    """Return whether the outer function's alpha and beta are free (1.0) or not (0.0)."""
    match kind_of(name):
        case "lin":
            return 0.0, 0.0
        case "loc" | "locp":
            return 0.0, 1.0
        case "rate":
            return 1.0, 0.0
    return 1.0, 1.0
