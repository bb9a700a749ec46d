"""Let the person choose how to train on the Train page: a solver and its settings."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from kanviz.text import SOLVER_TITLES
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.panels import edge_names
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from kanviz.core.layer import EdgeId
    from kanviz.core.training.train import TrainConfig
    from kanviz.ui.state.session import Session
    from kanviz.ui.train.protections import Plan

Solver = Literal["auto", "lm", "lbfgs", "adam"]
SOLVERS: dict[Solver, str] = {
    "auto": "the solver that fits network and table",
    "lm": "few steps, very exact, for small networks",
    "lbfgs": "few, strong steps",
    "adam": "many, small steps",
}
USES: dict[Solver, tuple[str, ...]] = {  # the settings below that each solver uses
    "auto": ("finest", "starts", "smooth", "l1", "entropy", "seed"),
    "lm": ("finest", "starts", "smooth", "seed"),
    "lbfgs": ("rate", "weight", "l1", "entropy", "patience", "follow"),
    "adam": ("rate", "batch", "weight", "l1", "entropy", "patience", "follow", "seed"),
}
GRIDS = ("finest", "starts", "follow")  # settings that move grids
PART_NAMES = {
    "coef": "control points", "base_weight": "base weights", "bias": "biases", "affine": "formula constants"
}  # fmt: skip


def settings(s: "Session", top: "DeltaGenerator", plan: "Plan | None" = None) -> "TrainConfig | None":
    """Return the chosen settings; None if they are invalid (an error is shown).

    top: where the first fields go · kept: what must not be forgotten, with its protection.
    """
    from kanviz.core.training.parameters import PARTS
    from kanviz.core.training.train import TrainConfig

    usual = TrainConfig.for_new(len(s.present.layers)) if s.opened.is_new else TrainConfig.for_trained()
    usual = usual if plan is None else plan.held.config()
    with top:
        solver: Solver = st.selectbox(
            "Solver", list(SOLVERS), format_func=SOLVER_TITLES.__getitem__, key=f"{KEEP}solver",
            help="  \n".join(f"{SOLVER_TITLES[name]}: {words}." for name, words in SOLVERS.items()),
        )  # fmt: skip
        st.caption(f"{SOLVERS[solver][:1].upper()}{SOLVERS[solver][1:]}.")
        most = {"lbfgs": 100, "adam": 1_000}.get(solver, usual.steps)
        steps = st.number_input(
            "Steps", 1, 10_000, most, key=_key("steps", solver, s.opened.is_new),
            help="At most; training ends earlier when nothing is gained.",
        )  # fmt: skip
        frozen = _scope(s)
    held_back = GRIDS if plan is not None and plan.protection.holds_grids else ()
    with st.expander("More settings", icon=":material/tune:"):
        parts = st.pills(
            "What learns", PARTS, selection_mode="multi", default=PARTS, format_func=PART_NAMES.__getitem__,
            key=f"{KEEP}parts",
        )  # fmt: skip
        more = {}
        for name in USES[solver]:
            more |= MORE[name](solver, usual) if name not in held_back else {}
    config = None
    with show_refusals():
        given = {"solver": solver, "steps": int(steps), "parts": tuple(parts), "frozen": frozen, **more}
        config = TrainConfig(**given) if plan is None else plan.held.config(**given)
    if config is not None and solver in ("auto", "lm"):
        st.caption(_plan(s, config))
    return config


def _key(*parts: object) -> str:
    return KEEP + "-".join(map(str, parts))


MOST_LISTED = 5_000  # edges up to which single ones can be chosen


def _scope(s: "Session") -> "tuple[EdgeId, ...]":
    """Let the person choose which edges learn; return those that do not."""
    kan = s.present
    if sum(layer.active.numel() for layer in kan.layers) > MOST_LISTED:
        return ()
    scope = st.segmented_control(
        "Which edges learn", ["All", "Only some"], default="All", required=True, key=f"{KEEP}scope",
        help="The other edges stay as they are, bit for bit; frozen edges never learn. Biases belong to nodes and "
        "learn too, unless you take them out under More settings.",
    )  # fmt: skip
    if scope == "All":
        return ()
    free = [e for e in kan.edges() if not kan.layers[e.layer].frozen[e.source, e.target]]
    learning = st.multiselect(
        "Edges that learn", free, default=[s.edge] if s.edge in free else [],
        format_func=edge_names(s).__getitem__, key=f"{KEEP}learn-{kan.digest[:12]}",
    )  # fmt: skip
    return tuple(sorted(set(free).difference(learning)))


def _smooth(solver: Solver, usual: "TrainConfig") -> dict[str, Any]:
    how = st.segmented_control(
        "Smoothing", ["By the data", "Fixed"], default="By the data" if usual.smooth is None else "Fixed",
        required=True, key=_key("smoothing", usual.smooth),
        help="How far neighbouring control points are drawn together. By the data: as much as generalised "
        "cross-validation on the training rows asks for. Where L-BFGS or Adam is picked, a small fixed weight.",
    )  # fmt: skip
    return {"smooth": None} if how == "By the data" else _weight(solver, usual)


def _weight(_: Solver, usual: "TrainConfig") -> dict[str, Any]:
    weight = st.number_input(
        "Smoothing weight", 0.0, 1e6, usual.smooth or 1e-8, format="%g", key=_key("weight", usual.smooth)
    )
    return {"smooth": float(weight)}


def _finest(_: Solver, usual: "TrainConfig") -> dict[str, Any]:
    finest = st.number_input(
        "Refine grids up to", 0, 1_000, usual.finest, key=_key("finest", usual.finest),
        help="Grids get twice the intervals each time, up to this many, while the data ask for it. 0 keeps the grids "
        "as they are. Layers with frozen edges keep theirs.",
    )  # fmt: skip
    return {"finest": int(finest)}


def _starts(_: Solver, usual: "TrainConfig") -> dict[str, Any]:
    starts = st.number_input(
        "Random starts", 0, 100, usual.starts, key=_key("starts", usual.starts),
        help="0 goes on from the curves as they are. 1 treats the network as new: inputs with long tails get grids to "
        "match, which changes curves. N above 1 also tries N random networks, keeps the best: what was learned is "
        "given up.",
    )  # fmt: skip
    return {"starts": int(starts)}


def _rate(solver: Solver, _: "TrainConfig") -> dict[str, Any]:
    usual = 1.0 if solver == "lbfgs" else 0.01
    return {"rate": float(st.number_input("Learning rate", 1e-6, 10.0, usual, format="%g", key=_key("rate", solver)))}


def _batch(_: Solver, __: "TrainConfig") -> dict[str, Any]:
    rows = st.number_input("Rows in each step (0: all)", 0, 1_000_000, 0, key=_key("batch"))
    return {"batch": int(rows) or None}


def _held_back(name: str, words: str) -> "Ask":
    def ask(solver: Solver, _: "TrainConfig") -> dict[str, Any]:
        note = "Levenberg-Marquardt cannot do this: above 0, L-BFGS is picked." if solver == "auto" else None
        return {name: float(st.number_input(words, 0.0, 10.0, 0.0, 0.001, format="%g", key=_key(name), help=note))}

    return ask


def _patience(_: Solver, __: "TrainConfig") -> dict[str, Any]:
    words = "Stop after steps without a better held-out error (0: never)"
    return {"patience": int(st.number_input(words, 0, 10_000, 0, key=_key("patience")))}


def _follow(_: Solver, usual: "TrainConfig") -> dict[str, Any]:
    new = usual.starts > 0
    times = st.number_input(
        "How often hidden grids are fitted to their data", 0, 20, 5 if new else 0, key=_key("follow", new),
        help="Moves and refits the grids of hidden layers in the first half; best for a new network.",
    )  # fmt: skip
    return {"follow": int(times)}


def _seed(_: Solver, __: "TrainConfig") -> dict[str, Any]:
    return {"seed": int(st.number_input("Seed", 0, 10_000, 0, key=_key("seed")))}


Ask = Callable[[Solver, "TrainConfig"], dict[str, Any]]  # shows a setting's field; returns TrainConfig arguments
MORE: dict[str, Ask] = {
    "finest": _finest, "starts": _starts, "smooth": _smooth, "weight": _weight, "rate": _rate, "batch": _batch,
    "l1": _held_back("l1", "L1: pull edges to zero"), "entropy": _held_back("entropy", "Entropy: few strong edges"),
    "patience": _patience, "follow": _follow, "seed": _seed,
}  # fmt: skip


def _plan(s: "Session", config: "TrainConfig") -> str:
    """Describe in one sentence what Levenberg-Marquardt will do."""
    begin = "A new network" if s.opened.is_new else "It goes on from what the network has learned"
    if config.starts > 1:
        begin = f"The best of {config.starts} random starts"
    grids = f"grids are refined up to {config.finest} intervals" if config.finest else "grids stay as they are"
    smooth = "chosen by the data" if config.smooth is None else "fixed"
    return f"{begin}; {grids}; smoothing is {smooth}."
