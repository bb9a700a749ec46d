"""A layer by matrix products over all basis functions: torch alone, best on coarse grids and for few points.

On even knots the basis comes in closed form, without looking for cells: B(z) = sum_j (-1)^j C(k+1, j)
max(0, h - j - |z|)^k / k!, h = (k+1)/2, z the distance from the middle of the function's support in cells (Schoenberg
1946). Axes run *source, basis, rows*, so that every pass is along the rows; blocks of rows and sources stay in the
cache, and nothing is kept from the forward pass but x. Uneven knots take de Boor's recursion.
"""

import math
import threading

import torch
from torch import Tensor

from kanviz.core.engine.parts import BASE_CURVES, Kind, Parts
from kanviz.core.spline import basis, domain

ROWS = 512  # in a block
ROOM = 192 * 1024  # numbers in a block of the basis


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """The sums at x (rows, source): (rows, target)."""
    out = bias.expand(x.shape[0], -1).clone()
    work = _Work(x, parts, kind)
    for sources in work.sources:
        table = _table(parts, sources)
        for rows in work.rows:
            values, _ = work.functions(x[rows, sources], sources, slopes=False)
            out[rows].addmm_(values.flatten(0, 1).T, table)
    return out


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of x, coef, weight and bias; None for those not asked for."""
    into_x = torch.empty_like(x) if of_x else None
    into = grad.new_zeros(parts.coef.shape[0], parts.coef.shape[2] + 1, parts.coef.shape[1]) if of_parts else None
    work = _Work(x, parts, kind)
    for sources in work.sources:
        table = _table(parts, sources)
        for rows in work.rows:
            values, slopes = work.functions(x[rows, sources], sources, slopes=of_x)
            if into is not None:
                into[sources].view(-1, into.shape[2]).addmm_(values.flatten(0, 1), grad[rows])
            if into_x is not None and slopes is not None:
                through = torch.mm(table, grad[rows].T, out=values.view(table.shape[0], -1)).view_as(slopes)
                into_x[rows, sources] = through.mul_(slopes).sum(1).T
    if into is None:
        return into_x, None, None, None
    return into_x, into[:, :-1].transpose(1, 2), into[:, -1], grad.sum(0)


def _table(parts: Parts, sources: slice) -> Tensor:
    """Coefficients and base weights as rows of one matrix: (source and basis, target)."""
    rows = torch.cat([parts.coef[sources].transpose(1, 2), parts.weight[sources, None]], 1)
    return rows.flatten(0, 1)


_kept = threading.local()


def _scratch(x: Tensor, size: int) -> Tensor:
    """Memory of x's kind, kept by each thread from call to call: fresh pages cost more to touch than to work on."""
    room: Tensor | None = getattr(_kept, "room", None)
    if room is None or room.dtype != x.dtype or room.device != x.device or len(room) < size:
        room = _kept.room = x.new_empty(size)
    return room[:size]


class _Work:
    """The functions of some sources at some rows, block by block, in memory that the blocks share."""

    def __init__(self, x: Tensor, parts: Parts, kind: Kind):
        self.order, self.knots, self.count, self.kind = parts.order, parts.knots, parts.coef.shape[2], kind
        self.closed = kind.closed(parts)
        rows = min(ROWS, max(len(x), 1))
        many = min(x.shape[1], max(1, ROOM // (rows * (self.count + 1))))
        self.sources = [slice(s, s + many) for s in range(0, x.shape[1], many)]
        self.rows = [slice(r, r + rows) for r in range(0, len(x), rows)]
        self._room = _scratch(x, 5 * many * (self.count + 1) * rows).view(5, -1)

    def _share(self, n: int, sources: int, basis: int, rows: int) -> Tensor:
        return self._room[n, : sources * basis * rows].view(sources, basis, rows)

    def functions(self, x: Tensor, sources: slice, *, slopes: bool) -> tuple[Tensor, Tensor | None]:
        """Values and slopes of the functions, the base function last: (source, basis + 1, rows)."""
        x, knots, linear = x.T.contiguous(), self.knots[sources], self.kind.outside == "linear"
        values, rates = (self._share(n, len(x), self.count + 1, x.shape[1]) for n in (0, 1))
        base, base_slope, _ = BASE_CURVES[self.kind.base]
        values[:, -1] = base(x)
        if slopes:
            rates[:, -1] = base_slope(x)
        if not self.closed:
            for d, into in ((0, values), *(((1, rates),) if slopes else ())):
                into[:, :-1] = basis(x.T, knots, self.order, d, self.kind.outside).permute(1, 2, 0)
            return values, rates if slopes else None
        first, last = knots[:, :1], knots[:, -1:]
        scale = (knots.shape[1] - 1) / (last - first)
        near = x.clamp(*(end[:, None] for end in domain(knots, self.order))) if linear else x
        bent = linear and bool((near != x).any())
        self._cardinal((near - first) * scale, values[:, :-1], rates[:, :-1] if slopes or bent else None, scale)
        if bent:
            values[:, :-1] += (x - near)[:, None] * rates[:, :-1]
        return values, rates if slopes else None

    def _cardinal(self, at: Tensor, values: Tensor, slopes: Tensor | None, scale: Tensor) -> None:
        """Into `values` (source, basis, rows) the functions at `at`, in cells from the first knot; slopes in x."""
        order, half = self.order, (self.order + 1) / 2
        away, above, power = (self._share(n, *values.shape) for n in (2, 3, 4))
        middle = torch.arange(values.shape[1], dtype=at.dtype, device=at.device) + half
        torch.sub(middle[:, None], at[:, None], out=away)
        torch.abs(away, out=above)
        torch.sub(at.new_tensor(half), above, out=above).clamp_(min=0)  # max(0, half - |z|), then less 1, 2 ...
        for j in range((order + 2) // 2):
            if j:
                above.sub_(1).clamp_(min=0)
            share = (-1) ** j * math.comb(order + 1, j) / math.factorial(order)
            low = above
            if order > 2:
                low = torch.mul(above, above, out=power)
                for _ in range(order - 3):
                    power.mul_(above)  # above^(order - 1)
            if slopes is not None:
                _add(slopes, low, order * share, first=j == 0)
            if j == 0:
                torch.mul(low, above, out=values).mul_(share)
            else:
                values.addcmul_(low, above, value=share)
        if slopes is not None:
            torch.copysign(slopes, away, out=slopes)  # rises to the middle, falls after it
            slopes.mul_(scale[..., None])


def _add(to: Tensor, what: Tensor, share: float, *, first: bool) -> None:
    if first:
        torch.mul(what, share, out=to)
    else:
        to.add_(what, alpha=share)
