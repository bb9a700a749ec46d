"""Open page: open a sample, a file or a formula, or train a first network from a table."""

import streamlit as st

from kanviz.ui.open.block_rows import rows_panel
from kanviz.ui.open.blocks import blocks_panel
from kanviz.ui.open.check import check_panel
from kanviz.ui.open.home import new_network, open_files, sample_card, way_back
from kanviz.ui.open.layout_form import layout_panel
from kanviz.ui.open.questions import questions_panel
from kanviz.ui.open.type_formula import type_formula
from kanviz.ui.shell.page import open_home
from kanviz.ui.widgets.samples import samples

s = open_home("Open")
st.title("See every function a KAN learned")
st.markdown(
    "A Kolmogorov-Arnold Network has a curve on every connection instead of a number. Open one, look at its curves, "
    "move their control points, prune, retrain on your data, and leave with a formula."
)
with st.container():  # always there: what comes above the samples does not mount them anew
    if s is not None and s.history is not None:
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            st.page_link("app.py", label="Go on with the open network", icon=":material/arrow_forward:")
            way_back(s)
        check_panel(s)
    if s is not None:
        blocks_panel(s)
        rows_panel(s)
        questions_panel(s)
        layout_panel(s)

st.header("Start with a sample")
every = samples()
for at in range(0, len(every), 3):
    for column, sample in zip(st.columns(3, gap="small"), every[at : at + 3], strict=False):
        with column:
            sample_card(sample)

left, right = st.columns(2, gap="small")
with left.container(border=True, height="stretch"):
    st.header("Open a network")
    open_files()
    if s is not None:
        questions_panel(s, waiting=True)
with right.container(border=True, height="stretch"):
    st.header("Train one from a table")
    new_network()
    st.page_link("pages/laws.py", label="Find the law behind a table", icon=":material/functions:")

with st.container(border=True):
    st.header("Type a formula")
    type_formula()
