"""Bound the difference between the predictions of two networks over all points of a box, rounding included.

Both networks and their difference are propagated through the layers as intervals. At an edge whose function phi became
psi, and whose input u became v, psi(v) - phi(u) = [psi - phi](v) + [phi(v) - phi(u)]: the change of the curve, itself a
spline, and the change of its argument times the greatest slope; or the difference of both curves' own bounds, where
that is smaller. The box with the worst bound is cut in two, along the input that moves the first layer most, until the
bound is close to a difference that was found, or the budget is spent (Moore, Interval Analysis, 1966).
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.intervals.propagation import CARE, Sums, nodes, sums
from kanviz.core.intervals.slope_bounds import SlopeBounds
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.needs import need_no_steps, need_splines

BUDGET = 8_192  # boxes evaluated
MOST_WORK = 2**20  # boxes x activations of the widest layer: some seconds
AT_ONCE = 512  # boxes cut at a time
POINTS = 4_096  # points at which the difference is also computed
NEAR = 1.05  # times the largest difference found: the bound is good enough
ULP = 1e-9  # relative accuracy of the bounds of a difference

Bounds = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class DifferenceBound:
    """The bounds of |after - before| for each output, table units.

    bound: upper bound, infinite where none is known · attained: the largest value found at `points` points of the box ·
    boxes: how many were evaluated.
    """

    bound: tuple[float, ...]
    attained: tuple[float, ...]
    points: int
    boxes: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """A layer before and after.

    moved: the change of its curves as a layer, and steep: slopes before; None where the grids differ · formulas: edges
    whose formulas differ, (source, target).
    """

    old: CurveBounds
    new: CurveBounds
    moved: CurveBounds | None
    steep: SlopeBounds | None
    formulas: Tensor

    @staticmethod
    def of(old: Layer, new: Layer) -> "_Pair":
        others = torch.zeros_like(old.active)
        for i, j in {(i, j) for layer in (old, new) for i, j, _ in layer.formulas}:
            others[i, j] = repr(old.formula(i, j)) != repr(new.formula(i, j))
        moved = steep = None
        same = old.coef.shape == new.coef.shape and (old.base, old.outside) == (new.base, new.outside)
        if same and old.coef.dtype == new.coef.dtype and bool(same_bits(old.knots, new.knots).all()):
            moved, steep = CurveBounds.of(_change(old, new)), SlopeBounds.of(old)
        return _Pair(CurveBounds.of(old), CurveBounds.of(new), moved, steep, others)

    def __call__(self, old: Bounds, new: Bounds, apart: Bounds) -> tuple[Bounds, Bounds, Bounds]:
        """Propagate intervals of the sources before, after, and of their difference, to those of the nodes."""
        one, two = sums(self.old, *old), sums(self.new, *new)
        low, high = self._edges(one, two, old, new, apart)
        bias = self.new.layer.bias.double() - self.old.layer.bias.double()
        off = one.rounding + two.rounding + ULP * (low.abs().sum(1) + high.abs().sum(1) + bias.abs())
        low, high = _known(low.sum(1) + bias - off, high.sum(1) + bias + off)
        low, high = torch.maximum(low, two.below - one.above), torch.minimum(high, two.above - one.below)
        there = nodes(self.old.layer, *one[2:]), nodes(self.new.layer, *two[2:])
        return *there, self._nodes(one, two, (low, high), *there)

    def _edges(self, one: Sums, two: Sums, old: Bounds, new: Bounds, apart: Bounds) -> Bounds:
        """Return the interval of each activation's difference, (box, source, target)."""
        low, high = _known(two.activations[0] - one.activations[1], two.activations[1] - one.activations[0])
        if self.moved is None or self.steep is None:
            return low, high
        below, above = self.moved(*new)
        far = torch.maximum(apart[0].abs(), apart[1].abs())[..., None]
        steep = self.steep(torch.minimum(old[0], new[0]), torch.maximum(old[1], new[1]))
        more = torch.where(far == 0, 0.0, steep * far * (1 + ULP)).nan_to_num(math.inf, math.inf)
        more = torch.where(self.formulas, math.inf, more)
        return torch.maximum(low, below - more), torch.minimum(high, above + more)

    def _nodes(self, one: Sums, two: Sums, apart: Bounds, old: Bounds, new: Bounds) -> Bounds:
        """Return the interval of each node's difference.

        For a product a b that became c d it is that of (c - a) d + a (d - b), and so on.
        """
        arity = self.old.layer.arity
        if max(arity) == 1:
            return apart
        found, start = [], 0
        for node, count in enumerate(arity):
            at = range(start, start + count)
            start += count
            if count == 1:
                found.append((apart[0][:, at[0]], apart[1][:, at[0]]))
                continue
            low, high = new[0][:, node] - old[1][:, node], new[1][:, node] - old[0][:, node]
            sizes = [[torch.maximum(s.below[:, t].abs(), s.above[:, t].abs()) for t in at] for s in (one, two)]
            moved = [torch.maximum(apart[0][:, t].abs(), apart[1][:, t].abs()) for t in at]
            far = sum((moved[k] * _times(sizes[0][:k] + sizes[1][k + 1 :]) for k in range(count)), 0 * moved[0])
            offsets = [float(pair.layer.offset[node]) for pair in (self.old, self.new)]
            eps = max(torch.finfo(pair.layer.coef.dtype).eps for pair in (self.old, self.new))
            size = _times(sizes[0]) + _times(sizes[1]) + abs(offsets[0]) + abs(offsets[1])
            off = CARE * count * eps * size + ULP * far
            shift = offsets[1] - offsets[0]
            low, high = torch.fmax(low, shift - far - off), torch.fmin(high, shift + far + off)
            found.append((low, high))
        return _known(torch.stack([f[0] for f in found], -1), torch.stack([f[1] for f in found], -1))


def _times(factors: list[Tensor]) -> Tensor:
    found = factors[0]
    for factor in factors[1:]:
        found = found * factor
    return found


def _change(old: Layer, new: Layer) -> Layer:
    """Return the change of a layer's splines and bases, as a layer in float64."""
    parts = {}
    for name in ("coef", "base_weight"):
        one, two = (
            torch.where(v.active[..., None] if name == "coef" else v.active, getattr(v, name), 0.0).double()
            for v in (old, new)
        )
        parts[name] = two - one
    floats = {name: getattr(old, name).double() for name in ("knots", "bias", "offset")}
    return replace(
        old, **parts, **floats, active=old.active | new.active, affine=old.affine[:0].double(), formulas=()
    )  # fmt: skip


def _known(low: Tensor, high: Tensor) -> Bounds:
    """Replace NaN by infinite bounds."""
    return low.nan_to_num(-math.inf, math.inf, -math.inf), high.nan_to_num(math.inf, math.inf, -math.inf)


@torch.no_grad()
def apart(before: KAN, after: KAN, box: tuple[tuple[float, float], ...], budget: int = BUDGET) -> DifferenceBound:
    """Bound the difference of two networks of one shape over a checked box, (least, greatest) per input in table units.

    budget: boxes to evaluate, fewer for wide layers. The same networks and box give the same figures.
    """
    for kan in (before, after):
        need_no_steps(kan, "A bound of the change")
        need_splines(kan)
    pairs = [_Pair.of(*both) for both in zip(before.layers, after.layers, strict=True)]
    widest = max(layer.sources * layer.targets for layer in before.layers)
    budget = max(1, min(budget, MOST_WORK // widest))
    low, high = torch.tensor(box, dtype=torch.float64).T[:, None].unbind(0)
    attained = _attained(before, after, low, high)
    goal = NEAR * attained
    bound, axis = _bound(before, after, pairs, low, high)
    settled, boxes = torch.zeros_like(attained), 1
    while boxes + 2 <= budget:
        done = (bound <= goal).all(1) | ~(high > low).any(1)
        if bool(done.any()):
            settled = torch.maximum(settled, bound[done].amax(0))
            low, high, bound, axis = (part[~done] for part in (low, high, bound, axis))
        if not len(low):
            break
        worst = (bound / goal.clamp(min=1e-300)).amax(1).argsort(descending=True, stable=True)
        count = min(len(low), AT_ONCE, (budget - boxes) // 2)
        cut, rest = worst[:count], worst[count:]
        a, b = _halves(low[cut], high[cut], axis[cut])
        more, along = _bound(before, after, pairs, a, b)
        more = torch.minimum(more, bound[cut].repeat(2, 1))
        boxes += len(a)
        low, high = torch.cat([low[rest], a]), torch.cat([high[rest], b])
        bound, axis = torch.cat([bound[rest], more]), torch.cat([axis[rest], along])
    worst = torch.cat([settled[None], bound]).amax(0)
    return DifferenceBound(tuple(worst.tolist()), tuple(attained.tolist()), POINTS + 2, boxes)


def _halves(low: Tensor, high: Tensor, axis: Tensor) -> Bounds:
    """Cut each box in two along its axis: all lower halves, then all upper ones."""
    row = torch.arange(len(low))
    middle = low[row, axis] + (high[row, axis] - low[row, axis]) / 2
    left, right = high.clone(), low.clone()
    left[row, axis] = right[row, axis] = middle
    return torch.cat([low, right]), torch.cat([left, high])


def _bound(before: KAN, after: KAN, pairs: list[_Pair], low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bound of |after - before| over each box, (box, output), and the input along which to cut it."""
    old, new = (_network_units(kan, low, high) for kan in (before, after))
    same = before.dtype == after.dtype and _scales(before.inputs) == _scales(after.inputs)
    apart = (torch.zeros_like(low), torch.zeros_like(low)) if same else (new[0] - old[1], new[1] - old[0])
    below, above = pairs[0].new(*new)
    vary = (above - below).nan_to_num(0.0, 0.0, 0.0).sum(2)
    axis = torch.where(high > low, vary, -1.0).argmax(1)
    for pair in pairs:
        old, new, apart = pair(old, new, apart)
    return _table_units(before, after, old, new, apart), axis


def _network_units(kan: KAN, low: Tensor, high: Tensor) -> Bounds:
    """Return the ends of boxes as the network scales and rounds them; order is preserved, so all points are between."""
    ends = torch.stack([kan.normalise(low).double(), kan.normalise(high).double()]).sort(0).values
    return ends[0], ends[1]


def _scales(variables) -> list[tuple[float, float]]:
    return [(v.shift, v.scale) for v in variables]


def _table_units(before: KAN, after: KAN, old: Bounds, new: Bounds, apart: Bounds) -> Tensor:
    """Return the bound of |after - before| in table units from the outputs in network units."""
    same = before.dtype == after.dtype and _scales(before.outputs) == _scales(after.outputs)
    eps = max(torch.finfo(kan.dtype).eps for kan in (before, after))
    ends = []
    for kan, (low, high) in ((before, old), (after, new)):
        scale, shift = (low.new_tensor([getattr(v, part) for v in kan.outputs]) for part in ("scale", "shift"))
        low, high = torch.stack([low * scale, high * scale]).sort(0).values
        off = CARE * eps * (torch.maximum(low.abs(), high.abs()) + shift.abs())
        ends.append((low + shift, high + shift, off, scale))
    off = ends[0][2] + ends[1][2]
    far = torch.maximum((ends[1][1] - ends[0][0]).abs(), (ends[1][0] - ends[0][1]).abs()) + off
    if same:
        rather = torch.maximum(apart[0].abs(), apart[1].abs()) * ends[0][3].abs() * (1 + ULP) + off
        far = torch.fmin(far, rather)
    return far.nan_to_num(math.inf, math.inf, math.inf)


def _attained(before: KAN, after: KAN, low: Tensor, high: Tensor) -> Tensor:
    """Return the largest finite |after - before| at points spread over the box and at its two ends."""
    draws = torch.quasirandom.SobolEngine(low.shape[1], scramble=True, seed=0).draw(POINTS).double()
    x = torch.cat([low, high, (low + (high - low) * draws).clamp(low, high)])
    far = (after(x).double() - before(x).double()).abs()
    return far.nan_to_num(0.0, 0.0, 0.0).amax(0)
