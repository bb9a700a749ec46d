"""Let the person choose a text to learn from: Python's documentation or code, a file, or typed."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import escape_markdown
from kanviz.ui.server.uploads import contents
from kanviz.ui.state.language import Language, snapshot
from kanviz.ui.widgets.current import has_session, session
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus

OWN, TYPED = "own", "typed"
CHOICES = {
    "documentation": "Python's documentation",
    "code": "Python code",
    OWN: "A text file of your own",
    TYPED: "Type a text",
}
REFUSED = "text-refused"
MOST_TYPED = 500_000  # characters


def text_choice(slot: str, title: str = "Text", default: str = "documentation") -> "Corpus | None":
    """Return the chosen text; None as long as a file is awaited. slot: what it is for; each purpose has its own."""
    chosen = st.selectbox(
        title, list(CHOICES), index=list(CHOICES).index(default), format_func=CHOICES.__getitem__,
        key=f"{KEEP}text-{slot}",
    )  # fmt: skip
    ways = {OWN: _uploaded, TYPED: _typed}
    found = ways[chosen](slot) if chosen in ways else snapshot(chosen)
    if found is not None:
        name = label(found.name)
        st.caption(
            f"{name}: {len(found):,} characters, {found.source}. Its last tenth is held out: models are "
            "only tested on it."
        )
        for note in found.notes:
            st.caption(f":material/info: {label(note, 300)}")
    return found


def _typed(slot: str) -> "Corpus | None":
    from kanviz.language.corpus import SHORTEST, Corpus

    text = st.text_area(
        "Your text", key=f"{KEEP}typed-text-{slot}", max_chars=MOST_TYPED, height=160,
        placeholder=f"Type or paste at least {SHORTEST:,} characters.",
    )  # fmt: skip
    if not text:
        return None
    try:
        return Corpus.from_text(text, name="typed")
    except UserError as refusal:
        st.error(escape_markdown(str(refusal)), icon=":material/error:")
        return None


def _uploaded(slot: str) -> "Corpus | None":
    key = f"upload-text-{slot}"

    def take() -> None:
        from kanviz.language.corpus import Corpus

        upload, refused = st.session_state[key], st.session_state.setdefault(REFUSED, {})
        refused.pop(slot, None)
        if upload is None:
            return
        try:
            session().of(Language).texts[slot] = Corpus.from_bytes(contents(upload), name=upload.name)
        except UserError as refusal:
            refused[slot] = str(refusal)

    st.file_uploader(
        "Plain text", key=key, on_change=take,
        help="At least 1,000 characters. It is read as data on this machine and sent nowhere.",
    )  # fmt: skip
    refusal = st.session_state.get(REFUSED, {}).get(slot)
    if refusal:
        st.error(escape_markdown(refusal), icon=":material/error:")
    return session().of(Language).texts.get(slot) if has_session() else None
