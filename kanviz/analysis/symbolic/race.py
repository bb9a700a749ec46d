"""The race of all primitives from all starts for all curves of a batch: ever fewer, on ever more samples."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.dictionary import CELLS, best_starts
from kanviz.analysis.symbolic.judge import complexity_of
from kanviz.analysis.symbolic.polish import Single, polish
from kanviz.analysis.symbolic.samples import Curves, Samples
from kanviz.analysis.symbolic.shapes import FREE, POWER, Rows, kind_of
from kanviz.core.formula import PRIMITIVES

BEGIN = (4, 36)  # starts of how many primitives are looked at, by the cells' means alone
LOOKS = ((48, 6, 2, 28), (48, 6, 1, 20), (96, 8, 1, 14), (96, 14, 1, 10))
"""Samples, steps, and then how many starts of how many primitives go on."""
MANY = 30  # primitives, of which fewer are looked at from more starts
LAST_LOOK = 2_000  # samples at most, for those that may still be the best
HOPELESS = 40.0  # nats behind the best
LAST_STEPS, LAST_PATIENCE = 12, 2


def best_rows(points: Sequence[Samples], searched: tuple[str, ...]) -> tuple[Rows, Float[Tensor, " row"]]:
    """A row of each of the most promising primitives of every curve, at its valley's floor, and what it leaves.

    The curves must have equally many points.
    """
    curves = Curves.of(points, LAST_LOOK)
    rows, loss = best_starts(curves, searched)
    more = max(1, MANY // len(searched))
    promise = _promise(rows, loss, points, CELLS)
    rows = _as_typed(rows.take(_chosen(rows, loss, promise, len(points), more * BEGIN[0], BEGIN[1])), points)
    for most, steps, begin, primitives in LOOKS:
        look = curves.thin(most)
        theta, loss = polish(Single.of(rows, look), rows.theta, steps)
        promise = _promise(rows, loss, points, look.t.shape[1])
        chosen = _chosen(rows, loss, promise, len(points), more * begin, primitives)
        rows, loss, promise = rows.at(theta).take(chosen), loss[chosen], promise[chosen]
    best = torch.full((len(points),), torch.inf, dtype=torch.float64).scatter_reduce(0, rows.curve, promise, "amin")
    hopeful = (promise < best[rows.curve] + HOPELESS).nonzero()[:, 0]
    few = rows.take(hopeful)
    theta, left = polish(Single.of(few, curves), few.theta, LAST_STEPS, LAST_PATIENCE)
    rows, loss = rows.at(rows.theta.index_copy(0, hopeful, theta)), loss.index_copy(0, hopeful, left)
    chosen = _chosen(rows, loss, promise, len(points), 1, len(rows.names))
    return rows.take(chosen), loss[chosen]


def _as_typed(rows: Rows, points: Sequence[Samples]) -> Rows:
    """One more start for every expression: just as it was typed."""
    typed = [n for n, name in enumerate(rows.names) if name not in PRIMITIVES and name != POWER]
    if not typed:
        return rows
    ranges = torch.tensor([one.range for one in points], dtype=torch.float64).repeat(len(typed), 1)
    name = torch.cat([rows.name, torch.tensor(typed).repeat_interleave(len(points))])
    curve = torch.cat([rows.curve, torch.arange(len(points)).repeat(len(typed))])
    theta = torch.cat([rows.theta, torch.stack([ranges[:, 1] - ranges[:, 0], ranges.sum(1)], 1) / 2])
    scale = torch.cat([rows.scale, torch.ones(len(ranges), dtype=torch.float64)])
    return Rows(rows.names, name, curve, theta, scale).take(name.argsort(stable=True))


def _chosen(rows: Rows, loss: Tensor, promise: Tensor, curves: int, starts: int, most: int) -> Int[Tensor, " chosen"]:
    """The best `starts` rows of the `most` most promising primitives of each curve."""
    pair = rows.curve * len(rows.names) + rows.name
    place = _standing(pair, loss)
    first = (place == 0) & loss.isfinite()
    kept = torch.zeros(curves * len(rows.names), dtype=torch.bool)
    kept[pair[first]] = _standing(rows.curve[first], promise[first]) < most
    return ((place < starts) & kept[pair]).nonzero()[:, 0]


def _promise(rows: Rows, loss: Tensor, points: Sequence[Samples], seen: int) -> Float[Tensor, " row"]:
    """The description length of every row on the samples seen so far; see `judge.description`."""
    free = torch.tensor([float(FREE[kind_of(name)]) for name in rows.names], dtype=torch.float64)
    bits = torch.tensor([complexity_of(name) for name in rows.names], dtype=torch.float64)
    noise = torch.tensor([one.floor for one in points], dtype=torch.float64)[rows.curve]
    count = torch.tensor([float(min(one.independent, seen)) for one in points], dtype=torch.float64)[rows.curve]
    return count * (loss + noise**2).log() + free[rows.name] * count.log() + 2 * math.log(2) * bits[rows.name]


def _standing(group: Int[Tensor, " row"], cost: Float[Tensor, " row"]) -> Int[Tensor, " row"]:
    """Each row's place among those of its group, from 0, by cost."""
    order = cost.argsort(stable=True)
    order = order[group[order].argsort(stable=True)]
    ordered = group[order]
    place = torch.arange(len(order)) - torch.searchsorted(ordered, ordered)
    return torch.empty_like(place).scatter_(0, order, place)
