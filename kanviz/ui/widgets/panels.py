"""Widgets that several pages use: the choice of an edge, numbers, errors before and after an edit."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.text import counted
from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.no_rows import load_words
from kanviz.ui.widgets.redraw import redraw
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.core.edge_list import EdgeList
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.edit.proposals import Effect
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.session import Session

MOST_LISTED = 500  # edges in one list
MOST_EDGES = 50_000  # edges of a network on pages that list, compare or fit all of them


class EdgeNames(Mapping["EdgeId", str]):
    """The names of a network's edges, such as "x1 → h1,2", with the edge's state unless it is a plain spline."""

    def __init__(self, kan: "KAN"):
        self._kan, self._edges = kan, kan.edge_list(pruned=True)

    def __getitem__(self, edge: "EdgeId") -> str:
        n, i, j = edge
        layer = self._kan.layers[n]
        state, frozen = layer.state(i, j), bool(layer.frozen[i, j])
        more = f"{'' if state == 'spline' else f' · {state}'}{' · frozen' if frozen else ''}"
        return f"{self._kan.source_name(n, i)} → {self._kan.target_name(n, j)}{more}"

    def __len__(self) -> int:
        return len(self._edges)

    def __iter__(self) -> "Iterator[EdgeId]":
        return iter(self._edges)


def edge_names(s: "Session") -> EdgeNames:
    """Return the names of the current network's edges; each name is made when it is read."""
    return s.cache.result(EdgeNames, s.present)


def _choice(s: "Session", pruned: bool) -> "EdgeList":
    """Return the edges to choose from; cached, since every fragment that a click renders needs them."""
    return s.cache.result(_listed, s.present, pruned)


def _listed(kan: "KAN", pruned: bool) -> "EdgeList":
    some = kan.edge_list(pruned=pruned)
    return some if len(some) else kan.edge_list(pruned=True)


def current_edge(s: "Session", *, pruned: bool = True) -> "EdgeId":
    """Return the chosen edge; choose the first one if there is none. pruned: whether it may be a pruned edge."""
    edges = _choice(s, pruned)
    if s.edge not in edges:
        s.select(edges[0])
    return s.edge  # pyright: ignore[reportReturnType]


def edge_picker(s: "Session", *, pruned: bool = True) -> "EdgeId":
    """Let the person choose an edge by name, or step to the next one. All pages share the choice."""
    from kanviz.core.layer import EdgeId

    kan, now = s.present, current_edge(s, pruned=pruned)
    edges = _choice(s, pruned)
    at = edges.index(now)
    if len(edges) <= MOST_LISTED:
        listed = list(edges)
    else:  # a longer list would be slower than the rest of the page: list the edges that share a node
        layer = kan.layers[now.layer]
        near = (EdgeId(now.layer, i, j) for i, j in neighbours(now, layer.sources, layer.targets))
        listed = [edge for edge in near if edge in edges]
    key = f"edge-{kan.digest[:12]}-{s.edge}"

    def choose(edge: "EdgeId | None" = None) -> None:
        wanted = st.session_state[key] if edge is None else edge
        if edge is None and (wanted == now or s.edge != now):
            # Streamlit reports a list that has just disappeared as changed, in a run for another fragment. A rerun from
            # here would replace that run, and a button press in it would be lost.
            return
        attempt(s.select, wanted)
        redraw("curve", "picker", "graph", then=("inspector",))

    with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Edge", listed, index=listed.index(now), key=key, on_change=choose, format_func=edge_names(s).__getitem__,
        )  # fmt: skip
        for word, to in (("Prev", at - 1), ("Next", (at + 1) % len(edges))):
            st.button(word, key=f"edge-{word}", on_click=choose, args=(edges[to],))
    return now


def neighbours(edge: "EdgeId", sources: int, targets: int) -> list[tuple[int, int]]:
    """Return (source, target) of the nearest edges that share a node with this one, at most MOST_LISTED."""
    _, i, j = edge
    half = MOST_LISTED // 2
    across = [(i, t) for t in range(max(0, j - half // 2), min(targets, j + half // 2))]
    down = [(k, j) for k in range(max(0, i - half // 2), min(sources, i + half // 2)) if k != i]
    return sorted({(i, j), *across, *down})


def number(value: float | None, unit: str = "") -> str:
    """Format a number with three significant digits and its unit; a dash for None or NaN."""
    if value is None or value != value:
        return "–"
    return f"{value:.3g}{f' {unit}' if unit else ''}"


def typeset(latex: str) -> None:
    """Show a formula on its own line. The empty line above takes the pixels that Streamlit cuts off at the top."""
    st.latex(rf"\overset{{}}{{{latex}}}")


def show_effect(found: "Effect", unit: str = "") -> None:
    """Show the effect of an edit on the error and the outputs before it is applied."""
    if found.before is not None and found.after is not None:
        before, after = st.columns(2)
        before.metric(f"{found.error} now", number(found.before, unit))
        change = f"{found.after - found.before:+.2g}"
        after.metric(f"{found.error} after", number(found.after, unit), change, delta_color="inverse")
    st.caption(f"Outputs move by at most {number(found.shift, unit)} on {found.rows:,} rows.")
    if found.before is None:
        st.caption(f"{load_words(session())} to see what this does to the error.")


def time_bar(job: "Job[Any]", total: float, words: str) -> None:
    """Show how much of its time a job has used, and what it is doing."""
    spent = min(job.seconds, total)
    st.progress(spent / total, text=queue_words(job) or f"{spent:.0f} of {total:.0f} s · {words}")


def queue_words(job: "Job[Any]") -> str:
    """Return a waiting job's place in the queue as text; empty if it does not wait."""
    ahead = job.ahead
    if ahead is None:
        return ""
    place = f"{counted(ahead, 'job')} before this one" if ahead else "next in line"
    return f"Waiting for a free core · {place}"


def shared_unit(kan: "KAN") -> str:
    """Return the unit of the outputs if all have the same one, else an empty text."""
    units = {v.unit for v in kan.outputs}
    return label(units.pop()) if len(units) == 1 else ""


def too_wide(kan: "KAN", here: str = "this page") -> bool:
    """Return whether a network has too many edges to list, compare or fit them all; if so, show a message."""
    edges = sum(layer.active.numel() for layer in kan.layers)
    if edges > MOST_EDGES:
        st.info(
            f"This network has {edges:,} edges, and {here} works with up to {MOST_EDGES:,}. Look at its strongest "
            "edges one by one, or use kanviz in Python.", icon=":material/info:",
        )  # fmt: skip
    return edges > MOST_EDGES
