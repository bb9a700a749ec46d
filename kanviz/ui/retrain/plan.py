"""Let the person choose the protection and settings of a retraining, and start it."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.text import SOLVER_TITLES
from kanviz.ui.train.run import begin_and_wait
from kanviz.ui.train.settings import SOLVERS
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.continual.known import Known
    from kanviz.core.data.dataset import Dataset
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining


def plan(s: "Session", known: "Known", new: "Dataset") -> "Retraining | None":
    """Return the retraining with the chosen protection and settings; None if they are invalid (an error is shown)."""
    from kanviz.ui.train.protections import apply, choose_protection, retraining

    with show_refusals():
        protection = choose_protection(s, known)
        held = apply(s, protection, known, new)
        return retraining(s, protection, known, held, held.config(**_settings()))
    return None


def _settings() -> dict[str, Any]:
    from kanviz.continual.protection import SMOOTH, STEPS

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


def start_button(s: "Session", run: "Retraining | None") -> None:
    st.button(
        "Retrain", type="primary", icon=":material/play_arrow:", width="stretch",
        disabled=run is None or s.training.live, on_click=_begin, args=(s, run),
    )  # fmt: skip


def _begin(s: "Session", run: "Retraining") -> None:
    begin_and_wait(s, lambda: s.training.retrain(run))
