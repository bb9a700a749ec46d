"""Compute B-splines on any knots: local basis, derivatives, control points, exact refinement, least-squares fit.

Only `order + 1` basis functions are non-zero at a point, and each is computed from its own knots alone. Axes are
*rows, source, basis*; every source has its own knots. A basis of K functions of order k has K + k + 1 knots.
Source: de Boor, A Practical Guide to Splines, ch. IX-XI.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.torch_modes import has_numbers, is_exporting, is_tracing, recorded

Outside = Literal["zero", "linear"]


def uniform_knots(
    low: float, high: float, grid: int, order: int, sources: int = 1, dtype: torch.dtype = torch.float64
) -> Float[Tensor, "source knot"]:
    """Return knots of `grid` equal intervals on [low, high], continued by `order` intervals on each side."""
    step = (high - low) / grid
    row = low + step * torch.arange(-order, grid + order + 1, dtype=torch.float64)
    return row.to(dtype).expand(sources, -1).clone()


def domain(
    knots: Float[Tensor, "source knot"], order: int
) -> tuple[Float[Tensor, " source"], Float[Tensor, " source"]]:
    """Return the least and greatest x of the grid: the interval on which the basis functions sum to one."""
    return knots[:, order], knots[:, knots.shape[1] - 1 - order]


def greville(knots: Float[Tensor, "source knot"], order: int) -> Float[Tensor, "source basis"]:
    """Compute the abscissa of each control point: the mean of the `order` knots inside its support.

    Source: de Boor, A Practical Guide to Splines, ch. XI.
    """
    return knots[:, 1:-1].unfold(1, order, 1).mean(-1)


def _padded(knots: Tensor, order: int) -> Tensor:
    """Add `order` extra knots on each side, so that every cell has a full window of neighbours.

    The extra knots do not change any value: a basis function depends on its own knots only, and the functions that
    would use the extra knots are cut off afterwards.
    """
    first, last = knots[:, :1], knots[:, -1:]
    steps = torch.arange(1, order + 1, dtype=knots.dtype, device=knots.device)
    return torch.cat([first - steps.flip(0), knots, last + steps], 1)


def _cells(x: Tensor, knots: Tensor, end: Tensor) -> tuple[Int[Tensor, "rows source"], Tensor]:
    """Find the interval that contains each point, and whether the point is between the first knot and `end`."""
    cell = _count(x, knots, right=True)  # half-open: t_c <= x < t_{c+1}
    # The end belongs to the last interval before it that has a width, as scipy does it.
    cell = torch.where(x == end, _count(end[None], knots, right=False), cell)
    return cell.clamp(0, knots.shape[1] - 2), (x >= knots[:, 0]) & (x <= end)


def _count(x: Tensor, knots: Tensor, *, right: bool) -> Int[Tensor, "rows source"]:
    """Return the number of knots below x, or with `right` of those at or below x, minus one."""
    if is_exporting():  # ONNX has no search
        below = knots <= x[..., None] if right else knots < x[..., None]
        return below.sum(-1) - 1
    return torch.searchsorted(knots.contiguous(), x.T.contiguous(), right=right).T - 1


def _cell_table(knots: Tensor, order: int) -> tuple[Tensor, list[list[int]]]:
    """Tabulate for each cell the knots t_{c-k+1} .. t_{c+k}, then 1 / width of every support the recursion divides by.

    A support without width gets 0 (de Boor's convention 0/0 = 0). The second result is the column of width r at level
    p, as places[p - 1][r].
    """
    windows = _padded(knots, order).unfold(1, 2 * order, 1)[:, 1 : knots.shape[1]]
    columns, places = [windows], []
    at = 2 * order
    for p in range(1, order + 1):
        width = windows[..., order : order + p] - windows[..., order - p : order]
        columns.append(torch.where(width == 0, torch.zeros_like(width), 1 / torch.where(width == 0, 1.0, width)))
        places.append(list(range(at, at + p)))
        at += p
    return torch.cat(columns, -1), places


def local_basis(
    x: Float[Tensor, "rows source"],
    knots: Float[Tensor, "source knot"],
    order: int,
    derivative: int = 0,
    end: Float[Tensor, " source"] | None = None,
) -> tuple[Float[Tensor, "rows source active"], Int[Tensor, "rows source"]]:
    """Compute the `order + 1` basis functions that are non-zero at x (or a derivative), and the index of the first.

    The index is between -order and K - 1: functions below 0 or above K - 1 do not exist, and `basis` drops them.
    end: the last x of the curve, where the value is the limit from the left; None for the last knot.
    """
    end = knots[:, -1] if end is None else end
    cell, inside = _cells(x, knots, end)
    x = x.clamp(knots[:, 0], end)  # so that no product is infinite times 0
    table, places = _cell_table(knots, order)
    near = table[torch.arange(knots.shape[0], device=x.device), cell].unbind(-1)
    values = [inside.to(x.dtype)]
    for p in range(1, order + 1):
        inverse = [near[place] for place in places[p - 1]]
        scaled = [value * width for value, width in zip(values, inverse, strict=True)]
        if p <= order - derivative:
            rising = [(x - near[order - p + r]) * part for r, part in enumerate(scaled)]
            falling = [(near[order + r] - x) * part for r, part in enumerate(scaled)]
        else:
            rising = [p * part for part in scaled]
            falling = [-part for part in rising]
        inner = [up + down for up, down in zip(rising, falling[1:], strict=False)]
        values = [falling[0], *inner, rising[-1]]
    return torch.stack(values, -1), cell - order


def _dense(x: Tensor, knots: Tensor, order: int, derivative: int, end: Tensor | None) -> Tensor:
    count = knots.shape[1] - order - 1
    if derivative > order:
        return x.new_zeros(*x.shape, count)
    weights, first = local_basis(x, knots, order, derivative, end)
    room = x.new_zeros(*x.shape, count + 2 * order)
    index = first[..., None] + order + torch.arange(order + 1, device=x.device)
    return room.scatter(-1, index, weights)[..., order : order + count]


def ascending(knots: Float[Tensor, "source knot"]) -> bool:
    """Return whether all knots are finite and, for each source, no knot is below the one before it."""
    return bool((knots[:, 1:] >= knots[:, :-1]).all() & knots[:, [0, -1]].isfinite().all())


def _values(x: Tensor, knots: Tensor, order: int, derivative: int, outside: Outside) -> Tensor:
    if outside == "zero":
        return _dense(x, knots, order, derivative, None)
    low, high = domain(knots, order)
    near = x.clamp(low, high)
    flat = _dense(near, knots, order, derivative, high)
    beyond = (x - near)[..., None]
    if derivative == 0 and (recorded() or not has_numbers(beyond) or beyond.any()):
        return flat + beyond * _dense(near, knots, order, 1, high)
    return flat if derivative < 2 else torch.where(beyond == 0, flat, torch.zeros_like(flat))


class _Basis(torch.autograd.Function):
    """The basis as a function for autograd. It saves only x and the knots, not the values.

    Its gradient is the next derivative of the basis, so it can be differentiated again.
    """

    @staticmethod
    def forward(x: Tensor, knots: Tensor, order: int, derivative: int, outside: Outside) -> Tensor:
        return _values(x, knots, order, derivative, outside)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.save_for_forward(*inputs[:2])
        ctx.order, ctx.derivative, ctx.outside = inputs[2:]

    @staticmethod
    def jvp(ctx, along: Tensor, *_: Tensor | None):  # pyright: ignore[reportIncompatibleMethodOverride]
        x, knots = ctx.saved_tensors
        return along[..., None] * _Basis.apply(x, knots, ctx.order, ctx.derivative + 1, ctx.outside)

    @staticmethod
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        x, knots = ctx.saved_tensors
        slope = _Basis.apply(x, knots, ctx.order, ctx.derivative + 1, ctx.outside)
        return (grad * slope).sum(-1), None, None, None, None

    @staticmethod
    def vmap(info, in_dims, x: Tensor, knots: Tensor, order: int, derivative: int, outside: Outside):  # pyright: ignore
        """Compute a batch: a batch of x becomes more rows, a batch of knots more sources."""
        size, (of_x, of_knots) = info.batch_size, in_dims[:2]
        x = x.movedim(of_x, 0) if of_x is not None else x.expand(size, *x.shape)
        rows, sources = x.shape[1:]
        if of_knots is None:
            found = _Basis.apply(x.reshape(-1, sources), knots, order, derivative, outside)
            return found.reshape(size, rows, sources, -1), 0  # pyright: ignore[reportAttributeAccessIssue]
        flat = x.movedim(0, 1).reshape(rows, -1), knots.movedim(of_knots, 0).flatten(0, 1)
        found = _Basis.apply(*flat, order, derivative, outside)
        return found.reshape(rows, size, sources, -1), 1  # pyright: ignore[reportAttributeAccessIssue]


def basis(
    x: Float[Tensor, "rows source"],
    knots: Float[Tensor, "source knot"],
    order: int,
    derivative: int = 0,
    outside: Outside = "zero",
) -> Float[Tensor, "rows source basis"]:
    """Compute all basis functions (or a derivative of them) at x; they are zero beyond their knots.

    `outside="linear"` continues each function beyond the grid, with its value and slope at the border.
    """
    if is_tracing():  # a traced graph cannot call Python
        return _values(x, knots, order, derivative, outside)
    return _Basis.apply(x, knots, order, derivative, outside)  # pyright: ignore[reportReturnType]


def spline(
    x: Float[Tensor, "rows source"],
    knots: Float[Tensor, "source knot"],
    coef: Float[Tensor, "source target basis"],
    derivative: int = 0,
    outside: Outside = "zero",
) -> Float[Tensor, "rows source target"]:
    """Compute the value (or a derivative) of every source's splines: sum_m coef_m B_m(x)."""
    order = knots.shape[1] - coef.shape[2] - 1
    return torch.einsum("rsm,stm->rst", basis(x, knots, order, derivative, outside), coef)


def _insert(knots: Tensor, coef: Tensor, order: int, at: float) -> tuple[Tensor, Tensor]:
    """Insert one knot into one source's row; the splines do not change (Boehm 1980)."""
    cell = int(torch.searchsorted(knots, at, right=True)) - 1
    count = coef.shape[-1]
    m = torch.arange(count + 1)
    below = knots[m.clamp(max=count - 1)]
    width = knots[(m + order).clamp(max=len(knots) - 1)] - below
    share = ((at - below) / torch.where(width == 0, 1.0, width)).clamp(0, 1)
    share = torch.where(m <= cell - order, 1.0, torch.where(m > cell, 0.0, share)).to(coef.dtype)
    here, before = coef[..., m.clamp(max=count - 1)], coef[..., (m - 1).clamp(min=0)]
    new_knots = torch.cat([knots[: cell + 1], knots.new_tensor([at]), knots[cell + 1 :]])
    return new_knots, share * here + (1 - share) * before


def insert(
    knots: Float[Tensor, "source knot"],
    coef: Float[Tensor, "source target basis"],
    new: Sequence[Sequence[float]],
) -> tuple[Float[Tensor, "source finer_knot"], Float[Tensor, "source target finer_basis"]]:
    """Insert knots, equally many for every source and each inside its grid; the splines do not change.

    Exact everywhere, up to rounding. Source: Boehm, Inserting new knots into B-spline curves, CAD 12 (1980).
    """
    order = knots.shape[1] - coef.shape[2] - 1
    rows_knots, rows_coef = [], []
    for row, table, places in zip(knots.double(), coef.double(), new, strict=True):
        fine, values = row, table
        for at in torch.tensor(places, dtype=torch.float64).to(knots.dtype):  # rounded first: exact on this knot
            fine, values = _insert(fine, values, order, float(at))
        rows_knots.append(fine)
        rows_coef.append(values)
    return torch.stack(rows_knots).to(knots.dtype), torch.stack(rows_coef).to(coef.dtype)


def refine(
    knots: Float[Tensor, "source knot"], coef: Float[Tensor, "source target basis"], grid: int
) -> tuple[Float[Tensor, "source finer_knot"], Float[Tensor, "source target finer_basis"]]:
    """Refine the grid to `grid` intervals by inserting knots evenly into its intervals; the splines do not change.

    Raises ValueError where the grid already has more intervals.
    """
    order = knots.shape[1] - coef.shape[2] - 1
    intervals = knots.shape[1] - 1 - 2 * order
    if grid < intervals:
        raise ValueError(f"a grid of {intervals} intervals cannot be refined to {grid}")
    parts = [(i + 1) * grid // intervals - i * grid // intervals for i in range(intervals)]
    new = []
    for row in knots.double().tolist():
        ends = zip(row[order : order + intervals], row[order + 1 :], parts, strict=False)
        new.append([low + (high - low) * part / n for low, high, n in ends for part in range(1, n)])
    return insert(knots, coef, new)


def fit(
    x: Float[Tensor, "rows source"],
    y: Float[Tensor, "rows source target"],
    knots: Float[Tensor, "source knot"],
    order: int,
    stiffness: float = 1e-8,
) -> Float[Tensor, "source target basis"]:
    """Compute the coefficients of the least-squares splines through (x, y).

    `stiffness` is the weight of the second differences of the coefficients. With it, curves continue smoothly over
    intervals without data instead of becoming huge (a P-spline; Eilers & Marx 1996). Where there are data, they decide.
    """
    table = basis(x, knots, order).double().permute(1, 0, 2)
    count = table.shape[2]
    bend = torch.eye(count, dtype=torch.float64)
    bend = bend.diff(dim=0).diff(dim=0) if count > 2 else bend[:0]
    weight = (stiffness * max(x.shape[0], 1)) ** 0.5
    ridge = 1e-6 * weight * torch.eye(count, dtype=torch.float64)  # a unique solution even without data
    rows = torch.cat([table, weight * bend.expand(table.shape[0], -1, -1), ridge.expand(table.shape[0], -1, -1)], 1)
    right = y.double().permute(1, 0, 2)
    right = torch.cat([right, right.new_zeros(right.shape[0], rows.shape[1] - right.shape[1], right.shape[2])], 1)
    found = torch.linalg.lstsq(rows, right, driver="gelsd").solution
    return found.permute(0, 2, 1).contiguous().to(y.dtype)
