"""Show the formula of the whole network in the table's units, its gap, and its exports."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.formula_export import copies
from kanviz.ui.widgets.panels import number, shared_unit, typeset
from kanviz.ui.widgets.redraw import change
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.analysis.compose import Composition
    from kanviz.ui.state.session import Session

CURVES = 150  # edges without a formula beyond which the network's formula is written only on request
LONG = 220  # characters of LaTeX too long for a line


def network_formula(s: "Session") -> None:
    """Show the formula of the whole network in the table's units, and its gap to the network."""
    _offer_room(s)
    if not _wanted(s):
        return
    from kanviz.analysis.compose import compose  # imports sympy, which is slow

    kan, data = s.present, s.data
    with show_refusals():
        with st.spinner("Composing…"):
            whole = s.cache.result(compose, kan, data)
        digits = st.slider(
            "Digits of the constants", 2, 12, 4, key=f"{KEEP}digits",
            help="A constant that is added keeps more digits, as many as its sum needs.",
        )  # fmt: skip
        shown = s.cache.result(whole.rounded, digits)
        for note in whole.notes:
            st.caption(label(note, 400))
        lines = s.cache.result(shown.latex)
        if shown.expanded and len(shown.steps) > len(lines):
            long = max(map(len, lines)) > LONG
            how = st.segmented_control(
                "Written", ["In one line", "Node by node"], default="Node by node" if long else "In one line",
                required=True, key=f"written-{kan.digest[:12]}",
            )  # fmt: skip
            if how != "In one line":
                lines = s.cache.result(_node_by_node, shown)
        for line in lines:
            typeset(line)
        _say_gap(s, whole, shown)
        _take(s, whole, shown)


def _offer_room(s: "Session") -> None:
    """Show the button that adds a spline to every edge, if formulas alone make up the network."""
    from kanviz.edit.proposals import widen

    kan = s.present
    if any(bool(layer.active.any()) for layer in kan.layers):
        return
    st.button(
        "Add splines to all edges", icon=":material/add:", on_click=change, args=(lambda: s.apply(widen(kan)),),
        disabled=s.training.live, help="The formulas stay, and no value changes: the splines are 0, pruned edges get "
        "one, too. Training on a table can then learn what the formulas miss.",
    )  # fmt: skip


def _wanted(s: "Session") -> bool:
    """Return whether to compose the formula: at once if it is short enough to read, else only on request."""
    curves = sum(int(layer.active.sum()) for layer in s.present.layers)
    if curves <= CURVES:
        return True
    st.caption(
        f"{curves:,} edges have no formula yet; each would be written as a function φ. "
        "Prune first, or find formulas, to get one that can be read."
    )
    key = f"compose-{s.present.digest[:12]}"
    if st.session_state.get(key):
        return True
    st.button("Write it out all the same", icon=":material/function:", key=f"{key}-button",
              on_click=lambda: st.session_state.update({key: True}))  # fmt: skip
    return False


def _node_by_node(whole: "Composition") -> list[str]:
    return list(replace(whole, expanded=False).latex())


def _say_gap(s: "Session", whole: Any, shown: Any) -> None:
    unit = shared_unit(s.present)
    exact, rounded, left = st.columns(3)
    exact.metric(
        "Gap to the network", number(whole.gap.largest, unit), help="Largest difference on the rows looked at."
    )
    rounded.metric("Gap as shown", number(shown.gap.largest, unit), help="With the constants rounded as above.")
    left.metric("Edges still splines", len(whole.spline_edges))
    if whole.spline_edges:
        st.caption(
            "Curves that have no formula yet are written as named functions φ; fix them above to get a closed formula."
        )


def _take(s: "Session", whole: "Composition", shown: "Composition") -> None:
    """Show the exports: LaTeX as displayed; all digits for SymPy, and as a function if there is a closed form."""
    st.markdown("**Take it with you**")
    copies("\n".join(shown.latex()), "\n".join(whole.text()), _source(whole), key="network")
    st.download_button(
        "Steps as a recipe", lambda: json.dumps(s.opened.whole_recipe(), indent=2), "recipe.json", "application/json",
        icon=":material/download:", on_click="ignore",
        help="What was done to the network to get here; the History page replays it.",
    )  # fmt: skip


def _source(whole: "Composition") -> str:
    from kanviz.analysis.symbolic.source import python_source

    if not whole.exact or not whole.expanded or len(whole.expressions) != 1:
        return ""
    (expression,) = whole.expressions
    docstring = f"{whole.outputs[0].name}, from a network; they differ by at most {whole.gap.largest:.3g}."
    return python_source(expression, [symbol.name for symbol in whole.inputs], docstring=docstring)
