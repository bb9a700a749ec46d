"""Compute how much the outputs move with the value of one edge, row by row: a quick preview of a change."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray as Array

from kanviz.analysis.curves import as_numpy
from kanviz.analysis.rows import entering, typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId

ROWS = 300
SEVERAL = (8, 100)  # most outputs to follow, each costs a backward pass; and the number of rows then


@dataclass(frozen=True, eq=False)
class Gains:
    """The sensitivities on rows of the table, or without a table on points drawn over the grids.

    x: the edge's input, in the units of its curve · gain: d output / d edge value (table units of the output per
    network unit); of several outputs the largest absolute value · off: the current error of the output (table units),
    None for several outputs, for classes, and without a table · exact: the edge ends in an output's own sum, so that
    gain holds for large changes too.
    """

    x: Float[Array, " rows"]
    gain: Float[Array, " rows"]
    off: Float[Array, " rows"] | None
    exact: bool


@torch.no_grad()
def gains(kan: KAN, edge: EdgeId, data: Dataset | None = None) -> Gains:
    """Compute the sensitivities on at most ROWS training rows; rows with NaN or infinite values are left out."""
    edge, single = kan.check(edge), len(kan.outputs) == 1
    rows = typical_inputs(kan, data, ROWS if single else SEVERAL[1])
    inputs = entering(kan, rows, edge.layer)[edge.layer]
    layer, last = kan.layers[edge.layer], edge.layer + 1 == len(kan.layers)
    with torch.enable_grad():
        sums = layer.sums(inputs).detach().requires_grad_(True)
        out = layer.combine(sums)
        for later in kan.layers[edge.layer + 1 :]:
            out = later(out)
        out = kan.denormalise(out)
        moving = [layer.node_of(edge.target)] if last else range(min(out.shape[1], SEVERAL[0]))
        slopes = [torch.autograd.grad(out[:, k].sum(), sums, retain_graph=True)[0][:, edge.target] for k in moving]
    gain = as_numpy(slopes[0] if len(slopes) == 1 else torch.stack(slopes).abs().amax(0))
    variable = kan.axis_of(edge.layer, edge.source)
    x = as_numpy(inputs[:, edge.source]) * variable.scale + variable.shift
    good, off = np.isfinite(gain) & np.isfinite(x), None
    if single and data is not None and data.task == "regression":
        y = data.matching(kan).rows("train")[1]
        off = as_numpy(out[:, 0]) - as_numpy(y[torch.linspace(0, len(y) - 1, len(x)).long(), 0])
        good &= np.isfinite(off)
        off = off[good]
    return Gains(x[good], gain[good], off, last and layer.arity[layer.node_of(edge.target)] == 1)
