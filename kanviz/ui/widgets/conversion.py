"""Offer "Convert to B-splines" where something needs control points and a network's curves are of another family."""

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import SplinesNeeded, UserError
from kanviz.text import escape_markdown

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

WORDS = "Convert to B-splines"


def splines_or_offer(s: "Session", key: str) -> bool:
    """Return whether all curves are B-splines; if not, say so, with a button that converts them."""
    from kanviz.core.needs import need_splines

    try:
        need_splines(s.present)
    except SplinesNeeded as needed:
        offer(s, needed, key)
        return False
    return True


def offer(s: "Session", needed: SplinesNeeded, key: str = "") -> None:
    """Show why B-splines are needed, and the button that converts; key: where, by default the line that needs them."""
    if not key:
        first = traceback.extract_tb(needed.__traceback__, 2)[-1]  # below the context manager that caught it
        key = f"{Path(first.filename).stem}-{first.lineno}"
    st.info(
        f"{escape_markdown(needed.why)} One step of the history converts it; Undo takes it back.",
        icon=":material/swap_horiz:",
    )
    st.button(
        WORDS, icon=":material/swap_horiz:", key=f"convert-{key}", on_click=convert, args=(s,),
        disabled=s.training.live,
        help="Each curve becomes a spline that differs from it by at most a millionth of its height, or as little as "
        "float32 can hold. The network's notes say how exactly, and where.",
    )  # fmt: skip


def convert(s: "Session") -> None:
    """Convert the network in a callback, say how exactly, and render the whole page again."""
    from kanviz.edit.conversion import ToSplines

    try:
        before = s.present
        edit = ToSplines.of(before, data=s.data)
        found = edit.converted(before)
        s.record(edit, before, found.kan)
        s.messages.append(("done", str(found)))
    except UserError as refusal:
        s.messages.append(("error", str(refusal)))
    st.rerun("app")
