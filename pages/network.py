"""The whole network: every edge's curve in its place, the chosen one beside it, and the table it is seen on."""

import streamlit as st

from kanviz.ui.charts import network_chart
from kanviz.ui.edges import edge_chart, offer_prune, offered_prune, quick_actions
from kanviz.ui.frame import open_page
from kanviz.ui.network import data_panel, edge_table, errors_row
from kanviz.ui.panels import edge_picker

s = open_page("Network")
st.title("Network")
offered_prune(s)
errors_row(s)
graph, inspector = st.columns([11, 9], gap="medium")
with graph.container(border=True):
    network_chart(s, on_prune=lambda edge: offer_prune(s, edge))
    st.caption("Click an edge, or use arrows and Enter; Delete offers to prune it. Ctrl with the wheel zooms.")
with inspector.container(border=True):
    edge = edge_picker(s)
    edge_chart(s, edge, "inspector")
    quick_actions(s, edge)
    st.page_link("pages/edge.py", label="Move its control points", icon=":material/show_chart:")
    st.page_link("pages/formula.py", label="Find its formula", icon=":material/function:")
with st.expander("Data", icon=":material/table:", expanded=s.data is None):
    data_panel(s, "network")
with st.expander("All edges in one table", icon=":material/list:"):
    edge_table(s)
