"""Prune page: find edges with low scores, see the effect of pruning them, restore pruned ones."""

import streamlit as st

from kanviz.ui.prune.panels import choose_by_score, network_to_choose_from, offer_prune, offer_restore
from kanviz.ui.shell.page import open_page

s = open_page("Prune")
st.title("Prune")
ask, look = st.columns([9, 11], gap="medium")
with ask.container(border=True):
    edges = choose_by_score(s)
    offer_prune(s, edges)
with look.container(border=True):
    network_to_choose_from(s, edges)
with st.container(border=True):
    st.header("Bring back")
    offer_restore(s)
