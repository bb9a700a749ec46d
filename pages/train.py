"""Train page: train on the current rows and watch; the rest of the app stays usable."""

import streamlit as st

from kanviz.ui.retrain.after import preserved_panel
from kanviz.ui.retrain.keep import ask
from kanviz.ui.shell.page import open_page
from kanviz.ui.train.run import outcome, run_panel, start
from kanviz.ui.widgets.conversion import splines_or_offer
from kanviz.ui.workbench.network import data_panel

s = open_page("Train")
st.title("Train")
with st.expander("Data", icon=":material/table:", expanded=s.data is None):
    data_panel(s, "train")
questions, look = st.columns([6, 14], gap="medium")
with questions.container(border=True):
    run = ask(s) if splines_or_offer(s, "train") else None
    st.button(
        "Start training", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=run is None or s.data is None or s.training.live,
        on_click=start, args=(s, run), help="" if s.data else "Load a table first, above.",
    )  # fmt: skip
with look.container(border=True):
    run_panel(s)
    if s.training.retrained is not None:
        preserved_panel(s, s.training.retrained)
if s.data is not None and not s.training.live and s.present.task != "classification":
    with st.container(border=True):
        st.header("Predicted against measured")
        outcome(s)
