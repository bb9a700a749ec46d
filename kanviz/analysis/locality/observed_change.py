"""Report a change that was made: which edges are unchanged, where others moved, which known predictions changed."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.diff import EdgeChange, diff, gap_of, same_bits
from kanviz.analysis.locality.supports import NOWHERE, Interval, in_table_units, where_changed
from kanviz.analysis.rows import entering
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.errors import UserError


@dataclass(frozen=True)
class EdgeMove:
    """One edge before and after, and its change on known rows.

    edge: states, coefficients that moved, largest |difference| of the curves over both grids (network units) · span:
    the interval outside which nothing changed, by the supports of the moved coefficients; exact (at inputs in table
    units, elsewhere in network units; NaN where nothing changed) · grid_changed: its knots changed · on_rows: largest
    |difference| at the values of known rows, as the network before computes them (network units).
    """

    edge: EdgeChange
    span: Interval
    grid_changed: bool
    on_rows: float

    @property
    def id(self) -> EdgeId:
        return self.edge.id


@dataclass(frozen=True, eq=False)
class Lamps:
    """The change of each known row. kept: every output has the same bits, both computed at one batch shape.

    change: of every output, in table units · largest, rms: of its size for each output, over rows where both
    predictions are finite · error_before, error_after: root mean square of prediction minus target for each output, in
    table units; None without targets.
    """

    kept: Bool[Tensor, " rows"]
    change: Float[Tensor, "rows output"]
    largest: tuple[float, ...]
    rms: tuple[float, ...]
    error_before: tuple[float, ...] | None
    error_after: tuple[float, ...] | None

    @property
    def share(self) -> float:
        """The share of the known rows whose prediction kept its bits, 0 to 1."""
        return float(self.kept.double().mean())

    def __str__(self) -> str:
        return f"{int(self.kept.sum()):,} of {len(self.kept):,} predictions bit-identical"


@dataclass(frozen=True, eq=False)
class Changes:
    """Two networks of one shape, compared: every edge, the nodes whose constants moved, and the known rows."""

    edges: tuple[EdgeMove, ...]
    biases: tuple[str, ...]
    lamps: Lamps

    @property
    def changed(self) -> tuple[EdgeMove, ...]:
        return tuple(move for move in self.edges if not move.edge.identical)

    def __str__(self) -> str:
        same = len(self.edges) - len(self.changed)
        return f"{same} of {len(self.edges)} edges bit-identical; {self.lamps}"


@torch.no_grad()
def changes(
    before: KAN,
    after: KAN,
    old_x: Float[Tensor, "rows input"],
    old_y: Float[Tensor, "rows output"] | None = None,
) -> Changes:
    """Compare two networks, and their predictions on known rows. Raises EditError for networks of different shapes.

    old_x, old_y: known rows and their targets, in table units. Edges of networks of two precisions are compared in
    float64, which holds both exactly.
    """
    found = diff(before, after)
    if not len(old_x):
        raise UserError("There are no old rows to look at; give the rows the network should remember.")
    one, two = (before, after) if before.dtype == after.dtype else (kan.to(torch.float64) for kan in (before, after))
    values = entering(before, old_x, len(before.layers) - 1)
    moves: list[EdgeMove] = []
    for n in range(len(before.layers)):
        here = [edge for edge in found.edges if edge.id.layer == n]
        moves += _moves(one, two, n, here, values[n])
    return Changes(tuple(moves), found.biases, lamps(before, after, old_x, old_y))


def _moves(before: KAN, after: KAN, n: int, edges: list[EdgeChange], values: Tensor) -> list[EdgeMove]:
    """Return the moves of all edges of one layer; values: its inputs on the known rows."""
    old, new = before.layers[n], after.layers[n]
    if all(edge.identical for edge in edges):
        return [EdgeMove(edge, NOWHERE, False, 0.0) for edge in edges]
    spans = {place: in_table_units(before, n, place[0], act.span) for place, act in where_changed(old, new).items()}
    gaps = gap_of(old, new, values.to(old.coef.dtype)).tolist()
    same = old.coef.shape == new.coef.shape and old.knots.shape == new.knots.shape and old.outside == new.outside
    others = (~same_bits(old.knots, new.knots).all(1)).tolist() if same else [True] * old.sources
    return [
        EdgeMove(edge, spans.get(edge.id[1:], NOWHERE), others[edge.id.source], gaps[edge.id.source][edge.id.target])
        for edge in edges
    ]


@torch.no_grad()
def lamps(before: KAN, after: KAN, x: Float[Tensor, "rows input"], y: Tensor | None = None) -> Lamps:
    """Compare the predictions of known rows one by one.

    x, y: in table units; y (row, output) if their targets are known. Raises UserError for y of another shape.
    """
    if y is not None and y.shape != (len(x), len(before.outputs)):
        raise UserError(
            f"The targets must be a table of {len(x):,} rows and {len(before.outputs)} columns, a row for each old row "
            f"and a column for each output; got {tuple(y.shape)}."
        )
    one, two = before(x).double(), after(x).double()
    change = two - one
    sizes = change[change.isfinite().all(1)].abs()
    nothing = torch.zeros(change.shape[1], dtype=torch.float64)
    return Lamps(
        kept=same_bits(one, two).all(1),
        change=change,
        largest=tuple((sizes.amax(0) if len(sizes) else nothing).tolist()),
        rms=tuple((sizes.square().mean(0).sqrt() if len(sizes) else nothing).tolist()),
        error_before=None if y is None else tuple((one - y).square().mean(0).sqrt().tolist()),
        error_after=None if y is None else tuple((two - y).square().mean(0).sqrt().tolist()),
    )
