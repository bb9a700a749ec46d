"""Race all primitives from all starts for a batch of curves: fewer and fewer starts, on more and more samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.dictionary import CELLS, best_starts
from kanviz.analysis.symbolic.judge import complexity_of
from kanviz.analysis.symbolic.polish import Single, polish
from kanviz.analysis.symbolic.samples import Curves, Samples
from kanviz.analysis.symbolic.shapes import FREE, POWER, WAVES, Rows, kind_of
from kanviz.core.formulas.formula import PRIMITIVES

BEGIN = (3, 36)  # starts per primitive, and primitives, that are chosen by the cells' means alone
LOOKS = ((48, 4, 2, 28), (48, 6, 1, 20), (96, 8, 1, 14), (96, 14, 1, 10))
"""Samples, steps, and then how many starts of how many primitives go on."""
MANY = 30  # primitives; with fewer, each gets more starts
LAST_LOOK = 2_000  # most samples, for those that may still be the best
HOPELESS = 40.0  # nats behind the best
LAST_STEPS, LAST_PATIENCE = 12, 2


@dataclass(frozen=True)
class Field:
    """Rows, the share of variance that each leaves unexplained, and its description length so far.

    See `judge.description`.
    """

    rows: Rows
    loss: Float[Tensor, " row"]
    promise: Float[Tensor, " row"]

    @staticmethod
    def of(rows: Rows, loss: Float[Tensor, " row"], points: Sequence[Samples], seen: int) -> "Field":
        """Rate the rows by their loss on so many samples."""
        free = torch.tensor([float(FREE[kind_of(name)]) for name in rows.names], dtype=torch.float64)
        bits = torch.tensor([complexity_of(name) for name in rows.names], dtype=torch.float64)
        noise = torch.tensor([one.floor for one in points], dtype=torch.float64)[rows.curve]
        count = torch.tensor([float(min(one.independent, seen)) for one in points], dtype=torch.float64)[rows.curve]
        left = count * (loss + noise**2).log()
        return Field(rows, loss, left + free[rows.name] * count.log() + 2 * math.log(2) * bits[rows.name])

    def take(self, index: Int[Tensor, " part"]) -> "Field":
        return Field(self.rows.take(index), self.loss[index], self.promise[index])

    def place(self) -> Int[Tensor, " row"]:
        """Return each row's rank among the starts of its primitive and curve, from 0."""
        return _standing(self.rows.curve * len(self.rows.names) + self.rows.name, self.loss)

    def kept(self, starts: int, most: int) -> "Field":
        """Select the best `starts` rows of the `most` most promising primitives of each curve.

        Of waves, it selects twice as many rows.
        """
        rows, place = self.rows, self.place()
        pair = rows.curve * len(rows.names) + rows.name
        first = (place == 0) & self.loss.isfinite()
        good = pair[first][_standing(rows.curve[first], self.promise[first]) < most]
        many = torch.tensor([2 if name in WAVES else 1 for name in rows.names])[rows.name]
        return self.take(((place < starts * many) & torch.isin(pair, good)).nonzero()[:, 0])

    def hopeful(self, curves: int) -> Int[Tensor, " part"]:
        """Return the rows that may still be the best of their curve."""
        best = torch.full((curves,), torch.inf, dtype=torch.float64)
        best = best.scatter_reduce(0, self.rows.curve, self.promise, "amin")
        return (self.promise < best[self.rows.curve] + HOPELESS).nonzero()[:, 0]


def best_rows(points: Sequence[Samples], searched: tuple[str, ...]) -> tuple[Rows, Float[Tensor, " row"]]:
    """Return the best row of each promising primitive of every curve, at its local minimum, and its residual.

    The residual is a share of the variance. The curves must have equally many points.
    """
    curves = Curves.of(points, LAST_LOOK)
    more = max(1, MANY // len(searched))
    field = Field.of(*best_starts(curves, searched), points, CELLS).kept(more * BEGIN[0], BEGIN[1])
    rows = _as_typed(field.rows, points)
    for most, steps, begin, primitives in LOOKS:
        look = curves.thin(most)
        theta, loss = polish(Single.of(rows, look), rows.theta, steps)
        field = Field.of(rows.at(theta), loss, points, look.t.shape[1]).kept(more * begin, primitives)
        rows = field.rows
    hopeful = field.hopeful(len(points))
    few = rows.take(hopeful)
    theta, left = polish(Single.of(few, curves), few.theta, LAST_STEPS, LAST_PATIENCE)
    theta, loss = rows.theta.index_copy(0, hopeful, theta), field.loss.index_copy(0, hopeful, left)
    field = replace(field, rows=rows.at(theta), loss=loss)
    field = field.take((field.place() == 0).nonzero()[:, 0])
    return field.rows, field.loss


def _as_typed(rows: Rows, points: Sequence[Samples]) -> Rows:
    """Add one more start for every expression: exactly as it was typed."""
    typed = [n for n, name in enumerate(rows.names) if name not in PRIMITIVES and name != POWER]
    if not typed:
        return rows
    ranges = torch.tensor([one.range for one in points], dtype=torch.float64).repeat(len(typed), 1)
    name = torch.cat([rows.name, torch.tensor(typed).repeat_interleave(len(points))])
    curve = torch.cat([rows.curve, torch.arange(len(points)).repeat(len(typed))])
    theta = torch.cat([rows.theta, torch.stack([ranges[:, 1] - ranges[:, 0], ranges.sum(1)], 1) / 2])
    scale = torch.cat([rows.scale, torch.ones(len(ranges), dtype=torch.float64)])
    return Rows(rows.names, name, curve, theta, scale).take(name.argsort(stable=True))


def _standing(group: Int[Tensor, " row"], cost: Float[Tensor, " row"]) -> Int[Tensor, " row"]:
    """Return each row's rank in its group, from 0, by cost."""
    order = cost.argsort(stable=True)
    order = order[group[order].argsort(stable=True)]
    ordered = group[order]
    place = torch.arange(len(order)) - torch.searchsorted(ordered, ordered)
    return torch.empty_like(place).scatter_(0, order, place)
