"""The spline editor: what is sent to it, and the edit that a gesture of the hand stands for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy import ndarray as Array

from kanviz.analysis.curves import EdgeCurve, as_numpy
from kanviz.analysis.rows import entering
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.spline import basis
from kanviz.edit.edits import Batch, Edit, MoveControlPoint
from kanviz.errors import EditError
from kanviz.plots.theme import THEMES, Look
from kanviz.text import shown
from kanviz.ui.components import renderer

POINTS = 200
ROWS = 300  # on which the error is followed while a point moves
DIGITS = 6
PARTS = ("page", "card", "frame", "line", "text", "muted", "spline", "formula", "frozen", "selected", "before",
         "base_part", "spline_part", "point", "density", "locked")  # fmt: skip
HTML = """<div class="kv-editor"><div class="kv-tools" role="toolbar" aria-label="Tools for the curve"></div>
<div class="kv-plot"></div><div class="kv-note" aria-live="polite"></div></div>"""

Payload = dict[str, Any]


@torch.no_grad()
def editor_payload(
    kan: KAN,
    curve: EdgeCurve,
    data: Dataset | None = None,
    *,
    look: Look = "light",
    point: int | None = None,
    preview: MoveControlPoint | None = None,
    may_move: bool = True,
) -> Payload:
    """Everything the editor draws, as plain data, x in the units of the curve.

    The curve is rest + sum_k basis[r][k] coef[first[r] + k] at x[r]; a control point's handle stands `lift` above its
    coefficient. rows: what a change of the curve does to the error of one output, to first order (exactly, where the
    edge ends in that output's own sum). preview: a move that is shown and not yet made. may_move: whether it may be
    changed now.
    """
    view = kan.edge(curve.id)
    variable = kan.inputs[curve.id.source] if curve.id.layer == 0 else Variable("")
    x = torch.linspace(float(curve.x[0]), float(curve.x[-1]), POINTS, dtype=torch.float64)
    inside = ((x - variable.shift) / variable.scale).to(view.knots.dtype)
    rest = as_numpy(view(inside) - view.spline_part(inside))
    first, weights = _sparse(as_numpy(basis(inside[:, None], view.knots[None], view.order, 0, view.outside)[:, 0]))
    inks, total = THEMES[look], curve.heights("spline", "base")
    with np.errstate(invalid="ignore", over="ignore"):
        lift = curve.points_y - curve.coef
    return {
        "v": 1,
        "rev": f"{kan.digest[:16]}-{','.join(map(str, curve.id))}-{curve.data}",
        "look": look,
        "colours": {part: getattr(inks, part) for part in PARTS},
        "title": f"{shown(curve.source, 40)} → {shown(curve.target, 40)}, {len(curve.coef)} control points",
        "x_label": shown(curve.x_label, 60),
        "y_label": shown(curve.y_label, 60),
        "x": _rounded(x.numpy()),
        "rest": _rounded(rest),
        "base": _rounded(as_numpy(view.base_part(inside))),
        "mixed": bool(np.abs(rest).max(initial=0.0, where=np.isfinite(rest)) > 1e-9),
        "first": first,
        "basis": weights,
        "coef": [float(v) if np.isfinite(v) else None for v in curve.coef],
        "lift": _rounded(lift),
        "points": _rounded(curve.points_x),
        "reach": [[v if np.isfinite(v) else None for v in curve.reach(m)] for m in range(len(curve.coef))],
        "knots": _rounded(curve.knots),
        "grid": list(curve.grid),
        "data": list(curve.data) if curve.data else None,
        "span": [float(v) for v in total] if np.isfinite(total).all() else [-1.0, 1.0],
        "edges": _rounded(curve.edges),
        "density": _rounded(curve.density),
        "rows": _rows(kan, curve.id, data, variable),
        "unit": shown(kan.outputs[0].unit, 20) if len(kan.outputs) == 1 else "",
        "point": point,
        "preview": [preview.point, preview.height] if preview is not None else None,
        "open": may_move,
    }


def _rounded(values: Array) -> list[float | None]:
    """None for what is no number: JSON has no word for it."""
    return [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in np.asarray(values, dtype=float)]


def _sparse(table: Array) -> tuple[list[int], list[list[float | None]]]:
    """Of each row of the basis, where its non-zero numbers begin, and those."""
    first, weights = [], []
    for row in table:
        there = np.flatnonzero(row)
        start, end = (int(there[0]), int(there[-1]) + 1) if len(there) else (0, 1)
        first.append(start)
        weights.append(_rounded(row[start:end]))
    return first, weights


def _rows(kan: KAN, edge: EdgeId, data: Dataset | None, variable: Variable) -> Payload | None:
    """Of some rows the edge's input, how much the output moves with the edge's value, and what is missed now."""
    if data is None or data.task != "regression" or len(kan.outputs) != 1:
        return None
    x, y = data.matching(kan).rows("train")
    index = torch.linspace(0, len(x) - 1, min(ROWS, len(x))).long()
    x, y = x[index], y[index]
    inputs = entering(kan, x, edge.layer)[edge.layer]
    layer = kan.layers[edge.layer]
    with torch.enable_grad():
        sums = layer.sums(inputs).detach().requires_grad_(True)
        out = layer.combine(sums)
        for later in kan.layers[edge.layer + 1 :]:
            out = later(out)
        out = kan.denormalise(out)[:, 0]
        (gain,) = torch.autograd.grad(out.sum(), sums)
    off, slope = as_numpy(out - y[:, 0]), as_numpy(gain[:, edge.target])
    place = as_numpy(inputs[:, edge.source]) * variable.scale + variable.shift
    good = np.isfinite(off) & np.isfinite(slope) & np.isfinite(place)
    if not good.any():
        return None
    last = edge.layer + 1 == len(kan.layers) and layer.arity[layer.node_of(edge.target)] == 1
    return {"x": _rounded(place[good]), "gain": _rounded(slope[good]), "off": _rounded(off[good]), "exact": last}


def edit_of(edge: EdgeId, told: Any, rev: str) -> Edit:
    """The edit that a gesture asks for; refuses one made on a curve that is no longer there, or that is none."""
    if not isinstance(told, dict) or told.get("rev") != rev:
        raise EditError("The curve has changed meanwhile; do it again.")
    points = told.get("points")
    if not isinstance(points, list) or not points or not all(_is_move(move) for move in points):
        raise EditError("This gesture moved nothing.")
    moves = tuple(MoveControlPoint(edge, int(m), float(height)) for m, height in points)
    if len(moves) == 1:
        return moves[0]
    words = told.get("words")
    known = ("Pull", "Smooth", "Flatten", "Straighten", "Make rise", "Make fall")
    return Batch(moves, f"{words if words in known else 'Change'}: {len(moves)} control points of {edge}")


def _is_move(move: Any) -> bool:
    return (
        isinstance(move, Sequence)
        and len(move) == 2
        and isinstance(move[0], int | float)
        and isinstance(move[1], int | float)
    )


def spline_editor(
    payload: Payload, key: str, on_commit: Callable[[Any], None], on_point: Callable[[int], None]
) -> None:
    """Draw it; a gesture does `on_commit` with what was told, a click on a control point `on_point`."""
    import streamlit as st

    def committed() -> None:
        told = getattr(st.session_state[key], "commit", None)
        if told is not None:
            on_commit(told)

    def pointed() -> None:
        m = getattr(st.session_state[key], "point", None)
        if isinstance(m, int | float):
            on_point(int(m))

    renderer("editor", HTML)(
        data=payload, key=key, height="content", on_commit_change=committed, on_point_change=pointed
    )
