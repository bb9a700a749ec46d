"""Show and edit one edge: move its control points, freeze, prune, restore, refine its grid."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.widgets.charts import curve_of
from kanviz.ui.widgets.conversion import splines_or_offer
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.no_rows import load_words
from kanviz.ui.widgets.panels import number, shared_unit, show_effect
from kanviz.ui.widgets.redraw import change, redraw
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label
from kanviz.ui.workbench.points import LARGEST, points_table
from kanviz.ui.workbench.shaping import shape_editor

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.ui.state.session import Session


def quick_actions(s: "Session", edge: "EdgeId") -> None:
    """Show the effect and the buttons for pruning or restoring the edge, and for freezing or thawing it."""
    from kanviz.edit.edits import FreezeEdge, ThawEdge
    from kanviz.edit.proposals import effect, prune, restore

    kan = s.present
    view = kan.edge(edge)
    with show_refusals():
        if view.state == "pruned":
            proposal, word, icon = restore(s.opened.history, [edge]), "Restore", ":material/undo:"
        else:
            proposal = s.cache.result(prune, kan, [edge], s.data)
            word, icon = "Prune", ":material/content_cut:"
        found = s.cache.result(effect, kan, proposal, s.data)
        unit = shared_unit(kan)
        if found.before is not None:
            st.caption(
                f"{word} this edge: {found.error} {number(found.before)} → {number(found.after, unit)} "
                f"on all {found.rows:,} rows."
            )
        else:
            st.caption(
                f"{word} this edge: outputs move by up to {number(found.shift, unit)}. {load_words(s)} to see the "
                "error."
            )
        with st.container(horizontal=True, gap="small"):
            st.button(
                word,
                icon=icon,
                key=f"quick-{word}",
                on_click=change,
                args=(s.apply, proposal),
                disabled=s.training.live,
            )
            freeze = ThawEdge((edge,)) if view.frozen else FreezeEdge((edge,))
            st.button(
                "Thaw" if view.frozen else "Freeze", icon=":material/ac_unit:", key="quick-freeze", on_click=change,
                args=(s.apply, freeze), disabled=s.training.live,
                help="Training leaves a frozen edge alone, bit for bit.",
            )  # fmt: skip


OFFERED = "offered-prune"


def offer_prune(s: "Session", edge: "EdgeId") -> None:
    """Choose an edge and request the dialog that asks whether to prune it, with the effect."""
    s.select(edge)
    if s.present.edge(edge).state != "pruned":
        st.session_state[OFFERED] = edge


def offered_prune(s: "Session") -> None:
    """Open that dialog if it was requested."""
    edge = st.session_state.pop(OFFERED, None)
    if edge is not None and not s.training.live:
        _ask_to_prune(s, edge)


@st.dialog("Prune this edge?")
def _ask_to_prune(s: "Session", edge: "EdgeId") -> None:
    from kanviz.edit.proposals import effect, prune
    from kanviz.ui.widgets.panels import edge_names

    kan = s.present
    with show_refusals():
        proposal = prune(kan, [edge], s.data)
        st.markdown(f"**{label(edge_names(s)[edge], 200)}**")
        show_effect(effect(kan, proposal, s.data), shared_unit(kan))
        st.caption("Its mean is kept in its target's bias. Undo brings it back.")
        yes, no = st.columns(2)
        if yes.button("Prune it", type="primary", icon=":material/content_cut:", width="stretch"):
            s.apply(proposal)
            st.rerun()
        if no.button("Keep it", width="stretch"):
            st.rerun()


def edge_picture(s: "Session", edge: "EdgeId") -> None:
    """Show the curve in the spline editor."""
    point, preview = current_point(s, edge), pending(s, edge)
    shape_editor(s, edge, point=point, preview=preview, hold=lambda m: hold_point(edge, m))


def points_panel(s: "Session", edge: "EdgeId") -> None:
    """Show the chosen control point with its exact height, and the effect of a new height before it is applied."""
    kan = s.present
    if not kan.edge(edge).order:
        splines_or_offer(s, "points")
    elif kan.edge(edge).active:
        point = current_point(s, edge) or 0
        _what_moves(s, kan, edge, point)
        _exact_height(s, edge, point)
        _what_it_does(s, kan, edge, pending(s, edge))
    else:
        st.info(f"This edge has no spline to move: it is {_state_words(kan.edge(edge).state)}.", icon=":material/info:")


def all_points_panel(s: "Session", edge: "EdgeId") -> None:
    """Show all control points as a table, and the refinement. Only when it is opened, since the table is slow."""
    if not s.present.edge(edge).order:
        return
    place = st.expander(
        "All control points, and a finer grid", icon=":material/table:", key=f"{KEEP}points", on_change="rerun"
    )
    if place.open:
        with place:
            points_table(s, edge)
            refine_panel(s, edge)


def _state_words(state: str) -> str:
    return {"formula": "a fixed formula; make it a spline on the Formula page", "pruned": "pruned; restore it first"}[
        state
    ]


def _point_key(edge: "EdgeId") -> str:
    """Return the key of the chosen control point. It is not a widget key: those are lost when the page changes."""
    return f"point-{edge}"


def hold_point(edge: "EdgeId", m: int) -> None:
    """Choose another control point."""
    st.session_state[_point_key(edge)] = m


def current_point(s: "Session", edge: "EdgeId") -> int | None:
    """Return the chosen control point of this edge, at first the middle one; None if there is no spline."""
    view = s.present.edge(edge)
    if not view.active or not view.order:
        return None
    return min(st.session_state.get(_point_key(edge), len(view.coef) // 2), len(view.coef) - 1)


def _height_key(s: "Session", edge: "EdgeId", point: int) -> str:
    """Return the key of the field with the exact height."""
    return f"{KEEP}height-{s.present.digest[:16]}-{edge}-{point}"


def pending(s: "Session", edge: "EdgeId") -> "MoveControlPoint | None":
    """Return the move that was typed for the chosen control point and is not applied yet; None if there is none."""
    from kanviz.edit.edits import MoveControlPoint

    point = current_point(s, edge)
    wanted = None if point is None else st.session_state.get(_height_key(s, edge, point))
    if point is None or wanted is None or wanted == float(s.present.edge(edge).coef[point]):
        return None
    return MoveControlPoint(edge, point, float(wanted))


def _exact_height(s: "Session", edge: "EdgeId", point: int) -> None:
    coef = s.present.edge(edge).coef
    now, usable = float(coef[point]), coef[coef.abs() < LARGEST]
    if not abs(now) < LARGEST:
        st.caption("This control point is NaN or too large; give it a new height.")
        now = 0.0
    span = float(usable.max() - usable.min()) if len(usable) else 0.0
    st.number_input(
        "Exact height", -LARGEST, LARGEST, now, key=_height_key(s, edge, point), format="%.6g",
        step=max(span, abs(now), 1e-3) / 50, on_change=lambda: redraw("curve", "inspector"),
    )  # fmt: skip


def _interval(low: float, high: float, unit: str) -> str:
    """Describe an interval: "x from 0.2 to 0.8 m". An infinite end of a border point is left out."""
    ends = [f"{end:.4g}{' ' * bool(unit)}{unit}" for end in (low, high)]
    if low == float("-inf"):
        return f"x up to {ends[1]}" if high < float("inf") else "every x"
    return f"x from {ends[0]} on" if high == float("inf") else f"x from {low:.4g} to {ends[1]}"


def _what_moves(s: "Session", kan: "KAN", edge: "EdgeId", point: int) -> None:
    """Show the chosen control point, the interval where it acts, and the share of rows in it."""
    curve = curve_of(s, kan, edge)
    low, high = curve.reach(point)
    words = [
        f"**Control point {point} at x = {curve.points_x[point]:.4g}.** "
        f"Moves the curve only for {_interval(low, high, label(curve.unit))}."
    ]
    if s.data is not None:
        words.append(f"{curve.share(low, high):.0%} of the training rows lie there.")
    lift = float(curve.points_y[point] - curve.coef[point])
    if abs(lift) > 1e-3 * float(abs(curve.coef).max()):
        parts = " and ".join(part for part in ("base", "formula") if getattr(curve, part) is not None)
        words.append(f"Its dot is at {curve.points_y[point]:.4g}: its height and what the {parts} adds there.")
    st.caption(" ".join(words))


def _what_it_does(s: "Session", kan: "KAN", edge: "EdgeId", preview: "MoveControlPoint | None") -> None:
    """Show the effect of a move that is not applied yet: what changes, the errors, and buttons to apply or drop it."""
    from kanviz.analysis.diff import diff
    from kanviz.edit.proposals import effect

    if preview is None:
        return
    st.caption(f"{diff(kan, preview.apply(kan))}: this edge is the changed one.")
    show_effect(effect(kan, preview, s.data), shared_unit(kan))

    def forget() -> None:
        st.session_state.pop(_height_key(s, edge, preview.point), None)
        redraw("curve", "inspector")

    keep, drop = st.columns(2)
    keep.button("Keep", type="primary", icon=":material/check:", width="stretch", disabled=s.training.live,
                on_click=change, args=(lambda: s.apply(preview, merge=True),))  # fmt: skip
    drop.button("Cancel", icon=":material/close:", width="stretch", on_click=forget)


def refine_panel(s: "Session", edge: "EdgeId") -> None:
    """Let the person refine the grid: more control points for the same curves."""
    from kanviz.edit.edits import RefineGrid

    layer = s.present.layers[edge.layer]
    ask, act = st.columns([3, 2], vertical_alignment="bottom")
    most = max(layer.grid, 1_000)  # a converted network may have more
    grid = ask.number_input(
        f"Grid intervals of layer {edge.layer} (now {layer.grid})", layer.grid, most, min(2 * layer.grid, most),
        key=f"refine-{s.present.digest[:12]}-{edge.layer}",
        help="Knots are inserted; every curve stays as it is, with more control points to move.",
    )  # fmt: skip
    act.button(
        "Refine", icon=":material/grid_on:", on_click=change, args=(s.apply, RefineGrid(edge.layer, int(grid))),
        disabled=s.training.live or grid <= layer.grid, width="stretch",
    )  # fmt: skip
