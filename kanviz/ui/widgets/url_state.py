"""Read and write the address: sample, edge and tabs, so that a link opens the same view anywhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.ui.widgets.samples import open_sample, samples

if TYPE_CHECKING:
    from kanviz.io.work import Work
    from kanviz.ui.state.session import Session

KEEP = "keep-"  # prefix of widget keys whose values survive a change of the page
LINKED = "linked"  # set after this visit's address was followed
SAMPLE, EDGE = "sample", "edge"
VIEWED = ("tab", "out")  # parts of the address that are saved with the work


def names_a_sample() -> bool:
    """Return whether the address names a sample."""
    return SAMPLE in st.query_params


def follow(s: "Session") -> None:
    """Open the sample that the address names, unless a network is open, and choose its edge. Acts once a visit."""
    if LINKED in st.session_state:
        return
    st.session_state[LINKED] = True
    wanted, edge = st.query_params.get(SAMPLE, ""), st.query_params.get(EDGE, "")
    try:
        if s.history is None and wanted:
            sample = next((one for one in samples() if one.file.stem == wanted), None)
            if sample is None:
                raise UserError(f"There is no sample {shown(wanted, 40)}. Choose one on the Open page.")
            open_sample(s, sample)
        if s.history is not None and edge:
            s.select(_edge(edge))
    except UserError as refusal:
        s.messages.append(("error", str(refusal)))


def _edge(text: str):
    from kanviz.core.layer import EdgeId

    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        raise UserError(f"The address names no edge: {shown(text, 40)}. It is written layer-source-target, as 0-1-0.")
    return EdgeId(*map(int, parts))


def view_of(s: "Session") -> dict[str, str]:
    """Return sample and edge as in the address; no sample if the network is the person's own."""
    sample = {SAMPLE: s.sample} if s.sample else {}
    return {**sample, **({EDGE: "-".join(map(str, s.edge))} if s.edge is not None else {})}


def show(**parts: str) -> None:
    """Write parts of the view into the address; an empty value removes its part. Nothing is sent if nothing changed."""
    for name, value in parts.items():
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value and name in st.query_params:
            del st.query_params[name]


def tabs(names: Sequence[str], part: str) -> Sequence[Any]:
    """Show tabs of which one is open, named in the address under `part`. The caller leaves the others empty."""
    key, wanted = f"{KEEP}{part}", st.query_params.get(part, "")
    if key not in st.session_state and wanted in names:
        st.session_state[key] = wanted
    found = st.tabs(names, key=key, on_change="rerun")
    opened = st.session_state.get(key) or names[0]
    show(**{part: opened if opened != names[0] else ""})
    return found


def link(s: "Session", *parts: str) -> str:
    """Return the address of this page for others, without the secret of this tab's session.

    parts: further parts of the address to include.
    """
    present = {part: st.query_params[part] for part in parts if part in st.query_params}
    return f"{st.context.url or ''}?{urlencode({**view_of(s), **present})}"


def viewed(work: "Work") -> dict[str, str]:
    """Return the parts of the address that were saved with the work."""
    return {part: work.view[part] for part in VIEWED if part in work.view}


def look_at(project: "Work") -> None:
    """Restore the view that was saved with the work."""
    for part in VIEWED:
        st.session_state.pop(f"{KEEP}{part}", None)
        if part in project.view:
            st.query_params[part] = project.view[part]
