"""Choose which fragments of the workbench are rendered again after a change, and in which order."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.page_table import PAGES

# Fragments of the workbench. A change renders the first three; the others follow after the browser has painted those,
# because the browser applies all fragments of one run together.
PARTS = ("curve", "inspector", "keep", "picker", "panel", "toolbar", "graph", "outputs", "edges")
FIRST = 3
LATER = "later"  # session state: (token, names of the fragments to render after the next paint)
PAGE = "page"


def redraw(*parts: str, then: Sequence[str] = ()) -> NoReturn:
    """Render only these fragments again, in this order, in a callback on the workbench; elsewhere the whole page.

    then: fragments to render after the browser has painted the curve (see `draw_later`). If there are messages, the
    whole page is rendered, since they are shown at its top.
    """
    if st.session_state.get(PAGE) != PAGES[0][1] or session().messages or not is_only_request():
        st.rerun("app")
    if not then:
        st.rerun([*parts, *(part.fragment for part in session().parts if part.fragment)])
    _, waiting = st.session_state.get(LATER, ("", ()))
    st.session_state[LATER] = secrets.token_hex(4), tuple(dict.fromkeys((*waiting, *then)))
    st.rerun([*parts])


def is_only_request() -> bool:
    """Return whether a single fragment requested this run.

    The fragments that a callback chooses replace those of the run. Events that arrive together make one run; then the
    callback must not choose, since it knows only its own fragments.
    """
    context = get_script_run_ctx()
    return context is not None and len(context.fragment_ids_this_run or ()) == 1


def awaited() -> str:
    """Return the token that the editor sends back after painting; empty if nothing waits for it."""
    return st.session_state.get(LATER, ("", ()))[0]


def draw_later(token: Any) -> None:
    """Render the waiting fragments, in a callback: the editor has painted the curve and returned its token.

    The token may arrive together with another fragment's event, such as a button press. Choosing fragments here would
    replace that run and lose the press; then the waiting fragments are rendered in a run after it.
    """
    word, waiting = st.session_state.get(LATER, ("", ()))
    if word and token == word:
        del st.session_state[LATER]
        if requested_by("curve"):
            redraw(*waiting)
        draw_after_this(waiting)


def requested_by(part: str) -> bool:
    """Return whether this fragment of the workbench alone requested the run."""
    context = get_script_run_ctx()
    if context is None:
        return False
    return list(context.fragment_ids_this_run or ()) == context.fragment_storage.resolve_target([part])


def draw_after_this(parts: Sequence[str]) -> None:
    """Request a run of these fragments after the current run; a run of the whole page renders them anyway."""
    context = get_script_run_ctx()
    if context is None or context.script_requests is None or not context.fragment_ids_this_run:
        return
    after = RerunData(
        query_string=context.query_string, page_script_hash=context.page_script_hash,
        fragment_id_queue=context.fragment_storage.resolve_target(list(parts)),
        cached_message_hashes=context.cached_message_hashes, context_info=context.context_info,
    )  # fmt: skip
    context.script_requests.request_rerun(after)


def change(action: Callable[..., None], *args: Any) -> NoReturn:
    """Change the network in a callback and render all fragments again. A UserError becomes a message."""
    attempt(action, *args)
    redraw(*PARTS[:FIRST], then=PARTS[FIRST:])
