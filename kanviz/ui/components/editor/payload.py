"""Make the payload of the spline editor, and show the editor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy import ndarray as Array

from kanviz.analysis.curves import EdgeCurve, as_numpy
from kanviz.analysis.rows import entering
from kanviz.analysis.sensitivities import gains
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import FAMILIES
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, EdgeId
from kanviz.core.spline import basis
from kanviz.plots.theme import THEMES, Look
from kanviz.text import counted, shown
from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import EditorCurve, EditorPayload, EditorPicked, EditorRows, State

POINTS = 200
PICKED = 5_000  # rows used for a density at most
DIGITS = 6
PARTS = ("page", "card", "frame", "line", "text", "muted", "spline", "formula", "both", "frozen", "selected", "before",
         "base_part", "spline_part", "point", "density", "marked")  # fmt: skip
HTML = """<div class="kv-editor"><div class="kv-tools" role="toolbar" aria-label="Tools for the curve"></div>
<div class="kv-plot"></div><div class="kv-foot"></div></div>"""


@torch.no_grad()
def editor_payload(
    kan: KAN, curve: EdgeCurve, data: Dataset | None = None, *, look: Look = "light", picked: Sequence[int] = ()
) -> EditorCurve:
    """Return all that the editor shows of an edge as plain data, x in the units of the curve.

    The curve is rest + sum_k basis[r][k] coef[first[r] + k] at x[r]; a control point's handle is `lift` above its
    coefficient. An edge without a spline has neither basis nor control points; `why` gives the reason. rows: how a
    change of the curve changes the outputs, to first order (exactly, if the edge ends in an output's own sum). picked:
    rows of `data` whose values of x are compared with the training rows'.
    """
    view = kan.edge(curve.id)
    variable = kan.axis_of(curve.id.layer, curve.id.source)
    x = torch.linspace(float(curve.x[0]), float(curve.x[-1]), POINTS, dtype=torch.float64)
    inside = ((x - variable.shift) / variable.scale).to(view.knots.dtype)
    rest, base, formula = _parts(view, inside)
    movable = view.active and view.order > 0
    first, weights = _sparse(_table(view, inside)) if movable else ([0] * POINTS, [[]] * POINTS)
    inks, span = THEMES[look], curve.heights("spline", "base", "formula")
    with np.errstate(invalid="ignore", over="ignore"):
        lift = curve.points_y - curve.coef
    return {
        "v": 2,
        "edge": list(curve.id),
        "rev": f"{kan.digest[:16]}-{','.join(map(str, curve.id))}-{curve.data}",
        "look": look,
        "colours": {part: getattr(inks, part) for part in PARTS},
        "title": f"{shown(curve.source, 40)} → {shown(curve.target, 40)}, {len(curve.coef)} control points",
        "state": cast(State, curve.state),
        "why": _why(view, curve),
        "x_label": shown(curve.x_label, 60),
        "y_label": shown(curve.y_label, 60),
        "x": rounded(x.numpy()),
        "rest": rounded(rest),
        "base": base,
        "formula": formula,
        "resting": _resting(view, inside),
        "first": first,
        "basis": weights,
        "coef": [float(v) if np.isfinite(v) else None for v in curve.coef],
        "lift": rounded(lift),
        "points": rounded(curve.points_x),
        "reach": [[v if np.isfinite(v) else None for v in curve.reach(m)] for m in range(len(curve.coef))],
        "knots": rounded(curve.knots),
        "grid": list(curve.grid),
        "data": list(curve.data) if curve.data else None,
        "span": [float(v) for v in span] if np.isfinite(span).all() else [-1.0, 1.0],
        "edges": rounded(curve.edges),
        "density": rounded(curve.density),
        "picked": _picked(kan, curve, data, picked),
        "rows": _rows(kan, curve.id, data) if movable else None,
        "unit": shown(kan.outputs[0].unit, 20) if len({v.unit for v in kan.outputs}) == 1 else "",
        "names": [],
        "groups": [],
        "locked": [],
        "tools": True,
    }


def _why(view: Edge, curve: EdgeCurve) -> str:
    """Return why an edge has no control points and how to get some; empty if it has some."""
    if view.active and not view.order:
        return f"The curves are {FAMILIES[view.family].words}, without control points. B-splines can be shaped by hand."
    dashed = " Dashed: the spline it had." if curve.resting is not None else ""
    if curve.state == "formula":
        text = shown(curve.formula_text, 80)
        return f"A formula, without control points: {text}. Release it to shape it by hand.{dashed}"
    return f"Pruned: it adds nothing. Restore it to shape it by hand.{dashed}" if curve.state == "pruned" else ""


def rounded(values: Array) -> list[float | None]:
    """Round to DIGITS significant digits. NaN and infinity become None, since JSON has neither."""
    values = np.asarray(values, dtype=float)
    good = np.isfinite(values)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        power = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        places = 10.0 ** np.abs(np.where(good & np.isfinite(power), power, 0))
        short = np.where(power < 0, np.round(values / places) * places, np.round(values * places) / places)
    found = np.where(np.isfinite(short), short, values).tolist()
    return found if good.all() else [v if ok else None for v, ok in zip(found, good.tolist(), strict=True)]


def _table(view: Edge, x: torch.Tensor) -> Array:
    return as_numpy(basis(x[:, None], view.knots[None], view.order, 0, view.outside)[:, 0])


def _parts(view: Edge, x: torch.Tensor) -> tuple[Array, list[float | None] | None, list[float | None] | None]:
    """Return what the edge adds to its spline, its base part, and its formula; None for the parts it has not.

    A curve of another family has no spline: the first is all of it.
    """
    base = as_numpy(view.base_part(x)) if view.active and view.base_weight != 0 else None
    formula = as_numpy(view.formula(x)) if view.formula is not None else None
    learned = as_numpy(view.spline_part(x)) if view.active and not view.order else None
    there = [part for part in (base, formula, learned) if part is not None]
    shown_base, shown_formula = (None if part is None else rounded(part) for part in (base, formula))
    return sum(there, np.zeros(len(x))), shown_base, shown_formula


def _resting(view: Edge, x: torch.Tensor) -> list[float | None] | None:
    """Return the learned curve of a pruned or formula edge, which has no effect now; None if there is none."""
    if view.active:
        return None
    values = as_numpy(view.spline_part(x) + view.base_part(x))
    return rounded(values) if (values != 0).any() else None


def _sparse(table: Array) -> tuple[list[int], list[list[float | None]]]:
    """Return where the non-zero numbers of each row of the basis begin, and these numbers, as many for each row."""
    there = table != 0
    some = there.any(1)
    first = np.where(some, there.argmax(1), 0)
    last = np.where(some, table.shape[1] - 1 - there[:, ::-1].argmax(1), 0)
    wide = int((last - first).max()) + 1
    first = np.minimum(first, table.shape[1] - wide)
    weights = np.take_along_axis(table, first[:, None] + np.arange(wide), 1)
    flat = rounded(weights.ravel())
    return first.tolist(), [flat[at : at + wide] for at in range(0, len(flat), wide)]


def _picked(kan: KAN, curve: EdgeCurve, data: Dataset | None, rows: Sequence[int]) -> EditorPicked | None:
    """Return the density of the picked rows over the bins of the training rows; values outside count at the ends."""
    if data is None or not rows or not len(curve.edges):
        return None
    x = data.matching(kan).x[list(rows)[:: -(-len(rows) // PICKED)]]
    values = as_numpy(entering(kan, x, curve.id.layer)[curve.id.layer][:, curve.id.source])
    variable = kan.axis_of(curve.id.layer, curve.id.source)
    values = values * variable.scale + variable.shift
    values, edges = values[np.isfinite(values)], curve.edges
    counts = np.histogram(values.clip(edges.min(), edges.max()), np.sort(edges))[0]
    counts = counts if edges[0] <= edges[-1] else counts[::-1]
    words = ["training rows", counted(len(rows), "picked row")]
    return {"words": words, "density": rounded(counts / max(len(values), 1) / np.abs(np.diff(edges)))}


def _rows(kan: KAN, edge: EdgeId, data: Dataset | None) -> EditorRows | None:
    """Return how the outputs follow the edge; None if that is unknown for all rows."""
    found = gains(kan, edge, data)
    if not len(found.x):
        return None
    return {
        "x": rounded(found.x),
        "gain": rounded(found.gain),
        "off": None if found.off is None else rounded(found.off),
        "exact": found.exact,
        "sampled": data is None,
    }


def spline_editor(payload: EditorPayload, key: str, hands: Mapping[str, Callable[[Any], None]]) -> None:
    """Show the editor. hands: the handler of each event (`EditorEvents`) by name; it gets the event's value."""
    import streamlit as st

    def handler(event: str) -> Callable[[], None]:
        def act() -> None:
            value = getattr(st.session_state.get(key), event, None)
            if value is not None:
                hands[event](value)

        return act

    wired = {f"on_{event}_change": handler(event) for event in hands}
    renderer("editor", HTML)(data=payload, key=key, height="content", **wired)
