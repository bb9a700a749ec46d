"""Find the session of this browser tab and its theme, and show errors as messages."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from kanviz.errors import SplinesNeeded, UserError
from kanviz.text import escape_markdown
from kanviz.ui.server.browsers import place_of
from kanviz.ui.server.tabs import forget, is_open, this_tab
from kanviz.ui.state.session_store import SessionStore
from kanviz.ui.state.work_folder import WorkFolder
from kanviz.ui.widgets.conversion import offer

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

KEY = "kanviz"
TOKEN = "work"
PLACE = "kanviz-place"  # key of this tab's session on the server: made of the token and the browser's name
LOST_TOKEN = "lost-token"  # the token from the address, if no session belongs to it any more


def session() -> "Session":
    """Return the session of this tab. A reloaded tab of the same browser finds its session by its address."""
    state = st.session_state
    if KEY not in state:
        token = _token()
        found = SESSIONS.find(_place(token), this_tab())
        if found is None:
            token, found = _new(token)
        state[KEY], state[TOKEN], state[PLACE] = found, token, _place(token)
    if TOKEN in state:
        SESSIONS.put(state[PLACE], state[KEY], this_tab())
        if _token() != state[TOKEN]:
            st.query_params[TOKEN] = state[TOKEN]
    return state[KEY]


def _new(token: str) -> "tuple[str, Session]":
    """Return a secret and a session for a tab without one; with the work that the server saved under the old secret."""
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.snapshot import go_on

    s = Session()
    try:
        kept = WORK_FOLDER.found(_place(token)) if WORK_FOLDER is not None else None
        if kept is not None:
            go_on(s, *kept)
            return token, s
    except UserError as refusal:
        s.messages.append(("error", f"The work that this server kept cannot be used: {refusal}"))
    st.session_state[LOST_TOKEN] = token
    return secrets.token_urlsafe(16), s


def keep_on_server(s: "Session") -> None:
    """Save the work if this server has a folder for it; delete the saved work if saving is turned off."""
    place = st.session_state.get(PLACE, "")
    if WORK_FOLDER is not None and place:
        (WORK_FOLDER.keep(place, s) if s.is_saved else WORK_FOLDER.forget(place))


def has_session() -> bool:
    """Return whether this tab has a session or saved work. This does not import torch."""
    place = _place(_token())
    return KEY in st.session_state or place in SESSIONS or (WORK_FOLDER is not None and place in WORK_FOLDER)


def _token() -> str:
    return str(st.query_params.get(TOKEN, ""))


def _place(token: str) -> str:
    return place_of(token, st.context.cookies)


def _size(s: "Session") -> int:
    from kanviz.ui.state.sizes import size_of

    return size_of(s)


# Not in Streamlit's cache: any visitor can have that emptied.
WORK_FOLDER = WorkFolder(Path(os.environ["KANVIZ_KEEP"])) if os.environ.get("KANVIZ_KEEP") else None
SESSIONS = SessionStore(is_open, forget, _size, WORK_FOLDER.keep if WORK_FOLDER is not None else None)


def theme() -> Literal["light", "dark"]:
    """Return "light" or "dark", as in the browser."""
    return "dark" if getattr(st.context.theme, "type", None) == "dark" else "light"


def attempt(action, *args, **kwargs) -> None:
    """Call a function in a callback. A UserError becomes a message on the next page."""
    try:
        action(*args, **kwargs)
    except UserError as refusal:
        session().messages.append(("error", str(refusal)))


@contextmanager
def show_refusals() -> Iterator[None]:
    """Show a UserError where it occurred; the rest of the page is still rendered.

    Where B-splines are needed, the button that converts to them is shown, too.
    """
    try:
        yield
    except SplinesNeeded as needed:
        offer(session(), needed)
    except UserError as refusal:
        st.error(escape_markdown(str(refusal)), icon=":material/error:")


def after_change(text: str) -> None:
    """Render the page again, with a message about what was done."""
    session().messages.append(("done", text))
    st.rerun()
