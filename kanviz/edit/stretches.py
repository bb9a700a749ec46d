"""Make edits for a marked stretch (an interval of a curve): move the curve onto a formula, or insert knots."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic import Candidate
from kanviz.analysis.symbolic.edge import ENOUGH, resolution
from kanviz.analysis.symbolic.samples import samples
from kanviz.analysis.symbolic.search import search
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, EdgeId
from kanviz.core.spline import basis, domain
from kanviz.edit.edits import InsertKnots, MoveControlPoint
from kanviz.errors import EditError

POINTS = 240  # points at which a formula is fitted to the stretch
OUTSIDE_WEIGHT = 0.1  # weight of the curve outside the stretch, relative to the stretch
LOOSE = 1e-6  # weight that holds control points which no point determines
MOST = 12
FLAT = 1e-6  # of its size: a curve that varies by less counts as constant


@dataclass(frozen=True)
class Snap:
    """A formula (network units) similar to a stretch of a curve, and the moves that give the curve its values.

    before, after: root mean square difference between curve and formula on the stretch, before and after the moves, as
    shares of the curve's standard deviation there; 0 where it is constant.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.stretches import snaps
    >>> kan, edge = kanviz.init([1, 1], grid=10, seed=0), kanviz.EdgeId(0, 0, 0)
    >>> best = snaps(kan, edge, -0.5, 0.5)[0]
    >>> kanviz.edit.Batch(best.moves, f"Snap to {best.formula.primitive}").touches(kan) == {edge}
    True
    """

    formula: Formula
    moves: tuple[MoveControlPoint, ...]
    before: float
    after: float


@torch.no_grad()
def snaps(kan: KAN, edge: EdgeId, low: float, high: float) -> tuple[Snap, ...]:
    """Find formulas c f(a x + b) + d similar to the stretch from low to high (network units), at least one.

    The shortest description comes first. Only control points that act on the stretch move, so outside it the curve
    changes on at most `order` intervals on each side, and there as little as possible.
    Raises EditError where there is no spline or no stretch, FormulaError where nothing fits.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.stretches import snaps
    >>> kan, edge = kanviz.init([1, 1], grid=10, seed=0), kanviz.EdgeId(0, 0, 0)
    >>> best = snaps(kan, edge, -0.5, 0.5)[0]
    >>> len(best.moves), best.after <= best.before
    (9, True)
    """
    view, (low, high) = _stretch(kan, edge, low, high)
    x = torch.linspace(low, high, POINTS, dtype=view.knots.dtype)
    y = view(x)
    points = (view.knots[: len(view.coef)] < high) & (view.knots[view.order + 1 :] > low)
    free = points.nonzero().flatten()
    return tuple(_snap(view, free, x, y, one) for one in _nearest(view, x, y))


def _snap(view: Edge, free: Tensor, x: Tensor, y: Tensor, near: Candidate) -> Snap:
    """Move the control points `free` so that the curve takes the formula's values; x, y: the curve on the stretch."""
    wanted = near.formula(x.double()).to(y.dtype)
    coef = view.coef[free].double() + _moved(view, free, x, wanted - y)
    moves = tuple(MoveControlPoint(view.id, int(m), float(c)) for m, c in zip(free, coef.to(y.dtype), strict=True))
    new = view.coef.clone()
    new[free] = coef.to(y.dtype)
    after = y - view.spline_part(x) + _spline(view, x) @ new
    spread = float(y.double().std(correction=0))
    if spread <= FLAT * float(y.abs().max()):
        return Snap(near.formula, moves, 0.0, 0.0)
    return Snap(near.formula, moves, near.error, float((after - wanted).double().square().mean().sqrt()) / spread)


def _stretch(kan: KAN, edge: EdgeId, low: float, high: float) -> tuple[Edge, tuple[float, float]]:
    """Return the edge, and the part of the stretch inside its grid. Raises EditError where there is none."""
    view = kan.edge(edge)
    if not view.active:
        remedy = "Release its formula first." if view.formula else "Restore it first."
        raise EditError(f"{view.id} has no spline to shape. {remedy}")
    first, last = view.domain
    low, high = max(low, first), min(high, last)
    if not high - low > 1e-6 * (last - first):
        raise EditError("The stretch is outside the grid, where there are no control points; mark one inside it.")
    return view, (low, high)


def _nearest(view: Edge, x: Tensor, y: Tensor) -> list[Candidate]:
    """Find the best formulas that are finite and not too large on the whole stretch, best first; at least one."""
    points = samples(x, y, noise=resolution(view))
    found = search(replace(points, enough=ENOUGH), None, MOST)
    dense = torch.linspace(float(x[0]), float(x[-1]), 10 * POINTS, dtype=torch.float64)
    room = 2 * float(y.max() - y.min()) + float(y.abs().max())
    return [one for one in found if bool((one.formula(dense).abs() <= room).all())] or [found[0]]


def _spline(view: Edge, x: Tensor) -> Float[Tensor, "point basis"]:
    return basis(x[:, None], view.knots[None], view.order, 0, view.outside)[:, 0]


def _moved(view: Edge, free: Tensor, x: Tensor, change: Tensor) -> Float[Tensor, " free"]:
    """Compute the moves of control points that give the curve this change at x, and little change elsewhere."""
    first, last = view.domain
    low, high = float(x[0]), float(x[-1])
    outside = torch.linspace(first, last, 4 * len(view.knots), dtype=x.dtype)
    outside = outside[(outside < low) | (outside > high)]
    rows = [_spline(view, x)[:, free], OUTSIDE_WEIGHT * _spline(view, outside)[:, free], LOOSE * torch.eye(len(free))]
    table = torch.cat([part.double() for part in rows])
    right = torch.cat([change.double(), torch.zeros(len(table) - len(x), dtype=torch.float64)])
    return torch.linalg.lstsq(table, right[:, None], driver="gelsd").solution[:, 0]


@torch.no_grad()
def finer(kan: KAN, edge: EdgeId, low: float, high: float) -> InsertKnots:
    """Make the edit that inserts knots to halve the grid's intervals between low and high (network units).

    At least one interval is halved. The layer's other sources get as many knots, in their widest intervals, since all
    sources have the same number of knots. Raises EditError where there is no spline or no stretch.

    >>> import kanviz
    >>> from kanviz.edit.stretches import finer
    >>> finer(kanviz.init([1, 1], grid=4), kanviz.EdgeId(0, 0, 0), 0.0, 1.0).knots
    ((0.25, 0.75),)
    """
    view, (low, high) = _stretch(kan, edge, low, high)
    layer = kan.layers[view.id.layer]
    first, last = domain(layer.knots, layer.order)
    inside = (layer.knots >= first[:, None]) & (layer.knots <= last[:, None])
    inner = [row[there].unique() for row, there in zip(layer.knots, inside, strict=True)]
    own = inner[view.id.source]
    middles = (own[1:] + own[:-1]) / 2
    marked = middles[(middles > low) & (middles < high)]
    if not len(marked):
        cell = int(torch.searchsorted(own, own.new_tensor((low + high) / 2))) - 1
        marked = middles[max(cell, 0)][None]
    rows = [marked if i == view.id.source else _widest(row, len(marked)) for i, row in enumerate(inner)]
    return InsertKnots(view.id, tuple(tuple(row.tolist()) for row in rows))


def _widest(knots: Float[Tensor, " knot"], count: int) -> Float[Tensor, " new"]:
    """Choose `count` new knots, one after the other, each in the middle of the widest interval at that time."""
    found = knots
    for _ in range(count):
        at = int(found.diff().argmax())
        found = torch.cat([found[: at + 1], (found[at : at + 1] + found[at + 1 : at + 2]) / 2, found[at + 1 :]])
    return found[~torch.isin(found, knots)]
