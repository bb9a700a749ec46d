"""Read all edges together on the Formula page: the running extraction, its front, and applying a reading."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted, escape_markdown
from kanviz.ui.state.extractions import Extractions
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.conversion import splines_or_offer
from kanviz.ui.widgets.current import after_change, attempt, session, show_refusals, theme
from kanviz.ui.widgets.formula_export import copies
from kanviz.ui.widgets.panels import number, shared_unit, time_bar, typeset
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.analysis.compose import Composition
    from kanviz.analysis.model_comparison import Comparison
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.laws.law import Law
    from kanviz.laws.search.extraction_record import ExtractConfig, Extraction, Reading
    from kanviz.ui.state.session import Session

TICK = 0.5  # seconds between two updates
TABLE, NETWORK = "The table", "The network"
LONG = 400  # characters of LaTeX beyond which it is not typeset
DIGITS = 5


def together_panel(s: "Session") -> None:
    """Show the start of the extraction, its progress, or its result."""
    from kanviz.laws.fitting.pruning import curves_of

    running = s.of(Extractions).current
    if running is not None and running.job.live:
        st.fragment(_watch, run_every=TICK)()
        return
    if not splines_or_offer(s, "extract"):
        return
    if any(layer.step for layer in s.present.layers):
        st.info(
            "Reading all edges together is for layers that follow one another directly; this network has a tanh or a "
            "LayerNorm before a layer. Choose Each alone, and find formulas edge by edge.", icon=":material/info:",
        )  # fmt: skip
        return
    if not curves_of(s.present):
        st.caption("Every edge has a formula, is frozen, or is pruned.")
        return
    st.caption(
        "Edges get formulas one after the other, the clearest first. After each, all numbers that are left are fitted "
        "again, so that no edge hides the error of another. Curves that change nothing are left out first."
    )
    with show_refusals():
        config = _config(s)
        st.button("Read all edges together", icon=":material/search:", type="primary", disabled=s.training.live,
                  on_click=attempt, args=(s.of(Extractions).start, config))  # fmt: skip
    if running is not None:
        if running.job.error:
            st.error(escape_markdown(running.job.error), icon=":material/error:")
        if running.found is not None:
            _found(s, running.found)


def _config(s: "Session") -> "ExtractConfig":
    from kanviz.laws.search.extraction_record import ExtractConfig

    seconds, to, leave = st.columns([2, 3, 3], vertical_alignment="bottom")
    limit = seconds.number_input("Seconds at most", 5, 3_600, 60, 5, key=f"{KEEP}extract-seconds")
    imitate = s.data is None or s.data.task != "regression"
    if not imitate:
        chosen = to.segmented_control(
            "Fitted to", [TABLE, NETWORK], default=TABLE, required=True, key=f"{KEEP}extract-to",
            help="The table: a formula may become more exact than the network. The network: it is copied, "
            "with its errors.",
        )  # fmt: skip
        imitate = chosen == NETWORK
    prune = leave.toggle("Leave out curves that change nothing", value=True, key=f"{KEEP}extract-prune")
    return ExtractConfig(seconds=float(limit), prune=prune, imitate=imitate)


def _watch() -> None:
    s = session()
    running = s.of(Extractions).current
    if running is None or not running.job.live:
        st.rerun()
    found, total = running.found, running.config.seconds
    words = "reading the network" if found is None else _so_far(found)
    time_bar(running.job, total, words)
    st.button("Stop and keep the best so far", icon=":material/stop_circle:", on_click=s.of(Extractions).stop,
              key="stop-extract")  # fmt: skip
    if found is not None:
        _front_chart(s, found)


def _so_far(found: "Extraction") -> str:
    left = found.now.curves
    if left:
        return f"{left} of {counted(found.edges, 'curve')} left"
    return "no curve left, constants are being settled"


def _front_chart(s: "Session", found: "Extraction") -> None:
    from kanviz.plots import readings_figure

    def take(data: list[int]) -> None:
        if data[0] < len(found.front):
            s.of(Extractions).chosen = found.front[data[0]].complexity

    chart(readings_figure(found, found.front.index(_chosen_reading(s, found)), theme=theme()), "readings",
          lambda data: attempt(take, data))  # fmt: skip


def _chosen_reading(s: "Session", found: "Extraction") -> "Reading":
    """Return the chosen reading, by its complexity, which is unique in a front; the best one if none is chosen."""
    return next((one for one in found.front if one.complexity == s.of(Extractions).chosen), found.best)


def _found(s: "Session", found: "Extraction") -> None:
    """Show the front to choose from, and the chosen reading in full."""
    current = s.of(Extractions).current
    why = found.stopped_because or (current.job.end if current is not None else "")
    st.caption(f"Ended because: {why}. Judged on {found.rows:,} rows that were not fitted to.")
    _front_chart(s, found)
    what = "the network" if found.imitates else "the table"
    st.caption(
        f"Each dot is a reading that no simpler one beats; its error is measured against {what}. A curve "
        "that is left counts with its control points. The star is the best without curves. Click a dot, or choose here."
    )
    one = _choose(s, found)
    with show_refusals():
        _written(s, found, one)
        _numbers(s, found, one)
        _comparison(s, one)
        if one.law is None:
            _keep(s, one)
        else:
            _take(s, one)


def _choose(s: "Session", found: "Extraction") -> "Reading":
    chosen = _chosen_reading(s, found)
    places = list(range(len(found.front)))
    key = f"reading-{hash(tuple((one.complexity, one.test_rmse) for one in found.front))}-{chosen.complexity}"

    def take() -> None:
        s.of(Extractions).chosen = found.front[st.session_state[key]].complexity

    def named(place: int) -> str:
        one = found.front[place]
        kind = "law" if one.law else "formula" if not one.curves else f"{counted(one.curves, 'curve')} left"
        best = " (best)" if one is found.best else ""
        return f"{kind} · complexity {one.complexity} · error {found.error(one):.2g} of the spread{best}"

    st.selectbox(
        "Reading", places, index=found.front.index(chosen), key=key, on_change=take, format_func=named,
    )  # fmt: skip
    return chosen


def _composed(s: "Session", one: "Reading") -> "Composition":
    from kanviz.analysis.compose import compose

    return s.cache.result(compose, one.kan, s.data)


def _written(s: "Session", found: "Extraction", one: "Reading") -> None:
    from kanviz.analysis.symbolic.written import latex, latex_name

    if one.law is not None:
        lines = [f"{latex_name(found.start.kan.outputs[0].name)} = {latex(one.law.expression, DIGITS)}"]
    else:
        whole = _composed(s, one)
        lines = s.cache.result(whole.latex, DIGITS)
    for line in lines:
        if len(line) > LONG:
            with st.expander(f"{label(line[:40].split('=')[0])} (long: {len(line):,} signs)"):
                st.code(line, language=None, wrap_lines=True)
        else:
            typeset(line)


def _numbers(s: "Session", found: "Extraction", one: "Reading") -> None:
    unit = shared_unit(s.present)
    with st.container(horizontal=True, gap="large"):
        if not found.imitates:
            st.metric("Held-out RMSE", number(one.test_rmse, unit), width="content")
            st.metric("RMSE of the network", number(found.start.test_rmse, unit), width="content")
        st.metric("RMS gap to the network", number(one.gap, unit), width="content")
        st.metric("Largest gap", number(one.largest, unit), width="content")
        st.metric("Curves left", one.curves, width="content")
    if not found.imitates and one.test_rmse < 0.5 * found.start.test_rmse and not one.curves:
        st.caption("It is nearer to the table than the network is, so the gap is the network's own error.")


def _comparison(s: "Session", one: "Reading") -> None:
    """Compare formula, network and data, before anything is applied."""
    from kanviz.ui.laws.law import comparison_panel

    if s.data is None or s.data.task != "regression":
        return
    found = s.cache.result(_compared, s.present, one.kan, one.law, s.data)
    if found is not None:
        with st.expander("Formula, network and data", icon=":material/compare:", expanded=True):
            comparison_panel(found, "reading")


def _compared(kan: "KAN", read: "KAN", law: "Law | None", data: "Dataset") -> "Comparison | None":
    """Compare the formula, as a law if it is one, with the network and the data."""
    from kanviz.analysis.model_comparison import compare, network_for

    now, after = network_for(kan, data), network_for(read, data)
    if now is None or after is None:
        return None
    order = [[v.name for v in data.inputs].index(v.name) for v in kan.inputs]
    formula = after if law is None else (lambda x: law(x[:, order]))
    return compare(data, {"this formula": formula, "network now": now})


def _keep(s: "Session", one: "Reading") -> None:
    from kanviz.edit.edits import Rewrite

    same = one.kan.digest == s.present.digest
    made = sum(len(layer.formulas) for layer in one.kan.layers) - sum(len(v.formulas) for v in s.present.layers)
    words = f"{counted(made, 'formula')} found together" if made else "Curves left out, the others fitted again"
    if st.button("Keep this", type="primary", icon=":material/lock:", disabled=s.training.live or same,
                 help="One step of the history; the curves it replaces are saved."):  # fmt: skip
        s.apply(Rewrite.of(s.present, one.kan, words))
        after_change(f"{words}. What they replace is saved.")


def _take(s: "Session", one: "Reading") -> None:
    """Show the exports of a law, and the button that applies the network of formulas it was made from."""
    from kanviz.analysis.symbolic.source import python_source
    from kanviz.analysis.symbolic.written import latex, latex_name

    law, name = one.law, s.present.outputs[0].name
    assert law is not None
    for note in law.notes:
        st.warning(escape_markdown(note), icon=":material/warning:")
    errors = [f"{c.name} = {c.value:.6g} ± {c.error:.2g}" for c in law.constants if not c.exact and c.error is not None]
    if errors:
        st.caption(f"In {label(str(law.template), 300)}: {', '.join(errors)} (standard errors).")
    st.markdown("**Take it with you**")
    docstring = f"{name}, read from a network; RMS gap to it {one.gap:.3g}."
    copies(
        f"{latex_name(name)} = {latex(law.expression, 15)}",
        str(law.expression),
        python_source(law.expression, [symbol.name for symbol in law.inputs], docstring=docstring),
        key="reading",
    )
    _keep(s, one)
