"""Shows the canvas and curve of the workbench in plotly, to compare its speed with ours: a Streamlit script.

Run by app_speed.py as `streamlit run benchmarks/plotly_canvas.py -- MODEL`.
"""

import gc
import sys

import streamlit as st

import kanviz
from kanviz.analysis.curves import edge_curve
from kanviz.analysis.layout import layout
from kanviz.analysis.scores import scores
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.layer import EdgeId
from kanviz.plots import edge_figure, network_figure

st.set_page_config(layout="wide")


@st.cache_resource
def records():
    kan = kanviz.load(sys.argv[1])
    found = scores(kan)
    gc.collect()
    gc.freeze()
    return kan, network_figure(layout(kan, found), all_curves(kan), found)


def chosen() -> None:
    points = st.session_state["network"].selection.points
    if points and points[0].get("customdata"):
        st.session_state["edge"] = EdgeId(*map(int, points[0]["customdata"][:3]))
        st.rerun("curve")


@st.fragment(key="graph")
def graph() -> None:
    st.plotly_chart(records()[1], key="network", theme=None, on_select=chosen, selection_mode="points")


@st.fragment(key="curve")
def curve() -> None:
    kan = records()[0]
    edge = st.session_state.get("edge", next(kan.edges()))
    st.plotly_chart(edge_figure(edge_curve(kan, edge)), key="curve", theme=None)


left, right = st.columns([11, 9])
with left:
    graph()
with right:
    curve()
