"""Show control points as strips, one per coordinate or edge: used by known rows, used by new rows, locked."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kanviz.analysis.locality.overlap import Coordinate, Overlap
from kanviz.analysis.locality.supports import Interval, in_table_units
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import greville
from kanviz.errors import UserError

USES = ("in no use", "used by old rows", "touched by new rows", "used by both")
LOCKS = ("not locked", "locked on some edges", "locked")


@dataclass(frozen=True, eq=False)
class Strip:
    """The control points of one coordinate, or of one edge.

    at: their positions (table units at an input, network units deeper) · use: of each, the index in USES · locked: the
    index in LOCKS, over the edges with a spline that leave the coordinate; None without a lock.
    """

    layer: int
    label: str
    at: Float[Tensor, " basis"]
    use: Int[Tensor, " basis"]
    locked: Int[Tensor, " basis"] | None


def strips(
    kan: KAN,
    found: Overlap,
    locked: Sequence[Bool[Tensor, "_source _target _basis"]] | None = None,
    edges: Sequence[EdgeId] | None = None,
) -> tuple[Strip, ...]:
    """Return a strip for every coordinate with a spline, or for each of these edges.

    locked: for every layer, which coefficients may not move. Raises UserError where its shapes are not the network's.
    """
    if locked is not None and [part.shape for part in locked] != [layer.coef.shape for layer in kan.layers]:
        raise UserError("This lock is for a network of another shape or grid; lock this one again.")
    if edges is not None:
        return tuple(_edge(kan, found, locked, kan.check(edge)) for edge in edges)
    return tuple(_coordinate(kan, one, locked) for one in found.coordinates if one.weight)


def _coordinate(kan: KAN, one: Coordinate, locked: Sequence[Tensor] | None) -> Strip:
    held = None
    if locked is not None:
        of_edges = locked[one.layer][one.source][kan.layers[one.layer].active[one.source]]
        held = of_edges.any(0).long() + of_edges.all(0).long()
    return _strip(kan, one, one.name, held)


def _edge(kan: KAN, found: Overlap, locked: Sequence[Tensor] | None, edge: EdgeId) -> Strip:
    one = found.of(edge.layer, edge.source)
    held = None if locked is None else 2 * locked[edge.layer][edge.source, edge.target].long()
    return _strip(kan, one, f"{one.name} → {kan.target_name(edge.layer, edge.target)}", held)


def _strip(kan: KAN, one: Coordinate, label: str, held: Tensor | None) -> Strip:
    layer = kan.layers[one.layer]
    places = greville(layer.knots, layer.order)[one.source].tolist()
    at = [in_table_units(kan, one.layer, one.source, Interval(v, v)).low for v in places]
    use = one.points_old.long() + 2 * one.points_new.long()
    return Strip(one.layer, label, torch.tensor(at, dtype=torch.float64), use, held)
