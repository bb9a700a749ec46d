"""Compare two networks edge by edge and bit by bit."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.errors import EditError

POINTS = 400
NOWHERE = (float("nan"), float("nan"))
ROOM = 2_000_000  # numbers in memory at once, points times edges


@dataclass(frozen=True)
class EdgeChange:
    """One edge before and after.

    identical: all its numbers have the same bits · coefficients: which control points moved (None: the grids differ) ·
    gap: largest |difference| of the two curves over both grids (network units), inf where only one is NaN or infinite ·
    where: the interval on which they differ, (nan, nan) where they are equal everywhere · frozen_changed: it was frozen
    or thawed.
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
    """All edges of two networks, compared, and the nodes whose constants moved.

    >>> import kanviz
    >>> found = kanviz.diff(kanviz.init([2, 1], seed=0), kanviz.init([2, 1], seed=1))
    >>> len(found.changed), found.identical, found.edges[0].source
    (2, False, 'x1')
    """

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
    """Return, elementwise, whether two numbers have the same bits; the sign of zero counts, and so does NaN."""
    if a.is_floating_point():
        as_int = {4: torch.int32, 8: torch.int64}[a.element_size()]
        return a.contiguous().view(as_int) == b.contiguous().view(as_int)
    return a == b


@torch.no_grad()
def diff(before: KAN, after: KAN) -> Diff:
    """Compare two networks of one shape; of two precisions, in float64, which holds both exactly.

    Raises EditError for networks of different shapes.

    >>> import kanviz
    >>> from kanviz.edit import MoveControlPoint
    >>> kan = kanviz.init([2, 1], grid=5)
    >>> found = kanviz.diff(kan, MoveControlPoint(kanviz.EdgeId(0, 1, 0), 0, 9.0).apply(kan))
    >>> print(found)
    1 of 2 edges bit-identical, 1 changed
    >>> [(change.source, change.coefficients) for change in found.changed]
    [('x2', (0,))]
    """
    if [(v.sources, v.arity) for v in before.layers] != [(v.sources, v.arity) for v in after.layers]:
        raise EditError(f"Networks of different shapes cannot be compared: {before.shape_text} and {after.shape_text}.")
    if before.dtype != after.dtype:
        before, after = before.to(torch.float64), after.to(torch.float64)
    edges: list[EdgeChange] = []
    biases: list[str] = []
    for n, (old, new) in enumerate(zip(before.layers, after.layers, strict=True)):
        edges += _edges(before, n, old, new)
        moved = (~same_bits(old.bias, new.bias)).nonzero().flatten().tolist()
        biases += [before.target_name(n, j) for j in moved]
        products = (~same_bits(old.offset, new.offset)).nonzero().flatten().tolist()
        biases += [before.node_name(n + 1, j) for j in products]
    return Diff(tuple(edges), tuple(dict.fromkeys(biases)))


def same_edges(old: Layer, new: Layer) -> Tensor:
    """Return, per edge, whether all its numbers have the same bits."""
    same = (old.active == new.active) & (old.frozen == new.frozen) & same_bits(old.base_weight, new.base_weight)
    settings = [(v.base, v.outside, v.family, v.step) for v in (old, new)]
    shapes = [(v.coef.shape, v.knots.shape) for v in (old, new)]
    if settings[0] != settings[1] or shapes[0] != shapes[1] or not bool(same_bits(old.norm, new.norm).all()):
        return torch.zeros_like(same)
    same &= same_bits(old.coef, new.coef).all(-1) & same_bits(old.knots, new.knots).all(-1)[:, None]
    for i, j in {(i, j) for layer in (old, new) for i, j, _ in layer.formulas}:
        same[i, j] &= repr(old.formula(i, j)) == repr(new.formula(i, j))  # tells -0 from 0, and NaN equals NaN
    return same


def _edges(kan: KAN, n: int, old: Layer, new: Layer) -> list[EdgeChange]:
    """Return the changes of all edges of one layer."""
    same = same_edges(old, new)
    sources = [kan.source_name(n, i) for i in range(old.sources)]
    targets = [kan.target_name(n, j) for j in range(old.targets)]
    gap = torch.zeros(same.shape, dtype=old.coef.dtype)
    where = [[NOWHERE] * old.targets for _ in sources]
    moved: Tensor | None = None
    if not same.all():
        x = _points(old, new)
        gap, first, last = _apart(old, new, x)
        for i, j in (last >= 0).nonzero().tolist():  # out to the nearest points that agree: the ends of a support
            ends = max(int(first[i, j]) - 1, 0), min(int(last[i, j]) + 1, len(x) - 1)
            where[i][j] = float(x[ends[0], i]), float(x[ends[1], i])
        if old.coef.shape == new.coef.shape and old.knots.shape == new.knots.shape:
            moved = ~same_bits(old.coef, new.coef)
    kept = moved is not None and same_bits(old.knots, new.knots).all(-1)
    return [
        EdgeChange(
            EdgeId(n, i, j), sources[i], targets[j], old.states[i][j], new.states[i][j], bool(same[i, j]),
            () if same[i, j] else _moved(moved, kept, i, j), float(gap[i, j]), where[i][j],
            bool(old.frozen[i, j] != new.frozen[i, j]),
        )
        for i in range(old.sources)
        for j in range(old.targets)
    ]  # fmt: skip


def _moved(moved: Tensor | None, kept: Tensor | bool, i: int, j: int) -> tuple[int, ...] | None:
    """Return the control points of an edge that moved; None where the grids differ."""
    if moved is None or isinstance(kept, bool) or not kept[i]:
        return None
    return tuple(moved[i, j].nonzero().flatten().tolist())


def _points(old: Layer, new: Layer) -> Tensor:
    """Return sorted points (point, source) over both grids of every source, the knots among them.

    Of a family without knots, over what is worth drawing.
    """
    ends = [layer.knots if layer.family == SPLINE else torch.stack(layer.domain, 1) for layer in (old, new)]
    knots = torch.cat(ends, 1)
    low, high = knots.amin(1), knots.amax(1)
    even = torch.linspace(0, 1, POINTS, dtype=knots.dtype)[:, None] * (high - low) + low
    return torch.cat([even, knots.T]).sort(0).values


def _pieces(old: Layer, new: Layer, x: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Generate both layers' edges in blocks of points, each with the index of its first point."""
    size = max(1, ROOM // (old.sources * old.targets))
    for at in range(0, len(x), size):
        yield at, old.activations(x[at : at + size]), new.activations(x[at : at + size])


def difference(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
    """Return |difference|, inf where only one is NaN or infinite, and where both are equal."""
    alike = (one == two) | (one.isnan() & two.isnan())
    return torch.where(alike, 0.0, (one - two).abs().nan_to_num(nan=torch.inf, posinf=torch.inf)), alike


def _apart(old: Layer, new: Layer, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the largest |difference| of two versions of a layer's edges, and where they differ.

    x: (point, source). The second and third result are the first and the last point that differ; -1 as the last where
    none does.
    """
    gap = torch.zeros(old.sources, old.targets, dtype=old.coef.dtype)
    first, last = torch.full(gap.shape, len(x)), torch.full(gap.shape, -1)
    for at, one, two in _pieces(old, new, x):
        size, alike = difference(one, two)
        gap = torch.maximum(gap, size.amax(0))
        row = torch.arange(at, at + len(one))[:, None, None]
        first = torch.minimum(first, torch.where(alike, len(x), row).amin(0))
        last = torch.maximum(last, torch.where(alike, -1, row).amax(0))
    return gap, first, last


@torch.no_grad()
def gap_of(old: Layer, new: Layer, x: Float[Tensor, "rows source"]) -> Float[Tensor, "source target"]:
    """Return the largest |difference| of two versions of a layer's edges at x (network units).

    Infinite where only one of them is NaN or infinite.
    """
    gap = torch.zeros(old.sources, old.targets, dtype=old.coef.dtype)
    for _, one, two in _pieces(old, new, x):
        size = (one - two).abs().amax(0)
        gap = torch.maximum(gap, size if size.isfinite().all() else difference(one, two)[0].amax(0))
    return gap
