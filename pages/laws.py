"""Laws page: find the law behind a column of a table; no network is needed."""

import streamlit as st

from kanviz.ui.laws.law import law_panel
from kanviz.ui.laws.options import options, rows_to_search
from kanviz.ui.laws.search import discover_button, search_panel
from kanviz.ui.shell.page import open_home
from kanviz.ui.state.laws import LawSearches

s = open_home("Laws")
st.title("Laws")
with st.expander("Rows", icon=":material/table:", expanded=s is None or s.of(LawSearches).last is None):
    rows = rows_to_search(s)
ask, look = st.columns([6, 14], gap="medium")
with ask.container(border=True):
    discover_button(s, rows, options(rows))
with look.container(border=True):
    search_panel(s)
if s is not None and s.of(LawSearches).last is not None and not s.of(LawSearches).live:
    with st.container(border=True):
        law_panel(s)
