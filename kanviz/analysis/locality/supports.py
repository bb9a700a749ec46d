"""Find where a control point acts: the support of its basis function, infinite where it is linear outside the grid."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.diff import same_bits, same_edges
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, Layer
from kanviz.core.spline import Outside, basis, domain


class Interval(NamedTuple):
    """The numbers from low to high, both included.

    Either end may be infinite; both are NaN for an empty interval.
    """

    low: float
    high: float

    @property
    def empty(self) -> bool:
        return math.isnan(self.low)

    def holds(self, x: Tensor) -> Tensor:
        """Return which numbers are in it."""
        return (x >= self.low) & (x <= self.high)

    def __str__(self) -> str:
        return "nowhere" if self.empty else f"{self.low:.4g} to {self.high:.4g}"


NOWHERE = Interval(math.nan, math.nan)
EVERYWHERE = Interval(-math.inf, math.inf)


def hull(parts: Iterable[Interval]) -> Interval:
    """Return the shortest interval that contains all of them."""
    parts = [part for part in parts if not part.empty]
    return Interval(min(p.low for p in parts), max(p.high for p in parts)) if parts else NOWHERE


def supports(
    knots: Float[Tensor, "source knot"], order: int, outside: Outside
) -> tuple[Float[Tensor, "source basis"], Float[Tensor, "source basis"]]:
    """Return the ends of each basis function's support. Exact: the function is zero elsewhere.

    With `outside="linear"` a function with a value or slope at the border continues to infinity.
    """
    count = knots.shape[1] - order - 1
    low, high = knots[:, :count].clone(), knots[:, order + 1 :].clone()
    if outside == "zero":
        return low, high
    first, last = domain(knots, order)
    for border, ends, endless in ((first, low, -math.inf), (last, high, math.inf)):
        at = border[None]
        seen = (basis(at, knots, order, 0, outside)[0] != 0) | (basis(at, knots, order, 1, outside)[0] != 0)
        ends[seen] = endless
    return torch.where(low == -math.inf, low, low.maximum(first[:, None])), torch.where(
        high == math.inf, high, high.minimum(last[:, None])
    )


def visited(
    x: Float[Tensor, "rows source"], knots: Float[Tensor, "source knot"], order: int, outside: Outside
) -> Bool[Tensor, "source basis"]:
    """Return which control points any of the rows depends on.

    Those with a row inside their support, or on an end of it where their function is not zero (repeated knots).
    """
    low, high = (end.contiguous() for end in supports(knots, order, outside))
    rows = torch.where(x.isfinite(), x, torch.inf).T.sort(1).values.contiguous()
    below, above = torch.searchsorted(rows, low, right=True), torch.searchsorted(rows, high, right=False)
    seen = below < above
    for end in (low, high):
        covered = torch.searchsorted(rows, end, right=True) > torch.searchsorted(rows, end, right=False)
        seen |= covered & end.isfinite() & _there(end, knots, order, outside)
    return seen


def _there(at: Tensor, knots: Tensor, order: int, outside: Outside) -> Bool[Tensor, "source basis"]:
    """Return whether each basis function is not zero at its own point."""
    table = basis(at.nan_to_num(0.0, 0.0, 0.0).T.contiguous(), knots, order, 0, outside)
    return table.permute(1, 0, 2).diagonal(dim1=1, dim2=2) != 0


class Acts(NamedTuple):
    """Where something acts on an edge (network units), and by which control points; None where by more than those."""

    span: Interval
    points: tuple[int, ...] | None = None


def acts_by(edge: Edge, points: Sequence[int]) -> Acts:
    """Return where these control points of an edge act."""
    low, high = (part[0].tolist() for part in supports(edge.knots[None], edge.order, edge.outside))
    return Acts(hull(Interval(low[k], high[k]) for k in points), tuple(points))


@torch.no_grad()
def where_changed(old: Layer, new: Layer) -> dict[tuple[int, int], Acts]:
    """Return where the edges of two versions of a layer may differ, by (source, target); elsewhere they are equal.

    That is the hull of the supports of the moved coefficients; everything where base or formula differ; the whole
    spline where it was added or removed, or got other knots; everything where a curve of another family differs. Edges
    that are not in the result are equal everywhere.
    """
    everywhere = ~_same_parts(old, new)
    splines, both = old.active | new.active, old.active & new.active
    if (old.family, new.family) != (SPLINE, SPLINE):
        return {
            (i, j): Acts(EVERYWHERE) for i, j in (everywhere | (splines & ~same_edges(old, new))).nonzero().tolist()
        }
    moved = torch.zeros_like(old.coef, dtype=torch.bool)
    if old.coef.shape == new.coef.shape and old.outside == new.outside:
        kept = both & same_bits(old.knots, new.knots).all(1)[:, None]
        moved = ~same_bits(old.coef, new.coef) & kept[..., None]
        splines &= ~kept
    found: dict[tuple[int, int], Acts] = {}
    low, high = (end.tolist() for end in supports(old.knots, old.order, old.outside))
    for i, j in (everywhere | splines | moved.any(2)).nonzero().tolist():
        if everywhere[i, j]:
            found[i, j] = Acts(EVERYWHERE)
        elif splines[i, j]:
            found[i, j] = Acts(hull(_whole(layer, i) for layer in (old, new) if layer.active[i, j]))
        else:
            points = tuple(moved[i, j].nonzero().flatten().tolist())
            found[i, j] = Acts(hull(Interval(low[i][k], high[i][k]) for k in points), points)
    return found


def _same_parts(old: Layer, new: Layer) -> Bool[Tensor, "source target"]:
    """Return whether the parts that act everywhere, base and formula, are the same where they are in use."""
    counts = [layer.active & (layer.base_weight != 0) & (layer.base != "zero") for layer in (old, new)]
    same = (counts[0] == counts[1]) & (~counts[0] | same_bits(old.base_weight, new.base_weight))
    if old.base != new.base:
        same &= ~counts[0]
    for i, j in {(i, j) for layer in (old, new) for i, j, _ in layer.formulas}:
        same[i, j] &= repr(old.formula(i, j)) == repr(new.formula(i, j))
    return same


def _whole(layer: Layer, source: int) -> Interval:
    """Return where a spline of that source may differ from zero."""
    row = layer.knots[source]
    return EVERYWHERE if layer.outside == "linear" else Interval(float(row[0]), float(row[-1]))


def in_table_units(kan: KAN, layer: int, source: int, span: Interval) -> Interval:
    """Return the interval as it is shown: at an input in table units, elsewhere unchanged."""
    if span.empty:
        return span
    variable = kan.axis_of(layer, source)
    return Interval(*sorted(end * variable.scale + variable.shift for end in span))
