"""Compute curves with torch's differentiable operations: the reference and the fallback of the C kernel.

Differentiable to any order in x and the control points; works under the transforms of `torch.func`, compilers and
exporters, without values, and on any device.
"""

import torch
from torch import Tensor

from kanviz.core.curves.pieces import polynomials


def values(x: Tensor, knots: Tensor, coef: Tensor, *, by_unit: bool) -> Tensor:
    """Compute each unit's curve at x, (unit, rows) if `by_unit`, else (rows, unit).

    `units / curves` neighbouring units have one curve. At infinity there is no value, as on any straight line.
    """
    units = x.shape[0 if by_unit else 1]
    count, order = int(coef.shape[1]), int(knots.shape[0] - coef.shape[1] - 1)  # under torch.jit.trace they are tensors
    cells = count - order
    borders = knots[order : count + 1]
    scale = cells / (borders[-1] - borders[0])
    cell = _cells(x.detach(), borders, scale, order)
    begin = torch.cat([borders[:1], borders])
    f = (x - begin[cell]) * scale
    inside = torch.where((cell > 0) & (cell <= cells), f, torch.zeros_like(f))  # past the borders only the line counts

    table = polynomials(coef, order).repeat_interleave(units // coef.shape[0], 0)
    first = torch.arange(units, device=x.device) * (cells + 2)
    near = table.flatten(0, 1)[cell + (first[:, None] if by_unit else first)]
    constant, line, *bends = near.unbind(-1)
    if bends:
        rest = bends[-1]
        for bend in bends[-2::-1]:
            rest = rest * inside + bend
        line = line + rest * inside
    return constant + line * f + (x - x)


def _cells(x: Tensor, borders: Tensor, scale: Tensor, order: int) -> Tensor:
    """Return the cell of each point, 0 before the first border; NaN is after the last one."""
    cells = borders.shape[0] - 1
    cell = ((x - borders[0]) * scale + 1).nan_to_num(cells + 1.0).clamp(0, cells + 1).long()
    if order > 1:
        return cell
    # Slopes jump at the borders, so rounding must not move a point into the next cell.
    cell = cell + ((cell <= cells) & (x >= borders[cell.clamp(max=cells)]))
    return cell - ((cell > 0) & (x < borders[(cell - 1).clamp(min=0)])).long()
