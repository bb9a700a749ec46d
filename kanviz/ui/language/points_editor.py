"""Show a curve of straight lines in the curve editor; gestures move its points."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.ui.widgets.current import attempt, theme

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.edit.protocol import Edit
    from kanviz.ui.components.editor import Points
    from kanviz.ui.components.protocol import EditorPayload


def points_editor(
    points: "Points",
    key: str,
    chosen: str,
    move: "Callable[[Edit], None]",
    *,
    edge: "EdgeId | None" = None,
    is_open: bool = True,
) -> None:
    """Show the curve. key: of the component · chosen: of the session state with the chosen point.

    move: takes the edit of a gesture · edge: the curve's address in a network, if it has one · is_open: whether points
    may be moved now.
    """
    from kanviz.core.layer import EdgeId
    from kanviz.ui.components.editor import points_payload, spline_editor
    from kanviz.ui.state.gestures import edit_of, point_of

    place = edge or EdgeId(0, 0, 0)
    payload: EditorPayload = {
        **points_payload(points, place, look=theme()), "point": st.session_state.get(chosen), "preview": None,
        "draft": None, "open": is_open, "awaited": "",
    }  # fmt: skip

    def commit(event: Any) -> None:
        attempt(lambda: move(edit_of(place, event, points.rev)))

    def pointed(event: Any) -> None:
        def choose() -> None:
            st.session_state[chosen] = min(point_of(event), len(points.x) - 1)

        attempt(choose)

    spline_editor(payload, key, {"commit": commit, "point": pointed})
