"""Show the parts of the Prune page: threshold, edges below it, effect, and restoring."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.widgets.charts import chart, network_chart, scores_of
from kanviz.ui.widgets.current import after_change, show_refusals, theme
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.panels import edge_names, shared_unit, show_effect
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import step_words

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.ui.state.session import Session

LISTED = 40  # edges to prune that can be listed one by one


def choose_by_score(s: "Session") -> list["EdgeId"]:
    """Return the edges below a threshold score; the person can add and remove single ones."""
    from kanviz.plots import scores_figure

    kan = s.present
    if s.data is None:
        no_rows(s)
    scores = scores_of(s, kan)
    there = list(kan.edges())
    most = _largest_percent(s)
    percent = st.slider(
        "Propose edges that carry less than", 0.0, most, most / 20, most / 200, format="%.4g %%",
        key=f"{KEEP}threshold-{most:g}",
        help="Share of the outputs' variance that an edge carries, within its layer.",
    )  # fmt: skip
    chart(scores_figure(scores, percent / 100, theme=theme()), "scores")
    below, names = scores.below(percent / 100), edge_names(s)
    if len(below) <= LISTED:
        return st.multiselect(
            "Edges to prune", there, default=below, format_func=names.__getitem__,
            key=_choice_key(s, below), placeholder="None below the threshold; choose some",
        )  # fmt: skip
    exceptions = st.multiselect(
        f"All {len(below):,} below the threshold, except", there, format_func=names.__getitem__,
        key=_choice_key(s, below), placeholder="No exceptions; choose edges",
        help="An edge below the threshold that is chosen here stays; one above it is pruned as well.",
    )  # fmt: skip
    return sorted(set(below).symmetric_difference(exceptions))


def _choice_key(s: "Session", below: "Sequence[EdgeId]") -> str:
    kind = "prune" if len(below) <= LISTED else "except"
    return f"{KEEP}{kind}-{s.present.digest[:12]}-{_percent(s)}"


def _percent(s: "Session") -> float:
    return st.session_state[f"{KEEP}threshold-{_largest_percent(s):g}"]


def _largest_percent(s: "Session") -> float:
    """Return the end of the slider: 20 %, or less if a layer has so many edges that each has a low score."""
    edges = max(layer.active.numel() for layer in s.present.layers)
    return 20.0 if edges <= 100 else float(f"{2_000 / edges:.1g}")


def network_to_choose_from(s: "Session", edges: list["EdgeId"]) -> None:
    """Show the network with the edges to prune marked. A click adds an edge or removes it."""
    kan = s.present
    key = _choice_key(s, scores_of(s, kan).below(_percent(s) / 100))

    def toggle(edge: "EdgeId") -> None:
        if kan.layers[edge.layer].present[edge.source, edge.target]:
            listed = st.session_state[key]
            st.session_state[key] = [e for e in listed if e != edge] + [edge] * (edge not in listed)

    network_chart(s, key="prune-network", highlight=edges, on_edge=toggle)
    st.caption("A click on an edge adds it to those to be pruned, which are marked, or takes it out.")


def offer_prune(s: "Session", edges: list["EdgeId"]) -> None:
    """Show the effect, then the button that prunes."""
    from kanviz.edit.proposals import effect, prune

    kan = s.present
    there = sum(int(layer.present.sum()) for layer in kan.layers)
    if not edges:
        st.info("Nothing is chosen. Raise the threshold or choose edges by name.", icon=":material/info:")
        return
    with show_refusals():
        proposal = s.cache.result(prune, kan, edges, s.data)
        show_effect(s.cache.result(effect, kan, proposal, s.data), shared_unit(kan))
        st.caption(
            f"{there - len(edges)} of {there} edges stay. The mean of each pruned edge is kept in its target's bias, "
            "so the outputs keep their level. Pruned edges are hidden, not lost: they can be restored."
        )
        word = f"Prune {counted(len(edges), 'edge')}"
        if st.button(word, type="primary", icon=":material/content_cut:", disabled=s.training.live):
            s.apply(proposal)
            after_change(f"{proposal!s}. Undo brings back everything.")


def offer_restore(s: "Session") -> None:
    """Let the person restore pruned edges as they were."""
    from kanviz.core.layer import EdgeId
    from kanviz.edit.proposals import effect, restore

    kan = s.present
    pruned = [EdgeId(n, i, j) for n, layer in enumerate(kan.layers) for i, j in (~layer.present).nonzero().tolist()]
    if not pruned:
        st.caption("No edge is pruned.")
        return
    edges = st.multiselect(
        "Edges to restore", pruned, format_func=edge_names(s).__getitem__, key=f"restore-{kan.digest[:12]}",
        placeholder=f"{len(pruned)} pruned edges",
    )  # fmt: skip
    if not edges:
        return
    with show_refusals():
        proposal = restore(s.opened.history, edges)
        show_effect(effect(kan, proposal, s.data), shared_unit(kan))
        if st.button("Restore", icon=":material/undo:", disabled=s.training.live):
            s.apply(proposal)
            after_change(f"{step_words(proposal, kan)}: done.")
