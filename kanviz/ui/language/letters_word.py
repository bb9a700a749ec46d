"""Show the lesson of a word: what was learned, and which functions and which predictions kept their bits."""

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted, escape_markdown
from kanviz.ui.language.letters_next import typed_text
from kanviz.ui.state.language import SNAPSHOTS
from kanviz.ui.state.letters import Letters
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import attempt, session, theme
from kanviz.ui.widgets.panels import queue_words
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.ui.state.letters_run import WordStep

TICK = 0.3  # seconds between two updates
WORD = f"{KEEP}letters-word"
LONGEST = 40  # characters


def word_panel() -> None:
    """Let the person teach a word; while that runs, show how far it is."""
    letters = session().of(Letters)
    st.header("Teach it a word")
    st.markdown(
        "It reads the word again and again, with a space before it. Only points of these characters can move: every "
        "function keeps its values at all others. Is what it knew before then safe?"
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.text_input("Word", "kanviz", max_chars=LONGEST, key=WORD, width=260)
        st.button(
            "Teach it", type="primary", icon=":material/school:", disabled=letters.live,
            on_click=lambda: attempt(letters.teach, st.session_state[WORD]),
        )  # fmt: skip
    lesson = letters.lesson
    if lesson is None:
        return
    if lesson.job.live:
        st.fragment(_watch, run_every=TICK)()
        return
    if lesson.job.error:
        st.error(escape_markdown(lesson.job.error), icon=":material/error:")
    elif lesson.job.latest is None or not lesson.job.latest.done:
        st.info(f"The word was not learned, and nothing was changed: {lesson.job.end}.", icon=":material/info:")
    else:
        st.markdown(learned_words(lesson.job.latest))


def _watch() -> None:
    letters = session().of(Letters)
    lesson = letters.lesson
    if lesson is None or not lesson.job.live:
        st.rerun()
    last = lesson.job.latest
    now = "starting" if last is None else f"step {last.step}: the word costs {last.bits:.2f} bits per character"
    st.progress(
        0.0 if last is None else min(1.0, max(0.0, 1 - last.bits / max(last.bits_before, 0.1))),
        text=queue_words(lesson.job) or now,
    )
    st.button("Stop", icon=":material/stop_circle:", key="stop-word", on_click=letters.stop)


def learned_words(last: "WordStep") -> str:
    """Say what the lesson of a word came to."""
    end = f"{last.bits:.2f} after {counted(last.step, 'step')}"
    return f"**{label(last.word)}** cost {last.bits_before:.2f} bits per character before, and {end}."


def lamps() -> None:
    """Show which functions and predictions the changes since the training kept, and the verdict on them."""
    from kanviz.language.letters.change import letters_change
    from kanviz.plots import function_lamps_figure, prediction_lamps_figure

    s = session()
    letters = s.of(Letters)
    change = s.cache.result(letters_change, letters.trained, letters.kan, letters.corpus.held_out)
    if not letters.versions:
        st.caption("Green: exactly as after the training, bit for bit. Orange: changed. Teach a word, or drag a point.")
    else:
        st.info(escape_markdown(change.verdict), icon=":material/balance:")
        st.caption(
            f"Done since the training: {label('; '.join(what for what, _ in letters.versions), 300)}. "
            f"{change.moved:,} of {change.points:,} control points moved. Held-out text: {change.bits_before:.3f} bits "
            f"per character before, {change.bits_after:.3f} now."
        )
    left, right = st.columns(2, gap="medium")
    with left:
        chart(function_lamps_figure(change, theme=theme()), "letters-functions")
        st.caption(
            "A row is a place, a column the character read there. Orange: some of the 96 functions changed there."
        )
    with right:
        chart(prediction_lamps_figure(change.predictions, theme=theme()), "letters-predictions")
        st.caption(f"Some of the {len(change.predictions):,} predictions of the held-out text, spread evenly.")


def elsewhere() -> None:
    """Show the same training and lesson as a command line and as Python."""
    st.markdown("**The same elsewhere**")
    command, python = same_letters()
    st.code(command, language=None, wrap_lines=True)
    st.code(python, language=None, wrap_lines=True)
    st.caption("Points that were dragged by hand are not part of it.")


def same_letters() -> tuple[str, str]:
    """Return (command line, Python code) that train Letters on the same text, and teach the word."""
    letters = session().of(Letters)
    corpus, steps = letters.corpus, letters.own.config.steps if letters.own is not None else 800
    own = corpus.name not in SNAPSHOTS or not corpus.source.startswith("CPython")
    text = "YOUR_TEXT.txt" if own else corpus.name
    word = letters.lesson.word if letters.lesson is not None else st.session_state.get(WORD) or "kanviz"
    after = typed_text()
    command = shlex.join(
        ["kanviz", "language", "letters", "--text", text, "--steps", str(steps), f"--word={word}", f"--after={after}"]
    )
    python = (
        "from kanviz.language import Corpus, LettersConfig, next_character, teach_word, train_letters\n\n"
        f"text = Corpus.{'from_file' if own else 'named'}({text!r})\n"
        f"*_, trained = train_letters(text, LettersConfig(steps={steps}))\n"
        f"*_, taught = teach_word(trained.kan, {word!r}, text.held_out)\n"
        "print(taught.summary(), taught.change.verdict)\n"
        f"print(next_character(taught.kan, {after!r}).likeliest())"
    )
    return command, python
