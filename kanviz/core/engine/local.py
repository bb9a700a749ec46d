"""A layer by the order + 1 functions each point lies under: torch alone, its cost nearly the same on any grid.

The rows a point needs are summed as a bag. The backward pass is by hand: the slope is a spline of one order less over
the differences of the rows, and a table's gradient is a bag turned round, with the cells as bags and the points, sorted
by cell, in them. Nothing is kept from the forward pass but x. Source: de Boor, A Practical Guide to Splines, ch. X.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from kanviz.core.engine.parts import BASE_CURVES, Kind, Parts
from kanviz.core.spline import domain, local_basis

ROOM = 1 << 20  # numbers in a block of rows times edges


class Local(NamedTuple):
    """Weights of each point's functions, and its cell: interval between knots. below: of one order less."""

    weights: Tensor  # (rows, source, order + 1)
    below: Tensor  # (rows, source, order)
    cell: Tensor  # (rows, source)


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """The sums at x (rows, source): (rows, target)."""
    at = _local(x, parts, kind)
    index = _index(at.cell, parts, parts.order + 1)
    weights = torch.cat([BASE_CURVES[kind.base][0](x)[..., None], at.weights], -1)
    return _bags(index.flatten(1), _table(parts, parts.coef), weights.flatten(1)) + bias


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
        found = Local(weights, below, first + order)
    if not linear:
        inside = (~((x < low) | (x > high)))[..., None]  # what is not a number stays so
        return Local(found.weights.where(inside, 0.0), found.below.where(inside, 0.0), found.cell)
    beyond = (x - near)[..., None]
    if not bool((beyond != 0).any()):
        return found
    ahead, _ = local_basis(near, parts.knots, order, 1, high)
    return Local(found.weights + beyond * ahead, found.below, found.cell)


def _even(x: Tensor, knots: Tensor, order: int, skipped: int) -> Local:
    """In closed form on evenly spaced knots; `skipped` cells at either end are not meant."""
    cells = knots.shape[1] - 1
    scale = cells / (knots[:, -1] - knots[:, 0])
    at = ((x - knots[:, 0]) * scale).clamp(skipped, cells - skipped - 1).nan_to_num(skipped)
    cell = at.long()
    f = (x - knots.T.gather(0, cell)) * scale
    now, below = [torch.ones_like(f)], []
    for p in range(1, order + 1):
        below = now
        rising = [(f + (p - r - 1)) * part for r, part in enumerate(below)]
        falling = [((r + 1) - f) * part for r, part in enumerate(below)]
        inner = [up + down for up, down in zip(rising, falling[1:], strict=False)]
        now = [part / p for part in (falling[0], *inner, rising[-1])]
    return Local(torch.stack(now, -1), torch.stack(below, -1), cell)


def _table(parts: Parts, rows: Tensor) -> Tensor:
    """Per source: the base weights, `order` empty rows, the rows (source, target, row), and empty rows again."""
    order, (sources, targets, _) = parts.order, parts.coef.shape
    empty = rows.new_zeros(sources, order, targets)
    after = empty[:, : parts.coef.shape[2] + order - rows.shape[2]]
    return torch.cat([parts.weight[:, None], empty, rows.transpose(1, 2), after], 1).flatten(0, 1)


def _index(cell: Tensor, parts: Parts, count: int) -> Tensor:
    """The rows of the table a point needs: the base weights, and `count` from its cell's first on."""
    height = 1 + parts.coef.shape[2] + 2 * parts.order
    first = torch.arange(parts.coef.shape[0], device=cell.device) * height
    ahead = 1 + torch.arange(count, device=cell.device)
    return torch.cat([first.expand_as(cell)[..., None], (cell + first)[..., None] + ahead], -1)


def _bags(index: Tensor, table: Tensor, weights: Tensor) -> Tensor:
    return embedding_bag(index, table, mode="sum", per_sample_weights=weights)


def _of_x(grad: Tensor, x: Tensor, at: Local, parts: Parts, kind: Kind) -> Tensor:
    order, count = parts.order, parts.coef.shape[2]
    span = (parts.knots[:, order : order + count + 1] - parts.knots[:, : count + 1])[:, None]
    change = torch.nn.functional.pad(parts.coef, (1, 1)).diff(dim=-1)
    slopes = torch.where(span > 0, order * change / torch.where(span > 0, span, 1.0), 0.0)
    # the difference to the row before stands where the point's cell begins: one row up
    table = _table(parts, slopes).roll(-1, 0)
    table[:: 1 + count + 2 * order] = parts.weight
    out = torch.empty_like(x)
    step = max(1, ROOM // max(1, x.shape[1] * grad.shape[1]))
    for r in range(0, len(x), step):
        rows = slice(r, r + step)
        index = _index(at.cell[rows], parts, order)
        weights = torch.cat([BASE_CURVES[kind.base][1](x[rows])[..., None], at.below[rows]], -1)
        edges = _bags(index.flatten(0, 1), table, weights.flatten(0, 1)).view(-1, x.shape[1], grad.shape[1])
        out[rows] = torch.bmm(edges, grad[rows, :, None])[..., 0]
    return out


def _of_coef(grad: Tensor, at: Local, parts: Parts) -> Tensor:
    """Points sorted by cell; per function of the cell, each cell's sum of weighted incoming gradients."""
    order, (sources, targets, count) = parts.order, parts.coef.shape
    cells = count + order
    key = (at.cell + cells * torch.arange(sources, device=grad.device)).int().flatten()
    key, place = torch.sort(key, stable=True)
    begin = torch.searchsorted(key, torch.arange(sources * cells, device=grad.device, dtype=key.dtype))
    row = place // sources
    sums = grad.new_zeros(sources, cells + order, targets)
    for r, weight in enumerate(at.weights.unbind(-1)):
        share = weight.flatten()[place]
        bags = embedding_bag(row, grad, begin, mode="sum", per_sample_weights=share)
        sums[:, r : r + cells] += bags.view(sources, cells, targets)
    return sums[:, order : order + count].transpose(1, 2)
