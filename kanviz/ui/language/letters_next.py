"""Show what Letters expects after a text, and which of the last six characters say so."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import listing
from kanviz.ui.state.letters import Letters
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, theme
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.language.letters.reading import NextCharacter

TEXT = "A sentence, then a q"
KEY = f"{KEEP}letters-text"
LONGEST = 1_000  # characters of a text to go on from
REASONS = 3


def typed_text() -> str:
    """Return the text that the person typed."""
    return st.session_state.get(KEY, TEXT)


def next_panel() -> None:
    """Let the person type a text; show the likeliest next characters, with those before the changes as marks."""
    from kanviz.language.letters.reading import next_character, write_letters
    from kanviz.plots import next_character_figure

    letters = session().of(Letters)
    text = st.text_input("What comes after this text?", TEXT, max_chars=LONGEST, key=KEY)
    now = next_character(letters.kan, text)
    before = next_character(letters.trained, text) if letters.versions else None
    chart(next_character_figure(now, before, theme=theme()), "letters-next-bars")
    st.markdown(reasons(now))
    with st.expander("Let it write"):
        st.code(text + write_letters(letters.kan, text, 300), language=None, wrap_lines=True)


def reasons(now: "NextCharacter") -> str:
    """Say which of the last six characters speak most for the likeliest next one."""
    from kanviz.language.letters.network import PLACES, place_name
    from kanviz.language.symbols import SYMBOLS, encode, shown_symbol

    best = now.likeliest(1)[0][0]
    parts = now.parts[:, SYMBOLS.index(best)].tolist()
    read = [shown_symbol(int(n)) for n in encode(now.before)][::-1]
    order = sorted(range(PLACES), key=lambda place: -abs(parts[place]))[:REASONS]
    found = [f"{code(read[place])} {place_name(place)} adds {parts[place]:+.1f}" for place in order]
    return f"Why {code(shown_symbol(SYMBOLS.index(best)))}: {listing(found)}."


def code(character: str) -> str:
    """Write a character so that Markdown shows it as it is."""
    return f"`` {character} ``" if character == "`" else f"`{character}`"
