"""Show one edge on the Formula page: candidates, their ranking, comparing, fixing and releasing."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.widgets.charts import chart, curve_of
from kanviz.ui.widgets.current import after_change, show_refusals, theme
from kanviz.ui.widgets.panels import shared_unit, show_effect
from kanviz.ui.widgets.redraw import change
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.analysis.symbolic import Candidate
    from kanviz.core.layer import EdgeId
    from kanviz.ui.state.session import Session

SHOWN = 12


def candidates_panel(s: "Session", edge: "EdgeId", *, wide: bool = True) -> None:
    """Show formulas for this edge's curve, how well each fits, and the effect of fixing one.

    wide: the figure is next to the list, otherwise below it.
    """
    from kanviz.analysis.symbolic import suggest_edge

    kan = s.present
    view = kan.edge(edge)
    if view.state == "pruned":
        st.info("This edge is pruned. Restore it on the Prune page to give it a formula.", icon=":material/info:")
        return
    if view.formula is not None:
        _fixed(s, edge)
        return
    with show_refusals():
        with st.spinner("Fitting…"):
            found = s.cache.result(suggest_edge, kan, edge, s.data)
        table, picture = st.columns([11, 9], gap="medium") if wide else (st.container(), st.container())
        with table:
            listed = _choose(s, edge, found)
            typed = _typed(s, edge)
        with picture:
            _offer(s, edge, [typed] if typed else listed)
        _why(s, edge, found)


def _choose(s: "Session", edge: "EdgeId", found: "tuple[Candidate, ...]") -> "list[Candidate]":
    """Return the chosen candidates, at least one; the first of them is the one to be fixed."""
    from kanviz.analysis.curves import formula_text

    rows = [
        {
            "Formula": formula_text(s.present, edge, c.formula),
            "Error": c.error,
            "R²": c.r2,
            "Complexity": c.complexity,
            "": "⚠" if c.warnings else "",
        }
        for c in found[:SHOWN]
    ]
    pick = st.dataframe(
        rows, hide_index=True, selection_mode="multi-row", key=f"candidates-{s.present.digest[:12]}-{edge}",
        on_select=lambda: st.session_state.update({_typed_key(edge): ""}), height="content",
        column_config={
            "Formula": st.column_config.TextColumn(width=270),
            "Error": st.column_config.NumberColumn(format="percent", help="RMS gap as a share of the edge's spread."),
            "R²": st.column_config.NumberColumn(format="%.5f"),
            "Complexity": st.column_config.NumberColumn(format="%.0f"),
        },
    )  # fmt: skip
    st.caption(
        "Best first: small error, few parts. Choose a row to see it, up to three to compare them. "
        "x is what the figure has on its x axis."
    )
    rows_chosen = pick["selection"]["rows"]  # pyright: ignore[reportIndexIssue]
    return [found[row] for row in sorted(rows_chosen)[:3]] or [found[0]]


def _typed_key(edge: "EdgeId") -> str:
    return f"{KEEP}typed-{edge}"


def _typed(s: "Session", edge: "EdgeId") -> "Candidate | None":
    from kanviz.analysis.symbolic import fit_edge

    text = st.text_input(
        "Or try a function of your own", placeholder="exp(-x^2)", key=_typed_key(edge), max_chars=200,
        help="A function of x. It is fitted as c · f(a x + b) + d.",
    )  # fmt: skip
    if not text.strip():
        return None
    with show_refusals():
        return s.cache.result(fit_edge, s.present, edge, text, s.data)
    return None


def _why(s: "Session", edge: "EdgeId", found: "tuple[Candidate, ...]") -> None:
    """Show the parts of each candidate's description length, and its rivals."""
    from kanviz.analysis.curves import formula_text
    from kanviz.analysis.symbolic.edge import edge_samples
    from kanviz.analysis.symbolic.lengths import lengths

    with st.expander("Why this order", icon=":material/sort:"):
        points = s.cache.result(edge_samples, s.present, edge, s.data)
        parts = lengths(found[:SHOWN], points)
        shortest = min((part.total for part in parts), default=0.0)
        st.caption(
            "The shortest description of the curve comes first. Its length in nats counts the error, fitted "
            "numbers, and how unusual the function is. Less than about 3 nats apart means little. This "
            f"curve is trusted to {points.floor:.2g} of its spread; smaller errors do not count."
        )
        rows = [
            {
                "Formula": formula_text(s.present, edge, c.formula),
                "Misses": part.misfit,
                "Numbers": part.constants,
                "Function": part.function,
                "Longer than the shortest by": part.total - shortest,
                "Fits as well": ", ".join(c.rivals),
            }
            for c, part in zip(found, parts, strict=False)
        ]
        nats = st.column_config.NumberColumn(format="%.1f")
        named = ("Misses", "Numbers", "Function", "Longer than the shortest by")
        st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(named, nats))


def _compare(s: "Session", edge: "EdgeId", several: "list[Candidate]") -> None:
    """Show several candidates over the curve, with the error of each."""
    from kanviz.analysis.curves import formula_text
    from kanviz.edit.edits import FixFormula
    from kanviz.plots import overlay_figure

    kan = s.present
    named = [(formula_text(kan, edge, c.formula), FixFormula(edge, c.formula).apply(kan)) for c in several]
    others = [(name, curve_of(s, after, edge)) for name, after in named]
    chart(overlay_figure(curve_of(s, kan, edge), others, theme=theme()), "compared")
    for (name, _), one in zip(named, several, strict=True):
        st.caption(f"`{name}` has an error of {one.error:.2%} of the spread.")
    st.markdown("If the first of these is fixed:")


def _offer(s: "Session", edge: "EdgeId", several: "list[Candidate]") -> None:
    from kanviz.analysis.curves import formula_text
    from kanviz.edit.edits import FixFormula
    from kanviz.edit.proposals import effect
    from kanviz.plots import compare_figure

    kan, chosen = s.present, several[0]
    edit = FixFormula(edge, chosen.formula)
    if len(several) > 1:
        _compare(s, edge, several)
    else:
        after = edit.apply(kan)
        chart(compare_figure(curve_of(s, kan, edge), curve_of(s, after, edge), theme=theme()), "candidate")
    st.markdown(f"`{formula_text(kan, edge, chosen.formula)}`")
    for warning in chosen.warnings:
        st.warning(escape_markdown(warning), icon=":material/warning:")
    show_effect(effect(kan, edit, s.data), shared_unit(kan))
    if st.button("Fix this formula", type="primary", icon=":material/lock:", disabled=s.training.live):
        s.apply(edit)
        after_change(f"{edit}. The spline is saved.")


def _fixed(s: "Session", edge: "EdgeId") -> None:
    from kanviz.analysis.curves import formula_text
    from kanviz.edit.edits import AddSplines, ReleaseFormula
    from kanviz.plots import edge_figure

    st.markdown(f"This edge is the formula `{formula_text(s.present, edge)}`; x is what the figure has on its x axis.")
    chart(edge_figure(curve_of(s, s.present, edge), theme=theme()), "fixed")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Back to its spline", icon=":material/undo:", on_click=change, args=(s.apply, ReleaseFormula(edge)),
            disabled=s.training.live, help="The spline the edge had before the formula was fixed.",
        )  # fmt: skip
        st.button(
            "To a spline of this shape", icon=":material/show_chart:", on_click=change,
            args=(s.apply, ReleaseFormula(edge, refit=True)), disabled=s.training.live,
            help="A new spline fitted to the formula, with control points to move.",
        )  # fmt: skip
        if not s.present.edge(edge).active:
            st.button(
                "Add a spline", icon=":material/add:", on_click=change, args=(s.apply, AddSplines((edge,))),
                disabled=s.training.live, help="The formula stays. A spline that is 0 is added to it, to shape or to "
                "train.",
            )  # fmt: skip
