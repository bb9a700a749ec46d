"""Formula: from one edge's curve to a formula, and from edges to the law of the whole network."""

import streamlit as st

from kanviz.ui.formulas import candidates_panel
from kanviz.ui.frame import KEEP, open_page
from kanviz.ui.network_formula import network_formula
from kanviz.ui.panels import edge_picker
from kanviz.ui.searching import search_panel
from kanviz.ui.structure import structure_panel
from kanviz.ui.together import together_panel

s = open_page("Formula")
st.title("Formula")
with st.container(border=True):
    st.header("This edge")
    edge = edge_picker(s, pruned=False)
    candidates_panel(s, edge)
with st.container(border=True):
    st.header("Every edge")
    how = st.segmented_control("How", ["Together", "Each alone"], default="Together", required=True,
                               key=f"{KEEP}every-edge", label_visibility="collapsed")  # fmt: skip
    if how == "Together":
        together_panel(s)
    else:
        search_panel(s)
with st.container(border=True):
    st.header("The whole network")
    network_formula(s)
with st.expander("Structure: sums, products, symmetries", icon=":material/account_tree:"):
    structure_panel(s)
