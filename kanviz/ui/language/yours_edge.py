"""Show one edge of a block: its curve over what arrives there, the rows at both ends, and formulas for it."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.state.yours import Yours
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, show_refusals, theme
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.language.block import BlockRow

CANDIDATES = 3


def edge_panel(yours: Yours, kan: "KAN", edge: "EdgeId") -> None:
    """Show the edge, and the button that opens its block on the workbench."""
    from kanviz.analysis.curves import edge_curve
    from kanviz.plots import edge_figure

    s, rows = session(), yours.rows
    with st.container(border=True):
        st.header("One of its curves")
        curve = s.cache.result(edge_curve, kan, edge, rows)
        chart(edge_figure(curve, theme=theme(), parts=("points", "density")), "yours-curve")
        st.caption(_arrives(kan, rows, edge))
        if rows is not None:
            _ends(kan, rows, edge)
        if st.button(
            "Open on the workbench", icon=":material/hub:",
            help="The whole block with its rows: to drag points, prune, fit formulas and save.",
        ):  # fmt: skip
            with show_refusals():
                name = f"{yours.block} of {yours.name}" if yours.block else yours.name
                s.open(kan, name, data=rows, edge=edge, rows_from=yours.rows_from, block=yours.block)
                st.switch_page("app.py")
    with st.container(border=True):
        st.header("A formula for this curve")
        _formulas(kan, rows, edge)


def _arrives(kan: "KAN", rows: "Dataset | None", edge: "EdgeId") -> str:
    """Say what the histogram is, and how much lies outside the grid."""
    from kanviz.core.families import SPLINE
    from kanviz.language.block import outside_grid

    if rows is None:
        return "Recorded rows would show here which inputs arrive at this curve."
    if kan.layers[edge.layer].family != SPLINE:
        return "Below the curve: where its inputs lie on the recorded rows. This kind of curve has no grid."
    share = float(session().cache.result(outside_grid, kan, rows, edge.layer)[edge.source])
    return f"Below the curve: where its inputs lie on the recorded rows. {share:.1%} of them are outside the grid."


def _ends(kan: "KAN", rows: "Dataset", edge: "EdgeId") -> None:
    from kanviz.language.block import rows_at_ends

    least, greatest = session().cache.result(rows_at_ends, kan, rows, edge)
    for column, words, found in zip(st.columns(2), ("least", "greatest"), (least, greatest), strict=True):
        with column:
            st.markdown(f"**Rows where its input is {words}**")
            st.table(_table(found), border="horizontal")
    st.caption("Rows are numbered from 0, in the order of their file; incomplete rows are not counted.")


def _table(rows: "Sequence[BlockRow]") -> dict[str, list[str]]:
    return {
        "row": [str(row.number) for row in rows],
        "input": [f"{row.value:.4g}" for row in rows],
        "it adds": [f"{row.gives:.4g}" for row in rows],
    }


def _formulas(kan: "KAN", rows: "Dataset | None", edge: "EdgeId") -> None:
    """Show the best formulas, in the units of the curve's axis, with how well they fit."""
    from kanviz.analysis.curves import formula_text
    from kanviz.analysis.symbolic import suggest_edge

    with show_refusals():
        found = session().cache.result(suggest_edge, kan, edge, rows, most=CANDIDATES, deeper=False)
        for n, one in enumerate(found):
            left, right = st.columns([4, 1], vertical_alignment="center")
            left.code(formula_text(kan, edge, one.formula), language=None, wrap_lines=True)
            right.markdown(f"R² {one.r2:.4f}")
            if n == 0:
                for warning in one.warnings:
                    st.caption(f":material/info: {label(warning, 300)}")
        where = "where the recorded inputs lie" if rows is not None else "evenly over the grid"
        st.caption(f"Fitted {where}, the shortest description first. The workbench offers more of them.")
