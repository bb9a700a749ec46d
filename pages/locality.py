"""Locality page: run the ladder's experiments on what a network keeps by itself, and where it needs a lock."""

import streamlit as st

from kanviz.ui.locality.ladder import choose_rung, run_panel, rung_panel
from kanviz.ui.shell.page import open_home

s = open_home("Locality")
st.title("Locality")
st.markdown(
    "Some say that a KAN keeps what it knew, because new rows move only the control points near them. Each rung is a "
    "live run that shows where this is exactly true, where it is not, and what makes it true again."
)
rung = choose_rung()
ask, look = st.columns([6, 14], gap="medium")
with ask.container(border=True):
    rung_panel(s, rung)
with look.container(border=True):
    run_panel(s, rung)
