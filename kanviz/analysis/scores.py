"""How much of the outputs each edge carries: attribution in shares of variance."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.rows import ROWS, typical_inputs
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer

ROOM = 20_000_000  # numbers held at once in the widest layer, rows times edges


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
    ranked: tuple[EdgeScore, ...]
    rows: int

    @cached_property
    def _by_edge(self) -> Mapping[EdgeId, float]:
        return {edge.id: edge.score for edge in self.ranked}

    def of(self, edge: EdgeId) -> float:
        """Share of one edge, 0 to 1."""
        return self._by_edge[edge]


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
    good = torch.stack([part.isfinite().flatten(1).all(1) for part in (*trace.activations, *trace.nodes)]).all(0)
    share = _outputs(_variance(trace.nodes[-1][good]))
    layers, nodes = [], [share]
    for layer, activations, sums in zip(
        reversed(kan.layers), reversed(trace.activations), reversed(trace.sums), strict=True
    ):
        carried = _shares(_variance(activations[good]), 0) * _factors(layer, sums[good], share)
        share = carried.sum(1)
        layers.append(carried.numpy())
        nodes.append(share)
    layers.reverse()
    return Scores(tuple(layers), tuple(part.numpy() for part in reversed(nodes)), _ranked(kan, layers), int(good.sum()))


def _variance(values: Tensor) -> Tensor:
    """Variance over rows, in units of the tensor's largest value (no overflow); rounding alone counts as none."""
    values = values.double()
    if len(values) < 2:
        return values.new_zeros(values.shape[1:])
    values = values / values.abs().amax().clamp(min=torch.finfo(values.dtype).tiny)
    spread = values.std(0, correction=0)
    return torch.where(spread > 1e-12 * values.abs().amax(0), spread, 0.0) ** 2


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


def _ranked(kan: KAN, layers: list[Array]) -> tuple[EdgeScore, ...]:
    found = []
    for n, layer in enumerate(kan.layers):
        frozen = layer.frozen.tolist()
        targets = [kan.target_name(n, j) for j in range(layer.targets)]
        for i in range(layer.sources):
            for j in range(layer.targets):
                id, value = EdgeId(n, i, j), float(layers[n][i, j])
                found.append(EdgeScore(id, kan.node_name(n, i), targets[j], layer.states[i][j], frozen[i][j], value))
    return tuple(sorted(found, key=lambda edge: (-edge.score, edge.id)))
