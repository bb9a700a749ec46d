"""Show a text coloured by bits per character before and after a lesson, and lamps for its predictions."""

import streamlit as st

from kanviz.text import percent, shown
from kanviz.ui.state.teach import GATE, Teaching
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, theme
from kanviz.ui.widgets.url_state import KEEP

SHOWN = 480  # characters
OWN = "a text of your own"


def text_panel() -> None:
    """Let the person choose a passage and a lesson; show what each character costs before and after it."""
    from kanviz.language.teaching.reading import text_change
    from kanviz.plots import text_bits_figure, text_lamps_figure

    s = session()
    teaching = s.of(Teaching)
    run, before = teaching.run, teaching.before
    assert run is not None
    assert before is not None
    st.header("A text, before and after")
    ways = list(run.after)
    if not ways:
        st.caption("No lesson has come to its end.")
        return
    passages = {
        f"the old text, held out: {shown(run.plan.old.name, 60)}": run.plan.old.held_out[:SHOWN],
        f"the new text, held out: {shown(run.plan.new.name, 60)}": run.plan.new.held_out[:SHOWN],
        OWN: "",
    }
    left, right = st.columns(2, gap="medium")
    way = left.selectbox("Lesson", ways, index=ways.index(GATE) if GATE in ways else 0, key="teach-text-way")
    which = right.selectbox("Passage", list(passages), index=1, key="teach-text-which")
    text = passages[which]
    if which == OWN:
        text = st.text_area("Your text", "The value of x is x = f(y) + 1", max_chars=SHOWN, key=f"{KEEP}teach-text-own")
    if not text:
        st.caption("Type a text.")
        return
    after = teaching.after(way)
    assert after is not None
    change = s.cache.latest(text_change, before, after, text)
    st.markdown(change_words(change.gain, change.kept))
    costs = [float(part.double().mean()) for part in (change.before, change.after)]
    for column, name, bits, cost in zip(
        st.columns(2, gap="medium"), ("Before", "After"), (change.before, change.after), costs, strict=True
    ):
        with column:
            title = f"{name}: {cost:.2f} bits per character"
            chart(text_bits_figure(change.text, bits, title, theme=theme()), f"teach-text-{name}")
    st.caption("The stronger the colour, the more bits the character costs: the model did not expect it.")
    chart(text_lamps_figure(change.identical, theme=theme()), "teach-text-lamps")


def change_words(gain: float, kept: float) -> str:
    """Say what became of a passage."""
    if kept == 1:
        return "This passage is predicted as before, bit for bit."
    if abs(gain) < 0.0005:
        words = "costs the same to a thousandth of a bit"
    else:
        better = "better" if gain > 0 else "worse: that is forgetting"
        words = f"is predicted {abs(gain):.3f} bits per character {better}"
    return f"This passage {words}; {percent(kept)}% of its predictions are bit-identical."
