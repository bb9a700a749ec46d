"""Use the network on the rows of a new table: predictions to look at, and as a file."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import escape_markdown, listing
from kanviz.ui.widgets.table_upload import table_upload
from kanviz.ui.widgets.words import file_stem

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.io.tables import Table
    from kanviz.ui.state.session import Session

FIRST = 100  # rows on the page
SLOT = "new rows"


def new_rows(s: "Session") -> None:
    """Let the person upload a table, and give it back with the predictions behind its columns."""
    kan = s.present
    st.caption(f"A table with {escape_markdown(listing([v.name for v in kan.inputs], 8))}, in columns of these names.")
    table = table_upload("export-rows", SLOT, "New rows")
    if table is None:
        return
    try:
        found, names, notes = s.cache.result(_predicted, kan, table)
    except UserError as refusal:
        st.error(escape_markdown(str(refusal)), icon=":material/error:")
        return
    for note in notes:
        st.warning(escape_markdown(note), icon=":material/warning:")
    st.download_button(
        f"Download {len(found):,} rows with predictions", lambda: _csv(found), f"{file_stem(s.name)}-predicted.csv",
        "text/csv", icon=":material/download:", on_click="ignore", type="primary",
        help=f"The table as CSV, with {listing(names, 8)} behind its own columns.",
    )  # fmt: skip
    st.dataframe(found.slice(0, FIRST).to_pandas(), hide_index=True, height=min(38 * (len(found) + 1), 380))
    if len(found) > FIRST:
        st.caption(f"The first {FIRST} of {len(found):,} rows; the download has all.")


def _predicted(kan: "KAN", table: "Table") -> Any:
    from kanviz.io.predicted_columns import predicted_table

    return predicted_table(kan, table)


def _csv(table: Any) -> bytes:
    from kanviz.io.predicted_columns import csv_bytes

    return csv_bytes(table)
