"""Show a network's errors, the table of its edges, and the choice of its rows."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.widgets.charts import metrics_of, scores_of
from kanviz.ui.widgets.current import after_change, attempt, show_refusals
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.panels import number, shared_unit
from kanviz.ui.widgets.redraw import redraw
from kanviz.ui.widgets.table_upload import choose_columns, table_upload
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    import pandas as pd

    from kanviz.analysis.scores import Scores
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session


MOST_ROWS = 5_000  # of the table of edges


def errors_row(s: "Session") -> None:
    """Show errors on training and held-out rows, compared with always predicting the mean."""
    found = metrics_of(s, s.present)
    if found is None:
        no_rows(s)
        return
    unit = shared_unit(s.present)
    names = {"train": "training rows", "test": "held-out rows"}
    last = list(found.parts)[-1]
    with st.container(horizontal=True, gap="medium"):
        for part, errors in found.parts.items():
            rows = f"{errors.rows:,} rows."
            if s.present.task == "classification":
                st.metric(f"Accuracy, {names[part]}", f"{errors.accuracy:.1%}", help=rows, width="content")
            else:
                st.metric(f"RMSE, {names[part]}", number(errors.rmse, unit), help=rows, width="content")
        errors = found.parts[last]
        if s.present.task == "classification":
            st.metric("Most frequent class alone", f"{errors.baseline:.1%}", width="content")
            st.metric(f"Cross-entropy, {names[last]}", number(errors.cross_entropy), width="content")
        else:
            st.metric(
                "Guessing the mean", number(errors.baseline, unit), width="content",
                help=f"The RMSE on the {names[last]} if each prediction is the mean of the training rows.",
            )  # fmt: skip
            st.metric(f"R², {names[last]}", f"{errors.r2:.5f}" if errors.r2 == errors.r2 else "–", width="content")


def edge_table(s: "Session") -> None:
    """Show all edges as a table; if there are very many, those with the highest scores."""
    kan = s.present
    rows = s.cache.result(_edge_rows, kan, scores_of(s, kan))
    if len(rows) < len(scores_of(s, kan).ranked):
        st.caption(f"The {len(rows):,} edges that carry most, of {len(scores_of(s, kan).ranked):,}.")
    key = f"edges-{kan.digest[:12]}"

    def choose() -> None:
        for row in st.session_state[key].selection.rows:
            attempt(s.select, scores_of(s, kan).ranked[row].id)
        redraw("curve", "picker", "graph", then=("inspector",))

    st.dataframe(
        rows, hide_index=True, on_select=choose, selection_mode="single-row", key=key,
        column_config={"Share of the outputs": st.column_config.ProgressColumn(format="%.2f %%", max_value=100.0)},
    )  # fmt: skip


def _edge_rows(kan: "KAN", found: "Scores") -> "pd.DataFrame":
    import pandas as pd

    from kanviz.analysis.curves import formula_text

    ranked = found.ranked[:MOST_ROWS]
    return pd.DataFrame(
        {
            "Layer": [edge.id.layer for edge in ranked],
            "Source": [edge.source for edge in ranked],
            "Target": [edge.target for edge in ranked],
            "State": [edge.state + (", frozen" if edge.frozen else "") for edge in ranked],
            "Share of the outputs": [100 * edge.score for edge in ranked],
            "Formula": [formula_text(kan, edge.id) for edge in ranked],
        }
    )


def data_panel(s: "Session", key: str) -> None:
    """Let the person choose the network's rows, for figures and training."""
    if s.data is not None:
        names = ", ".join(label(v.name) for v in s.data.inputs[:8])
        st.caption(
            f"In use: {label(s.rows_from)}, {len(s.data):,} rows "
            f"({len(s.data.train):,} train, {len(s.data.test):,} held out) of {names} "
            f"and {label(s.data.target)}."
        )
    table = table_upload(f"{key}-table")
    if table is None:
        return
    data = choose_columns(s, table, s.present, key)
    if data is None:
        return
    for note in data.notes:
        st.caption(label(note, 300))
    same = s.data is not None and s.data.digest == data.digest
    if st.button(
        "Use this table",
        type="primary",
        icon=":material/table_view:",
        disabled=same or s.training.live,
        key=f"{key}-use",
    ):
        with show_refusals():
            s.tables.look_with(data, s.tables.main_name)
            after_change(f"{len(data):,} rows of {s.tables.main_name} are in use.")
    if same:
        st.caption("This table is in use.")
