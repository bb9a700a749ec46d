"""Show the tab "Letters": the language model that one can read is trained, read, edited and taught a word."""

import streamlit as st

from kanviz.text import escape_markdown
from kanviz.ui.language.letters_function import function_panel
from kanviz.ui.language.letters_next import next_panel, typed_text
from kanviz.ui.language.letters_word import elsewhere, lamps, word_panel
from kanviz.ui.language.text import text_choice
from kanviz.ui.state.letters import Letters
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, show_refusals, theme
from kanviz.ui.widgets.panels import queue_words
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

TICK = 0.3  # seconds between two updates
STEPS, MOST_STEPS = 800, 20_000


def letters_tab() -> None:
    """Show the training and what comes next side by side; below one function, and the lesson of a word."""
    run = session().of(Letters).run
    live = run is not None and run.job.live
    ask, look = st.columns([7, 13], gap="medium")
    with ask.container(border=True):
        st.header("A language model one can read")
        st.markdown(
            "The score of each next character is a sum of six learned functions, one for each of the last six "
            "characters. Each function is a line from point to point, with a point for every character."
        )
        _settings(live)
    with look.container(border=True):
        if live:
            st.fragment(_watch, run_every=TICK)()
        else:
            _result()
            next_panel()
    if live:
        return
    with st.container(border=True):
        function_panel()
    with st.container(border=True):
        word_panel()
        lamps()
    with st.container(border=True):
        elsewhere()


def _settings(live: bool) -> None:
    corpus = text_choice("letters")
    steps = st.number_input(
        "Steps", 20, MOST_STEPS, STEPS, 100, key=f"{KEEP}letters-steps",
        help="800 take about 2 s on one core. Each reads 4,096 characters with the six before them.",
    )  # fmt: skip
    if st.button(
        "Train it now", type="primary", icon=":material/play_arrow:", width="stretch", disabled=live or corpus is None,
        help="" if corpus is not None else "Choose a text first, above.",
    ):  # fmt: skip
        from kanviz.language.letters.training import LettersConfig

        assert corpus is not None
        with show_refusals():
            session().of(Letters).train(corpus, LettersConfig(steps=int(steps)))
            st.rerun()


def _watch() -> None:
    """Show the training as it runs: bits so far, and what the network expects next."""
    letters = session().of(Letters)
    run = letters.run
    if run is None or not run.job.live:
        st.rerun()
    last = run.trail[-1] if run.trail else None
    done = 0.0 if last is None else last.step / last.steps
    now = "starting" if last is None else f"step {last.step:,} of {last.steps:,} · {last.bits:.2f} bits per character"
    st.progress(done, text=queue_words(run.job) or now)
    st.button("Stop", icon=":material/stop_circle:", key="stop-letters", on_click=letters.stop)
    if last is not None:
        from kanviz.language.letters.reading import next_character
        from kanviz.plots import letters_training_figure, next_character_figure

        chart(letters_training_figure(list(run.trail), theme=theme()), "letters-live")
        text = typed_text()
        st.caption(f"What it expects after “{label(text)}”")
        chart(next_character_figure(next_character(last.kan, text), theme=theme()), "letters-next-live")


def _result() -> None:
    """Say where the network is from, how good it is, and show how it learned."""
    letters = session().of(Letters)
    run = letters.run
    if run is not None and run.job.error:
        st.error(escape_markdown(run.job.error), icon=":material/error:")
    if letters.own is None:
        bits = session().cache.result(held_out_bits, letters.trained, letters.corpus.held_out)
        st.markdown(
            f"**{bits:.2f} bits per character** of held-out {label(letters.corpus.name)}. It was trained before, in "
            "800 steps; press “Train it now” to see that here."
        )
        return
    from kanviz.plots import letters_training_figure

    last = letters.own.trail[-1]
    st.markdown(
        f"**{last.bits:.2f} bits per character** of held-out {label(letters.corpus.name)}, after {last.step:,} steps "
        f"in {last.cpu_seconds:.2g} s of processor time: {letters.own.job.end}."
    )
    chart(letters_training_figure(list(letters.own.trail), theme=theme()), "letters-learned")


def held_out_bits(kan, text: str) -> float:
    """Measure what a held-out character costs, in bits."""
    from kanviz.language.letters.change import letters_change

    return letters_change(kan, kan, text).bits_after
