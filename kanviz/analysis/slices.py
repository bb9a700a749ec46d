"""Compute a network's outputs around one point: along each input, and over two inputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.curves import histogram
from kanviz.analysis.extrapolation import checked_point, grids_of
from kanviz.analysis.rows import typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.errors import UserError

FINE = 121  # points of a slice
MESH = 41  # points along each axis of a plane
MARGIN = 0.04  # share of the range shown beyond the outermost end
REACH = 1.0  # grid widths shown beyond the grid at most, when data are far out


@dataclass(frozen=True, eq=False)
class Slice:
    """The outputs along one input, with the others fixed at the point; all in table units.

    at: the point's value of this input, which is one of x · y: every output at x · grid: the ends of the input's grid ·
    data: the least and greatest training value (None without data) · edges, density: histogram of the training values,
    its area 1 (empty without data).
    """

    input: Variable
    at: float
    x: Float[Array, " points"]
    y: Float[Array, "points output"]
    grid: tuple[float, float]
    data: tuple[float, float] | None
    edges: Float[Array, " edge"]
    density: Float[Array, " bin"]


@dataclass(frozen=True, eq=False)
class Plane:
    """One output over two inputs, with the others fixed at the point; all in table units.

    z: the output at (y, x) · at: the point's two values · rows: the training rows as (row, 2), to show where data are.
    """

    across: Variable
    up: Variable
    output: Variable
    x: Float[Array, " x"]
    y: Float[Array, " y"]
    z: Float[Array, "y x"]
    at: tuple[float, float]
    rows: Float[Array, "row 2"]


@torch.no_grad()
def slices(
    kan: KAN,
    point: Sequence[float],
    data: Dataset | None = None,
    inputs: Sequence[int] | None = None,
    points: int = FINE,
) -> tuple[Slice, ...]:
    """Compute a slice for each of these inputs (None for all), in float64 and in one pass.

    point: table units. Each slice covers the input's grid, the training rows (at most a grid's width beyond it), and
    the point. Raises UserError for a point or an input that does not fit the network.
    """
    at = checked_point(kan, point)
    chosen = list(range(len(kan.inputs))) if inputs is None else [_input(kan, i) for i in inputs]
    rows = typical_inputs(kan, data).double() if data is not None else None
    grids = grids_of(kan)
    spans = [_span(grids[i], None if rows is None else rows[:, i], float(at[i])) for i in chosen]
    axes = [
        _with(torch.linspace(*span, points - 1, dtype=torch.float64), at[i])
        for i, span in zip(chosen, spans, strict=True)
    ]
    table = at.repeat(len(chosen), points, 1)
    for place, (i, axis) in enumerate(zip(chosen, axes, strict=True)):
        table[place, :, i] = axis
    y = kan.to(torch.float64)(table.flatten(0, 1)).unflatten(0, (len(chosen), points)).numpy()
    found = []
    for place, i in enumerate(chosen):
        values = np.empty(0) if rows is None else rows[:, i].numpy()
        edges, density = histogram(np.sort(values))
        found.append(
            Slice(kan.inputs[i], float(at[i]), axes[place].numpy(), y[place], grids[i],
                  (float(values.min()), float(values.max())) if len(values) else None, edges, density)
        )  # fmt: skip
    return tuple(found)


@torch.no_grad()
def plane(
    kan: KAN,
    point: Sequence[float],
    across: int,
    up: int,
    output: int = 0,
    data: Dataset | None = None,
    points: int = MESH,
) -> Plane:
    """Compute a plane over the range of the training rows (without data, of the grid) and the point.

    point: table units. Raises UserError for the same input twice, and for a point, input or output that does not fit.
    """
    at = checked_point(kan, point)
    if _input(kan, across) == _input(kan, up):
        raise UserError("A plane needs two different inputs.")
    if not 0 <= output < len(kan.outputs):
        raise UserError(f"There is no output {output}: the network has outputs 0 to {len(kan.outputs) - 1}.")
    rows = typical_inputs(kan, data).double()[:, [across, up]] if data is not None else at.new_empty(0, 2)
    axes = []
    for place, i in enumerate((across, up)):
        low, high = (rows[:, place].min().item(), rows[:, place].max().item()) if len(rows) else grids_of(kan)[i]
        low, high = min(low, float(at[i])), max(high, float(at[i]))
        room = MARGIN * (high - low) or 0.5
        axes.append(torch.linspace(low - room, high + room, points, dtype=torch.float64))
    table = at.repeat(points * points, 1)
    table[:, across], table[:, up] = axes[0].repeat(points), axes[1].repeat_interleave(points)
    z = kan.to(torch.float64)(table)[:, output].reshape(points, points)
    return Plane(
        kan.inputs[across], kan.inputs[up], kan.outputs[output], axes[0].numpy(), axes[1].numpy(), z.numpy(),
        (float(at[across]), float(at[up])), rows.numpy(),
    )  # fmt: skip


def _input(kan: KAN, i: int) -> int:
    if not 0 <= i < len(kan.inputs):
        raise UserError(f"There is no input {i}: the network has inputs 0 to {len(kan.inputs) - 1}.")
    return i


def _span(grid: tuple[float, float], values: Tensor | None, at: float) -> tuple[float, float]:
    low, high = grid
    width = high - low
    ends = [low, high] if values is None else [low, high, float(values.min()), float(values.max())]
    first = max(min(ends), low - REACH * width) - MARGIN * width
    last = min(max(ends), high + REACH * width) + MARGIN * width
    return min(first, at), max(last, at)


def _with(axis: Float[Tensor, " some"], value: Tensor) -> Float[Tensor, " more"]:
    return torch.cat([axis, value[None]]).sort().values
