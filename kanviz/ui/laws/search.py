"""Show the running search for laws on the Laws page, and its front to choose from."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted, escape_markdown
from kanviz.ui.state.laws import LawSearches
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import attempt, session, show_refusals, theme
from kanviz.ui.widgets.panels import number, time_bar, typeset
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.laws.front import Entry
    from kanviz.laws.search.discover import DiscoverConfig
    from kanviz.laws.search.record import Discovery
    from kanviz.ui.laws.options import Chosen
    from kanviz.ui.state.law_search import LawSearch
    from kanviz.ui.state.session import Session

TICK = 0.5  # seconds between two updates


def discover_button(s: "Session | None", rows: "Chosen | None", config: "DiscoverConfig | None") -> None:
    running = s is not None and s.of(LawSearches).live
    ready = rows is not None and config is not None and not running
    if st.button(
        "Find the law", type="primary", icon=":material/search:", disabled=not ready, width="stretch",
        help="" if rows else "Choose rows first, above.",
    ):  # fmt: skip
        assert rows is not None
        assert config is not None
        with show_refusals():
            session().of(LawSearches).start(*rows, config)
            st.rerun()
    st.caption(
        "Small networks of many shapes are fitted, their curves are replaced by formulas, and the constants made exact "
        "where the data allow it. Held-out rows are never fitted to; they choose between laws."
    )


def search_panel(s: "Session | None") -> None:
    """Show the search with updates while it runs; then why it ended, and the laws to choose from."""
    search = s.of(LawSearches).last if s is not None else None
    if s is None or search is None:
        st.info("Choose rows and start. The laws found so far appear here.", icon=":material/functions:")
        return
    if search.job.live:
        st.fragment(_watch, run_every=TICK)()
        return
    _ending(search)
    found = search.found
    if found is not None and found.front:
        front_chart(s, found)
        st.caption(
            "Each dot is a law that no simpler one beats; the star is the best. Where the line drops far, something "
            "real was found. Click a dot, or choose below."
        )
        _tried(found)


def _watch() -> None:
    s = session()
    search = s.of(LawSearches).last
    if search is None or not search.job.live:
        st.rerun()
    found, total = search.found, search.config.seconds
    words = _progress_words(found) if found else "networks of many shapes are being fitted"
    time_bar(search.job, total, words)
    st.button(
        "Stop and keep the best so far", icon=":material/stop_circle:", key="stop-laws",
        on_click=s.of(LawSearches).stop,
    )  # fmt: skip
    if found is not None and found.front:
        front_chart(s, found)
        typeset(law_latex(found, found.best))
        st.caption(f"The best so far has an error of {missed_words(found, found.best)}.")


def _progress_words(found: "Discovery") -> str:
    """Describe the newest attempt."""
    last = found.attempts[-1]
    return f"attempt {len(found.attempts)} ({label(last.attempt)}), {counted(last.laws, 'law')} so far"


def _ending(search: "LawSearch") -> None:
    found, job = search.found, search.job
    if job.error:
        st.error(escape_markdown(job.error), icon=":material/error:")
    tried = counted(len(found.attempts), "attempt") if found else "no attempt"
    why = (found.stopped_because if found else "") or str(job.end)
    seconds = f" in {found.seconds:.3g} s" if found else ""
    st.caption(f"{label(search.rows_from)}: {tried}{seconds}. Ended because: {escape_markdown(why)}.")
    if found is None or not found.front:
        st.info("No law was found. Give it more seconds, or fewer conditions.", icon=":material/info:")
    for note in found.notes if found else ():
        st.caption(label(note, 400))


def front_chart(s: "Session", found: "Discovery") -> None:
    """Show the laws by complexity and error; a click chooses one."""
    from kanviz.plots import front_figure

    def take(data: list[int]) -> None:
        if data[0] < len(found.front):
            s.of(LawSearches).chosen = found.front[data[0]].text

    figure = front_figure(found, found.front.index(chosen_entry(s, found)), theme=theme())
    chart(figure, "front", lambda data: attempt(take, data))


def chosen_entry(s: "Session", found: "Discovery") -> "Entry":
    """Return the chosen law; the best one if none is chosen, or if it is no longer on the front."""
    return next((entry for entry in found.front if entry.text == s.of(LawSearches).chosen), found.best)


def law_latex(found: "Discovery", entry: "Entry", digits: int = 6) -> str:
    from kanviz.analysis.symbolic.written import latex, latex_name

    return f"{latex_name(found.target)} = {latex(entry.expression, digits)}"


def missed_words(found: "Discovery", entry: "Entry") -> str:
    """Return the held-out error as text, in the target's unit and as a share of the spread."""
    if found.scale.exact(entry):
        return "nothing but rounding"
    share = entry.test_rmse / found.scale.spread
    return f"{number(entry.test_rmse, label(found.unit))} on held-out rows, {share:.2g} of the spread"


def _tried(found: "Discovery") -> None:
    with st.expander(f"What was tried ({len(found.attempts)})", icon=":material/list:"):
        rows = [
            {
                "Attempt": tried.attempt,
                "Laws": tried.laws,
                "Error of the spline network": number(tried.spline_rmse),
                "Error of its best law": number(tried.law_rmse),
                "CPU s": tried.cpu_seconds,
                "Remark": tried.failure,
            }
            for tried in found.attempts
        ]
        st.dataframe(rows, hide_index=True, column_config={"CPU s": st.column_config.NumberColumn(format="%.1f")})
