"""Export page: the network as code or as a file that runs without kanviz, and its predictions for new rows."""

import streamlit as st

from kanviz.ui.export.network import choose_target, show_export
from kanviz.ui.export.rows import new_rows
from kanviz.ui.shell.page import open_page

s = open_page("Export")
st.title("Export")
st.markdown(
    "Take the network with you, with all its numbers, in a form that needs no kanviz. Each form is run here and "
    "compared with the network."
)
choice, code = st.columns([6, 15], gap="medium")
with choice.container(border=True):
    target = choose_target()
with code.container(border=True):
    show_export(s, target)
with st.container(border=True):
    st.header("Use it on new rows")
    new_rows(s)
