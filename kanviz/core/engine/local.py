"""A layer by the order + 1 functions each point lies under: torch alone, its cost nearly the same on any grid.

The rows a point needs are summed as a bag. The backward pass is by hand: the slope is a spline of one order less over
the differences of the rows, and needs single products of rows; a table's gradient is a bag turned round, with the cells
as bags and the points, sorted by cell, in them. Nothing is kept from the forward pass but x. Source: de Boor, A
Practical Guide to Splines, ch. X.
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from kanviz.core.engine.parts import BASE_CURVES, Kind, Parts, slope_only
from kanviz.core.spline import domain, local_basis

with warnings.catch_warnings():  # torch says once that its sparse matrices are in beta; we use one product of them
    warnings.simplefilter("ignore")
    torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), torch.tensor([]), (1, 1))


class Local(NamedTuple):
    """Each point's functions: weights of the cell's own, of those of one order less, and the cell, all (rows, source).

    cell: the interval between knots.
    """

    weights: list[Tensor]
    below: list[Tensor]
    cell: Tensor


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """The sums at x (rows, source): (rows, target)."""
    at = _local(x, parts, kind)
    weights = _side_by_side([BASE_CURVES[kind.base][0](x), *at.weights])
    index = _index(at.cell, parts, parts.order + 1)
    table = _table(parts, parts.coef)
    return embedding_bag(index.flatten(1), table, mode="sum", per_sample_weights=weights.flatten(1)).add_(bias)


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of x, coef, weight and bias; None for those not asked for."""
    at = _local(x, parts, kind)
    into_x = _of_x(grad, x, at, parts, kind) if of_x else None
    if not of_parts:
        return into_x, None, None, None
    return into_x, _of_coef(grad, at, parts), BASE_CURVES[kind.base][0](x).T @ grad, grad.sum(0)


def _local(x: Tensor, parts: Parts, kind: Kind) -> Local:
    """Where each point lies; past the border a linear curve's weights go on in a straight line."""
    order, linear = parts.order, kind.outside == "linear"
    low, high = domain(parts.knots, order) if linear else (parts.knots[:, 0], parts.knots[:, -1])
    near = x.clamp(low, high)
    if kind.closed(parts):
        found = _even(near, parts.knots, order, skipped=order if linear else 0)
    else:  # at order 1 slopes jump on the knots, so the cell must be exact
        weights, first = local_basis(near, parts.knots, order, 0, high)
        below = local_basis(near, parts.knots, order - 1, 0, high)[0] if order > 1 else torch.ones_like(x)[..., None]
        found = Local(list(weights.unbind(-1)), list(below.unbind(-1)), first + order)
    beyond = x - near
    if not bool((beyond != 0).any()):  # also where x is not a number: it stays so
        return found
    if linear:
        ahead, _ = local_basis(near, parts.knots, order, 1, high)
        weights = [part + beyond * rate for part, rate in zip(found.weights, ahead.unbind(-1), strict=True)]
        return Local(weights, found.below, found.cell)
    inside = ~((x < low) | (x > high))
    weights, below = ([torch.where(inside, part, 0.0) for part in one] for one in (found.weights, found.below))
    return Local(weights, below, found.cell)


def _even(x: Tensor, knots: Tensor, order: int, skipped: int) -> Local:
    """In closed form on evenly spaced knots; `skipped` cells at either end are not meant."""
    cells = knots.shape[1] - 1
    scale = cells / (knots[:, -1] - knots[:, 0])
    at = ((x - knots[:, 0]) * scale).clamp_(skipped, cells - skipped - 1).nan_to_num_(skipped)
    cell = at.long()
    f = (x - knots.T.gather(0, cell)) * scale
    now, below = [torch.ones_like(f)], []
    for p in range(1, order + 1):
        below, now = now, []
        for r in range(p + 1):
            part = torch.zeros_like(f)
            if r:
                part.addcmul_(f + (p - r), below[r - 1], value=1 / p)
            if r < p:
                part.addcmul_((r + 1) - f, below[r], value=1 / p)
            now.append(part)
    return Local(now, below, cell)


def _side_by_side(columns: list[Tensor]) -> Tensor:
    out = columns[0].new_empty(*columns[0].shape, len(columns))
    for n, column in enumerate(columns):
        out[..., n] = column
    return out


def _table(parts: Parts, rows: Tensor) -> Tensor:
    """Per source: the base weights, `order` empty rows, the rows (source, target, row), and empty rows again."""
    order, (sources, targets, count) = parts.order, parts.coef.shape
    table = rows.new_zeros(sources, _height(parts), targets)
    table[:, 0] = parts.weight
    first = 1 + order - (rows.shape[2] - count)  # a difference stands where the point's cell begins: one row up
    table[:, first : first + rows.shape[2]] = rows.transpose(1, 2)
    return table.flatten(0, 1)


def _height(parts: Parts) -> int:
    return 1 + parts.coef.shape[2] + 2 * parts.order


def _index(cell: Tensor, parts: Parts, count: int) -> Tensor:
    """The rows of the table a point needs: the base weights, and `count` from its cell's first on."""
    first = torch.arange(parts.coef.shape[0], device=cell.device) * _height(parts)
    out = cell.new_empty(*cell.shape, 1 + count)
    out[..., 0] = first
    cell = cell + first
    for n in range(1, 1 + count):
        torch.add(cell, n, out=out[..., n])
    return out


def _of_x(grad: Tensor, x: Tensor, at: Local, parts: Parts, kind: Kind) -> Tensor:
    order, count = parts.order, parts.coef.shape[2]
    span = (parts.knots[:, order : order + count + 1] - parts.knots[:, : count + 1])[:, None]
    change = torch.nn.functional.pad(parts.coef, (1, 1)).diff(dim=-1)
    table = _table(parts, torch.where(span > 0, order * change / torch.where(span > 0, span, 1.0), 0.0))
    index = _index(at.cell, parts, order)
    rows, a_row = len(x), index[0].numel()
    start = torch.arange(
        0, rows * a_row + 1, a_row, device=x.device, dtype=torch.int32 if rows * a_row < 2**31 else None
    )
    wanted = torch.sparse_csr_tensor(
        start, index.flatten().to(start.dtype), grad.new_zeros(rows * a_row), (rows, len(table)), check_invariants=False
    )
    products = torch.sparse.sampled_addmm(wanted, grad, table.T, beta=0.0).values().view(index.shape)
    return products.mul_(_side_by_side([slope_only(kind.base, x), *at.below])).sum(-1)


def _of_coef(grad: Tensor, at: Local, parts: Parts) -> Tensor:
    """Points sorted by cell; per function of the cell, each cell's sum of weighted incoming gradients."""
    order, (sources, targets, count) = parts.order, parts.coef.shape
    cells = count + order
    key = (at.cell + cells * torch.arange(sources, device=grad.device)).flatten()
    key, place = torch.sort(key.short() if sources * cells < 2**15 else key.int(), stable=True)
    begin = torch.searchsorted(key, torch.arange(sources * cells, device=grad.device, dtype=key.dtype))
    row = place // sources
    sums = grad.new_zeros(sources, cells + order, targets)
    for r, weight in enumerate(at.weights):
        share = weight.reshape(-1).index_select(0, place)
        bags = embedding_bag(row, grad, begin, mode="sum", per_sample_weights=share)
        sums[:, r : r + cells] += bags.view(sources, cells, targets)
    return sums[:, order : order + count].transpose(1, 2)
