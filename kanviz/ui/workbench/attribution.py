"""Show what surrounds the current point: slices along inputs, the parts of the prediction, a plane of two inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import shown
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import theme
from kanviz.ui.widgets.panels import number, too_wide
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

PAIR, WAY = "explored-pair", "explored-way"  # keys that remember choices while the tab is closed


def four(value: float, unit: str = "") -> str:
    """Format a number with four significant digits and the unit."""
    return f"{value:.4g}{f' {unit}' if unit else ''}"


def slices_panel(s: "Session", point: Sequence[float], output: int, inputs: list[int]) -> None:
    """Show the output along each of these inputs, all on one scale."""
    from kanviz.analysis.slices import slices
    from kanviz.plots import slice_figure
    from kanviz.plots.explore import heights

    if not inputs:
        return
    kan = s.present
    found = s.cache.latest(slices, kan, point, s.data, inputs)
    span = heights(found, output)
    st.markdown("**Along each input**", help="The others stay at the point. Grey: beyond the grid. Dots: where the "
                "training rows end; bars: how many there are.")  # fmt: skip
    for first in range(0, len(found), 2):  # row by row, so that they keep their order where a phone stacks columns
        for place, column in enumerate(st.columns(min(2, len(found)), gap="small"), first):
            if place < len(found):
                figure = slice_figure(found[place], kan.outputs[output], output, span=span, theme=theme())
                with column:
                    chart(figure, f"explore-slice-{place}")


def why_panel(s: "Session", point: Sequence[float], output: int) -> None:
    """Show what each path, edge or input adds to the prediction, and whether the parts add up."""
    from kanviz.analysis.paths import explain
    from kanviz.plots import edges_figure, inputs_figure, paths_figure

    kan = s.present
    if too_wide(kan, "the sum of what makes a prediction"):
        return
    found = s.cache.latest(explain, kan, point, s.data, output=output)
    st.markdown("**Parts of the prediction**")
    draw = {"Paths": paths_figure, "Edges": edges_figure, "Inputs": inputs_figure}
    way = st.segmented_control(
        "Add up by", list(draw), default=st.session_state.get(WAY, "Paths"), required=True, key="explore-by",
        label_visibility="collapsed",
        on_change=lambda: st.session_state.update({WAY: st.session_state["explore-by"]}),
    )  # fmt: skip
    unit, change = label(kan.outputs[output].unit), found.value - found.at_reference
    where = "the mean of the training rows" if s.data is not None else "the middle of the grid"
    st.caption(
        f"Compared with {where}: {four(found.at_reference, unit)} there, {four(found.value, unit)} here, a change of "
        f"{four(change, unit)}."
    )
    chart(draw[way](found, theme=theme()), "explore-why")
    _adds_up(found.gap, change, found.points, unit)


def _adds_up(gap: float, change: float, points: int, unit: str) -> None:
    how = f"Integrated along the straight line between the two, at {points:,} points"
    if gap != gap:
        st.warning("The output is NaN somewhere between the two points, so the parts cannot be added up.")
    elif abs(gap) > 0.01 * abs(change) and abs(gap) > 0:
        st.warning(f"{how}, the parts differ from the change by {number(abs(gap), unit)}: the output jumps.")
    else:
        st.caption(f"{how}; the parts add up to the change, except for {number(abs(gap), unit)}.")


def plane_panel(s: "Session", point: Sequence[float], output: int) -> None:
    """Show the output over two inputs; if there are more, the person chooses two."""
    from kanviz.analysis.slices import plane
    from kanviz.plots import plane_figure

    kan = s.present
    names = [shown(v.name, 60) for v in kan.inputs]
    across, up = st.session_state.get(PAIR, (0, 1))
    across, up = (across, up) if max(across, up) < len(names) else (0, 1)
    st.markdown(
        "**Over two inputs**", help="The others stay at the point, which is the large dot; small ones are rows."
    )
    if len(names) > 2:

        def chosen() -> None:
            one, two = st.session_state["explore-across"], st.session_state[f"explore-up-{across}"]
            st.session_state[PAIR] = (one, two if one != two else across)

        first, second = st.columns(2)
        first.selectbox("Across", range(len(names)), across, format_func=names.__getitem__, key="explore-across",
                        on_change=chosen)  # fmt: skip
        others = [i for i in range(len(names)) if i != across]
        second.selectbox("Up", others, others.index(up), format_func=names.__getitem__, key=f"explore-up-{across}",
                         on_change=chosen)  # fmt: skip
    found = s.cache.latest(plane, kan, point, across, up, output, s.data)
    chart(plane_figure(found, theme=theme()), "explore-plane")
