"""History: every version and what its step did, two of them compared, and the steps to take along."""

import streamlit as st

from kanviz.ui.comparison import choose_two, report
from kanviz.ui.frame import open_page
from kanviz.ui.steps import replay_steps, take_steps
from kanviz.ui.versions import version_list

s = open_page("History")
st.title("History")
steps, look = st.columns([8, 13], gap="medium")
with steps:
    with st.container(border=True):
        st.subheader("Versions")
        version_list(s)
    with st.container(border=True):
        st.subheader("Take the steps along")
        take_steps(s)
        replay_steps(s)
with look.container(border=True):
    st.subheader("Compare two versions")
    before, after = choose_two(s)
    report(s, before, after)
