"""Evaluate splines on numpy arrays: for a small network most time is the overhead of calls, and numpy has the least.

In every cell each of the order + 1 non-zero functions is a polynomial of the local coordinate f in [0, 1]; its
coefficients are computed once per grid (once per order where the knots are uniform). Axes are *source, basis, rows*.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kanviz.core.polynomials import cell_polynomials
from kanviz.core.spline import Outside

Array = NDArray[np.float64]
Cells = NDArray[np.int64]
EVEN = 1e-12  # knots whose steps differ by less, as a share of the row's width, count as uniform


@lru_cache
def _even_polynomials(order: int) -> tuple[Array, Array]:
    """Compute the polynomials (function, power) of one interval of uniform knots, and their derivatives.

    The derivative is with respect to the local coordinate, in which one interval has length 1.
    """
    table = cell_polynomials(np.arange(2.0 * order + 2)[None], order)[0, order]
    return table, table[:, 1:] * np.arange(1, order + 1)


@dataclass(frozen=True, eq=False)
class Grid:
    """The knots of a layer, prepared to evaluate the basis at many rows."""

    knots: Array
    order: int
    outside: Outside
    even: bool
    table: Array | None

    @staticmethod
    def of(knots: Array, order: int, outside: Outside) -> "Grid":
        steps = np.diff(knots)
        even = bool((steps.min(1) > 0).all() and (np.ptp(steps, 1) <= EVEN * (knots[:, -1] - knots[:, 0])).all())
        return Grid(knots, order, outside, even, None if even else cell_polynomials(knots, order))

    @property
    def cells(self) -> int:
        return self.knots.shape[1] - 1 - 2 * self.order

    @property
    def low(self) -> Array:
        return self.knots[:, self.order]

    @property
    def high(self) -> Array:
        return self.knots[:, -1 - self.order]

    def basis(self, x: Array, *, slope: bool) -> tuple[Array, Array | None]:
        """Compute every basis function at x (source, rows), and with `slope` its derivative."""
        if self.even:
            cell, weights, slopes = self._evenly(x, slope)
        else:
            cell, weights, slopes = self._unevenly(x, slope)
        pad = self.order if self.outside == "zero" else 0
        sources, rows = x.shape
        width = self.cells + self.order + 2 * pad
        first = (np.arange(sources)[:, None] * width + cell + pad) * rows + np.arange(rows)
        index = first + (np.arange(self.order + 1) * rows)[:, None, None]

        def dense(values: Array) -> Array:
            room = np.zeros((sources, width, rows))
            room.reshape(-1)[index] = values
            return np.ascontiguousarray(room[:, pad : width - pad]) if pad else room

        return dense(weights), None if slopes is None else dense(slopes)

    def _evenly(self, x: Array, slope: bool) -> tuple[Cells, Array, Array | None]:
        step = (self.high - self.low) / self.cells
        u = (x - self.low[:, None]) / step[:, None]
        linear = self.outside == "linear"
        edge = 0 if linear else self.order
        near = np.clip(u, -edge, self.cells + edge)
        cell = np.minimum(np.floor(near), self.cells + edge - 1)
        cell[np.isnan(cell)] = 0  # NaN has no cell; its basis values become NaN
        f = near - cell
        values, slopes = _even_polynomials(self.order)
        powers = np.empty((self.order + 1, *x.shape))
        powers[0] = 1
        for p in range(1, self.order + 1):
            np.multiply(powers[p - 1], f, out=powers[p])
        flat = powers.reshape(self.order + 1, -1)
        beyond = u - near
        out = bool(beyond.any())
        w = (values @ flat).reshape(-1, *x.shape)
        d = (slopes @ flat[:-1]).reshape(-1, *x.shape) if slope or out else None
        if out and d is not None:
            if linear:
                w += beyond * d
            else:
                inside = beyond == 0
                w, d = w * inside, d * inside
        return cell.astype(np.int64), w, d / step[:, None] if slope and d is not None else None

    def _unevenly(self, x: Array, slope: bool) -> tuple[Cells, Array, Array | None]:
        k, linear = self.order, self.outside == "linear"
        near = np.clip(x, self.low[:, None], self.high[:, None]) if linear else x
        cell = np.empty(x.shape, np.int64)
        for i, row in enumerate(self.knots):
            wide = np.flatnonzero(np.diff(row) > 0)
            wide = wide[(wide >= k) & (wide < k + self.cells)] if linear else wide
            cell[i] = np.clip(np.searchsorted(row, near[i], "right") - 1, wide[0], wide[-1])
        s = np.arange(len(x))[:, None]
        start, width = self.knots[s, cell], self.knots[s, cell + 1] - self.knots[s, cell]
        f = (near - start) / width
        assert self.table is not None
        table = self.table[s, cell].transpose(2, 3, 0, 1)
        w, d = table[:, k], np.zeros_like(f)
        for p in range(k - 1, -1, -1):
            d = d * f + w
            w = w * f + table[:, p]
        d = d / width
        if linear:
            w = w + (x - near) * d
        else:
            inside = (x >= self.knots[:, :1]) & (x <= self.knots[:, -1:])
            w, d = w * inside, d * inside
        return cell - k, w, d if slope else None
