"""The network page's parts: how good it is, all edges in a table, and the rows it is looked at with."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.charts import metrics_of, scores_of
from kanviz.ui.frame import after_change, in_words, label
from kanviz.ui.panels import number, shared_unit
from kanviz.ui.tables import choose_columns, table_upload

if TYPE_CHECKING:
    from kanviz.ui.session import Session


def errors_row(s: "Session") -> None:
    """Errors on training and held-out rows beside what guessing the mean would give."""
    found = metrics_of(s, s.present)
    if found is None:
        st.caption(
            "No table is loaded, so curves are shown over their grids only. Load one below to see errors and density."
        )
        return
    unit = shared_unit(s.present)
    cells = st.columns(4)
    for cell, (name, part) in zip(cells, found.parts.items(), strict=False):
        if s.present.task == "classification":
            cell.metric(f"Accuracy, {name} rows", f"{part.accuracy:.1%}", help=f"{part.rows:,} rows.")
        else:
            cell.metric(f"RMSE, {name} rows", number(part.rmse, unit), help=f"{part.rows:,} rows.")
    last = list(found.parts.values())[-1]
    if s.present.task == "classification":
        cells[2].metric("Most frequent class alone", f"{last.baseline:.1%}")
        cells[3].metric("Cross-entropy", number(last.cross_entropy))
    else:
        cells[2].metric("Guessing the mean", number(last.baseline, unit))
        cells[3].metric("R²", f"{last.r2:.5f}" if last.r2 == last.r2 else "–")


def edge_table(s: "Session") -> None:
    """Every edge in words and numbers."""
    from kanviz.analysis.curves import formula_text

    kan = s.present
    scores = scores_of(s, kan)
    rows = []
    for edge in kan.edges(pruned=True):
        view = kan.edge(edge)
        rows.append(
            {
                "Layer": edge.layer,
                "Source": view.source,
                "Target": view.target,
                "State": view.state + (", frozen" if view.frozen else ""),
                "Share of the outputs": scores.of(edge),
                "Formula": formula_text(kan, edge) if view.formula else "",
            }
        )
    rows.sort(key=lambda row: -row["Share of the outputs"])
    st.dataframe(
        rows, hide_index=True,
        column_config={"Share of the outputs": st.column_config.ProgressColumn(format="percent", max_value=1.0)},
    )  # fmt: skip


def data_panel(s: "Session", key: str) -> None:
    """Choose the rows the network is looked at with and trained on."""
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
        "Use this table", type="primary", icon=":material/table_view:", disabled=same or s.training, key=f"{key}-use"
    ):
        with in_words():
            s.take_data(data, s.table_name)
            after_change(f"{len(data):,} rows of {s.table_name} are in use.")
    if same:
        st.caption("This table is in use.")
