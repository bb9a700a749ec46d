"""Export a formula as LaTeX, for SymPy, and as a Python function."""

import streamlit as st


def copies(latex: str, text: str, source: str, key: str) -> None:
    """Show each form in a block with a copy button, and the function also as a file; no Python if source is empty."""
    how = st.segmented_control(
        "As", ["LaTeX", "SymPy", *(["Python"] if source else [])], default="LaTeX", required=True, key=f"copy-{key}",
        label_visibility="collapsed",
    )  # fmt: skip
    # no language: Streamlit's colours for code have too little contrast
    st.code({"LaTeX": latex, "SymPy": text, "Python": source}[str(how)], language=None, wrap_lines=True)
    if how == "Python":
        st.download_button(
            "law.py", source, "law.py", "text/x-python", icon=":material/download:", on_click="ignore", key=f"py-{key}"
        )
