"""A formula to take along: as LaTeX, for SymPy, and as a Python function."""

import streamlit as st


def copies(latex: str, text: str, source: str, key: str) -> None:
    """Each form in a block that has a button to copy it; the function also as a file. Without a source it has none."""
    how = st.segmented_control(
        "As", ["LaTeX", "SymPy", *(["Python"] if source else [])], default="LaTeX", required=True, key=f"copy-{key}",
        label_visibility="collapsed",
    )  # fmt: skip
    if how == "LaTeX":
        st.code(latex, language="latex", wrap_lines=True)
    elif how == "SymPy":
        st.code(text, language="python", wrap_lines=True)
    else:
        st.code(source, language="python", wrap_lines=True)
        st.download_button(
            "law.py", source, "law.py", "text/x-python", icon=":material/download:", on_click="ignore", key=f"py-{key}"
        )
