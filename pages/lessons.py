"""Lessons page: choose one of six short lessons, each on a network of its own."""

import streamlit as st

from kanviz.ui.lessons.follow import lesson_list
from kanviz.ui.lessons.lesson import Lessons
from kanviz.ui.open.home import way_back
from kanviz.ui.shell.page import open_home

s = open_home("Lessons")
st.title("Lessons")
st.markdown(
    "Each takes a few minutes, opens a network of its own and shows at the top of the page what to do next. Your "
    "steps are checked and measured. Your open network is put aside; you can go back to it afterwards."
)
lesson_list(s)
if s is not None and s.of(Lessons).following is None:
    way_back(s)
