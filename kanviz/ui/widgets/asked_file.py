"""Find the file of this session that leaves something open, and lead to the form that asks for it."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from kanviz.ui.state.asked_file import AskedFile
    from kanviz.ui.state.session import Session


def asked_file(s: "Session") -> "AskedFile":
    """Return the file that leaves something open; it may hold none."""
    from kanviz.ui.state.asked_file import AskedFile

    return s.of(AskedFile)


def way_to_questions(s: "Session") -> None:
    """Show the link to the form, if the open network is of a file that leaves something open."""
    file = asked_file(s)
    if file.is_open(s):
        label = "Change the layout" if file.unknown else "Answer what the file does not say"
        st.page_link("pages/open.py", label=label, icon=":material/help_center:")
