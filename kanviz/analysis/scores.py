"""How much of the outputs each edge carries: attribution in shares of variance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.rows import ROWS, typical_inputs
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN, Trace
from kanviz.core.layer import EdgeId, Layer

ROOM = 5_000_000  # numbers held at once in the widest layer, rows times edges


@dataclass(frozen=True)
class EdgeScore:
    """One edge's share of the outputs' variance, 0 to 1, with what it is called and what it is."""

    id: EdgeId
    source: str
    target: str
    state: str
    frozen: bool
    score: float


@dataclass(frozen=True, eq=False)
class Scores:
    """Shares of the outputs' variance: per layer an array (source, target), per column one of nodes; each sums to 1.

    A layer's shares are all 0 when nothing varies. rows: how many rows were looked at, and were numbers throughout.
    """

    layers: tuple[Float[Array, "source target"], ...]
    nodes: tuple[Float[Array, " node"], ...]
    rows: int
    kan: KAN

    def of(self, edge: EdgeId) -> float:
        """Share of one edge, 0 to 1."""
        return float(self.layers[edge.layer][edge.source, edge.target])

    def below(self, share: float) -> list[EdgeId]:
        """Edges that are there and carry less than that, in the order of `KAN.edges`."""
        return [
            EdgeId(n, i, j)
            for n, (layer, shares) in enumerate(zip(self.kan.layers, self.layers, strict=True))
            for i, j in np.argwhere((shares < share) & layer.present.numpy()).tolist()
        ]

    @cached_property
    def ranked(self) -> tuple[EdgeScore, ...]:
        """Every edge, pruned ones included, those that carry most first."""
        found = []
        for n, (layer, shares) in enumerate(zip(self.kan.layers, self.layers, strict=True)):
            sources = [self.kan.node_name(n, i) for i in range(layer.sources)]
            targets = [self.kan.target_name(n, j) for j in range(layer.targets)]
            for i, (states, frozen, row) in enumerate(
                zip(layer.states, layer.frozen.tolist(), shares.tolist(), strict=True)
            ):
                found += [
                    EdgeScore(EdgeId(n, i, j), sources[i], targets[j], states[j], frozen[j], row[j])
                    for j in range(layer.targets)
                ]
        return tuple(sorted(found, key=lambda edge: -edge.score))  # stable: of equals, the first edge is first


@torch.no_grad()
def scores(kan: KAN, data: Dataset | None = None) -> Scores:
    """Every edge's share of the outputs' variance, over the training rows (without data: over the first grid).

    Attribution goes back from the outputs as in Liu et al. 2024 (KAN 2.0, section 4.1), in variances instead of
    standard deviations so that shares add up. Outputs that vary share 1 equally. With A the share of a sum,

        edge share   = A_target * var(phi_edge) / sum of var(phi) over the edges into that target
        node share   = sum of the shares of its outgoing edges

    A product hands its share to its factors by how much each moves it: var(factor) * mean((product of the others)^2).
    No share changes when a node is rescaled. Pruned and constant edges, and those that reach no output, have 0.
    """
    largest = max(layer.sources * layer.targets for layer in kan.layers)
    trace = kan.trace(typical_inputs(kan, data, min(ROWS, max(200, ROOM // largest))))
    good = torch.stack([_largest(part, 1).isfinite() for part in (*trace.activations, *trace.nodes)]).all(0)
    if not good.all():
        trace = Trace(*(tuple(part[good] for part in parts) for parts in (trace.nodes, trace.activations, trace.sums)))
    share = _outputs(_variance(trace.nodes[-1]))
    layers, nodes = [], [share]
    for layer, activations, sums in zip(
        reversed(kan.layers), reversed(trace.activations), reversed(trace.sums), strict=True
    ):
        carried = _shares(_variance(activations), 0) * _factors(layer, sums, share)
        share = carried.sum(1)
        layers.append(carried.numpy())
        nodes.append(share)
    layers.reverse()
    return Scores(tuple(layers), tuple(part.numpy() for part in reversed(nodes)), int(good.sum()), kan)


def _variance(values: Tensor) -> Tensor:
    """Variance over rows, in units of the tensor's largest value (no overflow); rounding alone counts as none."""
    values = values.double()
    if len(values) < 2:
        return values.new_zeros(values.shape[1:])
    largest = _largest(values, 0)
    whole = largest.amax().clamp(min=torch.finfo(values.dtype).tiny)
    values = values / whole
    variance = (values - values.mean(0)).square().mean(0)
    return torch.where(variance.sqrt() > 1e-12 * largest / whole, variance, 0.0)


def _largest(values: Tensor, axis: int) -> Tensor:
    """Largest absolute value of each row (axis 1) or over all rows (axis 0); not a finite number where one is not."""
    values = values.flatten(1) if axis else values
    return torch.maximum(values.amax(axis), -values.amin(axis))


def _shares(parts: Tensor, dim: int) -> Tensor:
    """Parts of a whole along `dim`, 0 where there is no whole."""
    parts = parts / parts.amax(dim, keepdim=True).clamp(min=torch.finfo(parts.dtype).tiny)
    whole = parts.sum(dim, keepdim=True)
    return torch.where(whole > 0, parts / torch.where(whole > 0, whole, 1.0), 0.0)


def _outputs(variance: Tensor) -> Tensor:
    varies = (variance > 0).double()
    return varies / varies.sum().clamp(min=1.0)


def _factors(layer: Layer, sums: Tensor, share: Tensor) -> Tensor:
    """Shares of the nodes handed on to the sums they are made of."""
    if layer.nodes == layer.targets or len(sums) < 2:
        return share if layer.nodes == layer.targets else share.new_zeros(layer.targets)
    out, start = [], 0
    for node, arity in enumerate(layer.arity):
        part = sums[:, start : start + arity].double()
        start += arity
        if arity == 1:
            out.append(share[node : node + 1])
            continue
        part = part / part.abs().amax(0).clamp(min=torch.finfo(part.dtype).tiny)  # all weights shrink alike
        others = torch.stack([part[:, [m for m in range(arity) if m != k]].prod(1) for k in range(arity)], 1)
        weight = _variance(part) * (others**2).mean(0)
        out.append(share[node] * _shares(weight, 0))
    return torch.cat(out)
