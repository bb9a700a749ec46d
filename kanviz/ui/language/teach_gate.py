"""Show the gate between two texts: its axis with both histograms, its locked points, and the others to be moved."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import escape_markdown, percent, shown
from kanviz.ui.language.points_editor import points_editor
from kanviz.ui.state.teach import Teaching, measured
from kanviz.ui.widgets.current import attempt, session

if TYPE_CHECKING:
    from kanviz.edit.protocol import Edit
    from kanviz.language.corpus import Corpus
    from kanviz.language.teaching.gate import Gate
    from kanviz.language.teaching.view import GateView

CONTEXT = 64  # characters of the models' windows
POINT = "gate-point"


def gate_panel(old: "Corpus", new: "Corpus") -> None:
    """Show the gate between the texts, as it was made or as it was moved by hand, and what it does."""
    from kanviz.language.teaching.gate import gate_between
    from kanviz.language.teaching.view import Separation, view_gate

    s = session()
    teaching = s.of(Teaching)
    st.header("The gate")
    st.markdown(
        "New units are multiplied by one function, the gate: 0 switches them off. Its axis, z, says how much more the "
        "characters so far look like the new text than like the old one. Where the old text lies, the points are "
        "locked at 0 (grey). The bars below show where both texts lie; those at the ends hold all beyond."
    )
    context = teaching.before.sizes.context if teaching.before is not None else CONTEXT
    try:
        made = s.cache.result(gate_between, new, old, context)
    except UserError as refusal:
        st.warning(escape_markdown(str(refusal)), icon=":material/join_inner:")
        return
    gate = teaching.moved or made
    view = s.cache.result(view_gate, gate, new, old, context)
    apart = view.separation is Separation.APART
    (st.info if apart else st.warning)(
        escape_markdown(" ".join(view.summary())), icon=":material/balance:" if apart else ":material/join_inner:"
    )
    _editor(gate, view)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _height(gate)
        st.button(
            "As it was made", icon=":material/history:", disabled=teaching.moved is None, on_click=teaching.restore,
            key="gate-restore",
        )  # fmt: skip
    result(new, old)


def result(new: "Corpus", old: "Corpus") -> None:
    """Show what the taught model gains and forgets behind the gate as it is now, measured again."""
    from kanviz.language.teaching.measure import ON_THE_WAY

    s = session()
    teaching = s.of(Teaching)
    before, gated = teaching.before, teaching.gated
    if before is None or gated is None:
        st.caption("Teach with the gate first; then every move of a point is measured again.")
        return
    gain, forgetting, identical = s.cache.result(measured, before, gated, new, old)
    st.markdown(f"As it was made: {_measured_words(gain, forgetting, identical)}.")
    st.caption(f"Measured on {ON_THE_WAY} windows of each held-out text; the table above has all of it.")
    if teaching.moved is not None:
        now = teaching.gated_with(teaching.moved)
        assert now is not None
        gain, forgetting, identical = s.cache.latest(measured, before, now, new, old)
        st.markdown(f"**As it is now: {_measured_words(gain, forgetting, identical)}.**")


def _editor(gate: "Gate", view: "GateView") -> None:
    """Show the gate as a curve to be dragged, with both histograms below."""
    import hashlib

    from kanviz.ui.components.editor import Bars, Points

    heights = gate.heights.double().numpy()
    rev = f"gate-{hashlib.sha256(heights.tobytes()).hexdigest()[:16]}"
    points = Points(
        rev, "The gate over its axis", "z: how much more it looks like the new text, in nats", "opening of the gate",
        gate.knots.double().numpy(), heights,
        locked=tuple(gate.locked.nonzero().flatten().tolist()),
        bars=Bars(
            view.edges.double().numpy(), view.old.numpy(), view.new.numpy(),
            (shown(view.old_name), shown(view.new_name)),
        ),
    )  # fmt: skip

    def move(edit: "Edit") -> None:
        from kanviz.edit.edits import Batch

        moves = edit.edits if isinstance(edit, Batch) else (edit,)
        session().of(Teaching).move(gate, [(one.point, one.height) for one in moves])  # pyright: ignore

    points_editor(points, "gate-editor", POINT, move)


def _height(gate: "Gate") -> None:
    """Let the person choose a free control point and type its height."""
    free = (~gate.locked).nonzero().flatten().tolist()
    chosen = st.session_state.get(POINT)
    at = free.index(chosen) if chosen in free else 0
    knots = gate.knots.tolist()
    point = st.selectbox(
        "Free point at z", free, index=at, format_func=lambda n: f"{knots[n]:.1f}", key=f"gate-free-{free[at]}",
        width=160,
    )  # fmt: skip
    height = float(gate.heights[point])
    key = f"gate-height-{point}-{height:.6f}"

    def move() -> None:
        attempt(session().of(Teaching).move, gate, [(point, float(st.session_state[key]))])

    st.number_input(
        "Its opening",
        -10.0,
        10.0,
        min(max(height, -10.0), 10.0),
        0.1,
        format="%.2f",
        key=key,
        on_change=move,
        width=160,
    )


def _measured_words(gain: float, forgetting: float, identical: float) -> str:
    same = f"{percent(identical)}% of the old predictions bit-identical"
    return f"gain {gain:z.3f}, forgetting {forgetting:z.4f}, {same}"
