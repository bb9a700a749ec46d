"""Let the person choose the model that the tab "Inside" shows: shipped, of the last race, a file, or a new one."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown
from kanviz.ui.server.uploads import contents
from kanviz.ui.state.inside import Inside
from kanviz.ui.state.language import SNAPSHOTS, Language, snapshot
from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.panels import time_bar
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.language.saved import SavedModel

SHIPPED = Path(__file__).with_name("model.safetensors")
SHIPPED_NAME = "The model that came with kanviz"
SECONDS = 10
AWAITED = "inside-awaits"  # session state: the model that is being trained shall be opened
REFUSED = "inside-refused"
TICK = 0.4


@cache
def shipped() -> "SavedModel":
    """Return the model that came with kanviz."""
    from kanviz.io.language_file import load

    return load(SHIPPED)


def open_shipped(inside: Inside) -> None:
    """Look into the model that came with kanviz."""
    inside.open(shipped(), SHIPPED_NAME, snapshot("documentation"))


def model_panel() -> None:
    """Show which model is open, and the ways to another one."""
    s = session()
    inside, run = s.of(Inside), s.of(Language).run
    if st.session_state.get(AWAITED) and run is not None and not run.job.live:
        del st.session_state[AWAITED]
        if run.files:
            attempt(_open, run.files[0], f"Trained here, {run.seconds:g} s")
    if inside.saved is None:
        open_shipped(inside)
    _about(inside)
    if run is not None and run.job.live:
        st.fragment(_watch, run_every=TICK)()
    with st.expander("Another model", icon=":material/folder_open:"):
        _others(inside)


def _about(inside: Inside) -> None:
    saved = inside.opened
    bits = f", {saved.bits:.3f} bits per character" if saved.bits is not None else ""
    st.markdown(f"**{label(inside.name)}**")
    st.caption(
        f"Learned from {label(saved.text)} in {counted(saved.steps, 'step')}, {saved.seconds:.3g} s{bits}. Seen on the "
        f"held-out part of {label(inside.text.name if inside.text is not None else '')}."
    )
    st.download_button(
        "Save this model", inside.to_bytes, "language-model.safetensors", "application/octet-stream",
        icon=":material/save:", on_click="ignore", width="stretch",
        help="One .safetensors file, with the curves as they are now. Open it here, or with kanviz.language.load.",
    )  # fmt: skip


def _others(inside: Inside) -> None:
    part = session().of(Language)
    if inside.opened is not shipped():
        st.button(
            SHIPPED_NAME, icon=":material/inventory_2:", width="stretch",
            on_click=open_shipped, args=(inside,),
        )  # fmt: skip
    race = part.run.race if part.run is not None else None
    for place, lane in enumerate(race.lanes if race is not None else ()):
        if lane.kind == "curves" and part.run is not None and place in part.run.files:
            name = f"From the race: curves, seed {lane.seed}"
            st.button(
                name, icon=":material/timer:", width="stretch", key=f"inside-lane-{place}", on_click=attempt,
                args=(_open, part.run.files[place], name),
            )  # fmt: skip
    st.button(
        f"Train one in {SECONDS} s", icon=":material/model_training:", width="stretch", disabled=part.live,
        on_click=_train,
    )  # fmt: skip
    key = "inside-upload"

    def take() -> None:
        upload = st.session_state[key]
        st.session_state.pop(REFUSED, None)
        if upload is None:
            return
        try:
            _open(contents(upload), upload.name)
        except UserError as refusal:
            st.session_state[REFUSED] = str(refusal)

    st.file_uploader(
        "A language model of kanviz (.safetensors)", key=key, on_change=take,
        help="Saved here or by kanviz language train. It is read as data on this machine and sent nowhere.",
    )  # fmt: skip
    if st.session_state.get(REFUSED):
        st.error(escape_markdown(st.session_state[REFUSED]), icon=":material/error:")


def _open(data: bytes, name: str) -> None:
    """Open the bytes of a file. Raises LoadError where they are no such model, UserError where it has no curves."""
    from kanviz.io.language_file import from_bytes

    saved = from_bytes(data, name)
    session().of(Inside).open(saved, name, _text_of(saved))


def _text_of(saved: "SavedModel") -> "Corpus":
    """Return the text that a model learned from where this session has it, else Python's documentation."""
    known = [*map(snapshot, SNAPSHOTS), *session().of(Language).texts.values()]
    return next((text for text in known if text.sha256 == saved.sha256), known[0])


def _train() -> None:
    from kanviz.language.comparison import Contest

    st.session_state[AWAITED] = True
    contest = Contest(("curves",), 1, seconds=SECONDS)
    attempt(session().of(Language).start, snapshot("documentation"), contest, SECONDS)


def _watch() -> None:
    run = session().of(Language).run
    if run is None or not run.job.live:
        st.rerun()
    race = run.race
    bits = f"{race.lanes[-1].learned[-1][1]:.2f} bits" if race is not None and race.lanes else "starting"
    time_bar(run.job, run.seconds + 2, bits)
    st.button(
        "Stop and keep what there is", icon=":material/stop_circle:", key="stop-inside",
        on_click=session().of(Language).stop,
    )  # fmt: skip
