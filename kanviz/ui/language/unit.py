"""Show one unit of a language model: its curve to shape by hand, its texts, and what a change does to predictions."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.text import escape_markdown, percent
from kanviz.ui.state.inside import LARGEST, Inside
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import attempt, session, show_refusals, theme
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.language.inside import End
    from kanviz.ui.components.protocol import EditorPayload

POINT = "inside-point"  # session state: the chosen control point
WIDTH = 28  # characters of a text


def unit_panel(inside: Inside, block: int, unit: int) -> None:
    """Show the unit's curve, its texts, and the effect of what was moved."""
    with st.container(border=True):
        st.header(f"Unit {unit}")
        _editor(inside, block, unit)
        share = next(one.outside for one in inside.units(block) if one.number == unit)
        st.caption(
            "Dashed: the curve before any training, a GELU. Below: where its inputs lie on held-out text; "
            f"{share:.1%} of them are outside the grid."
        )
        _exact(inside, block, unit)
        _texts(inside, block, unit)
        if st.button(
            "Open this curve on the workbench", icon=":material/hub:",
            help="As a network of one edge with its inputs as rows: to find its formula, for example.",
        ):  # fmt: skip
            with show_refusals():
                _to_workbench(inside, block, unit)
    with st.container(border=True):
        st.header("What the model expects")
        _next(inside)
        _effect(inside)


def _editor(inside: Inside, block: int, unit: int) -> None:
    """Show the curve in the editor; a gesture moves control points of the model."""
    from kanviz.analysis.curves import edge_curve
    from kanviz.core.layer import EdgeId
    from kanviz.ui.components.editor import editor_payload, spline_editor
    from kanviz.ui.state.gestures import edit_of, point_of

    edge = EdgeId(0, 0, 0)
    kan, start = inside.curve(block, unit), inside.curve(block, unit, start=True)
    data = inside.rows(block, unit).matching(kan)
    drawn = editor_payload(kan, edge_curve(kan, edge, data), data, look=theme())
    x = [value for value in drawn["x"] if value is not None]
    before = start([[value] for value in x])[:, 0].tolist()
    payload: EditorPayload = {
        **drawn,
        "title": f"Unit {unit}, {len(drawn['coef'])} control points",
        "resting": before,
        "rows": None,
        "point": min(st.session_state.get(POINT, len(drawn["coef"]) // 2), len(drawn["coef"]) - 1),
        "preview": None,
        "draft": st.session_state.pop(f"{POINT}-draft", None),
        "open": True,
        "awaited": "",
    }

    def commit(event: Any) -> None:
        def make() -> None:
            after = edit_of(edge, event, drawn["rev"]).apply(kan).edge(edge).coef
            was = kan.edge(edge).coef
            moved = [(m, float(after[m])) for m in range(len(after)) if after[m] != was[m]]
            inside.move(block, unit, moved)
            if len(moved) == 1:
                st.session_state[POINT] = moved[0][0]

        attempt(make)

    def hold(m: Any) -> None:
        def make() -> None:
            st.session_state[POINT] = point_of(m)

        attempt(make)

    def answer(event: Any) -> None:
        request = event.get("request") if isinstance(event, dict) else None
        words = "Open this curve on the workbench for formulas and finer grids; the button is below."
        st.session_state[f"{POINT}-draft"] = {"request": request, "error": words}

    spline_editor(payload, "inside-editor", {
        "commit": commit, "point": hold, "snap": answer, "refine": answer, "drop": lambda _: None,
        "edge": lambda _: None, "painted": lambda _: None,
    })  # fmt: skip


def _exact(inside: Inside, block: int, unit: int) -> None:
    """Let the person give a control point an exact height, and put the curve back."""
    coef = inside.curve(block, unit).layers[0].coef[0, 0]
    ask, height, back = st.columns([2, 3, 3], vertical_alignment="bottom")
    most = len(coef) - 1
    point = ask.number_input(
        "Control point", 0, most, min(st.session_state.get(POINT, most // 2), most), key=f"inside-point-{unit}-{most}"
    )
    st.session_state[POINT] = point
    now = float(coef[point])
    key = f"inside-height-{block}-{unit}-{point}-{now:.9g}"

    def move() -> None:
        attempt(inside.move, block, unit, [(point, float(st.session_state[key]))])

    height.number_input("Height", -LARGEST, LARGEST, now, 0.1, format="%.4g", key=key, on_change=move)
    back.button(
        "Put this curve back", icon=":material/undo:", disabled=(block, unit) not in inside.moved, width="stretch",
        on_click=inside.put_back, args=(block, unit),
    )  # fmt: skip


def _to_workbench(inside: Inside, block: int, unit: int) -> None:
    kan, name = inside.curve(block, unit), f"unit {unit} of block {block + 1}"
    session().open(kan, f"{name}, {inside.name}", data=inside.rows(block, unit).matching(kan), rows_from=name)
    st.switch_page("app.py")


def _texts(inside: Inside, block: int, unit: int) -> None:
    least, greatest = inside.ends(block, unit)
    for column, words, end in zip(st.columns(2), ("least", "greatest"), (least, greatest), strict=True):
        with column:
            st.markdown(f"**Where its input is {words}**")
            st.code("\n".join(_line(place.text, place.after) for place in end.places), language=None)
            st.caption(_alike(end))


def _line(text: str, after: str) -> str:
    """Return a text, aligned at its end, and the character after it."""
    return f"{text.rjust(WIDTH)}│{after.replace(' ', '␣')}".replace("\n", "⏎")


def _alike(end: "End") -> str:
    """Say whether the texts have something in common, from the entropy of their last two characters."""
    words = "These texts are alike" if end.alike else "These texts have little in common; do not read too much into it"
    return f"{words}: their last two characters have {end.entropy:.1f} bits, at random places {end.random:.1f}."


def _next(inside: Inside) -> None:
    from kanviz.language.changes import next_symbols
    from kanviz.plots import next_symbols_figure

    typed = st.text_input("After this text", "the follow", max_chars=500, key=f"{KEEP}inside-text")
    with show_refusals():
        found = next_symbols(inside.opened.model, inside.model, typed)
        chart(next_symbols_figure(found, theme=theme()), "inside-next")


def _effect(inside: Inside) -> None:
    """Show what the moved curves change: bits, and a lamp for every prediction."""
    from kanviz.plots import predictions_figure

    if not inside.moved:
        st.caption("Move a control point, and see here which predictions on held-out text keep their bits.")
        return
    found = inside.change()
    left, right = st.columns(2)
    left.metric("Bits per character", f"{found.after:.4f}", f"{found.after - found.before:+.4f}", delta_color="inverse")
    right.metric("Predictions with the same bits", f"{percent(found.kept)}%")
    st.caption(escape_markdown(found.verdict))
    chart(predictions_figure(found, theme=theme()), "inside-lamps")
