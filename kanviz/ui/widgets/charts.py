"""Show figures in one style, with clicks that choose an edge or a control point."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.ui.widgets.current import attempt, theme
from kanviz.ui.widgets.redraw import redraw

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from kanviz.analysis.curves import EdgeCurve
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.ui.components.protocol import NetworkPayload
    from kanviz.ui.state.session import Session

_BAR = {
    "displaylogo": False,
    "showSendToCloud": False,  # plotly's bar would offer to upload the chart to plotly's server
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "scrollZoom": False,
}


def chart(figure: "go.Figure", key: str, on_click: Callable[[list[Any]], None] | None = None) -> None:
    """Show a figure. `on_click` gets the customdata of the point that was clicked.

    The click is read in the callback: when a changed figure is rendered, the selection is already gone.
    """
    if on_click is None:
        st.plotly_chart(figure, key=key, theme=None, config=_BAR)
        return

    def clicked() -> None:
        points = st.session_state[key].selection.points
        data = points[0].get("customdata") if points else None
        if data:
            on_click(list(data))

    st.plotly_chart(figure, key=key, theme=None, config=_BAR, on_select=clicked, selection_mode="points")


def network_chart(
    s: "Session",
    kan: "KAN | None" = None,
    *,
    key: str = "network",
    highlight: Collection["EdgeId"] = (),
    on_edge: "Callable[[EdgeId], None] | None" = None,
    on_prune: "Callable[[EdgeId], None] | None" = None,
    data: "Dataset | None" = None,
) -> None:
    """Show the network with every edge's curve. A click chooses an edge, or calls `on_edge` if it is given.

    on_prune: called for Delete on an edge · data: rows to use instead of the session's.
    """
    from kanviz.analysis.layout import MOST, layout, wide
    from kanviz.analysis.scores import scores
    from kanviz.analysis.thumbnails import all_curves
    from kanviz.ui.components.network import STRONGEST, network_canvas, network_payload
    from kanviz.ui.state.gestures import edge_of

    shown, look = kan or s.present, theme()
    rows = s.data if data is None else data
    ranking = s.cache.result(scores, shown, rows)
    places = s.cache.result(layout, shown, ranking, STRONGEST if wide(shown) else MOST)
    drawn_edges = [place.id for place in places.edges] if wide(shown) else None
    curves = s.cache.result(all_curves, shown, rows, edges=drawn_edges)
    drawn = s.cache.result(network_payload, places, curves, ranking, look=look)
    payload: NetworkPayload = {
        **drawn,
        "selected": list(s.edge) if on_edge is None and s.edge is not None else None,
        "highlight": [list(edge) for edge in highlight],
    }
    act = on_edge or s.select

    def chosen(event: Any) -> None:
        attempt(lambda: act(edge_of(event)))
        redraw("curve", then=("picker", "inspector"))

    def offered(event: Any) -> None:
        attempt(lambda: on_prune(edge_of(event)))  # pyright: ignore[reportOptionalCall]
        st.rerun()

    network_canvas(payload, key, chosen, None if on_prune is None else offered)


def scores_of(s: "Session", kan: "KAN"):
    """Return the scores of all edges on the session's rows, from the cache if possible."""
    from kanviz.analysis.scores import scores

    return s.cache.result(scores, kan, s.data)


def curve_of(s: "Session", kan: "KAN", edge: "EdgeId") -> "EdgeCurve":
    """Return one edge's curve on the session's rows, from the cache if possible."""
    from kanviz.analysis.curves import edge_curve

    return s.cache.result(edge_curve, kan, edge, s.data)


def metrics_of(s: "Session", kan: "KAN"):
    """Return the errors on the session's rows, from the cache if possible; None without a table."""
    from kanviz.analysis.metrics import metrics

    data = s.data
    return s.cache.result(metrics, kan, data) if data is not None else None
