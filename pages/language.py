"""Language page: train small language models with learned functions, compare them, look inside."""

import streamlit as st

from kanviz.ui.language.tabs import language_tabs
from kanviz.ui.shell.page import open_home

open_home("Language")
st.title("Language")
st.markdown(
    "What a Kolmogorov-Arnold Network (KAN), a network of learned curves, does in a language model, measured as you "
    "watch. Each model predicts the next character of a text. Its quality is its average surprise on a part that it "
    "never read, in bits per character: 6.6 for a blind guess among 96 characters, 0 for one who knows."
)
language_tabs()
