"""Export page: the network as code, or as a file of another program, that runs without kanviz."""

import streamlit as st

from kanviz.ui.export.network import choose_target, show_export
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
