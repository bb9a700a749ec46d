"""Describe a planned change of a control point, an edge or a network: where it acts, and its effect on the outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.diff import diff
from kanviz.analysis.locality.supports import Acts, acts_by, where_changed
from kanviz.analysis.rows import entering
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import basis
from kanviz.errors import UserError


@dataclass(frozen=True, eq=False)
class Change:
    """A change of a network. kan: the network before.

    acts: the edges it acts on, and where · everywhere: constants of nodes or the scaling change, so that every row is
    affected · at: maps rows in table units to the change of every output in table units; where `per` is not empty, the
    change per that unit, to first order.
    """

    what: str
    kan: KAN
    acts: Mapping[EdgeId, Acts]
    at: Callable[[Float[Tensor, "rows input"]], Float[Tensor, "rows output"]]
    everywhere: bool = False
    per: str = ""


def point_change(kan: KAN, edge: EdgeId, point: int) -> Change:
    """Describe the move of one control point of an edge; changes are per unit (network units) of the move.

    Raises UserError for an edge without a spline, and for an unknown control point.
    """
    edge = kan.check(edge)
    view = kan.edge(edge)
    if not view.active:
        raise UserError(f"{edge} has no spline, so no control point acts. Release its formula or restore it first.")
    if not 0 <= point < len(view.coef):
        raise UserError(f"{edge} has control points 0 to {len(view.coef) - 1}; there is no {point}.")
    what = f"control point {point} of {edge}"
    acts = {edge: acts_by(view, [point])}
    return Change(what, kan, acts, lambda x: _slopes(kan, edge, point, x), per="unit the control point moves")


def edge_change(kan: KAN, edge: EdgeId) -> Change:
    """Describe the removal of an edge: the change of the outputs, with its target's bias as it is."""
    n, i, j = edge = kan.check(edge)
    layer, view = kan.layers[n], kan.edge(edge)
    active = layer.active.clone()
    active[i, j] = False
    silent = kan.with_layers({n: replace(layer, active=active).with_formula(i, j, None)})
    return replace(network_change(kan, silent), what=f"{edge}, {view.source} → {view.target}")


def network_change(before: KAN, after: KAN, what: str = "the change") -> Change:
    """Describe the change from one network to another of the same shape. Raises EditError for other shapes."""
    found = diff(before, after)
    same = before.dtype == after.dtype
    one, two = (before, after) if same else (kan.to(torch.float64) for kan in (before, after))
    acts = {
        EdgeId(n, i, j): act
        for n, (old, new) in enumerate(zip(one.layers, two.layers, strict=True))
        for (i, j), act in where_changed(old, new).items()
    }
    scales = [[(v.shift, v.scale) for v in (*kan.inputs, *kan.outputs)] for kan in (before, after)]
    return Change(
        what,
        before,
        acts,
        lambda x: after(x).double() - before(x).double(),
        everywhere=bool(found.biases) or scales[0] != scales[1],
    )


def _slopes(kan: KAN, edge: EdgeId, point: int, x: Tensor) -> Tensor:
    """Return the derivative of every output by one coefficient, in table units.

    It is the basis function times the effect of the sum on the output.
    """
    n, i, j = edge
    layer, values = kan.layers[n], entering(kan, x, n)[n]
    table = basis(values[:, [i]], layer.knots[[i]], layer.order, 0, layer.outside)[:, 0, point]
    with torch.enable_grad():
        sums = layer.sums(values).detach().requires_grad_(True)
        y = layer.combine(sums)
        for later in kan.layers[n + 1 :]:
            y = later(y)
        slopes = [torch.autograd.grad(y[:, o].sum(), sums, retain_graph=True)[0][:, j] for o in range(y.shape[1])]
    found = torch.stack(slopes, 1).double() * table.double()[:, None]
    return found * found.new_tensor([v.scale for v in kan.outputs])
