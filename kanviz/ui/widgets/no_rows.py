"""Say why a network has no rows, and where to get them; for all pages that show what is known from rows."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session


def no_rows(s: "Session", lacking: str = "curves have no density and edges are scored over their grids only") -> None:
    """Show in one sentence that rows are missing, what is lacking without them, and the way to get some."""
    so = f", so {lacking}" if lacking else ""
    if s.block:
        st.caption(f"No rows{so}: this network is a block inside a model, which has no table.")
        st.page_link("pages/open.py", label="Record its rows", icon=":material/table_rows:")
    else:
        st.caption(f"No table is loaded{so}.")
        st.page_link("app.py", label="Load a table", icon=":material/table:", query_params={"tab": "Data"})


def load_words(s: "Session") -> str:
    """Return the start of a sentence about what rows would show: how this network gets some."""
    return "Record this block's rows (Open page)" if s.block else "Load a table on the Workbench"
