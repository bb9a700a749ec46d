"""Retrain page: learn new rows without forgetting what is known, with an outlook before and a proof after."""

import streamlit as st

from kanviz.ui.retrain.after import after
from kanviz.ui.retrain.before import before
from kanviz.ui.retrain.plan import plan, start_button
from kanviz.ui.retrain.rows import known_panel, new_panel
from kanviz.ui.retrain.run import during
from kanviz.ui.shell.page import open_page
from kanviz.ui.widgets.conversion import splines_or_offer

s = open_page("Retrain")
st.title("Retrain")
run, running = None, s.training.pending
ask, look = st.columns([6, 14], gap="medium")
with ask:
    with st.container(border=True):
        known = known_panel(s) if splines_or_offer(s, "retrain") else None
    with st.container(border=True):
        st.header("New rows")
        new = new_panel(s)
    if known is not None and new is not None:
        with st.container(border=True):
            run = plan(s, known, new)
            start_button(s, run)
done = None if running else s.training.retrained
with look:
    if running:
        with st.container(border=True):
            during(s)
    if done is not None:
        with st.container(border=True):
            st.header("Result of the retraining")
            after(s, done)
    if run is not None and not running:
        with st.expander("Before the next one", expanded=False) if done is not None else st.container(border=True):
            before(s, run)
    elif not running and done is None:
        st.info(
            "Give the network new rows, and see here what they share with what it knows.", icon=":material/upload_file:"
        )
