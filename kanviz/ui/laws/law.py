"""Show one law in full: formula, constants, warnings, comparison with data and network, exports."""

import json
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown, shown
from kanviz.ui.laws.search import chosen_entry, law_latex, missed_words
from kanviz.ui.state.laws import LawSearches
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import show_refusals, theme
from kanviz.ui.widgets.formula_export import copies
from kanviz.ui.widgets.panels import number, typeset
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.analysis.model_comparison import Comparison
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.laws.front import Entry
    from kanviz.laws.law import Law
    from kanviz.laws.search.record import Discovery
    from kanviz.ui.state.law_search import LawSearch
    from kanviz.ui.state.session import Session

POOR = 0.1  # a share of the target's spread; a law with a greater error gets a warning


def law_panel(s: "Session") -> None:
    """Show the chosen law, if there is any."""
    search = s.of(LawSearches).last
    found = search.found if search else None
    if search is None or found is None or not found.front:
        return
    st.header("The law")
    entry = _choose(s, found)
    typeset(law_latex(found, entry))
    _units(found)
    _numbers(found, entry)
    share = entry.test_rmse / found.scale.spread
    if share > POOR:
        st.warning(
            f"Its error is {share:.0%} of the spread: this is not yet a law of these rows.", icon=":material/warning:"
        )
    for note in entry.notes:
        st.warning(escape_markdown(note), icon=":material/warning:")
    constants, take = st.columns(2, gap="medium")
    with constants:
        _constants(found, entry)
    with take:
        _copies(found, entry)
        _to_network(s, search, entry)
    with show_refusals():
        _comparison(s, search.data, found, entry)


def _choose(s: "Session", found: "Discovery") -> "Entry":
    from kanviz.analysis.symbolic.written import text as written

    chosen = chosen_entry(s, found)
    texts = [entry.text for entry in found.front]
    key = f"law-{hash((*texts, chosen.text))}"

    def take() -> None:
        s.of(LawSearches).chosen = st.session_state[key]

    def named(text: str) -> str:
        entry = found.front[texts.index(text)]
        best, words = " (best)" if entry is found.best else "", _short(written(entry.expression, 4))
        return f"{words} · complexity {entry.complexity} · error {missed_words(found, entry)}{best}"

    st.selectbox("Law", texts, index=texts.index(chosen.text), key=key, on_change=take, format_func=named)
    return chosen


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _units(found: "Discovery") -> None:
    names = [(found.target, found.unit), *zip(found.inputs, found.units, strict=True)]
    units = [f"{label(name)} in {label(unit)}" for name, unit in names if unit]
    if units:
        st.caption(", ".join(units))


def _numbers(found: "Discovery", entry: "Entry") -> None:
    exact, unit = found.scale.exact(entry), label(found.unit)
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Held-out RMSE", number(entry.test_rmse, unit), width="content",
            help="On rows that the law was not fitted to." + (" That is rounding." if exact else ""),
        )  # fmt: skip
        st.metric("Share of the spread", f"{entry.test_rmse / found.scale.spread:.2g}", width="content")
        st.metric("RMSE, rows learned from", number(entry.train_rmse, unit), width="content")
        st.metric("Complexity", entry.complexity, width="content", help="Parts of the expression.")


def _constants(found: "Discovery", entry: "Entry") -> None:
    """Show the law with letters for decimal constants, their values with standard errors, and the exact constants."""
    from kanviz.analysis.symbolic.written import latex, latex_name

    st.markdown("**Constants**")
    law = entry.law
    decimal = [constant for constant in law.constants if not constant.exact]
    exact = [constant.exact for constant in law.constants if constant.exact]
    if decimal:
        typeset(f"{latex_name(found.target)} = {latex(law.template, 6)}")
        st.dataframe(
            [
                {
                    "Constant": constant.name,
                    "Value": f"{constant.value:.10g}",
                    "Standard error": "not identifiable" if constant.error is None else f"± {constant.error:.2g}",
                }
                for constant in decimal
            ],
            hide_index=True,
        )
    else:
        st.caption("No decimal constant is left; all numbers in it are exact.")
    if exact:
        st.caption(f"Exact: {', '.join(map(escape_markdown, exact))}")
    if any(constant.error is None for constant in decimal):
        st.caption("Not identifiable: another value would describe the rows as well.")


def _copies(found: "Discovery", entry: "Entry") -> None:
    from kanviz.analysis.symbolic.source import python_source

    st.markdown("**Take it with you**")
    unit = f" ({found.unit})" if found.unit else ""
    docstring = f"{found.target}{unit}; held-out RMSE {entry.test_rmse:.3g} on {found.scale.held} rows."
    with show_refusals():
        copies(
            law_latex(found, entry, 15),
            entry.text,
            python_source(entry.expression, found.inputs, docstring=docstring),
            key="law",
        )
    st.download_button(
        "All laws as JSON", lambda: json.dumps(found.to_json(), indent=2), "laws.json", "application/json",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _to_network(s: "Session", search: "LawSearch", entry: "Entry") -> None:
    if st.button(
        "Open as a network", icon=":material/hub:", disabled=s.training.live,
        help="Each part of the law becomes an edge with its formula: to look at, to edit, and to train on other rows. "
        "A network that is open now waits on the Open page, and the laws stay here.",
    ):  # fmt: skip
        with show_refusals():
            open_law(s, search, entry)
            st.switch_page("app.py")


def open_law(s: "Session", search: "LawSearch", entry: "Entry") -> None:
    """Open the law as a network, with the rows it was found in."""
    from kanviz.laws.network.law_as_network import as_network

    data = search.data
    kan = as_network(entry.law, data.inputs, data.outputs[0], data.x)
    s.open(kan, search.name, data=data, rows_from=search.rows_from)
    waits = f"; {shown(s.left.name)} waits on the Open page" if s.left else ""
    s.messages.append(("done", f"The law is open as a network{waits}."))


def _comparison(s: "Session", data: "Dataset", found: "Discovery", entry: "Entry") -> None:
    compared = s.cache.result(_compared, s.present if s.work is not None else None, entry.law, data)
    alone = len(compared.models) == 1
    st.markdown("**Against the data**" if alone else "**Law, network and data**")
    comparison_panel(compared, "law")
    if alone and s.work is not None:
        st.caption("The open network has other columns, so it is not shown with the law.")


def _compared(kan: "KAN | None", law: "Law", data: "Dataset") -> "Comparison":
    """Compare the law with the data, and with the network if it has the same columns."""
    from kanviz.analysis.model_comparison import compare, network_for

    network = network_for(kan, data) if kan is not None else None
    return compare(data, {"this law": law, **({"open network": network} if network else {})})


def comparison_panel(found: "Comparison", key: str) -> None:
    """Show the errors of each model, and two figures: predicted against measured, and residuals."""
    from kanviz.plots import agreement_figure, residuals_figure

    unit = label(found.unit)
    rows = [
        {
            "": one.name,
            "RMSE": number(one.rmse, unit),
            "Largest error": number(one.largest, unit),
            "RMSE, share of the spread": f"{one.share:.2g}",
            "Rows without a number": one.missing,
        }
        for one in found.models
    ]
    st.dataframe(rows, hide_index=True)
    st.caption(f"On {len(found.measured):,} {'held-out rows' if found.held else 'rows; none are held out'}.")
    left, right = st.columns(2, gap="medium")
    with left:
        chart(agreement_figure(found, theme=theme()), f"agreement-{key}")
    with right:
        chart(residuals_figure(found, theme=theme()), f"residuals-{key}")
