"""One edge: its curve, its control points, and what moving one does."""

import streamlit as st

from kanviz.ui.edges import edge_editor, quick_actions, refine_panel
from kanviz.ui.frame import open_page
from kanviz.ui.panels import edge_picker

s = open_page("Edge")
st.title("Edge")
edge = edge_picker(s)
edge_editor(s, edge)
left, right = st.columns(2, gap="large")
with left.container(border=True):
    st.subheader("This edge")
    quick_actions(s, edge)
with right.container(border=True):
    st.subheader("Finer control")
    refine_panel(s, edge)
