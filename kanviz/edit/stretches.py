"""From a marked stretch of a curve to an edit: a formula's values taken over, or knots inserted there."""

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

POINTS = 240  # at which a formula is fitted to the stretch
BESIDE = 0.1  # how much the curve beside the stretch counts, as a share of how much the stretch does
LOOSE = 1e-6  # how much a control point counts that nothing else holds
MOST = 12
FLAT = 1e-6  # of its size: a curve that varies by less does not


@dataclass(frozen=True)
class Snap:
    """A formula (network units) that is near a stretch of a curve, and the moves by which the curve takes its values.

    before, after: root mean square gap of the curve to the formula on the stretch, as shares of the curve's standard
    deviation there; 0 where it does not vary.
    """

    formula: Formula
    moves: tuple[MoveControlPoint, ...]
    before: float
    after: float


@torch.no_grad()
def snaps(kan: KAN, edge: EdgeId, low: float, high: float) -> tuple[Snap, ...]:
    """Formulas c f(a x + b) + d near the stretch from low to high (network units), the shortest description first.

    Only control points that act on the stretch move, so that beside it the curve changes on `order` intervals at most,
    and there as little as a spline can. There is one at least.
    Raises EditError where there is no spline or no stretch, FormulaError where nothing fits.
    """
    view, (low, high) = _stretch(kan, edge, low, high)
    x = torch.linspace(low, high, POINTS, dtype=view.knots.dtype)
    y = view(x)
    points = (view.knots[: len(view.coef)] < high) & (view.knots[view.order + 1 :] > low)
    free = points.nonzero().flatten()
    return tuple(_snap(view, free, x, y, one) for one in _nearest(view, x, y))


def _snap(view: Edge, free: Tensor, x: Tensor, y: Tensor, near: Candidate) -> Snap:
    """The formula taken over by these control points; x, y: the curve on the stretch."""
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
    """The edge, and the part of the stretch that lies in its grid."""
    view = kan.edge(edge)
    if not view.active:
        remedy = "Release its formula first." if view.formula else "Restore it first."
        raise EditError(f"{view.id} has no spline to shape. {remedy}")
    first, last = view.domain
    low, high = max(low, first), min(high, last)
    if not high - low > 1e-6 * (last - first):
        raise EditError("The stretch lies outside the grid, where there are no control points; mark one inside it.")
    return view, (low, high)


def _nearest(view: Edge, x: Tensor, y: Tensor) -> list[Candidate]:
    """The best formulas that are numbers on all of the stretch, the best first; one at least."""
    points = samples(x, y, noise=resolution(view))
    found = search(replace(points, enough=ENOUGH), None, MOST)
    dense = torch.linspace(float(x[0]), float(x[-1]), 10 * POINTS, dtype=torch.float64)
    room = 2 * float(y.max() - y.min()) + float(y.abs().max())
    return [one for one in found if bool((one.formula(dense).abs() <= room).all())] or [found[0]]


def _spline(view: Edge, x: Tensor) -> Float[Tensor, "point basis"]:
    return basis(x[:, None], view.knots[None], view.order, 0, view.outside)[:, 0]


def _moved(view: Edge, free: Tensor, x: Tensor, change: Tensor) -> Float[Tensor, " free"]:
    """By how much these control points move so that the curve changes like this at x and little beside it."""
    first, last = view.domain
    low, high = float(x[0]), float(x[-1])
    beside = torch.linspace(first, last, 4 * len(view.knots), dtype=x.dtype)
    beside = beside[(beside < low) | (beside > high)]
    rows = [_spline(view, x)[:, free], BESIDE * _spline(view, beside)[:, free], LOOSE * torch.eye(len(free))]
    table = torch.cat([part.double() for part in rows])
    right = torch.cat([change.double(), torch.zeros(len(table) - len(x), dtype=torch.float64)])
    return torch.linalg.lstsq(table, right[:, None], driver="gelsd").solution[:, 0]


@torch.no_grad()
def finer(kan: KAN, edge: EdgeId, low: float, high: float) -> InsertKnots:
    """Knots that halve the grid's intervals between low and high (network units), at least one of them.

    The layer's other sources get as many, where their grids are widest: all have equally many knots.
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
    """So many knots between those there are, each in the middle of what is the widest interval by then."""
    found = knots
    for _ in range(count):
        at = int(found.diff().argmax())
        found = torch.cat([found[: at + 1], (found[at : at + 1] + found[at + 1 : at + 2]) / 2, found[at + 1 :]])
    return found[~torch.isin(found, knots)]
