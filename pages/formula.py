"""Formula page: find a formula for one edge, for all edges, and for the whole network."""

import streamlit as st

from kanviz.ui.formula.all_edges import search_panel
from kanviz.ui.formula.edge import candidates_panel
from kanviz.ui.formula.extraction import together_panel
from kanviz.ui.formula.network import network_formula
from kanviz.ui.formula.structure import structure_panel
from kanviz.ui.shell.page import open_page
from kanviz.ui.widgets.panels import edge_picker
from kanviz.ui.widgets.url_state import KEEP

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
