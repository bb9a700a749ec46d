"""Map a change of the outputs over two chosen inputs, with the others at their medians."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.locality.planned_change import Change
from kanviz.analysis.rows import typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable
from kanviz.errors import UserError

FINE = 61  # points along each axis


@dataclass(frozen=True, eq=False)
class ReachMap:
    """|change| of one output over two inputs, in table units; NaN where it is NaN or infinite.

    x, y: values of the two inputs · size: |change| at (y, x) · rows: the table's rows as (row, 2), to show where data
    are · held: the other inputs and their fixed values.
    """

    what: str
    per: str
    across: Variable
    up: Variable
    output: Variable
    x: Float[Tensor, " x"]
    y: Float[Tensor, " y"]
    size: Float[Tensor, "y x"]
    rows: Float[Tensor, "row 2"]
    held: tuple[tuple[Variable, float], ...]


@torch.no_grad()
def reach_map(
    change: Change, data: Dataset | None, across: int, up: int, output: int = 0, points: int = FINE
) -> ReachMap:
    """Compute the map over the range of the training rows (without data, of the first grid).

    Raises UserError for the same input twice, and for an unknown input or output.
    """
    kan = change.kan
    count = len(kan.inputs)
    if not (0 <= across < count and 0 <= up < count and across != up):
        raise UserError(f"A map needs two different inputs, of 0 to {count - 1}; got {across} and {up}.")
    if not 0 <= output < len(kan.outputs):
        raise UserError(f"There is no output {output}: the network has outputs 0 to {len(kan.outputs) - 1}.")
    rows = typical_inputs(kan, data).double()
    low, high = rows.amin(0).tolist(), rows.amax(0).tolist()
    x, y = (torch.linspace(low[i], high[i], points, dtype=torch.float64) for i in (across, up))
    middle = rows.median(0).values
    table = middle.repeat(points * points, 1)
    table[:, across], table[:, up] = x.repeat(points), y.repeat_interleave(points)
    size = change.at(table)[:, output].double().abs()
    size = torch.where(size.isfinite(), size, torch.nan).reshape(points, points)
    held = tuple((kan.inputs[i], float(middle[i])) for i in range(count) if i not in (across, up))
    return ReachMap(
        change.what, change.per, kan.inputs[across], kan.inputs[up], kan.outputs[output],
        x, y, size, rows[:, [across, up]], held,
    )  # fmt: skip
