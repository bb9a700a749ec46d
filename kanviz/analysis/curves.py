"""Sample an edge as a curve, ready to be drawn."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray as Array
from torch import Tensor

from kanviz.analysis.rows import entering, typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, EdgeId, Variable

BINS = 40
MARGIN = 0.04  # share of the grid shown beyond the outermost end
REACH = 1.0  # grid widths shown beyond the grid at most, when data are far out
POLE = 8.0  # a curve that leaves its middle 96 % by more than this factor is cut there


@dataclass(frozen=True, eq=False)
class EdgeCurve:
    """One edge, sampled. x is in table units where the source is an input, in network units elsewhere.

    total = spline + base + formula at every x; a part that is not in use is None. `resting` is a learned curve that is
    not in use: pruned, or replaced by a formula. `derivative` is d total / dx in the units of x.
    points_x, coef: the control points (Greville abscissa, coefficient); points_y: their drawn height, the coefficient
    plus the value of the other parts there, so that a point is near the curve that it moves. grid: the ends of the
    grid; data: the least and greatest training value (None without data). edges, density: histogram of the training
    values, its area 1 (empty without data). values: those values, sorted.
    """

    id: EdgeId
    source: str
    target: str
    state: str
    frozen: bool
    formula_text: str
    unit: str
    x_label: str
    y_label: str
    x: Float[Array, " points"]
    total: Float[Array, " points"]
    spline: Float[Array, " points"] | None
    base: Float[Array, " points"] | None
    formula: Float[Array, " points"] | None
    resting: Float[Array, " points"] | None
    derivative: Float[Array, " points"]
    points_x: Float[Array, " basis"]
    points_y: Float[Array, " basis"]
    coef: Float[Array, " basis"]
    knots: Float[Array, " knot"]
    order: int
    outside: str
    grid: tuple[float, float]
    data: tuple[float, float] | None
    edges: Float[Array, " edge"]
    density: Float[Array, " bin"]
    values: Float[Array, " rows"]

    def reach(self, point: int) -> tuple[float, float]:
        """Return the interval of x on which a control point moves the curve.

        It is infinite where the curve is linear outside the grid.
        """
        low, high = float(self.knots[point]), float(self.knots[point + self.order + 1])
        if self.outside == "linear":
            # a hat that begins on the border has a slope there, which continues in the straight line outside
            low = -np.inf if low < self.grid[0] or (low == self.grid[0] and self.order == 1) else low
            high = np.inf if high > self.grid[1] or (high == self.grid[1] and self.order == 1) else high
        return low, high

    def share(self, low: float, high: float) -> float:
        """Return the share of the training rows with a value from low to high (NaN without data)."""
        if not len(self.values):
            return float("nan")
        first, last = np.searchsorted(self.values, low, "left"), np.searchsorted(self.values, high, "right")
        return float(last - first) / len(self.values)

    def heights(self, *parts: str) -> tuple[float, float]:
        """Return the lowest and highest value to show for these parts; poles are cut, a flat line gets a margin."""
        shown = [self.points_y, *(getattr(self, part) for part in ("total", *parts))]
        ranges = [visible_range(values) for values in shown if values is not None and len(values)]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        room = 0.06 * (high - low) if high > low else 0.5 * max(abs(low), 1e-3)
        return low - room, high + room


def visible_range(values: Float[Array, " points"]) -> tuple[float, float]:
    """Return the lowest and highest finite value, cut at a pole that would flatten the rest; (0, 0) without values."""
    low, high = visible_ranges(values[:, None])
    return float(low[0]), float(high[0])


def visible_ranges(curves: Float[Array, "points curve"]) -> tuple[Array, Array]:
    """Return `visible_range` of many curves at once."""
    ordered = np.sort(np.where(np.isfinite(curves), curves, np.nan), axis=0)  # NaN go last
    last = np.isfinite(ordered).sum(0) - 1
    column = np.arange(curves.shape[1])
    low, near, far, high = (
        np.where(last >= 0, ordered[(share * last.clip(0) + 0.5).astype(int), column], 0.0)
        for share in (0.0, 0.02, 0.98, 1.0)
    )
    with np.errstate(over="ignore"):
        pole = (high - low > POLE * (far - near)) & (far > near)
        below, above = 2 * near - far, 2 * far - near
    return np.where(pole, np.maximum(low, below), low), np.where(pole, np.minimum(high, above), high)


@torch.no_grad()
def edge_curve(kan: KAN, edge: EdgeId, data: Dataset | None = None, points: int = 400) -> EdgeCurve:
    """Sample one edge with its parts, its control points, and the range of the training rows."""
    edge = kan.check(edge)
    view = kan.edge(edge)
    values = _values(kan, edge, data)
    spread = (float(values[0]), float(values[-1])) if len(values) else None
    low, high = view.domain
    movable = view.active and view.family == SPLINE
    ends = [*(spread or (low, high)), *([float(view.abscissae[0]), float(view.abscissae[-1])] if movable else [])]
    width = high - low
    first = max(min(low, *ends), low - REACH * width) - MARGIN * width
    last = min(max(high, *ends), high + REACH * width) + MARGIN * width
    x = torch.linspace(first, last, points, dtype=view.knots.dtype)
    variable = kan.axis_of(edge.layer, edge.source)
    parts, at_points = _parts(view, x), _parts(view, view.abscissae)
    edges, density = histogram(values)
    table = _to_table(variable)
    return EdgeCurve(
        id=edge,
        source=view.source,
        target=view.target,
        state=view.state,
        frozen=view.frozen,
        formula_text=formula_text(kan, edge),
        unit=variable.unit,
        x_label=str(variable) if variable in kan.inputs else f"{view.source} (network units)",
        y_label=_target_label(kan, edge),
        x=table(as_numpy(x)),
        total=as_numpy(view(x)),
        derivative=as_numpy(view(x, 1)) / variable.scale,
        **{name: None if value is None else as_numpy(value) for name, value in parts.items()},
        points_x=table(as_numpy(view.abscissae)) if movable else np.empty(0),
        points_y=_lifted(view, at_points) if movable else np.empty(0),
        coef=as_numpy(view.coef) if movable else np.empty(0),
        knots=table(as_numpy(view.knots)) if view.family == SPLINE else np.empty(0),
        order=view.order,
        outside=view.outside,
        grid=(float(table(low)), float(table(high))),
        data=(float(table(spread[0])), float(table(spread[1]))) if spread else None,
        edges=table(edges),
        density=density / variable.scale,
        values=table(values),
    )


def formula_text(kan: KAN, edge: EdgeId, formula: Formula | None = None) -> str:
    """Return a formula, by default the edge's own, in the units of its curve's x axis; "" where there is none."""
    formula = formula or kan.layers[edge.layer].formula(edge.source, edge.target)
    if formula is None:
        return ""
    variable = kan.axis_of(edge.layer, edge.source)
    slope = formula.a / variable.scale
    return str(replace(formula, a=slope, b=formula.b - slope * variable.shift))


def as_numpy(values: Tensor) -> Array:
    return values.detach().double().numpy()


def _to_table(variable: Variable):
    return lambda values: values * variable.scale + variable.shift


def _target_label(kan: KAN, edge: EdgeId) -> str:
    """Return the label of the edge's value: a part of its target, in network units.

    At an output it gives the size of the network unit in the table.
    """
    name = kan.target_name(edge.layer, edge.target)
    node = kan.layers[edge.layer].node_of(edge.target)
    if edge.layer + 1 == len(kan.layers) and kan.layers[edge.layer].arity[node] == 1:
        output = kan.outputs[node]
        if output.scale != 1 or output.unit:
            return f"added to {name} (in units of {output.scale:.4g}{f' {output.unit}' if output.unit else ''})"
    return f"added to {name}"


def _parts(view: Edge, x: Tensor) -> dict[str, Tensor | None]:
    """Return every part of the edge at x; None for those not in use."""
    learned = view.spline_part(x) + view.base_part(x) if not view.active else None
    return {
        "spline": view.spline_part(x) if view.active else None,
        "base": view.base_part(x) if view.active else None,
        "formula": view.formula(x) if view.formula is not None else None,
        "resting": learned if learned is not None and bool((learned != 0).any()) else None,
    }


def _lifted(view: Edge, at_points: dict[str, Tensor | None]) -> Array:
    """Return the coefficients plus the finite values of the other parts at the control points' abscissae."""
    others = [value for name, value in at_points.items() if name in ("base", "formula") and value is not None]
    return as_numpy(view.coef + sum((v.nan_to_num(0.0, 0.0, 0.0) for v in others), torch.zeros_like(view.coef)))


def layer_inputs(kan: KAN, data: Dataset, layers: int | None = None) -> list[Tensor]:
    """Return the inputs of each layer on the training rows, in network units."""
    return entering(kan, typical_inputs(kan, data), layers)


def _values(kan: KAN, edge: EdgeId, data: Dataset | None) -> Float[Array, " rows"]:
    """Return the edge's inputs on the training rows, sorted, without NaN and infinite values."""
    if data is None:
        return np.empty(0)
    values = as_numpy(layer_inputs(kan, data, edge.layer)[edge.layer][:, edge.source])
    return np.sort(values[np.isfinite(values)])


def histogram(values: Float[Array, " rows"]) -> tuple[Array, Array]:
    """Return the edges of the bins and the density in each, with area 1; both empty without values."""
    if not len(values):
        return np.empty(0), np.empty(0)
    low, high = float(values[0]), float(values[-1])
    room = 0.0 if high > low else max(abs(low), 1.0) * 1e-3
    density, edges = np.histogram(values, bins=BINS, range=(low - room, high + room), density=True)
    return edges, density
