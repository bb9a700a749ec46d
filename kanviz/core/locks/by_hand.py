"""Make locks by hand: of edges, of control points, or of everything except these."""

from collections.abc import Collection, Iterable, Mapping

import torch

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks.lock import Lock
from kanviz.errors import UserError
from kanviz.text import counted


def edge_lock(kan: KAN, edges: Iterable[EdgeId], name: str = "edges") -> Lock:
    """Lock the activations of these edges: coefficients, base weight, formula. Raises UserError for unknown edges."""
    edges = [kan.check(edge) for edge in edges]
    lock = Lock.of(kan, held=False, name=name, origin=f"{counted(len(edges), 'edge')} held by hand")
    _mark(lock, edges, held=True)
    return lock


def point_lock(kan: KAN, points: Mapping[EdgeId, Collection[int]], name: str = "control points") -> Lock:
    """Lock these control points; points: indices by edge. Raises UserError for those that do not exist."""
    count = sum(len(indices) for indices in points.values())
    lock = Lock.of(kan, held=False, name=name, origin=f"{counted(count, 'control point')} held by hand")
    _mark_points(lock, kan, points, held=True)
    return lock


def all_but(
    kan: KAN, edges: Iterable[EdgeId] = (), points: Mapping[EdgeId, Collection[int]] | None = None, name: str = "rest"
) -> Lock:
    """Lock everything, biases included, except these edges and these control points.

    Raises UserError for edges or control points that do not exist.
    """
    edges, points = [kan.check(edge) for edge in edges], points or {}
    free = [counted(len(edges), "edge")] if edges else []
    free += [counted(sum(map(len, points.values())), "control point")] if points else []
    lock = Lock.of(kan, held=True, name=name, origin=f"everything held but {' and '.join(free) or 'nothing'}")
    _mark(lock, edges, held=False)
    _mark_points(lock, kan, points, held=False)
    return lock


# The masks of a lock are filled in before it is returned, and never changed afterwards.


def _mark(lock: Lock, edges: Iterable[EdgeId], *, held: bool) -> None:
    for n, i, j in edges:
        layer = lock.layers[n]
        layer.coef[i, j] = layer.base_weight[i, j] = layer.affine[i, j] = held


def _mark_points(lock: Lock, kan: KAN, points: Mapping[EdgeId, Collection[int]], *, held: bool) -> None:
    for edge, indices in points.items():
        n, i, j = kan.check(edge)
        count = kan.layers[n].coef.shape[2]
        wrong = [k for k in indices if type(k) is not int or not 0 <= k < count]
        if wrong:
            raise UserError(f"Edge {n},{i},{j} has control points 0 to {count - 1}; there is no {wrong[0]}.")
        lock.layers[n].coef[i, j, torch.tensor([*indices], dtype=torch.long)] = held
