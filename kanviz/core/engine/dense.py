"""Compute a layer by matrix products over all basis functions: only torch, best on coarse grids and for few points.

On even knots the basis has a closed form, without a search for cells: B(z) = sum_j (-1)^j C(k+1, j)
max(0, h - j - |z|)^k / k!, h = (k+1)/2, z the distance from the middle of the function's support in cells (Schoenberg
1946). Axes are *source, basis, rows*, so that every pass is along the rows; blocks of rows and sources fit the cache,
and only x is saved from the forward pass. Uneven knots use de Boor's recursion.
"""

import math
import threading

import torch
from torch import Tensor

from kanviz.core.engine.bases import BASE_CURVES, slope_only
from kanviz.core.engine.parts import Kind, Parts
from kanviz.core.spline import basis, domain

ROWS = 512  # in a block
ROOM = 128 * 1024  # numbers in a block of the basis
COARSE = 16  # basis functions up to which positions are measured from the first knot


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """Compute the sums (rows, target) at x (rows, source)."""
    work = _Work(x, parts, kind)
    out = torch.addmm(bias[:, None], parts.weight.T, BASE_CURVES[kind.base].value(work.x))
    for sources in work.sources:
        table = work.table(sources).T.contiguous()
        for rows in work.rows:
            values, _ = work.functions(sources, rows, slopes=False)
            out[:, rows].addmm_(table, values.flatten(0, 1))
    return out.T.contiguous()


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Compute the gradients of x, coef, weight and bias; None for those not requested."""
    work = _Work(x, parts, kind)
    base = BASE_CURVES[kind.base].value
    across = grad.T.contiguous() if of_x else grad.T
    into_x = slope_only(kind.base, work.x).mul_(parts.weight @ across) if of_x else None
    into = grad.new_zeros(parts.coef.transpose(1, 2).shape) if of_parts else None
    for sources in work.sources:
        table = work.table(sources)
        for rows in work.rows:
            values, slopes = work.functions(sources, rows, slopes=of_x)
            if into is not None:
                into[sources].view(-1, into.shape[2]).addmm_(values.flatten(0, 1), grad[rows])
            if into_x is not None and slopes is not None:
                through = torch.mm(table, across[:, rows], out=values.view(len(table), -1)).view_as(slopes)
                into_x[sources, rows] += through.mul_(slopes).sum(1).mul_(work.scale[sources])
    into_x = None if into_x is None else into_x.T.contiguous()
    if into is None:
        return into_x, None, None, None
    return into_x, into.mul_(work.share).transpose(1, 2), base(work.x) @ grad, grad.sum(0)


_thread = threading.local()


def _scratch(x: Tensor, size: int) -> Tensor:
    """Return memory of x's dtype and device, reused by each thread: touching new pages costs more than the work."""
    room: Tensor | None = getattr(_thread, "room", None)
    if room is None or room.dtype != x.dtype or room.device != x.device or len(room) < size:
        room = _thread.room = x.new_empty(size)
    return room[:size]


def release() -> None:
    """Free the scratch memory of this thread."""
    _thread.__dict__.clear()


class _Work:
    """The basis functions of some sources at some rows, block by block, in shared memory; x: (source, rows).

    Functions in closed form are too large by a factor 1 / `share`, and slopes are also too small by a factor `scale`.
    Both are corrected in the smaller factor of the matrix products.
    """

    def __init__(self, x: Tensor, parts: Parts, kind: Kind):
        self.x, self.parts, self.kind, self.count = x.T.contiguous(), parts, kind, parts.coef.shape[2]
        self.closed = kind.closed(parts)
        rows = min(ROWS, max(len(x), 1))
        many = min(x.shape[1], max(1, ROOM // (rows * self.count)))
        self.sources = [slice(s, s + many) for s in range(0, x.shape[1], many)]
        self.rows = [slice(r, r + rows) for r in range(0, len(x), rows)]
        self._room = _scratch(x, 5 * many * self.count * rows).view(5, -1)
        self.scale, self.share, self._beyond = x.new_ones(x.shape[1], 1), 1.0, None
        if self.closed:
            self._place()

    def _place(self) -> None:
        knots, near = self.parts.knots, self.x
        if self.kind.outside == "linear":
            near = self.x.clamp(*(end[:, None] for end in domain(knots, self.parts.order)))
            self._beyond = self.x - near if bool((near != self.x).any()) else None
        order = self.parts.order
        self._cells = (knots.shape[1] - 1) / (knots[:, -1:] - knots[:, :1])
        self._at = torch.addcmul(-knots[:, :1] * self._cells, near, self._cells)  # cells from the first knot
        self._near, self._middle = near, (knots[:, : self.count] + knots[:, order + 1 :]) / 2
        self.share, self.scale = 1 / math.factorial(order), order * self._cells

    def table(self, sources: slice) -> Tensor:
        """Return the coefficients as one matrix: (source and basis, target)."""
        return self.parts.coef[sources].transpose(1, 2).flatten(0, 1) * self.share

    def functions(self, sources: slice, rows: slice, *, slopes: bool) -> tuple[Tensor, Tensor | None]:
        """Compute values and slopes of the functions: (source, basis, rows)."""
        if not self.closed:
            x, order = self.x[sources, rows].T, self.parts.order
            found = [basis(x, self.parts.knots[sources], order, d, self.kind.outside) for d in range(1 + slopes)]
            values, rates = (found[0], found[-1] if slopes else None)
            return values.permute(1, 2, 0).contiguous(), rates.permute(1, 2, 0) if rates is not None else None
        values, rates = self._cardinal(sources, rows, slopes=slopes or self._beyond is not None)
        if self._beyond is not None and rates is not None:
            values += self._beyond[sources, rows][:, None] * (self.scale[sources, :, None] * rates)
        return values, rates if slopes else None

    def _cardinal(self, sources: slice, rows: slice, *, slopes: bool) -> tuple[Tensor, Tensor | None]:
        order, half, at = self.parts.order, (self.parts.order + 1) / 2, self._at[sources, rows]
        shape = (len(at), self.count, at.shape[1])
        values, rates, away, above, power = self._room[:, : math.prod(shape)].view(5, *shape).unbind(0)
        if self.count <= COARSE:
            middle = torch.arange(self.count, dtype=at.dtype, device=at.device) + half
            torch.sub(middle[:, None], at[:, None], out=away)
        else:  # one more pass: a distance of many cells from the first knot would lose float32's last digits
            torch.sub(self._middle[sources, :, None], self._near[sources, None, rows], out=away)
            away.mul_(self._cells[sources, None])
        torch.sub(at.new_tensor(half), torch.abs(away, out=above), out=above)
        above.clamp_(min=0)  # max(0, half - |z|), later minus 1, 2 ...
        for j in range((order + 2) // 2):
            if j:
                torch.ops.aten.softshrink.out(above, 1.0, out=above)
            low = rates if slopes and j == 0 else power  # above^(order - 1)
            if order == 2:
                low.copy_(above)
            else:
                torch.mul(above, above, out=low)
            for _ in range(order - 3):
                low.mul_(above)
            if j == 0:
                torch.mul(low, above, out=values)
                continue
            share = float((-1) ** j * math.comb(order + 1, j))
            values.addcmul_(low, above, value=share)
            if slopes:
                rates.add_(low, alpha=share)
        if slopes:
            torch.copysign(rates, away, out=rates)  # positive before the middle, negative after it
        return values, rates if slopes else None
