"""Where a control point acts: the support of its basis function, endless where the border's line carries it on."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge
from kanviz.core.spline import Outside, basis, domain


class Interval(NamedTuple):
    """Numbers between low and high, both included; either end may be infinite, and both are nan where there is none."""

    low: float
    high: float

    @property
    def empty(self) -> bool:
        return math.isnan(self.low)

    def holds(self, x: Tensor) -> Tensor:
        """Which numbers lie in it."""
        return (x >= self.low) & (x <= self.high)

    def __str__(self) -> str:
        return "nowhere" if self.empty else f"{self.low:.4g} to {self.high:.4g}"


NOWHERE = Interval(math.nan, math.nan)
EVERYWHERE = Interval(-math.inf, math.inf)


def hull(parts: Iterable[Interval]) -> Interval:
    """The shortest interval that holds all of them."""
    parts = [part for part in parts if not part.empty]
    return Interval(min(p.low for p in parts), max(p.high for p in parts)) if parts else NOWHERE


def supports(
    knots: Float[Tensor, "source knot"], order: int, outside: Outside
) -> tuple[Float[Tensor, "source basis"], Float[Tensor, "source basis"]]:
    """Where each basis function begins and ends. Exact: it is zero elsewhere.

    With `outside="linear"` a function whose value or slope at the border is not zero goes on without end.
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
    """Which control points any of the rows depends on."""
    return ((basis(x, knots, order, 0, outside) != 0) & x.isfinite()[..., None]).any(0)


class Acts(NamedTuple):
    """Where something acts on an edge (network units), and by which control points; None where by more than those."""

    span: Interval
    points: tuple[int, ...] | None = None

    def on(self, edge: Edge, x: Float[Tensor, " rows"]) -> Bool[Tensor, " rows"]:
        """Which of these values it acts on: exact, the ends of a support do not count where the function is zero."""
        if self.points is None:
            return self.span.holds(x)
        table = basis(x[:, None], edge.knots[None], edge.order, 0, edge.outside)[:, 0]
        return (table[:, list(self.points)] != 0).any(1) & x.isfinite()


def acts_by(edge: Edge, points: Sequence[int]) -> Acts:
    """Where these control points of an edge act."""
    low, high = (part[0].tolist() for part in supports(edge.knots[None], edge.order, edge.outside))
    return Acts(hull(Interval(low[k], high[k]) for k in points), tuple(points))


def where_changed(before: Edge, after: Edge) -> Acts:
    """Where two versions of an edge may differ; elsewhere they are the same function.

    That is the hull of the supports of the coefficients that moved; everywhere where base or formula are others.
    """
    if _parts(before) != _parts(after):
        return Acts(EVERYWHERE)
    splines = [edge for edge in (before, after) if edge.active]
    if len(splines) == 2 and same_grid(before, after):
        return acts_by(before, (~same_bits(before.coef, after.coef)).nonzero().flatten().tolist())
    return Acts(hull(map(whole_spline, splines)))


def whole_spline(edge: Edge) -> Interval:
    """Where an edge's spline is not zero for certain."""
    return EVERYWHERE if edge.outside == "linear" else Interval(float(edge.knots[0]), float(edge.knots[-1]))


def _parts(edge: Edge) -> tuple[str, str, str]:
    """What acts everywhere: the base and the formula, as they count."""
    counts = edge.active and edge.base_weight != 0 and edge.base != "zero"
    return (edge.base if counts else "", repr(edge.base_weight) if counts else "", repr(edge.formula))


def same_grid(before: Edge, after: Edge) -> bool:
    """Whether two versions of an edge have the very same knots."""
    return (
        before.coef.shape == after.coef.shape
        and before.outside == after.outside
        and bool(same_bits(before.knots, after.knots).all())
    )


def in_table_units(kan: KAN, layer: int, source: int, span: Interval) -> Interval:
    """The interval as it is shown: at an input in table units, elsewhere as it is."""
    if layer > 0 or span.empty:
        return span
    variable = kan.inputs[source]
    return Interval(*sorted(end * variable.scale + variable.shift for end in span))
