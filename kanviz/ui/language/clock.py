"""Show the tab "Against the clock": the settings of a race between kinds of feed-forward blocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import BLOCK_KINDS, counted
from kanviz.ui.language.race import race_panel
from kanviz.ui.language.text import text_choice
from kanviz.ui.state.language import Language
from kanviz.ui.widgets.current import has_session, session, show_refusals
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.language.comparison import Contest

BLOCKS = {
    "curves": "curves · a learned B-spline for each unit",
    "gelu": "gelu · the usual multilayer perceptron",
    "swiglu": "swiglu · units that multiply",
    "gr-kan": "gr-kan · learned quotients, for four units each",
    "kan": "kan · learned functions on the edges",
}
USUAL = ["curves", "gelu"]
SECONDS, MOST_SECONDS, MOST_SEEDS = 10, 600, 20


def clock_tab() -> None:
    """Show the settings on the left; on the right the race that runs, the last one, or one that was measured before."""
    ask, look = st.columns([6, 14], gap="medium")
    with ask.container(border=True):
        st.header("Which block learns best?")
        st.markdown("Every model has about the same number of parameters, and learns for the same time.")
        corpus = text_choice("clock")
        contest, seconds = _settings()
        live = has_session() and session().of(Language).live
        if st.button(
            "Start", type="primary", icon=":material/timer:", width="stretch",
            disabled=live or corpus is None or contest is None,
            help="" if corpus is not None else "Choose a text first, above.",
        ):  # fmt: skip
            assert corpus is not None
            assert contest is not None
            with show_refusals():
                session().of(Language).start(corpus, contest, seconds)
                st.rerun()
    with look.container(border=True):
        race_panel()


def _settings() -> "tuple[Contest | None, float]":
    """Return what was chosen, and the seconds for all of it; None without a block."""
    from kanviz.language.comparison import Contest

    kinds = st.multiselect(
        "Blocks", BLOCK_KINDS, default=USUAL, format_func=BLOCKS.__getitem__, key=f"{KEEP}clock-blocks"
    )
    left, right = st.columns(2)
    seconds = left.number_input("Seconds in all", 2, MOST_SECONDS, SECONDS, key=f"{KEEP}clock-seconds")
    seeds = int(right.number_input("Seeds", 1, MOST_SEEDS, 1, key=f"{KEEP}clock-seeds"))
    if not kinds:
        st.caption("Choose at least one block.")
        return None, seconds
    runs = len(kinds) * seeds
    st.caption(f"{counted(runs, 'training')}, one core: about {0.85 * seconds / runs:.2g} s of learning each.")
    return Contest(tuple(kinds), seeds, seconds=seconds, rates=_rates(kinds)), seconds


def _rates(kinds: Sequence[str]) -> dict[str, float]:
    """Let the person move the learning rates; return those that are not the default."""
    from kanviz.language.training import RATES

    found = {}
    for kind in kinds:
        rate = st.number_input(
            f"Learning rate of {kind}", 0.0001, 0.5, RATES[kind], 0.001, format="%.4f", key=f"{KEEP}clock-rate-{kind}"
        )
        if rate != RATES[kind]:
            found[kind] = rate
    st.caption(
        "The highest rate; it rises over the first steps, then falls to a tenth. It decides more than the block."
    )
    return found
