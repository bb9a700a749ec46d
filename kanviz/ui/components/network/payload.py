"""Make the payload of the network canvas, and show the canvas with its handlers."""

import base64
from collections.abc import Callable, Collection
from typing import Any, cast
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from kanviz.analysis.layout import EdgePlace, Layout, NodePlace, SumPlace, wide
from kanviz.analysis.scores import Scores
from kanviz.analysis.thumbnails import Thumbnails
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.plots.theme import THEMES, Look
from kanviz.text import shown
from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import (
    NetworkEdge,
    NetworkMatrix,
    NetworkNode,
    NetworkPayload,
    NetworkSum,
    State,
)

POINTS = 28  # of a thumbnail's curve
NONE = 255  # byte for a height that is NaN or infinite
STRONGEST = 96  # edges with a curve next to a matrix
STATES = ("pruned", "spline", "both", "formula")
PARTS = ("page", "card", "frame", "path", "text", "muted", "spline", "formula", "both", "pruned", "frozen", "selected",
         "marked")  # fmt: skip
HTML = """<div class="kv-network">
<div class="kv-tools" role="toolbar" aria-label="Network picture"></div><div class="kv-stage"></div>
<div class="kv-tip" role="tooltip" hidden></div><div class="kv-status" aria-live="polite"></div>
</div>"""


def network_payload(
    layout: Layout,
    curves: Thumbnails,
    scores: Scores,
    *,
    look: Look = "light",
    selected: EdgeId | None = None,
    highlight: Collection[EdgeId] = (),
) -> NetworkPayload:
    """Return all that the canvas shows, as plain data.

    Places come from the layout. Curves are bytes: 0 for the least and 200 for the greatest height. rev: changes unless
    only the selection or the highlights differ. A wide network has all edges in `matrix`, with scores as bytes relative
    to the layer's strongest edge; only its strongest edges have curves.
    """
    kan, inks = scores.kan, THEMES[look]
    drawn = [_edge(place, curves, scores) for place in layout.edges]
    payload: NetworkPayload = {
        "v": 1,
        "rev": f"{kan.digest[:16]}-{crc32(repr(drawn).encode()):08x}",
        "look": look,
        "colours": {part: getattr(inks, part) for part in PARTS},
        "title": f"Network {kan.shape_text}, {sum(int(layer.present.sum()) for layer in kan.layers)} edges",
        "width": round(layout.width, 4),
        "rows": layout.rows,
        "nodes": [_node(place) for place in layout.nodes],
        "sums": [_sum(place) for place in layout.sums],
        "steps": [{"x": round(s.x, 4), "words": s.words} for s in layout.steps],
        "edges": drawn,
        "selected": list(selected) if selected is not None else None,
        "highlight": [list(edge) for edge in highlight],
    }
    if wide(kan):
        payload["matrix"] = _matrix(kan, scores)
        layers = list(enumerate(kan.layers))
        payload["names"] = [[shown(kan.source_name(n, i), 40) for i in range(v.sources)] for n, v in layers]
        payload["targets"] = [[shown(kan.target_name(n, j), 40) for j in range(v.targets)] for n, v in layers]
    return payload


def _node(n: NodePlace) -> NetworkNode:
    return {
        "c": n.column,
        "x": round(n.x, 4),
        "y": round(n.y, 4),
        "name": shown(n.name, 60),
        "product": n.product,
        "linked": n.linked,
    }


def _sum(s: SumPlace) -> NetworkSum:
    x, y, nx, ny = (round(value, 4) for value in (s.x, s.y, s.node_x, s.node_y))
    return {"x": x, "y": y, "nx": nx, "ny": ny, "name": shown(s.name, 60)}


def _edge(place: EdgePlace, curves: Thumbnails, scores: Scores) -> NetworkEdge:
    curve = curves.of(place.id)
    at = (*place.start, place.enter, place.leave, *place.end, place.x, place.y, place.width, place.height)
    heights = curve.heights[np.linspace(0, len(curve.heights) - 1, POINTS).round().astype(int)]
    edge: NetworkEdge = {
        "id": list(place.id),
        "name": f"{shown(curve.source, 40)} → {shown(curve.target, 40)}",
        "at": [round(v, 3) for v in at],
        "y": _bytes(np.where(np.isfinite(heights), np.round(100 * heights) + 100, NONE)),
        "scale": float(f"{curve.scale:.3g}") if np.isfinite(curve.scale) else 0.0,
        "score": float(f"{scores.of(place.id):.3g}"),
        "state": cast(State, curve.state),
        "frozen": curve.frozen,
    }
    if curve.formula_text:
        edge["formula"] = shown(curve.formula_text, 90)
    return edge


def _matrix(kan: KAN, scores: Scores) -> list[NetworkMatrix]:
    return [
        {
            "s": layer.sources,
            "t": layer.targets,
            "scores": _bytes(np.ceil(255 * shares / (shares.max() or 1.0))),
            "states": _bytes(_states(layer)),
        }
        for layer, shares in zip(kan.layers, scores.layers, strict=True)
    ]


def _states(layer: Layer) -> Array:
    """Return the state of every edge as an index of STATES."""
    formula = np.zeros(layer.active.shape, dtype=bool)
    if layer.formulas:
        formula[tuple(np.array([row[:2] for row in layer.formulas]).T)] = True
    return np.where(formula, np.where(layer.active.numpy(), 2, 3), layer.active.numpy().astype(int))


def _bytes(values: Array) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode()


def network_canvas(
    payload: NetworkPayload,
    key: str,
    on_select: Callable[[Any], None],
    on_prune: Callable[[Any], None] | None = None,
) -> None:
    """Show the canvas. A click or Enter calls `on_select`, Delete calls `on_prune`, both before the page runs again.

    The handlers get the event's value; read it with `gestures.edge_of`.
    """
    import streamlit as st

    def handler(what: str, act: Callable[[Any], None] | None) -> Callable[[], None]:
        def handle() -> None:
            chosen = getattr(st.session_state.get(key), what, None)
            if act is not None and chosen is not None:
                act(chosen)

        return handle

    renderer("network", HTML)(
        data=payload, key=key, height="content", on_select_change=handler("select", on_select),
        on_prune_change=handler("prune", on_prune),
    )  # fmt: skip
