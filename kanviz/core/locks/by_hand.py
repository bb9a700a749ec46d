"""Locks that a person puts together: edges, control points, or everything but those."""

from collections.abc import Collection, Iterable, Mapping

import torch

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks.lock import Lock
from kanviz.errors import UserError
from kanviz.text import counted


def edge_lock(kan: KAN, edges: Iterable[EdgeId], name: str = "edges") -> Lock:
    """These activations stay as they are: coefficients, base weight, formula."""
    edges = [kan.check(edge) for edge in edges]
    lock = Lock.of(kan, held=False, name=name, origin=f"{counted(len(edges), 'edge')} held by hand")
    _mark(lock, edges, held=True)
    return lock


def point_lock(kan: KAN, points: Mapping[EdgeId, Collection[int]], name: str = "control points") -> Lock:
    """These control points stay where they are; points: indices by edge."""
    count = sum(len(indices) for indices in points.values())
    lock = Lock.of(kan, held=False, name=name, origin=f"{counted(count, 'control point')} held by hand")
    _mark_points(lock, kan, points, held=True)
    return lock


def all_but(
    kan: KAN, edges: Iterable[EdgeId] = (), points: Mapping[EdgeId, Collection[int]] | None = None, name: str = "rest"
) -> Lock:
    """Everything stays but these edges and these control points; biases stay too."""
    edges, points = [kan.check(edge) for edge in edges], points or {}
    free = [counted(len(edges), "edge")] if edges else []
    free += [counted(sum(map(len, points.values())), "control point")] if points else []
    lock = Lock.of(kan, held=True, name=name, origin=f"everything held but {' and '.join(free) or 'nothing'}")
    _mark(lock, edges, held=False)
    _mark_points(lock, kan, points, held=False)
    return lock


# A lock is filled in before it is handed out; nobody changes one that is.


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
