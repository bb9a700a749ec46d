"""Let the person choose the block that the tab "Your model" shows, and its recorded rows."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown
from kanviz.ui.server.uploads import contents, count
from kanviz.ui.state.yours import Yours
from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.recording import SAME, largest_gap, recording_lines
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN

SAMPLE = Path(__file__).with_name("block.safetensors")  # made by sample_models/make_block.py
SAMPLE_NAME = "A block that came with kanviz"
FILES, ROWS, REFUSED = "yours-files", "yours-rows", "yours-refused"


@cache
def sample() -> "tuple[KAN, Dataset]":
    """Return the block that came with kanviz, and its recorded rows."""
    from kanviz.io import load, load_rows

    return load(SAMPLE), load_rows(SAMPLE)


def open_sample(yours: Yours) -> None:
    """Look into the block that came with kanviz."""
    kan, rows = sample()
    yours.show(kan, SAMPLE_NAME, rows=rows, rows_from=SAMPLE.name)


def file_panel(yours: Yours) -> None:
    """Show which block is open with which rows, and the ways to others."""
    if yours.kan is None:
        open_sample(yours)
    with st.container():
        _about(yours, yours.opened)
    with st.expander("Your own model", icon=":material/folder_open:", expanded=True):
        _model(yours)
    with st.expander("Recorded rows of your block", icon=":material/table_rows:", expanded=yours.rows is None):
        _rows(yours)


def _about(yours: Yours, kan: "KAN") -> None:
    st.markdown(f"**{label(yours.name)}**" + (f", block {label(yours.block, 120)}" if yours.block else ""))
    rows = f"{counted(len(yours.rows), 'recorded row')} from {label(yours.rows_from)}" if yours.rows else "no rows"
    st.caption(f"{'-'.join(map(str, kan.shape))} nodes, {counted(sum(1 for _ in kan.edges()), 'edge')}, {rows}.")
    if yours.name == SAMPLE_NAME:
        st.caption("It stands in a small model that tells the next character; its rows are from held-out text.")
    for note in kan.notes:
        st.caption(f":material/info: {label(str(note), 300)}")
    if yours.rows is None:
        return
    for note in yours.rows.notes:
        st.caption(f":material/info: {label(note, 300)}")
    gap = session().cache.result(largest_gap, kan, yours.rows)
    if not gap <= SAME:
        st.warning(
            f"The outputs in these rows differ from those of the block by up to {number(100 * gap)} % of their range. "
            "The rows are of another block, or the module computes more than its KAN.",
            icon=":material/warning:",
        )


def _model(yours: Yours) -> None:
    s = session()
    count(yours, yours.size)
    if len(yours.blocks) > 1:
        names, key = [block.prefix for block in yours.blocks], f"yours-block-{yours.number}"
        words = {block.prefix: label(str(block), 120) for block in yours.blocks}
        st.selectbox(
            "Block", names, names.index(yours.block), key=key, format_func=words.__getitem__,
            on_change=_safely, args=("", lambda: yours.take(yours.files, st.session_state[key])),
        )  # fmt: skip
    st.file_uploader(
        "A model with a KAN (.safetensors, .pt or .pth, or pykan's two files)", key=FILES, accept_multiple_files=True,
        on_change=_safely, args=(FILES, lambda: _take(yours)),
        help="Read as data on this machine; nothing in it is executed or sent anywhere. Up to 50 MB a file.",
    )  # fmt: skip
    _refusal(FILES)
    if s.work is not None:
        st.button(
            f"The network on the workbench: {label(s.name, 40)}", icon=":material/hub:", width="stretch",
            on_click=attempt, args=(_of_workbench, yours),
        )  # fmt: skip
    if yours.name != SAMPLE_NAME:
        st.button(SAMPLE_NAME, icon=":material/inventory_2:", width="stretch", on_click=open_sample, args=(yours,))


def _rows(yours: Yours) -> None:
    if yours.rows is None:
        st.caption(
            "With recorded rows you see what arrives at each curve, how much lies outside its grid, and what removing "
            "edges does to the outputs."
        )
    st.file_uploader(
        "Recorded rows, or inputs alone (.npz, .npy, .csv or Parquet)", key=ROWS,
        on_change=_safely, args=(ROWS, lambda: _take_rows(yours)),
        help=f"A column for each of the {counted(len(yours.opened.inputs), 'input')} of the block. Up to 50 MB.",
    )  # fmt: skip
    _refusal(ROWS)
    st.caption("These lines of Python record them in your own model:")
    st.code(recording_lines(yours.block or "block"), language="python", wrap_lines=True)


def _take(yours: Yours) -> None:
    uploads = st.session_state[FILES]
    if uploads:
        yours.take({upload.name: contents(upload) for upload in uploads})


def _take_rows(yours: Yours) -> None:
    upload = st.session_state[ROWS]
    if upload is not None:
        yours.take_rows(contents(upload), upload.name)


def _of_workbench(yours: Yours) -> None:
    s = session()
    yours.show(s.present, s.name, rows=s.data, rows_from=s.rows_from)


def _safely(key: str, action: Callable[[], None]) -> None:
    """Do it in a callback, and remember a refusal where it is to be shown."""
    key = key or FILES
    st.session_state.pop(f"{REFUSED}-{key}", None)
    try:
        action()
    except UserError as refusal:
        st.session_state[f"{REFUSED}-{key}"] = str(refusal)


def _refusal(key: str) -> None:
    with st.container():  # always there, so that what follows is not mounted anew
        if why := st.session_state.get(f"{REFUSED}-{key}"):
            st.error(escape_markdown(why), icon=":material/error:")
