"""History page: list the versions and what each step did, compare two of them, export the steps."""

import streamlit as st

from kanviz.ui.history.comparison import choose_two, report
from kanviz.ui.history.steps import replay_steps, take_steps
from kanviz.ui.history.versions import version_list
from kanviz.ui.shell.page import open_page

s = open_page("History")
st.title("History")
steps, look = st.columns([8, 13], gap="medium")
with steps:
    with st.container(border=True):
        st.header("Versions")
        version_list(s)
    with st.container(border=True):
        st.header("Take the steps along")
        take_steps(s)
        replay_steps(s)
with look.container(border=True):
    st.header("Compare two versions")
    before, after = choose_two(s)
    report(s, before, after)
