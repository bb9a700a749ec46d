"""Lessons page: choose one of nine short lessons, six of them on a network of their own."""

import streamlit as st

from kanviz.ui.lessons.follow import lesson_list
from kanviz.ui.lessons.lesson import Lessons
from kanviz.ui.open.home import way_back
from kanviz.ui.shell.page import open_home

s = open_home("Lessons")
st.title("Lessons")
st.markdown(
    "Each takes a few minutes and shows at the top of the page what to do next; your steps are checked and measured. "
    "The first six open a network of their own. Your open network is put aside; you can go back to it afterwards. The "
    "last three are about language models, and leave your network open."
)
lesson_list(s)
if s is not None and s.of(Lessons).following is None:
    way_back(s)
