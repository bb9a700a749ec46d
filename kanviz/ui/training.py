"""The train page's parts: settings, the run as it happens, and what came of it."""

from typing import TYPE_CHECKING, Literal

import streamlit as st

from kanviz.text import shown
from kanviz.ui.charts import chart, metrics_of, network_chart
from kanviz.ui.frame import KEEP, attempt, in_words, session, theme
from kanviz.ui.panels import edge_names, number, shared_unit

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.core.train import Progress, TrainConfig
    from kanviz.ui.session import Session

TICK = 0.2  # seconds between two looks at the run
NETWORK_TICKS, LARGE = (1.0, 2.5), 60  # seconds between two pictures of its network, of few edges and of more
MOMENT = 0.2  # seconds for which the start of a run waits for its end
SOLVERS = {"lbfgs": "L-BFGS: few, strong steps", "adam": "Adam: many, small steps"}
PART_NAMES = {
    "coef": "control points", "base_weight": "base weights", "bias": "biases", "affine": "formula constants"
}  # fmt: skip


def settings(s: "Session") -> "TrainConfig | None":
    """Ask how to train; None where the answers do not make sense (and that is said)."""
    from kanviz.core.parameters import PARTS
    from kanviz.core.train import TrainConfig

    kan = s.present
    solver: Literal["lbfgs", "adam"] = st.selectbox(
        "Solver", ["lbfgs", "adam"], format_func=SOLVERS.__getitem__, key=f"{KEEP}solver"
    )
    steps = st.number_input("Steps", 1, 10_000, 100 if solver == "lbfgs" else 1_000, key=f"{KEEP}steps-{solver}")
    scope = st.segmented_control(
        "Which edges learn", ["All", "Only some"], default="All", required=True, key=f"{KEEP}scope",
        help="The other edges stay as they are, bit for bit; frozen edges never learn. Biases belong to nodes and "
        "learn too, unless you take them out under More settings.",
    )  # fmt: skip
    frozen: tuple[EdgeId, ...] = ()
    if scope == "Only some":
        free = [e for e in kan.edges() if not kan.layers[e.layer].frozen[e.source, e.target]]
        learning = st.multiselect(
            "Edges that learn", free, default=[s.edge] if s.edge in free else [],
            format_func=edge_names(s).__getitem__, key=f"{KEEP}learn-{kan.digest[:12]}",
        )  # fmt: skip
        frozen = tuple(sorted(set(free).difference(learning)))
    with st.expander("More settings", icon=":material/tune:"):
        parts = st.multiselect(
            "What learns", PARTS, default=PARTS, format_func=PART_NAMES.__getitem__, key=f"{KEEP}parts"
        )
        rate = st.number_input(
            "Learning rate", 1e-6, 10.0, 1.0 if solver == "lbfgs" else 0.01, format="%g", key=f"{KEEP}rate-{solver}"
        )
        l1 = st.number_input("L1: pull edges to zero", 0.0, 10.0, 0.0, 0.001, format="%g", key=f"{KEEP}l1")
        entropy = st.number_input("Entropy: few strong edges", 0.0, 10.0, 0.0, 0.001, format="%g", key=f"{KEEP}entropy")
        patience = st.number_input(
            "Stop after steps without a better held-out error (0: never)", 0, 10_000, 0, key=f"{KEEP}patience"
        )
        follow = st.number_input(
            "Times the hidden grids follow their data", 0, 20, 0, key=f"{KEEP}follow",
            help="Moves and refits the grids of hidden layers in the first half; best for a new network.",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, 10_000, 0, key=f"{KEEP}seed")
    with in_words():
        return TrainConfig(
            solver=solver, steps=int(steps), rate=float(rate), l1=float(l1), entropy=float(entropy),
            patience=int(patience), follow=int(follow), parts=tuple(parts), seed=int(seed),
            frozen=frozen,
        )  # fmt: skip
    return None


def start(s: "Session", config: "TrainConfig") -> None:
    """Begin to train; a run that is over in a moment is waited for, so that the page shows its end at once."""
    attempt(s.train, config)
    if s.job is not None:
        s.job.join(MOMENT)


def run_panel(s: "Session") -> None:
    """The run, moving many times a second while it lasts; the network below moves less often, since it costs more."""
    st.fragment(_run_panel, run_every=TICK if s.training else None)()
    if s.training:
        large = sum(layer.active.numel() for layer in s.present.layers) > LARGE
        st.fragment(_live_network, run_every=NETWORK_TICKS[large])()


def _live_network() -> None:
    s = session()
    latest = s.job.latest if s.job is not None and s.training else None
    if latest is not None:
        network_chart(s, latest.kan, key="live-network")


def _run_panel() -> None:
    s = session()
    if s.collect():
        st.rerun()
    running = s.training
    progress = s.job.latest if running and s.job else s.last_run
    if running and progress is None:
        st.progress(0.0, text="Starting")
        return
    if progress is None:
        st.info(
            "Nothing has been trained here yet. Start with the button on the left; the loss and the edges move here.",
            icon=":material/show_chart:",
        )
        return
    if running and s.job:
        _controls(s, progress.step, progress.steps)
    else:
        why = progress.stopped_because or "stopped by you"
        st.caption(f"Last run: {why}; the network of step {progress.best_step} is kept.")
    _numbers(s, progress, running)
    _loss_figure(s, progress.loss)


def _controls(s: "Session", step: int, steps: int) -> None:
    assert s.job is not None
    state = s.job.state
    st.progress(step / steps, text=f"{state.capitalize()}: step {step} of {steps}")
    with st.container(horizontal=True, gap="small"):
        if state == "paused":
            st.button("Resume", icon=":material/play_arrow:", on_click=s.job.resume)
        else:
            st.button("Pause", icon=":material/pause:", on_click=s.job.pause, disabled=state == "stopping")
        st.button(
            "Stop and keep",
            icon=":material/stop_circle:",
            on_click=s.job.stop,
            disabled=state == "stopping",
            type="primary",
        )


def _numbers(s: "Session", progress: "Progress", running: bool) -> None:
    """Errors of the network of this step while it runs, of the one that was kept afterwards."""
    from kanviz.core.train import LOSS_NAMES

    unit = shared_unit(s.present)
    train, test, best, seconds = st.columns(4)
    kept = None if running else metrics_of(s, progress.best)
    if progress.train_rmse is not None:
        name, now, held = "RMSE", progress.train_rmse, progress.test_rmse
        if kept is not None:
            now, held = kept.parts["train"].rmse, kept.parts["test"].rmse if "test" in kept.parts else None
    else:
        name, now, held = LOSS_NAMES[progress.loss].capitalize(), progress.train_loss, progress.test_loss
        if kept is not None:
            now = kept.parts["train"].cross_entropy
            held = kept.parts["test"].cross_entropy if "test" in kept.parts else None
    train.metric(f"{name}, train", number(now, unit))
    test.metric(
        f"{name}, held out", number(held, unit),
        help="The step with the lowest error on these rows is kept, so it flatters the network a little.",
    )  # fmt: skip
    best.metric("Best step", progress.best_step)
    seconds.metric("Time", f"{progress.seconds:.1f} s")


def _loss_figure(s: "Session", loss: str) -> None:
    from kanviz.core.train import LOSS_NAMES
    from kanviz.plots import training_figure

    regression = s.present.task != "classification"
    name = "RMSE" if regression else LOSS_NAMES.get(loss, loss)
    figure = training_figure(
        tuple(s.trail), name=name, unit=shared_unit(s.present) if regression else "", theme=theme()
    )
    chart(figure, "training")


def outcome(s: "Session") -> None:
    """How the network's predictions lie beside the table's values."""
    from kanviz.plots import predicted_figure

    data, kan = s.data, s.present
    if data is None or kan.task == "classification":
        return
    x, y = data.rows()
    found = s.derived("predictions", lambda: kan(x).numpy())
    n = 0
    if len(kan.outputs) > 1:
        n = st.selectbox("Output", range(len(kan.outputs)), format_func=lambda k: shown(kan.outputs[k].name))
    held = set(data.test.tolist())
    parts = ["test" if row in held else "train" for row in range(len(data))]
    output = kan.outputs[n]
    figure = predicted_figure(found[:, n], y[:, n], parts, name=output.name, unit=output.unit, theme=theme())
    chart(figure, "predicted")
