"""Search for a formula for each edge separately, and fix those with a small enough error."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.state.edge_search import EdgeSearch
from kanviz.ui.widgets.current import after_change, attempt, session, show_refusals
from kanviz.ui.widgets.panels import edge_names, queue_words, shared_unit, show_effect

if TYPE_CHECKING:
    from kanviz.analysis.model_comparison import Comparison
    from kanviz.analysis.symbolic import Candidate
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import Batch
    from kanviz.ui.state.session import Session

LIMITS = (0.001, 0.003, 0.01, 0.03, 0.1)  # largest errors to choose from, as shares of an edge's spread


def search_panel(s: "Session") -> None:
    """Show the start of the search, its progress, or its results."""
    left = _without_formula(s.present)
    if not left:
        st.caption("Every edge has a formula.")
        return
    running = s.of(EdgeSearch).live and s.of(EdgeSearch).candidates is not None
    if running:
        st.fragment(_watch, run_every=0.5)()
        return
    found = s.of(EdgeSearch).candidates
    if found is None:
        st.caption(f"{counted(len(left), 'edge')} without a formula. Prune first: fewer edges make a shorter formula.")
    if found is None or len(found) < len(left):
        st.button(
            "Find formulas",
            icon=":material/search:",
            on_click=attempt,
            args=(s.of(EdgeSearch).start,),
            disabled=s.training.live,
        )
    if found:
        _use(s, found)


def _without_formula(kan: "KAN") -> "list[EdgeId]":
    return [edge for edge in kan.edges() if kan.layers[edge.layer].formula(edge.source, edge.target) is None]


def _watch() -> None:
    s = session()
    job, found = s.of(EdgeSearch).job, s.of(EdgeSearch).candidates
    if job is None or found is None or not job.live:
        st.rerun()
    total = len(_without_formula(s.present))
    st.progress(min(len(found) / total, 1.0), text=queue_words(job) or f"{len(found)} of {total} edges")
    st.button("Stop", icon=":material/stop_circle:", on_click=job.stop, key="stop-search")


def _use(s: "Session", found: "dict[EdgeId, Sequence[Candidate]]") -> None:
    from kanviz.analysis.curves import formula_text
    from kanviz.edit.edits import Batch, FixFormula
    from kanviz.edit.proposals import effect

    kan, names = s.present, edge_names(s)
    limit = st.select_slider(
        "Fix edges whose best formula has an error of at most",
        LIMITS,
        value=0.01,
        format_func=lambda v: f"{v:.1%} of its spread",
    )
    best = {edge: candidates[0] for edge, candidates in found.items() if candidates}
    good = {edge: c for edge, c in best.items() if c.error <= limit}
    rows = [
        {
            "Edge": names[edge],
            "Best formula": formula_text(kan, edge, c.formula),
            "Error": c.error,
            "Fixed": edge in good,
            "Beware": " ".join(c.warnings),
        }
        for edge, c in sorted(best.items(), key=lambda item: item[1].error)
    ]
    st.dataframe(
        rows, hide_index=True,
        column_config={
            "Error": st.column_config.NumberColumn(format="percent", help="RMS gap as a share of the edge's spread."),
            "Beware": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip
    if not good:
        st.caption("No edge has a formula this good. Allow a larger error, or retrain with a finer grid.")
        return
    words = f"Fix {counted(len(good), 'formula')}"
    with show_refusals():
        batch = Batch(tuple(FixFormula(edge, c.formula) for edge, c in sorted(good.items())), words)
        found_effect = s.cache.result(effect, kan, batch, s.data)
        show_effect(found_effect, shared_unit(kan))
        _side_by_side(s, batch)
        if st.button(words, type="primary", icon=":material/lock:", disabled=s.training.live):
            s.apply(batch)
            after_change(f"{words}. The splines are saved.")


def _side_by_side(s: "Session", batch: "Batch") -> None:
    """Compare the network with the formulas, the network as it is, and the data, before anything is applied."""
    from kanviz.ui.laws.law import comparison_panel

    if s.data is None or s.data.task != "regression":
        return
    found = s.cache.result(_compared, s.present, batch, s.data)
    if found is not None:
        with st.expander("Formulas, network and data", icon=":material/compare:"):
            comparison_panel(found, "formulas")


def _compared(kan: "KAN", batch: "Batch", data: "Dataset") -> "Comparison | None":
    from kanviz.analysis.model_comparison import compare, network_for

    before, after = network_for(kan, data), network_for(batch.apply(kan), data)
    if before is None or after is None:
        return None
    return compare(data, {"with these formulas": after, "network now": before})
