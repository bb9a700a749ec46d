"""Show the tab "Your model": a block of any model, its edges by strength, one of them with its rows, and a formula."""

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.language.yours_edge import edge_panel
from kanviz.ui.language.yours_file import SAMPLE, SAMPLE_NAME, file_panel
from kanviz.ui.state.yours import Yours
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import attempt, session, show_refusals, theme
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import file_stem, label

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId

LISTED = 60  # edges to choose from, besides the one that is chosen


def yours_tab() -> None:
    """Show the choice of a block, its rows and an edge on the left; the edge and the pruning on the right."""
    yours = session().of(Yours)
    ask, look = st.columns([7, 13], gap="medium")
    with ask:
        with st.container(border=True):
            st.header("A block of your model")
            file_panel(yours)
        kan = yours.opened
        with st.container(border=True):
            layer, edge = _edge(yours, kan)
    with look:
        if edge is not None:
            edge_panel(yours, kan, edge)
        _pruning(yours, kan, layer)
        with st.expander("The same elsewhere", icon=":material/terminal:"):
            command, python = same_block(yours, edge)
            st.code(command, language=None, wrap_lines=True)
            st.code(python, language=None, wrap_lines=True)
            if yours.name == SAMPLE_NAME:
                st.download_button(
                    f"Save {SAMPLE.name}", SAMPLE.read_bytes, SAMPLE.name, "application/octet-stream",
                    icon=":material/save:", on_click="ignore", help="The block and its rows, which these lines read.",
                )  # fmt: skip


def same_block(yours: Yours, edge: "EdgeId | None") -> tuple[str, str]:
    """Return the command that describes such a block, and Python code that looks into it."""
    saved = SAMPLE.name if yours.name == SAMPLE_NAME else f"{file_stem(yours.name)}.safetensors"  # as Save network does
    files = yours.names or (saved,)
    block, rows = yours.block, yours.rows_from or "rows.npz"
    inside = rows in files
    read = (
        f"rows = whole(kanviz.load_rows({files[0]!r}).matching(kan))"
        if inside
        else f"rows = whole(inputs_of(Path({rows!r}).read_bytes(), {rows!r}, kan))"
    )
    at = tuple(edge) if edge is not None else (0, 0, 0)
    python = (
        ("" if inside else "from pathlib import Path\n\n") + "import kanviz\n"
        "from kanviz.analysis.symbolic import suggest_edge\n"
        + ("" if inside else "from kanviz.io.recorded_inputs import inputs_of\n")
        + "from kanviz.language.block import block_edges, block_pruning, rows_at_ends, whole\n\n"
        f"kan = kanviz.load({', '.join(map(repr, files))}{f', block={block!r}' if block else ''})\n"
        f"{read}\n"
        f"print(block_edges(kan, rows, layer={at[0]})[:10])\n"
        f"edge = kanviz.EdgeId{at}\n"
        "print(rows_at_ends(kan, rows, edge))\n"
        "print(*suggest_edge(kan, edge, rows, most=3, deeper=False), sep='\\n')\n"
        f"print(block_pruning(kan, rows, layer={at[0]}).verdict)"
    )
    return shlex.join(["kanviz", "show", *files, *(["--block", block] if block else [])]), python


def _edge(yours: Yours, kan: "KAN") -> "tuple[int, EdgeId | None]":
    """Let the person choose a layer and an edge of it, from a list by strength or by a bar."""
    from kanviz.language.block import block_edges, edge_at
    from kanviz.plots import units_figure

    layers, layer = len(kan.layers), len(kan.layers) - 1
    if layers > 1:
        chosen = st.segmented_control(
            "Layer", range(layers), default=0, required=True, format_func=lambda n: f"{n + 1} of {layers}",
            key=f"{KEEP}yours-layer-{yours.number}",
        )  # fmt: skip
        layer = chosen or 0
    units = session().cache.result(block_edges, kan, yours.rows, layer)
    if not units:
        st.caption("Every edge of this layer is pruned.")
        return layer, None
    shares, key = {unit.number: unit.share for unit in units}, f"{KEEP}yours-edge-{yours.number}-{layer}"

    def name(number: int) -> str:
        edge = edge_at(kan, layer, number)
        return f"{kan.source_name(layer, edge.source)} → {kan.target_name(layer, edge.target)}"

    def take(data: list[int]) -> None:
        st.session_state[key] = int(data[0])

    listed = [unit.number for unit in units[:LISTED]]
    if st.session_state.get(key) not in shares:
        st.session_state[key] = listed[0]
    now = st.session_state[key]
    found = st.selectbox(
        "Edge", listed if now in listed else [now, *listed], key=key,
        format_func=lambda number: f"{label(name(number))} · {shares[number]:.1%} of the output",
    )  # fmt: skip
    figure = units_figure(units, found, theme=theme(), noun="edge", name=name)
    chart(figure, "yours-edges", lambda data: attempt(take, data))
    st.caption(
        "Strength: the share of the outputs' variance that an edge carries, "
        + ("on the recorded rows." if yours.rows is not None else "over points spread on the grid: there are no rows.")
    )
    return layer, edge_at(kan, layer, found)


def _pruning(yours: Yours, kan: "KAN", layer: int) -> None:
    with st.container(border=True):
        st.header("Remove edges: the weakest, and random ones")
        if yours.rows is None:
            st.caption("This is measured on recorded rows; add them on the left.")
            return
        from kanviz.language.block import block_pruning
        from kanviz.plots import pruning_figure

        with show_refusals():
            found = session().cache.result(block_pruning, kan, yours.rows, layer)
            st.info(found.verdict, icon=":material/balance:")
            chart(pruning_figure(found, theme=theme()), "yours-pruned")
            st.caption(
                "On up to 1,000 recorded rows, without training again. Each removed edge leaves its mean; each diamond "
                "is another random choice."
            )
