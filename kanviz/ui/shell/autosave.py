"""Save the work in the person's own browser after every step, and offer it when they return."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted
from kanviz.ui.components.memory import SavedList, SavedWork, memory, read_list, read_missing, read_work, work_payload
from kanviz.ui.state.snapshot import Snapshot, go_on, is_own, snapshots
from kanviz.ui.state.work_folder import DAYS
from kanviz.ui.widgets.current import LOST_TOKEN, TOKEN, WORK_FOLDER, attempt, has_session, keep_on_server, session
from kanviz.ui.widgets.redraw import draw_after_this
from kanviz.ui.widgets.url_state import VIEWED, look_at, viewed
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.io.work import Work
    from kanviz.ui.components.protocol import MemoryPayload, MemoryWork
    from kanviz.ui.state.session import Session

LONGEST_PART = 100
ROWS_LIMIT = 8_000_000  # bytes of a table that is saved too
EVERY, EVERY_WHILE_BUSY = 3600.0, 1.0  # seconds
LIMIT = 24_000_000  # bytes of one piece of work: a message to or from the browser holds 50 MB
TROUBLE = {
    "full": "Work is not kept: this browser has no more room for it.",
    "closed": "Work is not kept: this browser does not let kanviz store anything, as in some private windows.",
    "large": "This work is too large to be kept in the browser. Save the project instead.",
}
OFFER = "offer"  # key of the fragment
LISTED, ORDER, SENT, PACKED, TROUBLED, AFTER, ON = (
    f"kept-{part}" for part in ("listed", "order", "sent", "packed", "trouble", "after", "on")
)


def keep() -> None:
    """Send the current work to the browser if it changed, receive what is saved there, and show the settings.

    Part of every sidebar. A timer runs this again at least every hour. With a timer, a tab asks a restarted server for
    the page; without one, Streamlit's front end does not ask if its last run was of a whole page, and then clicks have
    no effect.
    """
    s = _session()
    busy = s is not None and any(part.live for part in s.parts if part.is_saved)
    st.fragment(_keep, key="keep", run_every=EVERY_WHILE_BUSY if busy else EVERY)()


def _keep() -> None:
    if LISTED not in st.session_state and ORDER not in st.session_state:
        order("list")
    handlers = {"works": _listed, "found": _found, "missing": _missing, "trouble": _trouble}
    s = _session()
    if s is not None and s.history is not None:
        _settings()
    if s is not None and s.work is not None:
        s.look_at({part: st.query_params[part][:LONGEST_PART] for part in VIEWED if part in st.query_params})
    payload: MemoryPayload = {
        "v": 1,
        "order": st.session_state.get(ORDER),
        "works": _works(s),
        "offers": bool(_offered(s)),
    }
    memory(payload, "memory", handlers)
    if s is not None:
        keep_on_server(s)
    after = st.session_state.pop(AFTER, "")
    if after == OFFER:
        draw_after_this([OFFER])
    elif after == "page" or (after and s is None):
        st.rerun()
    elif after and s is not None:
        st.switch_page(after, query_params=viewed(s.opened) if after == "app.py" else None)


def _settings() -> None:
    """Show that work is saved, with a switch to turn that off."""
    st.session_state.setdefault(ON, True)
    with st.expander("Kept in this browser", icon=":material/history:"):
        st.toggle(
            "Keep my work", key=ON, on_change=_turn,
            help="When this is off, nothing is saved, and all saved work is deleted.",
        )  # fmt: skip
        st.caption(
            "The last five networks you changed or laws a search found, with their steps and tables of up to "
            f"{ROWS_LIMIT // 1_000_000} MB. They stay in this browser, on this computer, until you forget them."
            + (f" This server keeps the open work for {DAYS} days, too." if WORK_FOLDER is not None else "")
        )
    trouble = st.session_state.get(TROUBLED, "")
    with st.container(key="kept-trouble"):
        if trouble and st.session_state[ON]:
            st.caption(TROUBLE[trouble])


def _turn() -> None:
    """Turn saving on or off, here and in the browser."""
    order("on" if st.session_state[ON] else "off")
    session().is_saved = st.session_state[ON]
    keep_on_server(session())


def offer(s: "Session | None") -> None:
    """Offer the work that is saved in this browser, to continue or to delete, if nothing was done yet.

    A fragment: the browser's list comes after the page, and whatever a press has shown on the page meanwhile stays.
    """
    st.fragment(_offer, key=OFFER)(s)


def _offer(s: "Session | None") -> None:
    kept = _offered(s)
    with st.container(
        border=bool(kept), key="kept"
    ):  # always there, so that its contents do not remount other elements
        for one in kept[:1]:
            _one(one)
        if kept[1:]:
            with st.expander(f"Earlier work ({len(kept) - 1})"):
                for one in kept[1:]:
                    _one(one)


def order(what: str, id: str = "") -> None:
    """Order the browser to act on its saved work: "list", "read", "forget", "off" or "on".

    Each order has a random name: a tab that outlives the server has carried out orders of the previous server.
    """
    st.session_state[ORDER] = {"n": secrets.token_hex(8), "what": what, "id": id}


def _session() -> "Session | None":
    return session() if has_session() else None


def _offered(s: "Session | None") -> list[SavedWork]:
    """Return the saved work to offer: first the work of this address, then the newest.

    If the person has changed the current work, only the newest work of this address is offered, until it is opened or
    deleted: a restarted server opened another network in its place.
    """
    listed: SavedList = st.session_state.get(LISTED, SavedList())
    if listed.off:
        return []
    before = st.session_state.get(LOST_TOKEN, "")
    here = {str(st.query_params.get(TOKEN, "")), before} - {""}
    mine = {s.opened.id}.union(*(part.ids for part in s.parts)) if s is not None and s.work is not None else set()
    others = [one for one in listed.works if one.id not in mine]
    found = sorted(others, key=lambda one: (one.token not in here, -one.when))
    if s is not None and is_own(s):
        return [one for one in found[:1] if one.token == before]
    return found


def _one(kept: SavedWork) -> None:
    more = f" Its training is at step {kept.step:,} of {kept.of:,}." if kept.of else ""
    more += f" Its table {label(kept.rows)} is not kept: load it again afterwards." if kept.rows else ""
    steps = f"{counted(kept.steps, 'step')}, " if kept.steps else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"Your work on **{label(kept.name)}**, {steps}of {_when(kept.when)}, is kept in this browser.{more}"
        )
        st.button("Go on with it", key=f"kept-go-{kept.id}", type="primary", on_click=_press, args=("read", kept.id))
        st.button("Forget it", key=f"kept-forget-{kept.id}", on_click=_press, args=("forget", kept.id))


def _press(what: str, id: str) -> None:
    order(what, id)
    draw_after_this(["keep"])  # it sends the order


def _when(milliseconds: float) -> str:
    """Format a time for the person's time zone."""
    behind = timedelta(minutes=st.context.timezone_offset or 0)
    then, now = datetime.fromtimestamp(milliseconds / 1000, UTC) - behind, datetime.now(UTC) - behind
    days = (now.date() - then.date()).days
    return f"{then:%H:%M} {('today', 'yesterday')[days]}" if days in (0, 1) else f"{then.day} {then:%B %Y}"


# --- sending ------------------------------------------------------------------------------------------------------


def _works(s: "Session | None") -> "list[MemoryWork]":
    """Return the work to save, once the browser has reported its own; none before the first step."""
    state = st.session_state
    listed: SavedList | None = state.get(LISTED)
    if listed is None or listed.off or s is None or state.get(TROUBLED) in ("full", "closed"):
        return []
    wanted, known = snapshots(s, ROWS_LIMIT), state.get(PACKED, {})
    packed = {one.id: known.get(one.id) for one in wanted}
    for one in wanted:
        if packed[one.id] is None or packed[one.id][0] != one.mark:
            packed[one.id] = one.mark, _packed(one.work) or _packed(replace(one.work, training=None))
    state[PACKED] = packed
    kept = [(one, packed[one.id][1]) for one in wanted if packed[one.id][1] is not None]
    if wanted:
        state[TROUBLED] = "" if len(kept) == len(wanted) else "large"
    before, now = state.get(SENT, set()), {name for _, found in kept for name in found.blobs}
    if kept:
        state[SENT] = now  # the browser deletes blobs that are no longer needed
    return [work_payload(_entry(one), found.manifest, found.blobs, set(found.blobs) - before) for one, found in kept]


def _entry(one: Snapshot) -> SavedWork:
    """Return the entry of a snapshot in the browser's list."""
    work = one.work
    last = work.training.last if work.training is not None else None
    at, of = (last.step, last.steps) if last is not None else (0, 0)
    token, steps = str(st.session_state.get(TOKEN, "")), len(work.history.versions) - 1
    missing = work.missing.name if work.missing is not None else ""
    return SavedWork(one.id, token, work.name, steps, 0.0, missing, at, of)


def _packed(project: Any) -> Any:
    """Return the project as manifest and blobs; None if it is too large to save."""
    from kanviz.io.project import packed

    try:
        found = packed(project)
    except UserError:
        return None
    return found if len(found.manifest) + sum(map(len, found.blobs.values())) <= LIMIT else None


# --- receiving ----------------------------------------------------------------------------------------------------


def _listed(record: Any) -> None:
    before: SavedList | None = st.session_state.get(LISTED)
    listed = read_list(record)
    _obeyed(record)
    st.session_state[LISTED], st.session_state[SENT], st.session_state[ON] = listed, set(), not listed.off
    if listed.off and has_session():
        session().is_saved = False
    if before or _offered(_session()):
        st.session_state[AFTER] = OFFER


def _found(record: Any) -> None:
    if not _obeyed(record):
        return

    def take() -> None:
        from kanviz.io.project import Packed, unpacked

        id, manifest, blobs = read_work(record)
        project, s = unpacked(Packed(manifest, blobs)), session()
        go_on(s, project, id)
        look_at(project)
        st.session_state.pop(LOST_TOKEN, None)
        st.session_state[AFTER] = _page_of(s, project)

    st.session_state[AFTER] = "page"
    attempt(take)


def _page_of(s: "Session", project: "Work") -> str:
    """Return the page to open: the workbench, or that of the training that continues."""
    if not s.training.live or project.training is None:
        return "app.py"
    return "pages/retrain.py" if project.training.known else "pages/train.py"


def _missing(record: Any) -> None:
    st.session_state[SENT] = st.session_state.get(SENT, set()) - read_missing(record)


def _trouble(record: Any) -> None:
    st.session_state[TROUBLED] = record if record in TROUBLE else "closed"
    st.session_state.setdefault(LISTED, SavedList())


def _obeyed(record: Any) -> bool:
    """Return whether this event answers the last order; if so, the order is done."""
    given = st.session_state.get(ORDER)
    if given is None or not isinstance(record, dict) or record.get("n") != given["n"]:
        return False
    del st.session_state[ORDER]
    return True
