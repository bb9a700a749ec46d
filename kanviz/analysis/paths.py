"""Explain a network's output at one point: how much each path from an input to the output adds to it.

From a reference to the point the output changes by the integral of its derivative along the straight line (integrated
gradients: Sundararajan, Taly & Yan 2017, arXiv 1703.01365). In a KAN that derivative is a sum over paths of the product
of the slopes along the path; a product node contributes the product of its other sums. So the integral is split by
path, and the flow through an edge is the sum over the paths through it (conductance: Dhamdhere, Sundararajan & Yan
2018, arXiv 1805.12233): see conductance.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.conductance import Line, line_between
from kanviz.analysis.extrapolation import checked_point, grids_of
from kanviz.analysis.rows import typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.needs import need_no_steps
from kanviz.errors import UserError

MOST_PATHS = 20_000  # up to this many paths, all are listed
STRONGEST = 400  # paths that go on from layer to layer, if there are more
BLOCK = 4_000_000  # numbers in memory at once during the search for the strongest paths


@dataclass(frozen=True, eq=False)
class Explanation:
    """The contributions to the difference between the outputs at `point` and at `reference`, in table units.

    paths: a row per path: an input, then the sum that each next edge ends in; the largest amount first · amounts: the
    contribution of each · count: how many paths there are; these are the strongest · edges: the flow through every
    edge, per layer · inputs: the contribution of each input; edges and inputs are over all paths, listed or not · gap:
    value - at_reference minus the inputs' contributions, which is the integration error (NaN where the output is NaN) ·
    points: the number of points on the line.
    """

    output: int
    point: Float[Tensor, " input"]
    reference: Float[Tensor, " input"]
    value: float
    at_reference: float
    paths: Int[Tensor, "path column"]
    amounts: Float[Tensor, " path"]
    count: int
    edges: tuple[Float[Tensor, "_source _target"], ...]
    inputs: Float[Tensor, " input"]
    gap: float
    points: int
    kan: KAN = field(repr=False)

    @property
    def rest(self) -> float:
        """The sum of the contributions of the paths that are not listed."""
        return float(self.inputs.sum() - self.amounts.sum())

    def edges_of(self, path: int) -> tuple[EdgeId, ...]:
        """Return the edges of a listed path, starting at its input."""
        source, *targets = self.paths[path].tolist()
        found = []
        for n, target in enumerate(targets):
            found.append(EdgeId(n, source, target))
            source = self.kan.layers[n].node_of(target)
        return tuple(found)

    def strongest_edges(self, count: int) -> list[tuple[EdgeId, float]]:
        """Return the edges of all layers with the largest |flow|, and their flow.

        The flows of each layer add up to the whole change.
        """
        found = []
        for n, (flow, layer) in enumerate(zip(self.edges, self.kan.layers, strict=True)):
            size = torch.where(layer.present, flow.abs().nan_to_num(), -1.0).flatten()
            for place in size.topk(min(count, int(layer.present.sum()))).indices.tolist():
                i, j = divmod(place, layer.targets)
                found.append((EdgeId(n, i, j), float(flow[i, j])))
        return sorted(found, key=lambda one: -abs(one[1]))[:count]

    def name(self, path: int) -> str:
        """Return a listed path as its nodes: x1 → h1,2 → y."""
        source, *targets = self.paths[path].tolist()
        return " → ".join(
            [self.kan.node_name(0, source), *(self.kan.target_name(n, target) for n, target in enumerate(targets))]
        )


def reference_of(kan: KAN, data: Dataset | None) -> Float[Tensor, " input"]:
    """Return the point of comparison: the mean of the training rows, or without data the middle of the grid."""
    if data is not None:
        return typical_inputs(kan, data, len(data)).double().mean(0)
    return torch.tensor([(low + high) / 2 for low, high in grids_of(kan)], dtype=torch.float64)


@torch.no_grad()
def explain(
    kan: KAN, point: Sequence[float], data: Dataset | None = None, *, output: int = 0, listed: int = MOST_PATHS
) -> Explanation:
    """Compute the contribution of each path to an output at a point (table units), compared with `reference_of`.

    Computed in float64. Raises UserError for a point that does not fit the network, and for an unknown output.
    """
    at = checked_point(kan, point)
    if not 0 <= output < len(kan.outputs):
        raise UserError(f"There is no output {output}: the network has outputs 0 to {len(kan.outputs) - 1}.")
    need_no_steps(kan, "The explanation by paths")
    kan = kan.to(torch.float64)
    ends = torch.stack([reference_of(kan, data), at])
    line = line_between(kan, kan.normalise(ends), output)
    scale = kan.outputs[output].scale
    paths, amounts, count = _paths(kan, line, output, listed)
    largest = amounts.abs().argsort(descending=True, stable=True)
    at_reference, value = kan(ends)[:, output].tolist()
    edges = tuple(scale * flow for flow in line.edges)
    inputs = edges[0].sum(1)
    return Explanation(
        output, ends[1], ends[0], value, at_reference, paths[largest], scale * amounts[largest], count, edges, inputs,
        value - at_reference - float(inputs.sum()), len(line.weights), kan,
    )  # fmt: skip


def _paths(
    kan: KAN, line: Line, output: int, listed: int
) -> tuple[Int[Tensor, "path column"], Float[Tensor, " path"], int]:
    """Return paths along present edges, the contribution of each, and the number of all paths.

    If there are more than may be listed, only the strongest beginnings continue from layer to layer; the strength of a
    beginning is the flow through it.
    """
    leads = [torch.zeros(kan.shape[-1], dtype=torch.float64)]
    leads[0][output] = 1
    for layer in reversed(kan.layers):
        leads.append(layer.present.double() @ leads[-1][list(layer.owners)])
    leads = leads[::-1]
    count = int(leads[0].sum())
    paths = (leads[0] > 0).nonzero()
    flow = line.motion[paths[:, 0]].expand(len(line.weights), -1)
    at = paths[:, 0]
    for n, layer in enumerate(kan.layers):
        owners = torch.tensor(layer.owners)
        which, target = (layer.present & (leads[n + 1] > 0)[owners])[at].nonzero(as_tuple=True)
        if count > listed:
            strength = _strength(line, n, flow, at, which, target, owners)
            best = strength.argsort(descending=True, stable=True)[: min(STRONGEST, listed)]
            which, target = which[best], target[best]
        flow = flow[:, which] * line.through[n][:, at[which], target]
        paths, at = torch.cat([paths[which], target[:, None]], 1), owners[target]
    return paths, line.weights @ flow, count


def _strength(line, n, flow, at, which, target, owners) -> Float[Tensor, " path"]:
    """Return the integral of |flow| through each beginning of a path, extended by one edge."""
    found, step = [], max(1, BLOCK // len(line.weights))
    for begin in range(0, len(which), step):
        w, t = which[begin : begin + step], target[begin : begin + step]
        through = flow[:, w] * line.through[n][:, at[w], t] * line.ahead[n + 1][:, owners[t]]
        found.append(line.weights @ through.abs())
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.float64)
