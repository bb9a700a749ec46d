"""Compute the reach of a change: the interval it acts on, the rows it affects, and its effect on the outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.locality.planned_change import Change
from kanviz.analysis.locality.supports import (
    EVERYWHERE,
    NOWHERE,
    Acts,
    Interval,
    hull,
    in_table_units,
)
from kanviz.analysis.rows import ROWS, entering, typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import basis

How = Literal["exact", "sampled"]


@dataclass(frozen=True)
class Acting:
    """An edge that a change acts on: where (at inputs in table units, elsewhere in network units), by which points."""

    id: EdgeId
    source: str
    target: str
    span: Interval
    points: tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class Reach:
    """The reach of a change.

    x: the rows used, in table units · reached: the rows it acts on; every other row keeps its outputs · slab: for each
    input, the range (table units) of the rows it acts on · change: of every output on every row, in table units (per
    unit of `per`, if not empty) · largest, mean: of its size for each output, over the rows with finite values;
    missing: the number of other rows · how: "exact" or "sampled" for "acts", "rows", "slab" and "change".

    acts is always exact: it follows from the supports. rows is exact where every training row was used. slab is exact
    where only the first layer changes; deeper it is the range of the reached rows. change holds on the rows only.
    """

    what: str
    per: str
    acts: tuple[Acting, ...]
    everywhere: bool
    x: Float[Tensor, "rows input"]
    reached: Bool[Tensor, " rows"]
    slab: tuple[Interval, ...]
    change: Float[Tensor, "rows output"]
    largest: tuple[float, ...]
    mean: tuple[float, ...]
    missing: int
    how: Mapping[str, How]

    @property
    def count(self) -> int:
        """The number of rows reached."""
        return int(self.reached.sum())

    @property
    def share(self) -> float:
        """The share of the rows that is reached, 0 to 1."""
        return self.count / len(self.reached)


@torch.no_grad()
def reach(change: Change, data: Dataset | None = None, rows: int = ROWS) -> Reach:
    """Compute the reach on the training rows (at most `rows`; without data, on points drawn from the grid).

    A row counts as reached when its value at some changed edge is where that edge changes. Every other row has the same
    outputs as before.
    """
    kan = change.kan
    x = typical_inputs(kan, data, rows)
    reached = _reached(change, x)
    moved = change.at(x).double()
    sizes = moved[moved.isfinite().all(1)].abs()
    largest, mean = (sizes.amax(0), sizes.mean(0)) if len(sizes) else (moved.new_zeros(moved.shape[1]),) * 2
    slab, exact = _slab(change, x, reached)
    whole = data is not None and len(x) == len(data.train)
    how: dict[str, How] = {
        "acts": "exact",
        "rows": "exact" if whole else "sampled",
        "slab": "exact" if exact else "sampled",
        "change": "sampled",
    }
    return Reach(
        what=change.what,
        per=change.per,
        acts=tuple(_acting(kan, edge, act) for edge, act in change.acts.items()),
        everywhere=change.everywhere,
        x=x,
        reached=reached,
        slab=slab,
        change=moved,
        largest=tuple(largest.tolist()),
        mean=tuple(mean.tolist()),
        missing=len(moved) - len(sizes),
        how=MappingProxyType(how),
    )


def _reached(change: Change, x: Tensor) -> Bool[Tensor, " rows"]:
    """Return the rows at which some edge changes; at the ends of a support only where the function is not zero."""
    kan, reached = change.kan, torch.full((len(x),), change.everywhere)
    nodes = entering(kan, x, max((edge.layer for edge in change.acts), default=0))
    points: dict[tuple[int, int], set[int]] = {}
    for (n, i, _), act in change.acts.items():
        if act.points is None:
            reached |= act.span.holds(nodes[n][:, i])
        else:
            points.setdefault((n, i), set()).update(act.points)
    for (n, i), some in points.items():
        layer, values = kan.layers[n], nodes[n][:, [i]]
        table = basis(values, layer.knots[[i]], layer.order, 0, layer.outside)[:, 0]
        reached |= (table[:, sorted(some)] != 0).any(1) & values[:, 0].isfinite()
    return reached


def _acting(kan: KAN, edge: EdgeId, act: Acts) -> Acting:
    n, i, j = edge
    return Acting(edge, kan.source_name(n, i), kan.target_name(n, j), in_table_units(kan, n, i, act.span), act.points)


def _slab(change: Change, x: Tensor, reached: Tensor) -> tuple[tuple[Interval, ...], bool]:
    """Return the box around everything that is reached, and whether it is exact."""
    kan, inputs = change.kan, range(len(change.kan.inputs))
    if change.everywhere:
        return tuple(EVERYWHERE for _ in inputs), True
    if not change.acts:
        return tuple(NOWHERE for _ in inputs), True
    if all(edge.layer == 0 for edge in change.acts) and not kan.layers[0].step:
        sources = {edge.source for edge in change.acts}
        if len(sources) > 1:  # one input is enough to reach a row, whatever the others are
            return tuple(EVERYWHERE for _ in inputs), True
        span = in_table_units(kan, 0, min(sources), hull(act.span for act in change.acts.values()))
        return tuple(span if i in sources else EVERYWHERE for i in inputs), True
    reached_rows = x[reached].double()
    if not len(reached_rows):
        return tuple(NOWHERE for _ in inputs), False
    return tuple(map(Interval, reached_rows.amin(0).tolist(), reached_rows.amax(0).tolist())), False
