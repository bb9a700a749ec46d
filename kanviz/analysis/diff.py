"""What changed between two networks, edge by edge and bit by bit."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, EdgeId, Layer
from kanviz.errors import EditError

POINTS = 400
NOWHERE = (float("nan"), float("nan"))


@dataclass(frozen=True)
class EdgeChange:
    """One edge before and after.

    identical: every number of it has the same bits · coefficients: which control points moved (None: other grids) ·
    gap: largest |difference| of the two curves over both grids (network units), inf where one alone is not a number ·
    where: the interval on which they differ, (nan, nan) when they nowhere do · frozen_changed: it was frozen or thawed.
    """

    id: EdgeId
    source: str
    target: str
    before: str
    after: str
    identical: bool
    coefficients: tuple[int, ...] | None
    gap: float
    where: tuple[float, float]
    frozen_changed: bool = False


@dataclass(frozen=True)
class Diff:
    """All edges of two networks side by side, and the nodes whose constants moved."""

    edges: tuple[EdgeChange, ...]
    biases: tuple[str, ...]

    @property
    def changed(self) -> tuple[EdgeChange, ...]:
        return tuple(e for e in self.edges if not e.identical)

    @property
    def identical(self) -> bool:
        return not self.changed and not self.biases

    def __str__(self) -> str:
        same = len(self.edges) - len(self.changed)
        return f"{same} of {len(self.edges)} edges bit-identical, {len(self.changed)} changed"


def same_bits(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: the very same number, the sign of zero and NaN included."""
    if a.is_floating_point():
        as_int = {4: torch.int32, 8: torch.int64}[a.element_size()]
        return a.contiguous().view(as_int) == b.contiguous().view(as_int)
    return a == b


def diff(before: KAN, after: KAN) -> Diff:
    """Compare two networks of one shape; of two precisions, in float64, which holds both exactly."""
    if [(v.sources, v.arity) for v in before.layers] != [(v.sources, v.arity) for v in after.layers]:
        raise EditError(f"Networks of different shapes cannot be compared: {before.shape_text} and {after.shape_text}.")
    if before.dtype != after.dtype:
        before, after = before.to(torch.float64), after.to(torch.float64)
    edges, biases = [], []
    for n, (old, new) in enumerate(zip(before.layers, after.layers, strict=True)):
        same = _same_edges(old, new)
        for i, j in torch.ones_like(same).nonzero().tolist():
            id = EdgeId(n, i, j)
            edges.append(_unchanged(before, id) if same[i, j] else _change(before.edge(id), after.edge(id)))
        moved = (~same_bits(old.bias, new.bias)).nonzero().flatten().tolist()
        biases += [before.target_name(n, j) for j in moved]
        products = (~same_bits(old.offset, new.offset)).nonzero().flatten().tolist()
        biases += [before.node_name(n + 1, j) for j in products]
    return Diff(tuple(edges), tuple(dict.fromkeys(biases)))


def _same_edges(old: Layer, new: Layer) -> Tensor:
    """Per edge: whether all its numbers have the same bits."""
    same = (old.active == new.active) & (old.frozen == new.frozen) & same_bits(old.base_weight, new.base_weight)
    if old.coef.shape != new.coef.shape or old.base != new.base or old.outside != new.outside:
        return torch.zeros_like(same)
    same &= same_bits(old.coef, new.coef).all(-1) & same_bits(old.knots, new.knots).all(-1)[:, None]
    for i, j in {(i, j) for layer in (old, new) for i, j, _ in layer.formulas}:
        same[i, j] &= repr(old.formula(i, j)) == repr(new.formula(i, j))  # tells -0 from 0, and nan is nan
    return same


def _unchanged(kan: KAN, id: EdgeId) -> EdgeChange:
    state = kan.layers[id.layer].states[id.source][id.target]
    names = kan.node_name(id.layer, id.source), kan.target_name(id.layer, id.target)
    return EdgeChange(id, *names, state, state, True, (), 0.0, NOWHERE)


def _change(old: Edge, new: Edge) -> EdgeChange:
    knots = torch.cat([old.knots, new.knots])
    x = torch.cat([torch.linspace(float(knots.min()), float(knots.max()), POINTS, dtype=knots.dtype), knots]).unique()
    one, two = old(x), new(x)
    alike = (one == two) | (one.isnan() & two.isnan())
    gap = torch.where(alike, 0.0, (one - two).abs().nan_to_num(nan=torch.inf, posinf=torch.inf))
    apart = (~alike).nonzero().flatten().tolist()
    where = NOWHERE
    if apart:  # to the nearest points that agree: for a moved control point, the ends of its support
        where = float(x[max(apart[0] - 1, 0)]), float(x[min(apart[-1] + 1, len(x) - 1)])
    moved = None
    if old.coef.shape == new.coef.shape and bool(same_bits(old.knots, new.knots).all()):
        moved = tuple((~same_bits(old.coef, new.coef)).nonzero().flatten().tolist())
    return EdgeChange(
        old.id, old.source, old.target, old.state, new.state, False, moved, float(gap.max()), where,
        old.frozen != new.frozen,
    )  # fmt: skip
