"""Build the workbench from fragments, so that a click renders only what it changes."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.formula.edge import candidates_panel
from kanviz.ui.history.versions import history_panel
from kanviz.ui.widgets.asked_file import asked_file, way_to_questions
from kanviz.ui.widgets.charts import network_chart
from kanviz.ui.widgets.current import session
from kanviz.ui.widgets.model_file import other_blocks
from kanviz.ui.widgets.panels import current_edge, edge_picker
from kanviz.ui.widgets.url_state import KEEP, link, show, tabs, view_of
from kanviz.ui.widgets.words import label
from kanviz.ui.workbench.edges import (
    all_points_panel,
    edge_picture,
    offer_prune,
    offered_prune,
    points_panel,
    quick_actions,
)
from kanviz.ui.workbench.explore import explore_panel
from kanviz.ui.workbench.network import data_panel, edge_table, errors_row
from kanviz.ui.workbench.outputs import errors_panel
from kanviz.ui.workbench.reach import reach_panel
from kanviz.ui.workbench.shortcuts import shortcuts_button
from kanviz.ui.workbench.tour import tour_button

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

OUTPUTS = ("Errors", "Explore", "History")
LINK = "link"
MOST_CAUTIONS = 6
TABS = ("Control points", "Formula", "Reach", "Data")


def workbench(s: "Session") -> None:
    """Show the whole workbench."""
    toolbar()
    cautions(s)
    offered_prune(s)
    left, right = st.columns([11, 9], gap="medium")
    with left.container(border=True, key="graph"):
        graph()
    with left.container(border=True, key="outputs"):
        outputs()
    with right.container(border=True, key="inspector"):
        picker()
        curve()
        inspector()
    edges()


@st.fragment(key="toolbar")
def toolbar() -> None:
    """Show the title, the errors, and buttons for the whole page."""
    s = session()
    with st.container(key="toolbar"):
        title, errors = st.columns([1, 2], vertical_alignment="center")
        with title:
            st.title("Workbench")
            with st.container(horizontal=True, gap="small"):
                shortcuts_button()
                tour_button(s)
                link_popover(s)
                other_blocks(s)
        with errors:
            errors_row(s)


def cautions(s: "Session") -> None:
    """Show the file's cautions, which may change what the network means; other notes are in the sidebar."""
    if found := s.present.cautions:
        st.warning("\n\n".join(label(note, 400) for note in found[:MOST_CAUTIONS]), icon=":material/warning:")
    with st.container(horizontal=True, gap="medium"):
        way_to_questions(s)
        if s.present.cautions or asked_file(s).is_open(s):
            st.page_link("pages/open.py", label="Check it against the original", icon=":material/fact_check:")


def link_popover(s: "Session") -> None:
    """Show a link to this view for others. It is made when opened, since a click does not render the toolbar."""
    place = st.popover("Link", icon=":material/link:", type="tertiary", key=LINK, on_change="rerun")
    if not place.open:
        return
    with place:
        if s.sample:
            st.code(link(s, *("tab", "out")), language=None, wrap_lines=True)
            st.caption("Opens this sample as it ships, with this edge and tab. Your own changes travel in a file.")
        else:
            st.caption(
                "A link can name a sample only. This network is your own: save it, and send the file. "
                "The address of this page opens it in this browser alone."
            )


@st.fragment(key="graph")
def graph() -> None:
    """Show the network. A click shows an edge in the inspector; Delete asks whether to prune it."""
    s = session()
    network_chart(s, on_prune=lambda edge: offer_prune(s, edge))
    st.caption("Click an edge, or use arrows and Enter; Delete offers to prune it. Ctrl with the wheel zooms.")


@st.fragment(key="edges")
def edges() -> None:
    """Show the table of all edges, if it is opened."""
    table = st.expander("All edges in one table", icon=":material/list:", key=f"{KEEP}edges", on_change="rerun")
    if table.open:
        with table:
            edge_table(session())


@st.fragment(key="outputs")
def outputs() -> None:
    """Show errors, predictions at a point, and the history, in tabs."""
    s = session()
    errors, explore, history = tabs(OUTPUTS, "out")
    if errors.open:
        with errors:
            errors_panel(s)
    if explore.open:
        with explore:
            explore_panel(s)
    if history.open:
        with history:
            history_panel(s)


@st.fragment(key="picker")
def picker() -> None:
    """Show the choice of the edge by name."""
    edge_picker(session())


@st.fragment(key="curve")
def curve() -> None:
    """Show the chosen edge's curve for editing. A click renders this first, and the rest after it is painted."""
    s = session()
    edge_picture(s, current_edge(s))


@st.fragment(key="inspector")
def inspector() -> None:
    """Show details and edits of the chosen edge, in tabs."""
    s = session()
    edge = current_edge(s)
    show(**view_of(s))
    points, formula, reach, data = tabs(TABS, "tab")
    if points.open:
        with points:
            points_panel(s, edge)
            quick_actions(s, edge)
            all_points_panel(s, edge)
    if formula.open:
        with formula:
            candidates_panel(s, edge, wide=False)
    if reach.open:
        with reach:
            reach_panel(s, edge)
    if data.open:
        with data:
            data_panel(s, "workbench")
