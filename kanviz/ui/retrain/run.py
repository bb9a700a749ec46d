"""Show a running retraining: errors on new and old rows at every step, and the control points that move."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.retrain.before import locked_edge
from kanviz.ui.train.run import LARGE, NETWORK_TICKS, TICK, controls, solver_words
from kanviz.ui.train.run_words import METRIC, error_name, known_error_name, what_is_known
from kanviz.ui.widgets.charts import chart, network_chart
from kanviz.ui.widgets.current import session, theme
from kanviz.ui.widgets.panels import number, shared_unit

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining


def during(s: "Session") -> None:
    """Show the run five times a second; its network and one edge less often, since they cost more."""
    st.fragment(_steps, run_every=TICK)()
    large = sum(layer.active.numel() for layer in s.present.layers) > LARGE
    st.fragment(_picture, run_every=NETWORK_TICKS[large])()


def _steps() -> None:
    s = session()
    if s.training.collect():
        st.rerun()
    run, latest = s.training.run, s.training.job.latest or s.training.since if s.training.job is not None else None
    if run is None or s.training.job is None:
        return
    if latest is None:
        controls(s, 0, run.config.steps)
        return
    controls(s, latest.step, latest.steps)
    kept = s.training.retraining
    about = [solver_words(s, latest, running=True)] + ([what_is_known(kept)] if kept is not None else [])
    st.caption(" · ".join(about))
    if s.training.trail:
        _errors(s, kept, s.training.trail[-1])
    error_figure(s)


def _errors(s: "Session", run: "Retraining | None", mark: tuple[float | None, ...]) -> None:
    unit, name = shared_unit(s.present), error_name(s)
    with st.container(horizontal=True, gap="small"):
        st.metric(f"{name}, new rows", number(mark[1], unit), width=METRIC)
        st.metric(f"{name}, held out", number(mark[2], unit), width=METRIC)
        if run is not None:
            st.metric(known_error_name(s, run), number(mark[3], unit), width=METRIC)


def error_figure(s: "Session") -> None:
    """Show the errors on new, held-out and old rows by step."""
    from kanviz.plots import training_figure

    known = s.training.retraining.known if s.training.retraining is not None else None
    old = "old rows" if known is None or known.data is not None else "change in the region"
    unit = shared_unit(s.present) if s.present.task != "classification" else ""
    figure = training_figure(
        tuple(s.training.trail), name=error_name(s), unit=unit, theme=theme(),
        rows=("new rows" if known else "training rows", "new rows, held out" if known else "held-out rows", old),
    )  # fmt: skip
    chart(figure, "retraining")


def _picture() -> None:
    s = session()
    latest = s.training.job.latest if s.training.job is not None and s.training.live else None
    if latest is None or s.training.run is None:
        return
    if s.edge is not None and s.training.run.config.lock is not None and latest.kan.edge(s.edge).state != "pruned":
        chart(locked_edge(s, latest.kan, s.edge, s.training.run.config.lock), "live-edge")
    network_chart(s, latest.kan, key="live-retraining", data=s.training.run.seen)
