"""Looks into a block of any model, a KAN with recorded rows: its edges by strength, rows at both ends, fewer edges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.rows import entering
from kanviz.analysis.scores import scores
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.threads import on_one_thread
from kanviz.errors import UserError
from kanviz.language.changes import nearest_half, strength_words
from kanviz.language.inside import Unit

ROWS = 1_000  # on which removing edges is measured
AT_ONCE = 2**22  # numbers in memory
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A recorded row at an end of an edge. number: from 0, in the order of the rows · value: what the edge gets there ·
    gives: what it adds to its target, both in network units.
    """

    number: int
    value: float
    gives: float


@dataclass(frozen=True, slots=True)
class EdgePruning:
    """Errors of a block's outputs without a share of a layer's edges: the weakest ones; as many at random, each seed.

    An error is the root mean square of the change, as a share of the outputs' standard deviation: 0 changes nothing, 1
    is as far off as the mean. Each removed edge leaves its mean behind. edges: how many the layer has.
    """

    shares: tuple[float, ...]
    weakest: tuple[float, ...]
    random: tuple[tuple[float, ...], ...]
    edges: int

    @property
    def verdict(self) -> str:
        """What can be concluded about removing half of the edges (or the share next to that), from these numbers."""
        at = nearest_half(self.shares)
        gone, chance = round(self.shares[at] * self.edges), self.random[at]
        if gone == 0:
            return "There are too few edges to remove a part of them."
        words = (
            f"Without the weakest {gone} of {self.edges} edges the block's output is off by {self.weakest[at]:.1%} of "
            f"its spread, without as many random ones by {sum(chance) / len(chance):.1%}: "
        )
        return words + strength_words(self.weakest[at], chance, "edges")


def block_edges(kan: KAN, data: Dataset | None, layer: int) -> tuple[Unit, ...]:
    """Return the edges of a layer that are not pruned, strongest first.

    data: the recorded rows, None for points spread over the first grid. A unit's number is that of its edge, which
    `edge_at` turns into an address; its share is of the outputs' variance; outside is 0 where curves have no grid.

    >>> import kanviz
    >>> from kanviz.language.block import block_edges, edge_at
    >>> kan = kanviz.init([2, 1])
    >>> strongest = block_edges(kan, None, 0)[0]
    >>> edge_at(kan, 0, strongest.number).layer, 0.5 <= strongest.share <= 1
    (0, True)
    """
    shares = scores(kan, data).layers[layer]
    outside = outside_grid(kan, data, layer) if data is not None else torch.zeros(shares.shape[0])
    targets = shares.shape[1]
    found = [
        Unit(source * targets + target, float(shares[source, target]), float(outside[source]))
        for source, target in kan.layers[layer].present.nonzero().tolist()
    ]
    return tuple(sorted(found, key=lambda unit: -unit.share))


def edge_at(kan: KAN, layer: int, number: int) -> EdgeId:
    """Return the address of the edge that has this number in its layer."""
    return EdgeId(layer, *divmod(number, kan.layers[layer].targets))


@torch.no_grad()
def outside_grid(kan: KAN, data: Dataset, layer: int) -> Float[Tensor, " source"]:
    """Return for each source of a layer the share of its inputs outside the grid; 0 where curves have no grid."""
    values, one = entering(kan, data.x, layer)[-1], kan.layers[layer]
    if one.family != SPLINE:
        return values.new_zeros(one.sources)
    low, high = one.domain
    return ((values < low) | (values > high)).double().mean(0)


@torch.no_grad()
def rows_at_ends(
    kan: KAN, data: Dataset, edge: EdgeId, most: int = 5
) -> tuple[tuple[BlockRow, ...], tuple[BlockRow, ...]]:
    """Return the rows where an edge's input is least, and those where it is greatest, no two with the same input."""
    edge = kan.check(edge)
    values = entering(kan, data.x, edge.layer)[-1][:, edge.source]
    order, gives = values.argsort(stable=True), kan.edge(edge)(values)

    def first(numbers: Sequence[int]) -> tuple[BlockRow, ...]:
        found: dict[float, BlockRow] = {}
        for number in numbers:
            if values[number].isfinite():
                found.setdefault(float(values[number]), BlockRow(number, float(values[number]), float(gives[number])))
            if len(found) == most:
                break
        return tuple(found.values())

    return first(order.tolist()), first(order.flip(0).tolist())


@on_one_thread
@torch.no_grad()
def block_pruning(
    kan: KAN, data: Dataset, layer: int, shares: tuple[float, ...] = SHARES, seeds: int = 3
) -> EdgePruning:
    """Return the errors of the outputs without a share of a layer's edges: the weakest, and as many at random.

    Raises UserError where the outputs do not vary over the rows, or are not finite.
    """
    x = data.x[torch.linspace(0, len(data) - 1, min(ROWS, len(data))).long()]
    one, outputs = kan.layers[layer], kan(x)
    nodes = entering(kan, x, layer)[-1]
    spread = outputs.std(0, correction=0)
    varies = spread > 1e-12 * outputs.abs().amax(0)
    if not bool(outputs.isfinite().all()):
        raise UserError("The block gives infinite values on these rows. Record rows that it can compute.")
    if not bool(varies.any()):
        raise UserError("The block's outputs do not vary over these rows. Record rows that differ.")
    strongest = [unit.number for unit in block_edges(kan, data, layer)]
    orders = [torch.tensor(strongest[::-1], dtype=torch.long)]
    for seed in range(seeds):
        chance = torch.randperm(len(strongest), generator=torch.Generator().manual_seed(seed))
        orders.append(torch.tensor(strongest, dtype=torch.long)[chance])
    gone = torch.zeros(len(orders), len(shares), one.sources * one.targets, dtype=torch.bool)
    for n, order in enumerate(orders):
        for m, share in enumerate(shares):
            gone[n, m, order[: round(share * len(order))]] = True
    sums = _without(kan, layer, nodes, gone.flatten(0, 1).unflatten(1, (one.sources, one.targets)))
    errors = []
    for changed in sums:
        y = one.combine(changed)
        for later in kan.layers[layer + 1 :]:
            y = later(y)
        off = ((kan.denormalise(y) - outputs)[:, varies] / spread[varies]).square().mean()
        errors.append(float(off.sqrt()))
    lines = [tuple(errors[n : n + len(shares)]) for n in range(0, len(errors), len(shares))]
    return EdgePruning(shares, lines[0], tuple(zip(*lines[1:], strict=True)), len(strongest))


def _without(
    kan: KAN, layer: int, nodes: Float[Tensor, "rows source"], gone: Bool[Tensor, "case source target"]
) -> Float[Tensor, "case rows target"]:
    """Return the sums of a layer in each case, without the edges that are gone; their means stay."""
    one = kan.layers[layer]
    sums = one.sums(nodes).expand(len(gone), -1, -1).clone()
    width = len(nodes) * one.targets * (one.functions_at_a_point + 3)
    for here, part in one.parts(max(1, AT_ONCE // max(width, 1))):
        values = part.activations(nodes[:, here])
        away = values - values.mean(0)
        for total, edges in zip(sums, gone[:, here], strict=True):
            total -= (away * edges).sum(1)
    return sums


def whole(data: Dataset) -> Dataset:
    """Return the same rows, all of them to be looked at: none is held out."""
    return replace(data, train=torch.arange(len(data)), test=torch.arange(0))
