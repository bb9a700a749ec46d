"""Compute the conductance of every edge on the straight line between two points: its share of the output's change.

Computed by a forward and a backward pass, never by listing paths, with a Gauss-Legendre rule on panels. Source:
Dhamdhere, Sundararajan & Yan 2018, arXiv 1805.12233.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer

NODES = 5  # of the Gauss-Legendre rule on each panel
PANELS = (8, 400)  # panels at the start, and the most
NUMBERS = 12_000_000  # slopes in memory at once: panels are not halved beyond it
ROUNDED = 1e-6  # a change smaller than this share of the activation is mostly rounding: no panel is halved for it
TIGHT = 1e-8  # share of an activation's change that its integral may miss on a panel


@dataclass(frozen=True, eq=False)
class Line:
    """The straight line from reference to point, at the nodes of the quadrature, in network units.

    through: per layer, the slope of every edge times the effect of its sum on its node · ahead: per column, the
    derivative of the output by each node · edges: the integral of the flow through each edge.
    """

    motion: Float[Tensor, " input"]
    weights: Float[Tensor, " at"]
    through: tuple[Float[Tensor, "at _source _target"], ...]
    ahead: tuple[Float[Tensor, "at _node"], ...]
    edges: tuple[Float[Tensor, "_source _target"], ...]


def line_between(kan: KAN, ends: Float[Tensor, "two input"], output: int) -> Line:
    """Divide the line into panels, until on each the integrated slope of every edge equals its activation's change.

    A jump is missed, and so is a corner once the number of panels is at its limit; the error then shows in the sums.
    """
    at, weight = _gauss(NODES)
    cuts = torch.linspace(0, 1, PANELS[0] + 1, dtype=torch.float64)
    most = min(PANELS[1], NUMBERS // (NODES * max(layer.present.numel() for layer in kan.layers)))
    while True:
        start, width = cuts[:-1, None], cuts.diff()[:, None]
        inner, weights = (start + width * at).flatten(), (width * weight).flatten()
        nodes, motion = _along(ends, inner), (ends[1] - ends[0]).expand(len(inner), -1)
        borders = _along(ends, cuts)
        through, missed = [], torch.zeros(len(cuts) - 1, dtype=torch.float64)
        for layer in kan.layers:
            slopes, there = layer.activations(nodes, 1), layer.activations(borders)
            changes = there.diff(dim=0)
            summed = (weights[:, None, None] * motion[..., None] * slopes).unflatten(0, (-1, NODES)).sum(1)
            size = torch.maximum(changes.abs().sum(0).max(), ROUNDED * there.abs().max()).clamp(min=1e-300)
            missed = torch.maximum(missed, ((summed - changes).abs() / size).nan_to_num().amax((1, 2)))
            sums = layer.sums(nodes)
            through.append(slopes * _others(layer, sums)[:, None])
            motion = _gathered((motion[:, None] @ through[-1])[:, 0], layer)
            nodes, borders = layer.combine(sums), layer(borders)
        bad = missed > TIGHT
        if not bad.any() or len(cuts) - 1 + int(bad.sum()) > most or float(cuts.diff()[bad].min()) < 1e-12:
            break
        cuts = torch.cat([cuts, (cuts[:-1] + cuts.diff() / 2)[bad]]).sort().values
    ahead = [nodes.new_zeros(nodes.shape).index_fill(1, torch.tensor(output), 1.0)]
    for layer, passed in zip(reversed(kan.layers), reversed(through), strict=True):
        ahead.append((passed @ ahead[-1][:, layer.owners, None])[..., 0])
    ahead = ahead[::-1]
    motion, edges = (ends[1] - ends[0]).expand(len(inner), -1), []
    for layer, passed, after in zip(kan.layers, through, ahead[1:], strict=True):
        edges.append(torch.einsum("q,qi,qij,qj->ij", weights, motion, passed, after[:, layer.owners]))
        motion = _gathered((motion[:, None] @ passed)[:, 0], layer)
    return Line(ends[1] - ends[0], weights, tuple(through), tuple(ahead), tuple(edges))


def _along(ends: Float[Tensor, "two input"], share: Float[Tensor, " at"]) -> Float[Tensor, "at input"]:
    return ends[0] + share[:, None] * (ends[1] - ends[0])


def _gauss(nodes: int) -> tuple[Float[Tensor, " node"], Float[Tensor, " node"]]:
    """Return abscissae and weights on [0, 1]: eigenvalues and vectors of the Jacobi matrix (Golub & Welsch 1969)."""
    k = torch.arange(1, nodes, dtype=torch.float64)
    off_diagonal = k / (4 * k**2 - 1).sqrt()
    at, vectors = torch.linalg.eigh(torch.diag(off_diagonal, 1) + torch.diag(off_diagonal, -1))
    return (at + 1) / 2, vectors[0] ** 2


def _others(layer: Layer, sums: Float[Tensor, "at target"]) -> Float[Tensor, "at target"]:
    """Return the factor of a sum's change on the way into its node: 1, or the product of the node's other sums."""
    found, start = torch.ones_like(sums), 0
    for arity in layer.arity:
        for one in range(start, start + arity if arity > 1 else start):
            found[:, one] = torch.cat([sums[:, start:one], sums[:, one + 1 : start + arity]], 1).prod(1)
        start += arity
    return found


def _gathered(targets: Float[Tensor, "at target"], layer: Layer) -> Float[Tensor, "at node"]:
    """Return the sums over the targets of each node."""
    return targets.new_zeros(len(targets), layer.nodes).index_add(1, torch.tensor(layer.owners), targets)
