"""What every page has: its setting, the way to the others, the session it works on, and how parts are drawn again."""

import gc
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from kanviz.errors import UserError
from kanviz.text import escape_markdown, shown
from kanviz.ui.server.browsers import place_of
from kanviz.ui.server.start import app_folder
from kanviz.ui.server.tabs import forget, is_open, this_tab
from kanviz.ui.state.kept_folder import KeptFolder
from kanviz.ui.state.session_store import SessionStore
from kanviz.ui.widgets.samples import open_sample, samples
from kanviz.ui.widgets.url_state import KEEP, follow, names_a_sample, show, view_of

if TYPE_CHECKING:
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session

PAGES = (
    ("app.py", "Workbench", ":material/hub:"),
    ("pages/open.py", "Open", ":material/folder_open:"),
    ("pages/lessons.py", "Lessons", ":material/school:"),
    ("pages/prune.py", "Prune", ":material/content_cut:"),
    ("pages/formula.py", "Formula", ":material/function:"),
    ("pages/laws.py", "Laws", ":material/functions:"),
    ("pages/train.py", "Train", ":material/model_training:"),
    ("pages/retrain.py", "Retrain", ":material/lock:"),
    ("pages/locality.py", "Locality", ":material/stairs:"),
    ("pages/history.py", "History", ":material/history:"),
)
# of the workbench, drawn one by one; a change draws the first three, and the others once the browser shows those: what
# is on the screen came in one message with what the browser keeps of it
PARTS = ("curve", "inspector", "keep", "picker", "panel", "toolbar", "graph", "outputs", "edges")
FIRST = 3
LATER = "later"  # a word by which the browser asks for parts that are still to be drawn, and those parts
PAGE = "page"
RUNS = ("Train", "Retrain")  # pages that show the run themselves
EVERY_EDGE = ("Prune", "Formula", "Retrain", "History")  # pages that list, compare or fit all edges
MOST_EDGES = 50_000  # of a network on these
KEY = "kanviz"
TOKEN = "work"
PLACE = "kanviz-place"  # where the server finds this tab's session: by the token and by the browser
ASKED = "asked"  # the token that came with the address, when no session answers to it any more
# Streamlit's own export of a grid writes cells as they are, and a spreadsheet runs those that begin with "="
NO_GRID_EXPORT = (
    "<style>[data-testid='stElementToolbarButton']:has(button[aria-label^='Download as CSV']) {display: none}</style>"
)
LOGO = str(app_folder() / "static" / "logo.svg")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 30'%3E%3Cpath d='M4 22C10 22 10 7 "
    "16 7S22 22 28 22' fill='none' stroke='%231F8FBF' stroke-width='3'/%3E%3Ccircle cx='16' cy='7' r='4' "
    "fill='%23D55E00'/%3E%3C/svg%3E"
)


def session() -> "Session":
    """The one object this tab works on; a reloaded tab of the same browser finds its own again by its address."""
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
    """A session for a tab that has none, with its secret; with the work that this server kept under that of before."""
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.snapshot import go_on

    s = Session()
    try:
        kept = KEPT.found(_place(token)) if KEPT is not None else None
        if kept is not None:
            go_on(s, *kept)
            return token, s
    except UserError as refusal:
        s.messages.append(("error", f"The work that this server kept cannot be used: {refusal}"))
    st.session_state[ASKED] = token
    return secrets.token_urlsafe(16), s


def keep_on_server(s: "Session") -> None:
    """Write the work down, where this server has a folder for it; forget it where that was turned off."""
    place = st.session_state.get(PLACE, "")
    if KEPT is not None and place:
        (KEPT.keep(place, s) if s.is_kept else KEPT.forget(place))


def has_session() -> bool:
    """Whether this tab works on anything yet; asking does not import torch."""
    place = _place(_token())
    return KEY in st.session_state or place in SESSIONS or (KEPT is not None and place in KEPT)


def _token() -> str:
    return str(st.query_params.get(TOKEN, ""))


def _place(token: str) -> str:
    return place_of(token, st.context.cookies)


def _size(s: "Session") -> int:
    from kanviz.ui.state.sizes import size_of

    return size_of(s)


# Not in Streamlit's cache: any visitor can have that emptied.
KEPT = KeptFolder(Path(os.environ["KANVIZ_KEEP"])) if os.environ.get("KANVIZ_KEEP") else None
SESSIONS = SessionStore(is_open, forget, _size, KEPT.keep if KEPT is not None else None)


def theme() -> Literal["light", "dark"]:
    """ "light" or "dark", as the browser shows it."""
    return "dark" if getattr(st.context.theme, "type", None) == "dark" else "light"


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Set aside what the imports left, so that a collection finds little to do."""
    gc.collect()
    gc.freeze()


def open_page(title: str) -> "Session":
    """First line of every page about a network; without one it says how to get one, and ends."""
    s = open_home(title)
    if s is None or s.history is None:
        st.title(title)
        st.info(
            "No network is open yet. Open a sample, a file, or train a network from a table.", icon=":material/hub:"
        )
        st.page_link("pages/open.py", label="Open a network", icon=":material/folder_open:")
        st.stop()
    _stop_if_too_wide(s.present, title)
    _settle()
    _says_that_it_trains(s, title)
    return s


def too_wide(kan: "KAN", here: str = "this page") -> bool:
    """Whether it has more edges than can be listed, compared or fitted one by one; then it says so."""
    edges = sum(layer.active.numel() for layer in kan.layers)
    if edges > MOST_EDGES:
        st.info(
            f"This network has {edges:,} edges, and {here} works with up to {MOST_EDGES:,}. Look at its strongest "
            "edges one by one, or use kanviz in Python.", icon=":material/info:",
        )  # fmt: skip
    return edges > MOST_EDGES


def _stop_if_too_wide(kan: "KAN", title: str) -> None:
    """End a page that works on every edge, where there are more than it can take."""
    edges = sum(layer.active.numel() for layer in kan.layers)
    if title in EVERY_EDGE and edges > MOST_EDGES:
        st.title(title)
        too_wide(kan)
        st.page_link(PAGES[0][0], label=PAGES[0][1], icon=PAGES[0][2])
        st.stop()


def open_workbench() -> "Session":
    """First line of the workbench: whoever comes with nothing sees the first sample."""
    s = open_home(PAGES[0][1], or_sample=True)
    assert s is not None
    _settle()
    _says_that_it_trains(s, PAGES[0][1])
    return s


def _says_that_it_trains(s: "Session", title: str) -> None:
    if s.training and title not in RUNS:
        st.info(
            "Training is running; this is the network before it. Stop it to change the network.", icon=":material/info:"
        )


def open_home(title: str, *, or_sample: bool = False) -> "Session | None":
    """What every page draws first; the session if this tab works on something. or_sample: open one if there is none."""
    st.set_page_config(page_title=f"{title} · kanviz", page_icon=ICON, layout="wide")
    st.logo(LOGO, size="large")
    st.html(NO_GRID_EXPORT)
    st.session_state[PAGE] = title
    st.session_state.pop(LATER, None)
    for key in [str(key) for key in st.session_state if str(key).startswith(KEEP)]:
        st.session_state[key] = st.session_state[key]  # Streamlit drops what a page does not draw, unless it was set
    with st.sidebar:
        for page, label, icon in PAGES:
            st.page_link(page, label=label, icon=icon)
    if not (has_session() or or_sample or names_a_sample() or os.environ.get("KANVIZ_MODEL")):
        _keep(None)
        return None
    from kanviz.ui.lessons.follow import lesson_card
    from kanviz.ui.shell.sidebar import sidebar

    s = _opened(or_sample=or_sample)
    s.collect()
    with st.sidebar:
        sidebar(s, title)
    _show_messages(s)
    _keep(s)
    lesson_card()
    show(**view_of(s))
    return s


def _keep(s: "Session | None") -> None:
    """Keep the work in the browser, and offer what is kept there."""
    from kanviz.ui.shell.autosave import keep, keeping_settings, offer

    offer(s)
    with st.sidebar:
        if s is not None and s.history is not None:
            keeping_settings()
        keep()


def _opened(*, or_sample: bool) -> "Session":
    """This tab's work: what it was, what the command line or the address names, or the first sample."""
    from kanviz.ui.lessons.follow import from_link
    from kanviz.ui.open.home import open_from_command_line

    s = session()
    from_link(s)
    if s.history is None:
        attempt(open_from_command_line, s)
    follow(s)
    if s.history is None and or_sample:
        open_sample(s, samples()[0])
    return s


def redraw(*parts: str, then: Sequence[str] = ()) -> NoReturn:
    """In a callback on the workbench: draw only these parts of it again, in this order; elsewhere the whole page.

    then: parts that are drawn once the browser has the curve on the screen, which it tells (`draw_later`). Whatever is
    to be said is said at the top of the page, so then all of it is drawn.
    """
    if st.session_state.get(PAGE) != PAGES[0][1] or session().messages or not asked_alone():
        st.rerun("app")
    if not then:
        st.rerun([*parts, *(["lesson"] if session().lesson is not None else [])])
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


def step_words(step: object, kan: "KAN") -> str:
    """A step of the history in words, edges by the names of their nodes."""

    def named(found: re.Match[str]) -> str:
        try:
            edge = kan.edge([int(part) for part in found.groups()])
        except UserError:
            return found.group()
        return f"{edge.source} → {edge.target}"

    return re.sub(r"edge (\d{1,6}),(\d{1,6}),(\d{1,6})", named, str(step))


def file_stem(name: str) -> str:
    """A network's name as the beginning of a file's."""
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in name.rsplit(".", 1)[0])[:60].strip("_")
    return stem or "network"


def label(text: str, limit: int = 60) -> str:
    """Anybody's text, cut and escaped for Markdown."""
    return escape_markdown(shown(str(text), limit))


def _show_messages(s: "Session") -> None:
    while s.messages:
        kind, text = s.messages.pop(0)
        if kind == "error":
            st.error(escape_markdown(text), icon=":material/error:")
        else:
            st.toast(escape_markdown(text), icon=":material/check:" if kind == "done" else ":material/info:")


def attempt(action, *args, **kwargs) -> None:
    """Do something in a callback; a refusal becomes a message on the page that follows."""
    try:
        action(*args, **kwargs)
    except UserError as refusal:
        session().messages.append(("error", str(refusal)))


@contextmanager
def in_words() -> Iterator[None]:
    """Show a refusal where it happened; the rest of the page goes on."""
    try:
        yield
    except UserError as refusal:
        st.error(escape_markdown(str(refusal)), icon=":material/error:")


def after_change(text: str) -> None:
    """Say what was done on the page that follows, and draw it."""
    session().messages.append(("done", text))
    st.rerun()
