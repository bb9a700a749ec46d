"""Find what new rows share with known rows: cells and control points that both use, at every coordinate."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kanviz.analysis.locality.supports import Interval, in_table_units, visited
from kanviz.analysis.rows import entering
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.spline import Outside
from kanviz.errors import UserError


@dataclass(frozen=True, eq=False)
class Coordinate:
    """One value that enters a layer, and the parts of its grid that known and new rows use.

    edges: the ends of the cells (table units at an input, network units deeper) · cells_old, cells_new: the cells with
    any row · points_old, points_new: the control points that any row depends on · weight: the number of its spline
    edges, each with as many control points · rows: share of the new rows whose value is in a cell with known rows, 0 to
    1 (NaN without new rows).

    Cells are the intervals between knots. Where splines continue as straight lines, a value beyond the grid counts to
    its outermost cell, whose control points it depends on; where they are zero, a value beyond the knots is in no cell.
    """

    layer: int
    source: int
    name: str
    unit: str
    edges: Float[Tensor, " edge"]
    cells_old: Bool[Tensor, " cell"]
    cells_new: Bool[Tensor, " cell"]
    points_old: Bool[Tensor, " basis"]
    points_new: Bool[Tensor, " basis"]
    weight: int
    rows: float

    @property
    def cells(self) -> tuple[float, float, float]:
        """The shares of the cells with known rows, with new rows, and with both, 0 to 1."""
        return _shares(self.cells_old, self.cells_new)

    @property
    def points(self) -> tuple[float, float, float]:
        """The same for the control points."""
        return _shares(self.points_old, self.points_new)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Known and new rows at every coordinate, inputs first.

    shared: of the coefficients that new rows depend on, the share that known rows depend on too, over all layers, 0 to
    1. With 0, training that moves only coefficients cannot change a known row; with 1 every one of them is in use. NaN
    where new rows depend on no coefficient. old_rows, new_rows: how many there were.
    """

    coordinates: tuple[Coordinate, ...]
    shared: float
    old_rows: int
    new_rows: int

    def of(self, layer: int, source: int) -> Coordinate:
        """Return the coordinate of one node."""
        return next(one for one in self.coordinates if (one.layer, one.source) == (layer, source))


def _shares(old: Tensor, new: Tensor) -> tuple[float, float, float]:
    return tuple(float(part.double().mean()) for part in (old, new, old & new))  # pyright: ignore[reportReturnType]


@torch.no_grad()
def overlap(kan: KAN, old_x: Float[Tensor, "old input"], new_x: Float[Tensor, "new input"]) -> Overlap:
    """Compute what new rows share with known rows (table units). Raises UserError without known rows.

    Hidden coordinates are those of the current network: training moves them, so deeper figures hold only at its start.
    """
    if not len(old_x):
        raise UserError("There are no old rows to compare with; give the rows the network should remember.")
    old, new = (entering(kan, x, len(kan.layers) - 1) for x in (old_x, new_x))
    coordinates: list[Coordinate] = []
    for n in range(len(kan.layers)):
        coordinates += _coordinates(kan, n, old[n], new[n])
    touched = sum(one.weight * int(one.points_new.sum()) for one in coordinates)
    both = sum(one.weight * int((one.points_new & one.points_old).sum()) for one in coordinates)
    return Overlap(tuple(coordinates), both / touched if touched else float("nan"), len(old_x), len(new_x))


def _coordinates(kan: KAN, n: int, old: Tensor, new: Tensor) -> list[Coordinate]:
    layer = kan.layers[n]
    edges = cell_edges(layer)
    cells = [cells_of(x, edges, layer.outside) for x in (old, new)]
    points = [visited(x, layer.knots, layer.order, layer.outside) for x in (old, new)]
    found = []
    for i in range(layer.sources):
        seen = [_seen(places[:, i], edges.shape[1] - 1) for places in cells]
        at = cells[1][:, i]
        inside = (at >= 0) & seen[0][at.clamp(min=0)]
        ends = [in_table_units(kan, n, i, Interval(v, v)).low for v in edges[i].tolist()]
        found.append(
            Coordinate(
                layer=n,
                source=i,
                name=kan.source_name(n, i),
                unit=kan.axis_of(n, i).unit,
                edges=torch.tensor(ends, dtype=torch.float64),
                cells_old=seen[0],
                cells_new=seen[1],
                points_old=points[0][i],
                points_new=points[1][i],
                weight=int(layer.active[i].sum()),
                rows=float(inside.double().mean()) if len(at) else float("nan"),
            )
        )
    return found


def cell_edges(layer: Layer) -> Float[Tensor, "source edge"]:
    """Return the ends of each source's cells: those of the grid; where splines end in zero, also those beyond it."""
    order = layer.order
    return layer.knots if layer.outside == "zero" else layer.knots[:, order : layer.knots.shape[1] - order]


def cells_of(
    x: Float[Tensor, "rows source"], edges: Float[Tensor, "source edge"], outside: Outside
) -> Int[Tensor, "rows source"]:
    """Return the cell of every value; -1 for a value outside all cells, NaN or infinite."""
    last = edges.shape[1] - 2
    place = torch.searchsorted(edges.contiguous(), x.T.contiguous(), right=True).T - 1
    place = torch.where(x == edges[:, -1], last, place)
    none = ~x.isfinite()
    if outside == "zero":
        none |= (place < 0) | (place > last)
    return torch.where(none, -1, place.clamp(0, last))


def _seen(places: Tensor, count: int) -> Tensor:
    seen = torch.zeros(count, dtype=torch.bool)
    seen[places[places >= 0]] = True
    return seen
