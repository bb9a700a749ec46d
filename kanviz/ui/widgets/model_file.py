"""Find the file of a model with several KANs that this session holds, and lead back to the list of them."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from kanviz.ui.state.model_file import ModelFile
    from kanviz.ui.state.session import Session

LIST = "list-of-blocks"  # session state: the list is to be shown


def held(s: "Session") -> "ModelFile":
    """Return the model's file that this session holds; it may have none."""
    from kanviz.ui.state.model_file import ModelFile

    return s.of(ModelFile)


def ask_for_list() -> None:
    """Have the Open page show the list, until it is dismissed or a KAN is opened."""
    st.session_state[LIST] = True


def forget_list() -> None:
    st.session_state.pop(LIST, None)


def other_blocks(s: "Session") -> None:
    """Show the button that leads back to the list, if the open network is from it."""
    file = held(s)
    if not s.block or not any(s.name == file.title_of(block.prefix) for block in file.blocks):
        return
    if st.button("Other KANs", icon=":material/grid_view:", type="tertiary", help="Open another block of this model."):
        ask_for_list()
        st.switch_page("pages/open.py")
