"""Give a block of a model rows of its own: the lines that record them, and the upload of what they wrote."""

import json
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown
from kanviz.ui.server.uploads import contents
from kanviz.ui.widgets.current import session
from kanviz.ui.widgets.model_file import held
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.recording import SAME, largest_gap, recording_lines
from kanviz.ui.widgets.words import file_stem, label

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session

KEY, REFUSED = "block-rows", "block-rows-refused"


def replacing_lines(block: str, model: str, saved: str) -> str:
    """Return the Python lines that write an edited block back. model, saved: names of the files of model and block."""
    return f"""import kanviz

edited = kanviz.load({json.dumps(saved)})  # as Save network wrote it
kanviz.replace({json.dumps(model)}, {json.dumps(block)}, edited, {json.dumps(f"edited{PurePath(model).suffix}")})"""


def rows_panel(s: "Session") -> None:
    """Show how rows of the open block are recorded and opened; nothing for a network that is no block."""
    if not s.block:
        return
    with st.container(border=True, key="rows"):
        st.header(f"Rows of {label(s.block, 120)}")
        st.caption(
            "A block inside a model has no table, so its curves have no density, and nothing is scored or fitted by "
            "data. These lines record what enters and leaves it in your own model: at most 20,000 rows, of more a "
            "random sample. Only numbers are saved, no code."
        )
        left, right = st.columns([11, 9], gap="medium")
        left.code(recording_lines(s.block), language="python")
        with right:
            st.file_uploader(
                "What they saved (.npz, or Parquet with columns named as inputs and outputs)", key=KEY, on_change=_take,
                disabled=s.training.live, help="Up to 50 MB. It is read as data on this machine and sent nowhere.",
            )  # fmt: skip
            if refusal := st.session_state.get(REFUSED):
                st.error(escape_markdown(refusal), icon=":material/error:")
            if s.data is not None:
                _in_use(s, s.data)
        with st.expander("Write it back into the model", icon=":material/save_as:"):
            st.caption("These lines write a copy of the model's file in which this block is the network you saved.")
            model = held(s).name or "model.pt"
            st.code(replacing_lines(s.block, model, f"{file_stem(s.name)}.safetensors"), language="python")


def _take() -> None:
    """Open the uploaded rows for the block, in a callback."""
    from kanviz.io.recorded_rows import rows_of

    upload, s = st.session_state[KEY], session()
    st.session_state[REFUSED] = ""
    if upload is None:
        return
    try:
        s.tables.look_with(rows_of(contents(upload), upload.name, s.present), upload.name)
    except UserError as refusal:
        st.session_state[REFUSED] = str(refusal)


def _in_use(s: "Session", data: "Dataset") -> None:
    """Say which rows are open, and whether the block computes what its module gave."""
    st.caption(f"In use: {label(s.rows_from)}, {counted(len(data), 'row')}")
    for note in data.notes:
        st.caption(f":material/info: {label(note, 300)}")
    gap = s.cache.result(largest_gap, s.opened.history.versions[0].kan, data)
    if not gap <= SAME:
        st.warning(
            f"The outputs in these rows differ from those of the block by up to {number(100 * gap)} % of their range. "
            "The rows are of another block, or the module computes more than its KAN (a norm, an activation, a sum).",
            icon=":material/warning:",
        )
    else:
        st.success("The block gives the outputs in these rows.", icon=":material/check:")
