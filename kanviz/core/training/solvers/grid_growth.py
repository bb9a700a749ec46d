"""Move a network to other grids: the curves stay the same, their knots change.

The grid of a layer with a frozen edge does not change: all its curves share one number of intervals, and the frozen
edge must stay bit-identical.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks.lock import Lock
from kanviz.core.training.solvers.gauss_newton import Point
from kanviz.core.training.solvers.grid_changes import continued, halved, over, placed, rewritten, scores, split
from kanviz.core.training.solvers.numpy_splines import Array, Grid
from kanviz.core.training.solvers.working import Working, WorkingLayer

TAIL_CELLS = 12
EMPTY = 0.1  # share of the rows that an average cell has: a cell with fewer counts as empty


def grows(kan: KAN, frozen: Collection[EdgeId], lock: Lock | None = None) -> list[bool]:
    """Return for each layer whether its grid may change; False for all under a lock."""
    if lock is not None:
        return [False] * len(kan.layers)
    held = {edge[0] for edge in frozen}
    return [n not in held and not bool(layer.frozen.any()) for n, layer in enumerate(kan.layers)]


def heavy_tailed(values: Array) -> bool:
    """Return whether at least half the cells of a uniform grid would be empty; False for few different values."""
    counts, _ = np.histogram(values, TAIL_CELLS, (values.min(), values.max()))
    empty = (counts < EMPTY * len(values) / TAIL_CELLS).mean() >= 0.5
    return bool(empty) and len(np.unique(values)) > TAIL_CELLS


def laid_out(kan: KAN, x: Array) -> KAN:
    """Place the knots of heavy-tailed inputs (x: source, rows) at even normal scores.

    For a lognormal input this gives cells of equal width in its logarithm, so cells are short where the curve is steep.
    Only for a new network: the coefficients do not change, so the curves do.
    """
    layer = kan.layers[0]
    order, knots = layer.order, layer.knots.numpy()
    tails = [heavy_tailed(v) for v in x]
    if not any(tails):
        return kan
    rows = [
        _tail_knots(v, layer.grid) if tail else row[order:-order] for v, tail, row in zip(x, tails, knots, strict=True)
    ]
    return kan.with_layer(0, knots=torch.from_numpy(continued(np.array(rows), order)).to(kan.dtype))


def _tail_knots(values: Array, cells: int) -> Array:
    """Place knots from the least to the greatest value, with a least distance between them even if values are equal."""
    end = float(scores(values, values.min(keepdims=True))[0])
    knots = placed(values, np.linspace(end, -end, cells + 1))
    knots[[0, -1]] = values.min(), values.max()
    first, last = knots[[0, -1]]
    least = 1e-3 * (last - first) / cells * np.arange(cells + 1)
    knots = least + np.maximum.accumulate(knots - least)  # a least distance after the knot before
    return np.minimum(knots, last - least[::-1])  # and room before the end for the knots after it


def refined(work: Working, may: list[bool], finest: int) -> list[bool]:
    """Return for each layer whether its intervals are doubled: if its grid may change and has at most `finest` then."""
    return [m and 2 * layer.grid.cells <= finest for m, layer in zip(may, work.layers, strict=True)]


def finer(point: Point, x: Array, refines: list[bool]) -> KAN:
    """Double the intervals of the chosen layers; hidden grids are first moved to the range of their inputs."""
    work = point.work
    new, kan, values = {}, work.network(torch.float64), point.entering
    for n, layer in enumerate(work.layers):
        if refines[n]:
            knots, coef = _finer(layer, layer.part(work.vector, "coef"), x if n == 0 else values[n], hidden=n > 0)
            new[n] = replace(kan.layers[n], knots=torch.from_numpy(knots), coef=torch.from_numpy(coef))
    return kan.with_layers(new)


def _finer(work: WorkingLayer, coef: Array, values: Array, *, hidden: bool) -> tuple[Array, Array]:
    """Compute knots and coefficients of a layer's curves on twice as many intervals."""
    grid = work.grid
    if hidden:
        knots = over(grid, values)
        moved = Grid.of(knots, grid.order, grid.outside)
        coef, grid = rewritten(grid, coef, moved), moved
    if grid.even or grid.outside == "zero":
        return halved(grid, coef)
    inner = grid.knots[:, grid.order : grid.knots.shape[1] - grid.order]
    knots = continued(np.array([split(row, v) for row, v in zip(inner, values, strict=True)]), grid.order)
    return knots, rewritten(grid, coef, Grid.of(knots, grid.order, grid.outside))
