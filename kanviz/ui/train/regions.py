"""Show the fields that define a region of inputs."""

import math
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.continual.known import Box
    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session

TALL = 6  # inputs beyond which the fields scroll


def region_fields(s: "Session", key: str, rows: "Dataset | None" = None) -> "Box":
    """Return the least and greatest value of each input that the person enters. Raises UserError if one is reversed.

    rows: their ranges are the defaults; None: those of the current table, or of the grid if there is none.
    """
    ends = _usual(s, rows or s.data)
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
            raise UserError(f"The region of {variable.name} ends before it begins; give the least value first.")
    return tuple(found)


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Round a range outward to thousandths of its width, so that it is short to read and contains the whole range."""
    step = 10.0 ** (math.floor(math.log10(high - low)) - 2) if high > low else 0.0
    if not step:
        return low, high
    a, b = (float(f"{end(v / step) * step:.12g}") for end, v in ((math.floor, low), (math.ceil, high)))
    return min(a, low), max(b, high)


def _usual(s: "Session", rows: "Dataset | None") -> "Box":
    if rows is not None:
        low, high = rows.x.amin(0).tolist(), rows.x.amax(0).tolist()
        return tuple(map(_rounded, low, high))
    from kanviz.analysis.extrapolation import grids_of

    return tuple(grids_of(s.present))
