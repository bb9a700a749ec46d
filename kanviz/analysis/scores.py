"""Score every edge: the share of the outputs' variance that it carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.rows import ROWS, typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer

LEAST_ROWS = 100
ROOM = 5_000_000  # rows times edges of the widest layer; it limits the number of rows
PART = 2**22  # numbers in memory at once


@dataclass(frozen=True)
class EdgeScore:
    """One edge's share of the outputs' variance, 0 to 1, with its names and its state."""

    id: EdgeId
    source: str
    target: str
    state: str
    frozen: bool
    score: float


@dataclass(frozen=True, eq=False)
class Scores:
    """The shares of the outputs' variance: per layer an array (source, target), per column one of nodes.

    Each array sums to 1; a layer's shares are all 0 when nothing varies. rows: how many rows were used, those with
    finite values throughout.
    """

    layers: tuple[Float[Array, "_source _target"], ...]
    nodes: tuple[Float[Array, " _node"], ...]
    rows: int
    kan: KAN

    def of(self, edge: EdgeId) -> float:
        """Return the share of one edge, 0 to 1."""
        return float(self.layers[edge.layer][edge.source, edge.target])

    def below(self, share: float) -> list[EdgeId]:
        """Return the present edges with a smaller share than that, in the order of `KAN.edges`."""
        return [
            EdgeId(n, i, j)
            for n, (layer, shares) in enumerate(zip(self.kan.layers, self.layers, strict=True))
            for i, j in np.argwhere((shares < share) & layer.present.numpy()).tolist()
        ]

    @cached_property
    def ranked(self) -> "Ranked":
        """All edges, pruned ones included, the highest score first."""
        return Ranked(self, np.ones(sum(part.size for part in self.layers), dtype=bool))

    @cached_property
    def ranked_there(self) -> "Ranked":
        """The edges that are not pruned, the highest score first."""
        return Ranked(self, np.concatenate([layer.present.numpy().ravel() for layer in self.kan.layers]))


class Ranked(Sequence[EdgeScore]):
    """Edges sorted by score, each record built on request; of equal scores, the first edge is first."""

    def __init__(self, scores: Scores, chosen: Bool[Array, " edge"]):
        self._scores, places = scores, np.flatnonzero(chosen)
        self.shares = np.concatenate([part.ravel() for part in scores.layers])[places]
        order = np.argsort(-self.shares, kind="stable")
        self.shares, self._places = self.shares[order], places[order]
        self._starts = np.cumsum([0, *(part.size for part in scores.layers)])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> EdgeScore: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[EdgeScore, ...]: ...
    def __getitem__(self, at: int | slice) -> EdgeScore | tuple[EdgeScore, ...]:
        if isinstance(at, slice):
            return tuple(self[k] for k in range(*at.indices(len(self))))
        kan, place = self._scores.kan, int(self._places[at])
        n = int(np.searchsorted(self._starts, place, "right")) - 1
        i, j = divmod(place - int(self._starts[n]), kan.layers[n].targets)
        names = kan.source_name(n, i), kan.target_name(n, j)
        layer = kan.layers[n]
        return EdgeScore(EdgeId(n, i, j), *names, layer.state(i, j), bool(layer.frozen[i, j]), float(self.shares[at]))


@torch.no_grad()
def scores(kan: KAN, data: Dataset | None = None) -> Scores:
    """Score every edge: its share of the outputs' variance, over the training rows (without data: over the first grid).

    Attribution goes back from the outputs as in Liu et al. 2024 (KAN 2.0, section 4.1), in variances instead of
    standard deviations so that shares add up. Outputs that vary share 1 equally. With A the share of a sum,
        edge share   = A_target * var(phi_edge) / sum of var(phi) over the edges into that target
        node share   = sum of the shares of its outgoing edges
    A product divides its share among its factors by their effect: var(factor) * mean((product of the others)^2). No
    share changes when a node is rescaled. Pruned and constant edges, and those that reach no output, have 0.
    """
    largest = max(layer.sources * layer.targets for layer in kan.layers)
    inputs = kan.normalise(typical_inputs(kan, data, min(ROWS, max(LEAST_ROWS, ROOM // largest))))
    nodes_in, looked, good = _looked(kan, inputs)
    if not good.all():
        nodes_in, looked, _ = _looked(kan, inputs[good])
    share = _outputs(_variance(nodes_in[-1]))
    layers, nodes = [], [share]
    for layer, (sums, variance) in zip(reversed(kan.layers), reversed(looked), strict=True):
        carried = _shares(variance, 0) * _factors(layer, sums, share)
        share = layer.by_node(carried.sum(1))
        layers.append(carried.numpy())
        nodes.append(share)
    layers.reverse()
    return Scores(tuple(layers), tuple(part.numpy() for part in reversed(nodes)), int(good.sum()), kan)


def _looked(kan: KAN, x: Tensor) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]], Tensor]:
    """Return, for rows in network units, the nodes of every column, the statistics of every layer, and the good rows.

    The statistics are the sums, and the variance of each activation up to a factor. Good rows are finite throughout.
    Activations are computed in parts, to save memory.
    """
    nodes, looked, good = [x], [], _finite(x)
    for layer in kan.layers:
        x = layer.enter(nodes[-1])
        width = len(x) * (3 * layer.targets + 3 * layer.coef.shape[2] + 8 * layer.functions_at_a_point)
        # allocate all results first: results kept between parts would fragment the memory that the next part needs
        variance = torch.empty(layer.active.shape, dtype=torch.float64)
        units, sums = torch.empty(layer.sources, dtype=torch.float64), torch.zeros(len(x), layer.targets, dtype=x.dtype)
        for here, part in layer.parts(max(1, PART // max(width, 1))):
            activations = part.activations(x[:, here])
            good &= _finite(activations)
            sums += activations.sum(1)
            variance[here], units[here] = _scaled(activations)
        sums += layer.bias
        looked.append((sums, variance * (units / units.amax()).square()[:, None]))
        nodes.append(layer.combine(sums))
        good &= _finite(nodes[-1])
    return nodes, looked, good


def _finite(values: Tensor) -> Tensor:
    return _largest(values, 1).isfinite()


def _variance(values: Tensor) -> Tensor:
    """Return the variance over rows, in units of the tensor's largest value; mere rounding counts as 0."""
    return _scaled(values)[0]


def _scaled(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the variance over rows in units of the tensor's largest value (no overflow), and that value."""
    values = values.double()
    if len(values) < 2:
        return values.new_zeros(values.shape[1:]), values.new_ones(())
    largest = _largest(values, 0)
    whole = largest.amax().clamp(min=torch.finfo(values.dtype).tiny)
    values = values / whole
    variance = (values - values.mean(0)).square().mean(0)
    return torch.where(variance.sqrt() > 1e-12 * largest / whole, variance, 0.0), whole


def _largest(values: Tensor, axis: int) -> Tensor:
    """Return the largest absolute value of each row (axis 1) or over all rows (axis 0); NaN or inf where a value is."""
    values = values.flatten(1) if axis else values
    return torch.maximum(values.amax(axis), -values.amin(axis))


def _shares(parts: Tensor, dim: int) -> Tensor:
    """Return the parts as shares of their sum along `dim`; 0 where the sum is 0."""
    parts = parts / parts.amax(dim, keepdim=True).clamp(min=torch.finfo(parts.dtype).tiny)
    whole = parts.sum(dim, keepdim=True)
    return torch.where(whole > 0, parts / torch.where(whole > 0, whole, 1.0), 0.0)


def _outputs(variance: Tensor) -> Tensor:
    varies = (variance > 0).double()
    return varies / varies.sum().clamp(min=1.0)


def _factors(layer: Layer, sums: Tensor, share: Tensor) -> Tensor:
    """Distribute the shares of the nodes to the sums they are made of."""
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
