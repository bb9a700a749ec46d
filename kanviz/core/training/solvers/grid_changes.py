"""Change grids during training: finer grids, hidden grids moved to the range of their inputs, uneven grids for tails.

With `outside="linear"` only the domain matters, so curves are fitted on it with any new knots; refinement that retains
the old knots is exact. With `outside="zero"` knots are inserted (Boehm), which is exact everywhere.
"""

from functools import lru_cache

import numpy as np
import torch

from kanviz.core.spline import refine
from kanviz.core.training.solvers.numpy_splines import Array, Grid

MARGIN = 0.02  # share of the range added on each side of a hidden grid
NARROW = 0.02  # least share of an interval on either side of a cut
LEAST = 0.05  # least share of a grid's width that remains: where a node hardly varies yet, its curve must not get steep


def even(low: Array, high: Array, cells: int, order: int) -> Array:
    """Return uniform knots, a row per source."""
    step = ((high - low) / cells)[:, None]
    return low[:, None] + step * np.arange(-order, cells + order + 1)


def _points(cells: int, order: int) -> Array:
    """Return points in [0, cells] that determine every spline: order + 1 in each cell, none on a knot."""
    f = 0.5 - 0.5 * np.cos(np.pi * (np.arange(order + 1) + 0.5) / (order + 1))
    return (np.arange(cells)[:, None] + f).reshape(-1)


@lru_cache(maxsize=64)
def _even_inverse(cells: int, order: int) -> tuple[Array, Array]:
    """Return points in [0, cells], and the matrix from values there to coefficients of the least-squares spline."""
    at = _points(cells, order)
    grid = Grid.of(even(np.zeros(1), np.full(1, float(cells)), cells, order), order, "linear")
    table, _ = grid.basis(at[None], slope=False)
    return at, np.linalg.pinv(table[0].T)


def rewritten(old: Grid, coef: Array, new: Grid) -> Array:
    """Fit the curves (source, target, basis) on new knots, by least squares on the new domain; return coefficients."""
    cells, order = new.cells, new.order
    if new.even:
        at, inverse = _even_inverse(cells, order)
        x = new.low[:, None] + ((new.high - new.low) / cells)[:, None] * at
        table, _ = old.basis(x, slope=False)
        return np.ascontiguousarray((coef @ table) @ inverse.T)
    at = _points(cells, order)
    whole = np.minimum(at.astype(int), cells - 1)
    inner = new.knots[:, order : order + cells + 1]
    x = inner[:, whole] + (inner[:, whole + 1] - inner[:, whole]) * (at - whole)
    table, _ = old.basis(x, slope=False)
    there, _ = new.basis(x, slope=False)
    inverse = np.linalg.pinv(there.transpose(0, 2, 1))
    return np.ascontiguousarray((coef @ table) @ inverse.transpose(0, 2, 1))


def split(row: Array, values: Array) -> Array:
    """Cut each interval in two: in the middle if the grid is even or the interval empty, else by normal scores."""
    steps = np.diff(row)
    if np.ptp(steps) <= 1e-9 * (row[-1] - row[0]):
        return np.interp(np.arange(2 * len(row) - 1) / 2, np.arange(len(row)), row)
    z = scores(values, row)
    cuts = np.where(z[1:] > z[:-1], placed(values, (z[1:] + z[:-1]) / 2), (row[1:] + row[:-1]) / 2)
    fine = np.empty(2 * len(row) - 1)
    fine[::2] = row
    fine[1::2] = np.clip(cuts, row[:-1] + NARROW * steps, row[1:] - NARROW * steps)
    return fine


def scores(values: Array, at: Array) -> Array:
    """Compute the normal scores of the points `at`: the standard normal's quantile of the share of values below."""
    share = np.searchsorted(np.sort(values), at) / len(values)
    return torch.special.ndtri(torch.from_numpy(np.clip(share, 0.5 / len(values), 1 - 0.5 / len(values)))).numpy()


def placed(values: Array, scores: Array) -> Array:
    """Compute the quantiles of the values at normal scores."""
    return np.quantile(values, torch.special.ndtr(torch.from_numpy(scores)).numpy())


def continued(inner: Array, order: int) -> Array:
    """Add `order` knots on each side of a domain's knots, with the width of the border interval."""
    steps = np.arange(1, order + 1)
    first, last = inner[:, 1] - inner[:, 0], inner[:, -1] - inner[:, -2]
    return np.concatenate(
        [inner[:, :1] - first[:, None] * steps[::-1], inner, inner[:, -1:] + last[:, None] * steps], 1
    )


def halved(grid: Grid, coef: Array) -> tuple[Array, Array]:
    """Compute knots and coefficients of the same curves with each interval cut in the middle."""
    if grid.outside == "zero":
        knots, fine = refine(torch.from_numpy(grid.knots), torch.from_numpy(coef), 2 * grid.cells)
        return knots.numpy(), fine.numpy()
    knots = even(grid.low, grid.high, 2 * grid.cells, grid.order)
    return knots, rewritten(grid, coef, Grid.of(knots, grid.order, grid.outside))


def over(grid: Grid, values: Array) -> Array:
    """Return uniform knots over the range of the values (source, rows) and a margin."""
    low, high = values.min(1), values.max(1)
    width = np.maximum((high - low) * (1 + 2 * MARGIN), LEAST * (grid.high - grid.low))
    middle = (low + high) / 2
    return even(middle - width / 2, middle + width / 2, grid.cells, grid.order)
