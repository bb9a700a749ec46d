"""Show the control points of an edge as a table next to the curve, for exact numbers and the keyboard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import EditError
from kanviz.ui.widgets.charts import curve_of
from kanviz.ui.widgets.redraw import change

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import Edit
    from kanviz.ui.state.session import Session

LARGEST = 1e30  # greater heights have no use
HEIGHT = "height"


def points_table(s: "Session", edge: "EdgeId") -> None:
    """Show every control point with its position and height. Typed heights are one step of the history."""
    kan = s.present
    view = kan.edge(edge)
    if not view.active:
        st.caption("This edge has no control points.")
        return
    curve = curve_of(s, kan, edge)
    key = f"points-{kan.digest[:16]}-{edge}"  # by network: after an edit, a new table begins

    def typed() -> None:
        def make() -> None:
            edit = edit_of_rows(edge, st.session_state.get(key, {}).get("edited_rows", {}))
            if edit is not None and s.present.digest == kan.digest:  # a table just removed may report again
                s.apply(edit)

        change(make)

    st.data_editor(
        {"x": curve.points_x, HEIGHT: curve.coef},
        key=key, on_change=typed, disabled=True if s.training.live else ["x"], num_rows="fixed", width="stretch",
        column_config={
            "x": st.column_config.NumberColumn(curve.x_label, format="%.4g"),
            HEIGHT: st.column_config.NumberColumn("Height", format="%.6g", required=True, help=f"{curve.y_label}."),
        },
    )  # fmt: skip
    st.caption("Heights are the spline's coefficients. Double-click one to type another.")


def edit_of_rows(edge: "EdgeId", rows: Mapping[Any, Mapping[str, Any]]) -> "Edit | None":
    """Return the edit for the changed rows of the table; None if no height was typed. Raises EditError for others."""
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.ui.state.gestures import together

    typed = {int(m): change[HEIGHT] for m, change in rows.items() if HEIGHT in change}
    for m, height in typed.items():
        if isinstance(height, bool) or not isinstance(height, int | float) or not abs(height) < LARGEST:
            raise EditError(f"Control point {m} needs a number as its height, at most {LARGEST:.0e} in size.")
    moves = tuple(MoveControlPoint(edge, m, float(height)) for m, height in sorted(typed.items()))
    return together(moves, "Type") if moves else None
