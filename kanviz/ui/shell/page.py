"""Start every page: settings, links to the other pages, the session, and the sidebar."""

import gc
import os
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.lessons.follow import from_link, lesson_card
from kanviz.ui.open.home import open_from_command_line
from kanviz.ui.server.start import app_folder, wait_for_imports
from kanviz.ui.shell.autosave import keep, offer
from kanviz.ui.shell.sidebar import sidebar
from kanviz.ui.widgets.current import attempt, has_session, session
from kanviz.ui.widgets.page_table import EVERY_EDGE, PAGES, RUNS
from kanviz.ui.widgets.panels import MOST_EDGES, too_wide
from kanviz.ui.widgets.redraw import LATER, PAGE
from kanviz.ui.widgets.samples import open_sample, samples
from kanviz.ui.widgets.url_state import KEEP, follow, names_a_sample, show, view_of

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session

# Streamlit's own export of a grid writes cells unchanged, and a spreadsheet executes those that begin with "="
NO_GRID_EXPORT = (
    "<style>[data-testid='stElementToolbarButton']:has(button[aria-label^='Download as CSV']) {display: none}</style>"
)
LOGO = str(app_folder() / "static" / "logo.svg")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 30'%3E%3Cpath d='M4 22C10 22 10 7 "
    "16 7S22 22 28 22' fill='none' stroke='%231F8FBF' stroke-width='3'/%3E%3Ccircle cx='16' cy='7' r='4' "
    "fill='%23D55E00'/%3E%3C/svg%3E"
)


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Exclude the objects of the imports from garbage collection, which is faster then."""
    gc.collect()
    gc.freeze()


def open_page(title: str) -> "Session":
    """Start a page about a network. Without a network, show how to open one, and end the page."""
    s = open_home(title)
    if s is None or s.history is None:
        st.title(title)
        st.info(
            "No network is open yet. Open a sample, a file, or train a network from a table.", icon=":material/hub:"
        )
        st.page_link("pages/open.py", label="Open a network", icon=":material/folder_open:")
        st.stop()
    _stop_if_too_wide(s.present, title)
    _settle()
    return s


def _stop_if_too_wide(kan: "KAN", title: str) -> None:
    """End a page that works on all edges if the network has too many."""
    edges = sum(layer.active.numel() for layer in kan.layers)
    if title in EVERY_EDGE and edges > MOST_EDGES:
        st.title(title)
        too_wide(kan)
        st.page_link(PAGES[0][0], label=PAGES[0][1], icon=PAGES[0][2])
        st.stop()


def open_workbench() -> "Session":
    """Start the workbench. A visitor without a network gets the first sample."""
    s = open_home(PAGES[0][1], or_sample=True)
    assert s is not None
    _settle()
    return s


def _says_that_it_trains(s: "Session") -> None:
    if s.training.live and st.session_state[PAGE] not in RUNS:
        st.info(
            "Training is running; this is the network before it. Stop it to change the network.", icon=":material/info:"
        )


def open_home(title: str, *, or_sample: bool = False) -> "Session | None":
    """Render what all pages share; return the session if there is one. or_sample: open a sample if there is none."""
    st.set_page_config(page_title=f"{title} · kanviz", page_icon=ICON, layout="wide")
    st.logo(LOGO, size="large")
    st.html(NO_GRID_EXPORT)
    st.session_state[PAGE] = title
    st.session_state.pop(LATER, None)
    for key in [str(key) for key in st.session_state if str(key).startswith(KEEP)]:
        st.session_state[key] = st.session_state[key]  # Streamlit drops widget state that is not set again
    with st.sidebar:
        for page, label, icon in PAGES:
            st.page_link(page, label=label, icon=icon)
    wait_for_imports()  # the links to the other pages are on the screen by now
    if not (has_session() or or_sample or names_a_sample() or os.environ.get("KANVIZ_MODEL")):
        _top(None)
        return None
    s = _opened(or_sample=or_sample)
    s.training.collect()
    with st.sidebar:
        sidebar(s, title)
    _top(s)
    show(**view_of(s))
    return s


def _top(s: "Session | None") -> None:
    """Show messages, the work that is saved in the browser, and the lesson's step, each in a place of its own.

    The places are there when they are empty, too. Streamlit tells elements apart by their number on the page: one more
    above mounts all others anew, and a click that was on its way meets a button that is gone.
    """
    with st.container():
        if s is not None:
            _show_messages(s)
            _says_that_it_trains(s)
    offer(s)
    with st.sidebar:
        keep()
    lesson_card()


def _opened(*, or_sample: bool) -> "Session":
    """Return this tab's session with its network: its own, one named on the command line or in the link, a sample."""
    s = session()
    from_link(s)
    if s.history is None:
        attempt(open_from_command_line, s)
    follow(s)
    if s.history is None and or_sample:
        open_sample(s, samples()[0])
    return s


def _show_messages(s: "Session") -> None:
    while s.messages:
        kind, text = s.messages.pop(0)
        if kind == "error":
            st.error(escape_markdown(text), icon=":material/error:")
        else:
            st.toast(escape_markdown(text), icon=":material/check:" if kind == "done" else ":material/info:")
