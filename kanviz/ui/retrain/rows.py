"""Let the person choose the rows of the Retrain page: what the network knows, and what it shall learn."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.train.regions import region_fields
from kanviz.ui.train.rows_upload import upload_rows
from kanviz.ui.widgets.current import attempt, show_refusals
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.samples import Sample, rows_of, samples
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.continual.known import Known
    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session

CURRENT, OTHER, REGION = "Current table", "Other table", "Region"


def known_panel(s: "Session") -> "Known | None":
    """Return what must not be forgotten, as the person chooses: rows or a region. None while it is missing."""
    from kanviz.continual.known import Known

    st.header("What it knows")
    source = st.segmented_control(
        "What it must keep", [CURRENT, OTHER, REGION], default=CURRENT if s.data else REGION,
        required=True, key=f"{KEEP}known-{s.data is None}", label_visibility="collapsed",
    )  # fmt: skip
    if source == REGION:
        with show_refusals():
            return Known.region(region_fields(s, "known"))
        return None
    if source == CURRENT:
        if s.data is None:
            no_rows(s, "there is nothing to keep yet; another source may have it")
            return None
        st.caption(f"{label(s.rows_from)}: {len(s.data):,} rows")
        return Known.rows(s.data, s.rows_from)
    if s.tables.old_rows is not None:
        st.caption(f"In use: {label(s.tables.old_rows[1])}, {len(s.tables.old_rows[0]):,} rows")
    upload_rows(s, "old", "Table of old rows", s.tables.take_old, s.tables.old_rows)
    return Known.rows(*s.tables.old_rows) if s.tables.old_rows is not None else None


def new_panel(s: "Session") -> "Dataset | None":
    """Return the rows to learn, as the person chooses."""
    sample = _sample(s)
    if s.tables.new_rows is not None:
        data, name = s.tables.new_rows
        parts = f"{len(data.train):,} to learn from, {len(data.test):,} held out"
        st.caption(f"In use: {label(name)}, {len(data):,} rows ({parts})")
    elif sample is not None and sample.new is not None:
        st.button(
            f"Take the sample's new rows ({sample.new.name})", icon=":material/table_view:", type="primary",
            width="stretch", on_click=attempt, args=(_take_sample, s, sample), disabled=s.training.live,
        )  # fmt: skip
    if s.tables.new_rows is None:
        upload_rows(s, "new", "Table of new rows", s.tables.take_new, None)
    else:
        with st.expander("Other new rows", icon=":material/upload_file:"):
            upload_rows(s, "new", "Table of new rows", s.tables.take_new, s.tables.new_rows)
    return s.tables.new_rows[0] if s.tables.new_rows is not None else None


def _sample(s: "Session") -> "Sample | None":
    """Return the sample that is open, if it has new rows."""
    return next((sample for sample in samples() if sample.title == s.name and sample.new is not None), None)


def _take_sample(s: "Session", sample: Sample) -> None:
    assert sample.new is not None
    s.tables.take_new(rows_of(sample, sample.new, s.present), sample.new.name)
