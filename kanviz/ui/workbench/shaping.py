"""Show the spline editor for one edge, and turn its gestures into edits of the current network."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import EditError, UserError
from kanviz.ui.widgets.charts import curve_of
from kanviz.ui.widgets.current import attempt, theme
from kanviz.ui.widgets.redraw import awaited, change, draw_later, redraw

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.edit.stretches import Snap
    from kanviz.ui.components.protocol import EditorPayload
    from kanviz.ui.state.session import Session


def shape_editor(
    s: "Session",
    edge: "EdgeId",
    *,
    point: int | None,
    preview: "MoveControlPoint | None",
    hold: Callable[[int], None],
) -> None:
    """Show the curve for editing by hand; each gesture is one step of the history.

    point: the chosen control point · preview: a move that is shown and not yet applied · hold: chooses another control
    point.
    """
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.ui.components.editor import editor_payload, spline_editor
    from kanviz.ui.state.gestures import edge_of, edit_of, point_of, stretch_of, together, which_of

    kan, look, picked = s.present, theme(), s.looking.picked
    drawn = s.cache.result(editor_payload, kan, curve_of(s, kan, edge), s.data, look=look, picked=picked)
    rev, place = drawn["rev"], f"snap-{edge}"
    draft = st.session_state.get(place)
    payload: EditorPayload = {
        **drawn,
        "point": point,
        "preview": [preview.point, preview.height] if preview is not None else None,
        "draft": draft[1] if draft is not None and draft[0] == rev else None,
        "open": not s.training.live,
        "awaited": awaited(),
    }

    def commit(event: Any) -> None:
        def make() -> None:
            found = st.session_state.pop(place, None)
            if isinstance(event, dict) and event.get("words") == "Snap" and found and found[2] and found[0] == rev:
                if event.get("request") != found[1]["request"]:
                    raise EditError("Another formula was found meanwhile; look at it, then keep it.")
                edit = together(found[2].moves, f"Snap to {found[1]['text']}")
            else:
                edit = edit_of(edge, event, rev)
            s.apply(edit, merge=True)
            if isinstance(edit, MoveControlPoint):
                hold(edit.point)

        change(make)

    def snapped(event: Any) -> None:
        from kanviz.edit.stretches import snaps

        request = event.get("request") if isinstance(event, dict) else None
        try:
            stretch = stretch_of(kan, edge, event, rev)
            near = s.cache.result(snaps, kan, edge, *stretch)
            which = which_of(event) % len(near)
            st.session_state[place] = (rev, {"request": request, **_draft(s, edge, near, which)}, near[which])
        except UserError as refusal:
            st.session_state[place] = (rev, {"request": request, "error": str(refusal)}, None)

    def refine(event: Any) -> None:
        from kanviz.edit.stretches import finer

        change(lambda: s.apply(finer(kan, edge, *stretch_of(kan, edge, event, rev))))

    def pointed(m: Any) -> None:
        attempt(lambda: hold(point_of(m)))
        redraw("curve", "inspector")

    def chosen(event: Any) -> None:
        attempt(lambda: s.select(edge_of(event)))
        redraw("curve", then=("picker", "inspector"))

    spline_editor(payload, "editor", {
        "edge": chosen, "commit": commit, "point": pointed, "snap": snapped, "refine": refine,
        "drop": lambda _: st.session_state.pop(place, None), "painted": draw_later,
    })  # fmt: skip


def _draft(s: "Session", edge: "EdgeId", near: "Sequence[Snap]", which: int) -> dict[str, Any]:
    """Return what the editor shows of a formula before it is applied to the interval."""
    from kanviz.analysis.curves import formula_text

    found = near[which]
    text = formula_text(s.present, edge, found.formula)
    name = f"Formula {which + 1} of {len(near)}" if which else "Nearest formula"
    return {
        "text": text,
        "which": which,
        "of": len(near),
        "explanation": f"{name}: {text}. The curve is {100 * found.before:.2g} % of its spread away from it here, "
        f"{100 * found.after:.2g} % after you keep it.",
        "points": [[move.point, move.height] for move in found.moves],
    }
