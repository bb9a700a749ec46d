"""Show the reach of a control point or an edge: interval, rows, slab of inputs, outputs, and a map."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import show_refusals, theme
from kanviz.ui.widgets.panels import number, too_wide
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label
from kanviz.ui.workbench.edges import current_point

if TYPE_CHECKING:
    from kanviz.analysis.locality.planned_change import Change
    from kanviz.analysis.locality.reach import Reach
    from kanviz.core.layer import EdgeId
    from kanviz.ui.state.session import Session

POINT, EDGE = "This control point", "The whole edge"
HOW = {"exact": "exact", "sampled": "on the rows looked at"}


def reach_panel(s: "Session", edge: "EdgeId") -> None:
    """Show what moving the point or removing the edge would change, and for each figure whether it is exact."""
    from kanviz.analysis.locality.planned_change import edge_change, point_change
    from kanviz.analysis.locality.reach import reach

    kan = s.present
    if too_wide(kan, "Reach"):
        return
    point = current_point(s, edge)
    if kan.edge(edge).state == "pruned":
        st.caption("A pruned edge reaches nothing.")
        return
    what = EDGE
    if point is not None:
        what = st.segmented_control("Of what", [POINT, EDGE], default=POINT, required=True, key=f"{KEEP}reach-of",
                                    label_visibility="collapsed")  # fmt: skip
    with show_refusals():
        whole = what == EDGE or point is None
        change = (
            s.cache.result(edge_change, kan, edge) if whole else s.cache.result(point_change, kan, edge, point or 0)
        )
        found = s.cache.result(reach, change, s.data)
        _figures(s, found)
        if len(kan.inputs) > 1:
            _map(s, change)


def _figures(s: "Session", found: "Reach") -> None:
    kan = s.present
    rows = "training rows" if s.data is not None else "rows drawn from the grid"
    with st.container(horizontal=True, gap="large"):
        st.metric("Rows reached", f"{found.share:.0%}", width="content", help=f"Of {len(found.reached):,} {rows}.")
        for output, largest, mean in zip(kan.outputs[:3], found.largest, found.mean, strict=False):
            st.metric(f"Largest change of {label(output.name)}", number(largest, label(output.unit)), width="content")
            st.metric("Mean change", number(mean, label(output.unit)), width="content")
    per = f" For each {found.per}, to first order." if found.per else " If the edge were removed."
    st.caption(f"Rows: {HOW[found.how['rows']]}. Changes: {HOW[found.how['change']]}.{per}")
    slab = [
        f"{label(variable.name)} {_between(span.low, span.high)}"
        for variable, span in zip(kan.inputs, found.slab, strict=True)
        if span.low > float("-inf") or span.high < float("inf")
    ]
    if slab:
        st.caption(
            f"Rows reached lie where {', '.join(slab)} ({HOW[found.how['slab']]}): a slab of input space, whatever the "
            "other inputs are. All other rows keep their outputs to the bit."
        )
    else:
        st.caption("It reaches every row: no region of input space is spared.")


def _between(low: float, high: float) -> str:
    if low == float("-inf"):
        return f"is at most {high:.4g}"
    return f"is at least {low:.4g}" if high == float("inf") else f"is between {low:.4g} and {high:.4g}"


def _map(s: "Session", change: "Change") -> None:
    from kanviz.analysis.locality.maps import reach_map
    from kanviz.plots import reach_map_figure

    kan = s.present
    names = [label(v.name) for v in kan.inputs]
    across, up, out = 0, 1, 0
    if len(names) > 2 or len(kan.outputs) > 1:
        first, second, third = st.columns(3)
        across = first.selectbox("Across", range(len(names)), 0, format_func=names.__getitem__, key=f"{KEEP}reach-x")
        others = [i for i in range(len(names)) if i != across]
        up = second.selectbox("Up", others, 0, format_func=names.__getitem__, key=f"reach-y-{across}")
        outputs = [label(v.name) for v in kan.outputs]
        if len(outputs) > 1:
            out = third.selectbox(
                "Output", range(len(outputs)), 0, format_func=outputs.__getitem__, key=f"{KEEP}reach-out"
            )
    found = s.cache.result(reach_map, change, s.data, across, up, out)
    chart(reach_map_figure(found, theme=theme()), "reach-map")
