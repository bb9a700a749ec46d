"""Find where a point is outside the training rows, or outside a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.rows import entering, typical_inputs, usual_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.errors import UserError

SLACK = 1e-9  # share of a range by which a value may exceed it: the rounding of scaling forth and back


@dataclass(frozen=True)
class Beyond:
    """A value of the point outside a range: that of the training rows, or of a grid, where the splines end.

    column: of the node, 0 for the inputs. Table units at an input, network units at a later node.
    """

    column: int
    name: str
    unit: str
    value: float
    low: float
    high: float
    what: Literal["data", "grid"]


@torch.no_grad()
def beyond(kan: KAN, point: Sequence[float], data: Dataset | None = None) -> tuple[Beyond, ...]:
    """Return the inputs of the point outside the training rows or their grid, and the nodes outside their grid there.

    point: table units. Raises UserError for a point that does not fit the network.
    """
    at = checked_point(kan, point)
    found = []
    if data is not None:
        rows = typical_inputs(kan, data, len(data)).double()
        for variable, value, low, high in zip(
            kan.inputs, at.tolist(), rows.amin(0).tolist(), rows.amax(0).tolist(), strict=True
        ):
            found += _leaves(0, variable.name, variable.unit, value, (low, high), "data")
    whole = kan.layers[0].family == SPLINE and not kan.layers[0].step
    for variable, value, grid in zip(kan.inputs, at.tolist(), grids_of(kan) if whole else [], strict=whole):
        found += _leaves(0, variable.name, variable.unit, value, grid, "grid")
    kan = kan.to(torch.float64)
    for n, values in enumerate(entering(kan, at[None])[:-1]):
        layer = kan.layers[n]
        low, high = layer.domain
        for i, value in enumerate(values[0].tolist()):
            if layer.family == SPLINE and layer.active[i].any() and not (n == 0 and whole):
                found += _leaves(n, kan.source_name(n, i), "", value, (float(low[i]), float(high[i])), "grid")
    return tuple(found)


def grids_of(kan: KAN) -> list[tuple[float, float]]:
    """Return the ends of each input's grid, in table units; without a grid, its usual range."""
    ends = usual_inputs(kan.to(torch.float64))
    found = []
    for variable, *pair in zip(kan.inputs, *(end.tolist() for end in ends), strict=True):
        low, high = sorted(end * variable.scale + variable.shift for end in pair)
        found.append((low, high))
    return found


def checked_point(kan: KAN, point: Sequence[float]) -> Float[Tensor, " input"]:
    """Return the point (table units, float64). Raises UserError unless it has a finite value for each input."""
    at = torch.tensor(list(point), dtype=torch.float64)
    if len(at) != len(kan.inputs) or not at.isfinite().all():
        raise UserError(f"A point needs a finite value for each of the {len(kan.inputs)} inputs.")
    return at


def _leaves(
    column: int, name: str, unit: str, value: float, span: tuple[float, float], what: Literal["data", "grid"]
) -> list[Beyond]:
    slack = SLACK * (span[1] - span[0])
    if span[0] - slack <= value <= span[1] + slack:
        return []
    return [Beyond(column, name, unit, value, *span, what)]
