"""Compute a layer from the order + 1 non-zero functions at each point: only torch, nearly the same cost on any grid.

The coefficient rows of a point are summed by `embedding_bag`. The backward pass has its own code: the slope is a spline
of one order less, over differences of the rows, and needs single products of rows; the gradient of the coefficients is
again an `embedding_bag`, with a bag for each cell that contains the points in it. Only x is saved from the forward
pass. Source: de Boor, A Practical Guide to Splines, ch. X.
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from kanviz.core.engine.bases import BASE_CURVES, slope_only
from kanviz.core.engine.parts import Kind, Parts
from kanviz.core.spline import domain, local_basis

with warnings.catch_warnings():  # torch warns once that its sparse matrices are in beta; one product of them is used
    warnings.simplefilter("ignore")
    torch.sparse_csr_tensor(torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), torch.tensor([]), (1, 1))


class Local(NamedTuple):
    """The basis functions at each point, all tensors (rows, source).

    weights: values of the order + 1 functions · below: values of the functions of one order less · cell: the interval
    between knots.
    """

    weights: list[Tensor]
    below: list[Tensor]
    cell: Tensor


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """Compute the sums (rows, target) at x (rows, source)."""
    at = _local(x, parts, kind)
    weights = _side_by_side([BASE_CURVES[kind.base].value(x), *at.weights])
    index = _index(at.cell, parts, parts.order + 1)
    table = _table(parts, parts.coef)
    return embedding_bag(index.flatten(1), table, mode="sum", per_sample_weights=weights.flatten(1)).add_(bias)


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Compute the gradients of x, coef, weight and bias; None for those not requested."""
    at = _local(x, parts, kind)
    into_x = _of_x(grad, x, at, parts, kind) if of_x else None
    if not of_parts:
        return into_x, None, None, None
    return into_x, _of_coef(grad, at, parts), BASE_CURVES[kind.base].value(x).T @ grad, grad.sum(0)


def _local(x: Tensor, parts: Parts, kind: Kind) -> Local:
    """Compute cell and weights of each point; beyond the border of a linear curve, weights continue linearly."""
    order, linear = parts.order, kind.outside == "linear"
    low, high = domain(parts.knots, order) if linear else (parts.knots[:, 0], parts.knots[:, -1])
    near = x.clamp(low, high)
    if kind.closed(parts):
        found = _even(near, parts.knots, order, skipped=order if linear else 0)
    else:  # at order 1 slopes jump at the knots, so the cell must be exact
        weights, first = local_basis(near, parts.knots, order, 0, high)
        below = local_basis(near, parts.knots, order - 1, 0, high)[0] if order > 1 else torch.ones_like(x)[..., None]
        found = Local(list(weights.unbind(-1)), list(below.unbind(-1)), first + order)
    beyond = x - near
    if not bool((beyond != 0).any()):  # where x is NaN too: the result stays NaN
        return found
    if linear:
        ahead, _ = local_basis(near, parts.knots, order, 1, high)
        weights = [part + beyond * rate for part, rate in zip(found.weights, ahead.unbind(-1), strict=True)]
        return Local(weights, found.below, found.cell)
    inside = ~((x < low) | (x > high))
    weights, below = ([torch.where(inside, part, 0.0) for part in one] for one in (found.weights, found.below))
    return Local(weights, below, found.cell)


def _even(x: Tensor, knots: Tensor, order: int, skipped: int) -> Local:
    """Compute cell and weights in closed form on even knots; the first and last `skipped` cells are not used."""
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
    """Stack for each source the base weights, `order` rows of zeros, the rows (source, target, row), and more zeros."""
    order, (sources, targets, count) = parts.order, parts.coef.shape
    table = rows.new_zeros(sources, _height(parts), targets)
    table[:, 0] = parts.weight
    first = 1 + order - (rows.shape[2] - count)  # differences start at the point's cell: one row earlier
    table[:, first : first + rows.shape[2]] = rows.transpose(1, 2)
    return table.flatten(0, 1)


def _height(parts: Parts) -> int:
    return 1 + parts.coef.shape[2] + 2 * parts.order


def _index(cell: Tensor, parts: Parts, count: int) -> Tensor:
    """Return the indices of a point's rows in the table: the base weights, and `count` rows from its cell on."""
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
    """Sort the points by cell, and sum the weighted incoming gradients of each cell, for each of its functions."""
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
