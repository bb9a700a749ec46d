"""Write uniform B-splines as polynomials on each cell between two knots, and fit them to a base function.

On uniform knots all cells have the same polynomials: function r of the `order + 1` that are not 0 there is
w_r(f) = sum_j PIECES[order][r][j] f^j, f from 0 to 1 across the cell.
Source: de Boor, A Practical Guide to Splines, ch. X.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.engine.bases import BASE_CURVES

MOST_ORDER = 5
_SAMPLES = 32  # points in a cell at which a base function is fitted


def _pieces(order: int) -> tuple[tuple[float, ...], ...]:
    """Return the coefficients of the functions' polynomials: function by function, from the constant up."""
    rows = [[1.0]]
    for p in range(1, order + 1):
        above = [[0.0] * p, *rows]  # function r - 1 of one order less, from r = 0
        below = [*rows, [0.0] * p]
        rows = [
            [
                ((p - r) * one + (r + 1) * other + up - down) / p
                for one, other, up, down in zip([*a, 0.0], [*b, 0.0], [0.0, *a], [0.0, *b], strict=True)
            ]
            for r, (a, b) in enumerate(zip(above, below, strict=True))
        ]
    return tuple(map(tuple, rows))


PIECES = tuple(map(_pieces, range(MOST_ORDER + 1)))  # by order


def polynomials(coef: Float[Tensor, "curve basis"], order: int) -> Float[Tensor, "curve cell power"]:
    """Compute the polynomials of the curves on all cells, with one more cell at each end for the straight lines.

    On the first cell the variable is the distance from the first border, on the last one that from the last border, in
    widths of a cell. In float64, except where the device has no such numbers (Apple's).
    """
    wide = coef if coef.device.type == "mps" else coef.double()
    table = wide.new_tensor(PIECES[order])
    cells = int(coef.shape[1]) - order
    inner = torch.stack([wide[:, r : r + cells] for r in range(order + 1)], -1) @ table
    powers = wide.new_tensor([range(order + 1)]).T.expand(-1, 1)
    last = inner[:, -1]
    left = inner[:, :1, :2]
    right = torch.cat([last.sum(-1, keepdim=True), last @ powers], -1)[:, None]
    left, right = (torch.nn.functional.pad(line, (0, order - 1)) for line in (left, right))
    return torch.cat([left, inner, right], 1).to(coef.dtype)


def fitted(start: str, cells: int, order: int, low: float, high: float) -> Float[Tensor, " basis"]:
    """Compute the control points of the least-squares curve through a base function, in float64."""
    u = torch.arange(cells * _SAMPLES + 1, dtype=torch.float64) / _SAMPLES
    cell = u.long().clamp(max=cells - 1)
    powers = (u - cell)[:, None] ** torch.arange(order + 1, dtype=torch.float64)
    weights = powers @ torch.tensor(PIECES[order], dtype=torch.float64).T
    place = cell[:, None] + torch.arange(order + 1)
    table = torch.zeros(len(u), cells + order, dtype=torch.float64).scatter(1, place, weights)
    y = BASE_CURVES[start].value(low + (high - low) / cells * u)
    return torch.linalg.solve(table.T @ table, table.T @ y)
