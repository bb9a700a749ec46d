"""How to retrain: which protection, and the few settings; the run that comes of it."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import SOLVER_TITLES
from kanviz.ui.retrain.protections import PROTECTIONS, elastic, mixed, region_lock, row_lock
from kanviz.ui.retrain.rows import Box, region_fields
from kanviz.ui.train.run import begin_and_wait
from kanviz.ui.train.settings import SOLVERS
from kanviz.ui.widgets.current import in_words
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.locks import Lock
    from kanviz.core.training.ewc import Anchor
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Known, Run

STEPS, SMOOTH = 60, 1e-5  # what learns well beside locked control points: they leave gaps that smoothing bridges


def plan(s: "Session", known: "Known", new: "Dataset") -> "Run | None":
    """Ask how to keep what is known; the run to start, None where an answer does not make sense (and that is said)."""
    from kanviz.core.training.train import TrainConfig
    from kanviz.ui.state.training_run import Run

    names = [name for name, one in PROTECTIONS.items() if known.data is not None or not one.needs_rows]
    name = st.radio(
        "Protection", names, key=f"{KEEP}protection-{known.data is None}",
        format_func=lambda name: PROTECTIONS[name].title, captions=[PROTECTIONS[name].promise for name in names],
    )  # fmt: skip
    lock: Lock | None = None
    anchor: Anchor | None = None
    data, aid, box = new, "", None
    with in_words():
        if name == "rows":
            lock = row_lock(s, known)
        elif name == "region":
            box, lock = _region(s, known)
        elif name == "replay" and known.data is not None:
            share = st.slider("Old rows among those that train", 5, 95, 50, 5, format="%d%%", key=f"{KEEP}share")
            data, aid = mixed(s, new, known.data, share / 100), "replay"
        elif name == "ewc":
            strength = st.number_input(
                "Strength", 0.0, 1e6, 1.0, format="%g", key=f"{KEEP}strength",
                help="1 counts the old rows' loss as much as the new rows', near where the network stands.",
            )  # fmt: skip
            anchor, aid = elastic(s, known, float(strength)), "ewc"
        settings = _settings()
        config = TrainConfig(**settings, lock=lock)
        return Run(
            s.present, data, config, s.opened.history.at, known=known, region=box, aid=aid, anchor=anchor,
            promise=PROTECTIONS[name].title,
        )  # fmt: skip
    return None


def _region(s: "Session", known: "Known") -> "tuple[Box, Lock]":
    """The region to hold, and its lock: the one that is known, or asked for around the old rows."""
    box = known.box or region_fields(s, "lock")
    with st.spinner("Following the region through the layers…"):
        found = region_lock(s, box)
    full = found.exhausted(s.present)
    if full:
        st.warning(
            f"No control point is left free in layer {', '.join(map(str, full))}: intervals grow too wide there. A "
            "smaller region, or a lock of rows, leaves more."
        )
    return box, found.lock


def _settings() -> dict:
    steps = st.number_input(
        "Steps", 1, 10_000, STEPS, key=f"{KEEP}retrain-steps", help="At most; it ends when nothing is gained."
    )
    with st.expander("More settings", icon=":material/tune:"):
        solver = st.selectbox(
            "Solver", list(SOLVERS), format_func=SOLVER_TITLES.__getitem__, key=f"{KEEP}retrain-solver",
            help="  \n".join(f"{SOLVER_TITLES[name]}: {words}." for name, words in SOLVERS.items()),
        )  # fmt: skip
        smooth = st.number_input(
            "Smoothing weight", 0.0, 1e6, SMOOTH, format="%g", key=f"{KEEP}retrain-smooth",
            help="How far neighbouring control points are drawn together; grids stay as they are.",
        )  # fmt: skip
    return {"solver": solver, "steps": int(steps), "smooth": float(smooth)}


def start_button(s: "Session", run: "Run | None") -> None:
    st.button(
        "Retrain", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=run is None or s.training.live, on_click=_begin, args=(s, run),
    )  # fmt: skip


def _begin(s: "Session", run: "Run") -> None:
    begin_and_wait(s, lambda: s.training.retrain(run))
