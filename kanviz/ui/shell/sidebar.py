"""Show the sidebar of every page: the current network with undo, redo and save, and running jobs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.widgets.current import session
from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.page_table import RUNS
from kanviz.ui.widgets.panels import queue_words
from kanviz.ui.widgets.redraw import change
from kanviz.ui.widgets.words import file_stem, label, step_words

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session


def sidebar(s: "Session", title: str) -> None:
    """Show the sidebar. title: of the current page."""
    panel()
    if s.training.pending and title not in RUNS:
        job_panel()
    for part in s.parts:
        if part.live and part.running and part.page != title:
            st.caption(part.running)


@st.fragment(key="panel")
def panel() -> None:
    """Show the current network with undo, redo and save."""
    s = session()
    if s.history is None:
        return
    st.space("small")
    kan, history = s.present, s.history
    st.markdown(f"**{label(s.name)}**")
    there = sum(int(layer.present.sum()) for layer in kan.layers)
    st.caption(f"{kan.shape_text} · {there:,} edges · {str(kan.dtype).removeprefix('torch.')}")
    if s.data is not None:
        st.caption(f"Data: {label(s.rows_from)}, {len(s.data):,} rows")
    elif s.block:
        no_rows(s, "")
    running = s.training.live
    with st.container(gap="small"):
        last, coming = history.versions[history.at], history.versions[history.at + 1 :][:1]
        _step("Undo", "Ctrl+Z", s.undo, step_words(last, kan) if history.can_undo else "", running)
        _step("Redo", "Ctrl+Shift+Z", s.redo, step_words(coming[0], kan) if coming else "", running)
    _save_buttons(s, "network", "project", with_rows=False)
    if s.data is not None:
        with st.popover("Save with its rows", icon=":material/table:", width="stretch"):
            st.caption("The table then travels in the file: whoever opens it sees the rows.")
            _save_buttons(s, "network and rows", "project and rows", with_rows=True)
    if kan.notes:
        with st.expander(f"{counted(len(kan.notes), 'note')} on this file", icon=":material/info:"):
            for note in kan.notes[:20]:
                st.caption((":material/warning: " if note in kan.cautions else "") + label(note, 300))


def _step(verb: str, keys: str, action: Callable[[], None], version: str, running: bool) -> None:
    """Show the undo or redo button. version: what it would undo or redo; empty if there is nothing."""
    st.button(
        verb, icon=f":material/{verb.lower()}:", shortcut=keys, width="stretch", disabled=running or not version,
        on_click=change, args=(action,),
        help=f"{verb}: {label(version, 200)}" if version else f"Nothing to {verb.lower()}",
    )  # fmt: skip


def _save_buttons(s: "Session", network: str, project: str, *, with_rows: bool) -> None:
    """Show two downloads. With rows they are separate buttons: a checkbox could arrive after the next press."""
    st.download_button(
        f"Save {network}", icon=":material/save:", data=_saver(s, with_rows=with_rows),
        file_name=f"{file_stem(s.name)}.safetensors", mime="application/octet-stream", on_click="ignore",
        width="stretch",
        help="One .safetensors file with the network, its names and units, its formulas and the steps that made it.",
    )  # fmt: skip
    st.download_button(
        f"Save {project}", icon=":material/inventory_2:", data=_project_saver(s, with_rows=with_rows),
        file_name=f"{file_stem(s.name)}.kanviz", mime="application/octet-stream", on_click="ignore", width="stretch",
        help="One .kanviz file with all your work: every version, undo and redo, names, the chosen edge. "
        "Open it here again to go on.",
    )  # fmt: skip


def _saver(s: "Session", *, with_rows: bool) -> Callable[[], bytes]:
    """Return a function that makes the bytes when pressed, of the network as it is then.

    After a change the sidebar is shown again a moment later: a press before that must not save what was before.
    """

    def make() -> bytes:
        from kanviz.io.native import to_bytes

        work = s.opened
        rows, rows_from = (work.data, work.rows_from) if with_rows else (None, "")
        return to_bytes(work.present, recipe=work.whole_recipe(), rows=rows, rows_from=rows_from)

    return make


def _project_saver(s: "Session", *, with_rows: bool) -> Callable[[], bytes]:
    """Do the same as `_saver`, for all the work."""

    def make() -> bytes:
        from kanviz.io.project_file import project_to_bytes

        return project_to_bytes(s.saved(with_rows=with_rows))

    return make


@st.fragment(run_every=1.0)
def job_panel() -> None:
    """Show the running training, with its stop button."""
    s = session()
    if not s.training.live:
        if s.training.collect():
            st.rerun()
        return
    assert s.training.job is not None
    last = s.training.job.latest or s.training.since
    step, steps = (last.step, last.steps) if last else (0, s.training.run.config.steps if s.training.run else 1)
    now = queue_words(s.training.job) or s.training.job.state.capitalize()
    st.progress(step / steps, text=f"Training · {now} · step {step:,} of {steps:,}")
    st.button("Stop and keep", icon=":material/stop_circle:", on_click=s.training.job.stop, key="panel-stop")
