"""The rows of the Retrain page: what the network knows, and what it shall learn."""

import math
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted
from kanviz.ui.widgets.current import after_change, attempt, in_words
from kanviz.ui.widgets.samples import Sample, rows_of, samples
from kanviz.ui.widgets.table_upload import choose_columns, table_upload
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Known

Box = tuple[tuple[float, float], ...]
IN_HAND, OTHER, REGION = "In hand", "Table", "Region"
TALL = 6  # inputs, of more than which the region's fields scroll


def known_panel(s: "Session") -> "Known | None":
    """Ask what must not be forgotten: rows, or a region of inputs; None while that is not known."""
    from kanviz.ui.state.training_run import Known

    st.header("What it knows")
    source = st.segmented_control(
        "What it shall keep", [IN_HAND, OTHER, REGION], default=IN_HAND if s.data else REGION,
        required=True, key=f"{KEEP}known-{s.data is None}", label_visibility="collapsed",
    )  # fmt: skip
    if source == REGION:
        return Known.region(region_fields(s, "known"))
    if source == IN_HAND:
        if s.data is None:
            st.caption("No table is in use. Load one on the Workbench, or choose another source.")
            return None
        st.caption(f"{label(s.rows_from)}: {len(s.data):,} rows")
        return Known.rows(s.data, s.rows_from)
    if s.tables.old_rows is not None:
        st.caption(f"In use: {label(s.tables.old_rows[1])}, {len(s.tables.old_rows[0]):,} rows")
    _upload(s, "old", "Table of old rows", s.tables.take_old, s.tables.old_rows)
    return Known.rows(*s.tables.old_rows) if s.tables.old_rows is not None else None


def new_panel(s: "Session") -> "Dataset | None":
    """Ask for the rows to learn."""
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
        _upload(s, "new", "Table of new rows", s.tables.take_new, None)
    else:
        with st.expander("Other new rows", icon=":material/upload_file:"):
            _upload(s, "new", "Table of new rows", s.tables.take_new, s.tables.new_rows)
    return s.tables.new_rows[0] if s.tables.new_rows is not None else None


def _sample(s: "Session") -> "Sample | None":
    """The sample that is in hand, if it brings new rows."""
    return next((sample for sample in samples() if sample.title == s.name and sample.new is not None), None)


def _take_sample(s: "Session", sample: Sample) -> None:
    assert sample.new is not None
    s.tables.take_new(rows_of(sample, sample.new, s.present), sample.new.name)


def _upload(
    s: "Session", slot: str, title: str, take: "Callable[[Dataset, str], None]",
    had: "tuple[Dataset, str] | None",
) -> None:  # fmt: skip
    """Take a table for one of the two purposes, and ask for its columns."""
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
        with in_words():
            take(data, name)
            after_change(f"{counted(len(data), 'row')} of {name} in use.")


def region_fields(s: "Session", key: str) -> Box:
    """Ask for the least and the greatest value of every input; at first those of the rows in hand, or the grid's."""
    ends = _usual(s)
    found = []
    with st.container(height=320 if len(ends) > TALL else "content", border=False):
        for n, (variable, (low, high)) in enumerate(zip(s.present.inputs, ends, strict=True)):
            left, right = st.columns(2)
            name, of = label(str(variable), 40), f"{KEEP}box-{key}-{s.name}-{n}-{low:g}-{high:g}"
            a = left.number_input(f"{name}, from", value=low, format="%.6g", key=f"{of}-from")
            b = right.number_input(f"{name}, to", value=high, format="%.6g", key=f"{of}-to")
            found.append((float(a), float(b)))
    for variable, (a, b) in zip(s.present.inputs, found, strict=True):
        if a > b:
            with in_words():
                raise UserError(f"The region of {variable.name} ends before it begins; give the least value first.")
            st.stop()
    return tuple(found)


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The ends outward to thousandths of their distance, so that they are short to read and hold all between."""
    step = 10.0 ** (math.floor(math.log10(high - low)) - 2) if high > low else 0.0
    if not step:
        return low, high
    a, b = (float(f"{end(v / step) * step:.12g}") for end, v in ((math.floor, low), (math.ceil, high)))
    return min(a, low), max(b, high)


def _usual(s: "Session") -> Box:
    if s.data is not None:
        low, high = s.data.x.amin(0).tolist(), s.data.x.amax(0).tolist()
        return tuple(map(_rounded, low, high))
    from kanviz.core.spline import domain

    layer = s.present.layers[0]
    ends = zip(*(end.tolist() for end in domain(layer.knots, layer.order)), strict=True)
    found = []
    for variable, (low, high) in zip(s.present.inputs, ends, strict=True):
        at = sorted(end * variable.scale + variable.shift for end in (low, high))
        found.append((at[0], at[1]))
    return tuple(found)
