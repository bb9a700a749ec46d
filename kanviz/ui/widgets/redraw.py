"""Which parts of the workbench are drawn again after a change, and in which order."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.page_table import PAGES

# of the workbench, drawn one by one; a change draws the first three, and the others once the browser shows those: what
# is on the screen came in one message with what the browser keeps of it
PARTS = ("curve", "inspector", "keep", "picker", "panel", "toolbar", "graph", "outputs", "edges")
FIRST = 3
LATER = "later"  # a word by which the browser asks for parts that are still to be drawn, and those parts
PAGE = "page"


def redraw(*parts: str, then: Sequence[str] = ()) -> NoReturn:
    """In a callback on the workbench: draw only these parts of it again, in this order; elsewhere the whole page.

    then: parts that are drawn once the browser has the curve on the screen, which it tells (`draw_later`). Whatever is
    to be said is said at the top of the page, so then all of it is drawn.
    """
    if st.session_state.get(PAGE) != PAGES[0][1] or session().messages or not asked_alone():
        st.rerun("app")
    if not then:
        st.rerun([*parts, *(part.fragment for part in session().parts if part.fragment)])
    _, waiting = st.session_state.get(LATER, ("", ()))
    st.session_state[LATER] = secrets.token_hex(4), tuple(dict.fromkeys((*waiting, *then)))
    st.rerun([*parts])


def asked_alone() -> bool:
    """Whether one part alone asked for this run. What a callback draws stands in for all that a run would have drawn,
    and events that come together make one run: then more than the callback knows of is to be drawn.
    """
    context = get_script_run_ctx()
    return context is not None and len(context.fragment_ids_this_run or ()) == 1


def awaited() -> str:
    """The word by which the browser shall ask for what is still to be drawn; empty where nothing is."""
    return st.session_state.get(LATER, ("", ()))[0]


def draw_later(told: Any) -> None:
    """In a callback: the browser shows the curve; draw what waited for that.

    The word may come with what another part asks for, such as a button's press. A callback's own choice of parts would
    stand in for that, and the press would be lost: then what waited is drawn after it.
    """
    word, waiting = st.session_state.get(LATER, ("", ()))
    if word and told == word:
        del st.session_state[LATER]
        if asked_by("curve"):
            redraw(*waiting)
        draw_after_this(waiting)


def asked_by(part: str) -> bool:
    """Whether this part of the workbench alone asked for this run."""
    context = get_script_run_ctx()
    if context is None:
        return False
    return list(context.fragment_ids_this_run or ()) == context.fragment_storage.resolve_target([part])


def draw_after_this(parts: Sequence[str]) -> None:
    """Have these parts drawn after the present run of other parts; a run of the whole page draws them anyway."""
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
    """In a callback: do something that changes the network; a refusal becomes a message. All parts are drawn again."""
    attempt(action, *args)
    redraw(*PARTS[:FIRST], then=PARTS[FIRST:])
