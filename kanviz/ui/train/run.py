"""Show the running training on the Train page, and its result."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import PICKED, SOLVER_TITLES, shown
from kanviz.ui.train.run_words import METRIC, known_error_name, what_is_known
from kanviz.ui.widgets.charts import chart, network_chart
from kanviz.ui.widgets.current import attempt, session, theme
from kanviz.ui.widgets.panels import number, queue_words, shared_unit

if TYPE_CHECKING:
    from kanviz.analysis.metrics import Metrics
    from kanviz.core.training.train import Progress, TrainConfig
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining, Run

TICK = 0.2  # seconds between two updates of the run
NETWORK_TICKS, LARGE = (1.0, 2.5), 60  # seconds between two figures of its network; with few edges, with more
MOMENT = 0.4  # seconds that the start of a run waits for its end


def start(s: "Session", how: "TrainConfig | Retraining") -> None:
    """Start a training. Wait 0.4 s for it, so that the page shows the end of a very short run at once.

    how: settings, or a retraining, if something must not be forgotten.
    """
    begin_and_wait(s, lambda: s.training.start(how))


def begin_and_wait(s: "Session", begin: Callable[[], None]) -> None:
    attempt(begin)
    if s.training.job is not None:
        s.training.job.join(MOMENT)


def run_panel(s: "Session") -> None:
    """Show the run five times a second while it lasts. The network below updates less often, since it costs more."""
    st.fragment(_run_panel, run_every=TICK if s.training.live else None)()
    if s.training.live:
        large = sum(layer.active.numel() for layer in s.present.layers) > LARGE
        st.fragment(_live_network, run_every=NETWORK_TICKS[large])()


def _live_network() -> None:
    s = session()
    latest = s.training.job.latest if s.training.job is not None and s.training.live else None
    if latest is not None:
        network_chart(s, latest.kan, key="live-network")


def _run_panel() -> None:
    s = session()
    if s.training.collect():
        st.rerun()
    running = s.training.live
    progress = (s.training.job.latest or s.training.since) if running and s.training.job else s.training.last
    if running and progress is None:
        controls(s, 0, s.training.run.config.steps if s.training.run else 1)
        return
    if progress is None:
        st.info(
            "Nothing has been trained here yet. Start training, and the loss and the edges move here.",
            icon=":material/show_chart:",
        )
        return
    words = solver_words(s, progress, running)
    if s.training.retraining is not None:
        words += f"  \n{what_is_known(s.training.retraining)}"
    if running and s.training.job:
        controls(s, progress.step, progress.steps)
        st.caption(words)
    else:
        ended = f"Last run: {s.training.why_ended}; the network of step {progress.best_step} is kept."
        st.caption(f"{ended}  \n{words}")
        if s.training.can_continue and st.button(
            "Continue", icon=":material/play_arrow:",
            help="This run goes on where it was stopped, with the settings it had; both count as one step.",
        ):  # fmt: skip
            begin_and_wait(s, s.training.resume)
            st.rerun()  # the whole page: only then does this panel update many times a second
    _numbers(s, progress, running)
    _loss_figure(s, progress.loss)


def controls(s: "Session", step: int, steps: int) -> None:
    """Show the progress of the run, with buttons to pause and stop."""
    assert s.training.job is not None
    state = s.training.job.state
    waiting = queue_words(s.training.job)
    words = f"{waiting} ·" if waiting else f"{state.capitalize()}:"
    st.progress(step / steps, text=f"{words} step {step:,} of {steps:,}")
    with st.container(horizontal=True, gap="small"):
        if state == "paused":
            st.button("Resume", icon=":material/play_arrow:", on_click=s.training.job.resume)
        else:
            st.button("Pause", icon=":material/pause:", on_click=s.training.job.pause, disabled=state == "stopping")
        st.button(
            "Stop and keep",
            icon=":material/stop_circle:",
            on_click=s.training.job.stop,
            disabled=state == "stopping",
            type="primary",
        )


def solver_words(s: "Session", progress: "Progress", running: bool) -> str:
    """Describe the solver, why it was chosen, and the grids: of this step, or of the best network after the run."""
    picked = s.training.run is not None and s.training.run.config.solver == "auto"
    grids = progress.grids if running else tuple(layer.grid for layer in progress.best.layers)
    words = [
        SOLVER_TITLES[progress.solver] + (f", picked: {PICKED[progress.solver]}" if picked else ""),
        f"grid intervals: {grids[0] if len(set(grids)) == 1 else ', '.join(map(str, grids))}",
    ]
    if not running and progress.stopped_because.asks_for_finer_grids:
        words.append("finer grids may do better: More settings")
    return " · ".join(words)


def _numbers(s: "Session", progress: "Progress", running: bool) -> None:
    """Show the errors of the current step during the run, of the best network after it."""
    from kanviz.core.training.train import LOSS_NAMES

    unit = shared_unit(s.present)
    row = st.container(horizontal=True, gap="small")
    kept = None if running or s.training.run is None else _errors_of(s, s.training.run, progress)
    if progress.train_rmse is not None:
        name, now, held = "RMSE", progress.train_rmse, progress.test_rmse
        if kept is not None:
            now, held = kept.parts["train"].rmse, kept.parts["test"].rmse if "test" in kept.parts else None
    else:
        name, now, held = LOSS_NAMES[progress.loss].capitalize(), progress.train_loss, progress.test_loss
        if kept is not None:
            now = kept.parts["train"].cross_entropy
            held = kept.parts["test"].cross_entropy if "test" in kept.parts else None
    run = s.training.retraining
    known = _known_error(s, run, progress, running) if run is not None else None
    by_criterion = progress.state.config.by_criterion
    honest = "These rows had no influence on this run, not even on the step that is kept."
    flattered = "The step with the lowest error on these rows is kept, so it favours the network a little."
    lowest = "The lowest generalised cross-validation on the training rows: their error, increased for the numbers "
    row.metric(f"{name}, train", number(now, unit), width=METRIC)
    row.metric(f"{name}, held out", number(held, unit), width=METRIC, help=honest if by_criterion else flattered)
    if run is not None:
        row.metric(known_error_name(s, run), number(known, unit), width=METRIC, help="What must not be lost.")
    row.metric(
        "Best step", progress.best_step, width=METRIC,
        help=f"{lowest}that were free to fit them." if by_criterion else None,
    )  # fmt: skip
    row.metric("Time", f"{progress.seconds:.1f} s", width=METRIC)


def _known_error(s: "Session", run: "Retraining", progress: "Progress", running: bool) -> float | None:
    """Return the error on what must not be forgotten: of this step, or of the best network after the run."""
    from kanviz.continual.known import Known

    if running:
        return s.training.trail[-1][-1] if s.training.trail else None
    return s.cache.result(Known.error, run.known, progress.best, run.kan)


def _errors_of(s: "Session", run: "Run", progress: "Progress") -> "Metrics":
    """Return the errors of the run's best network on the rows it was trained on, from the cache if possible."""
    from kanviz.analysis.metrics import metrics

    best = progress.best
    return s.cache.result(metrics, best, run.data)


def _loss_figure(s: "Session", loss: str) -> None:
    from kanviz.core.training.train import LOSS_NAMES
    from kanviz.plots import training_figure

    regression = s.present.task != "classification"
    name = "RMSE" if regression else LOSS_NAMES.get(loss, loss)
    figure = training_figure(
        tuple(s.training.trail), name=name, unit=shared_unit(s.present) if regression else "", theme=theme()
    )
    chart(figure, "training")


def outcome(s: "Session") -> None:
    """Show the network's predictions against the table's values."""
    from kanviz.analysis.errors_on_rows import predictions
    from kanviz.plots import predicted_figure

    data, kan = s.data, s.present
    if data is None or kan.task == "classification":
        return
    found = s.cache.result(predictions, kan, data)
    n = 0
    if len(kan.outputs) > 1:
        n = st.selectbox("Output", range(len(kan.outputs)), format_func=lambda k: shown(kan.outputs[k].name))
    held = set(data.test.tolist())
    parts = ["test" if row in held else "train" for row in range(len(data))]
    output = kan.outputs[n]
    figure = predicted_figure(
        found.predicted[:, n].numpy(),
        found.measured[:, n].numpy(),
        parts,
        name=output.name,
        unit=output.unit,
        theme=theme(),
    )
    chart(figure, "predicted")
