"""Let the person upload rows besides the current table: old rows to protect, or new rows to learn."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.widgets.current import after_change, show_refusals
from kanviz.ui.widgets.table_upload import choose_columns, table_upload
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session


def upload_rows(
    s: "Session", slot: str, title: str, take: "Callable[[Dataset, str], None]",
    had: "tuple[Dataset, str] | None",
) -> None:  # fmt: skip
    """Show the upload of a table for one of the two purposes, and the choice of its columns."""
    table_upload(f"retrain-{slot}", slot, title)
    found = s.tables.uploaded(slot)
    if found is None:
        return
    table, name = found
    data = choose_columns(s, table, s.present, f"retrain-{slot}", name, slot)
    if data is None:
        return
    for note in data.notes:
        st.caption(label(note, 300))
    same = had is not None and had[0].digest == data.digest
    if st.button(
        f"Use these {slot} rows", icon=":material/table_view:", type="primary", disabled=same or s.training.live,
        key=f"use-{slot}",
    ):  # fmt: skip
        with show_refusals():
            take(data, name)
            after_change(f"{counted(len(data), 'row')} of {name} in use.")
