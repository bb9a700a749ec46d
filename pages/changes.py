"""Changes: every version, what differs between two, and the recipe that leads from one to the other."""

import streamlit as st

from kanviz.ui.frame import open_page
from kanviz.ui.versions import choose_two, recipe_panel, report, version_list

s = open_page("Changes")
st.title("Changes")
steps, look = st.columns([6, 14], gap="medium")
with steps:
    with st.container(border=True):
        st.subheader("Versions")
        version_list(s)
    with st.container(border=True):
        st.subheader("Recipe")
        recipe_panel(s)
with look.container(border=True):
    before, after = choose_two(s)
    report(s, before, after)
