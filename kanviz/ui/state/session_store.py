"""Hold all sessions by the secret in their address: find them after a reload, drop them when memory is needed.

A session with an open tab or a running job is never dropped. One minute after its last tab was closed, its jobs are
stopped; their results remain. Among the other sessions, the least recently used are dropped first.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanviz.ui.state.jobs import End

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

LEFT_AFTER = 60.0  # seconds without an open tab after which a session counts as left
LOOK = 1.0  # seconds between two checks
ROOM = 512_000_000  # bytes of all sessions that were left
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Place:
    """A session, the time of its last use, the time each tab was last open, and its size once it is left."""

    session: "Session"
    used: float
    tabs: dict[str, float] = field(default_factory=dict)
    left: bool = False
    size: int = 0


class SessionStore:
    """All sessions of the server.

    is_open: tells whether a tab of this name is open · forget: called with the name of a tab that was closed for good ·
    size: bytes of a session · keep: called with every secret and session, to save changes · room: bytes of all sessions
    that were left.
    """

    def __init__(
        self,
        is_open: Callable[[str], bool],
        forget: Callable[[str], None],
        size: Callable[["Session"], int],
        keep: "Callable[[str, Session], None] | None" = None,
        *,
        room: int = ROOM,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._is_open, self._forget, self._size, self._keep = is_open, forget, size, keep
        self._room, self._clock = room, clock
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._watch: threading.Thread | None = None

    def __contains__(self, token: str) -> bool:
        return token in self._places

    def __len__(self) -> int:
        return len(self._places)

    def find(self, token: str, tab: str) -> "Session | None":
        """Return the session of that secret and note that this tab uses it; None if there is none."""
        with self._lock:
            place = self._places.get(token)
            if place is None:
                return None
            self._touch(place, tab)
            return place.session

    def put(self, token: str, session: "Session", tab: str) -> None:
        """Add a session that a tab shows, new or used again. Its tabs are checked from now on."""
        self._begin()
        with self._lock:
            self._touch(self._places.setdefault(token, _Place(session, self._clock())), tab)

    def _touch(self, place: _Place, tab: str) -> None:
        place.used = place.tabs[tab] = self._clock()
        place.left, place.size = False, 0

    def _begin(self) -> None:
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._look_for_ever, daemon=True, name="kanviz-sessions")
                self._watch.start()

    def _look_for_ever(self) -> None:
        while True:
            time.sleep(LOOK)
            try:
                self.look()
            except Exception:
                _log.exception("looking after the sessions failed")

    def look(self) -> None:
        """Stop the jobs of sessions without tabs, and free memory."""
        with self._lock:
            held, closed = list(self._places.items()), []
            places = [place for _, place in held]
            for place in places:
                closed += self._closed(place)
        for token, place in held:
            if self._keep is not None:
                self._keep(token, place.session)
        for tab in closed:
            self._forget(tab)
        for place in places:
            if place.left:
                place.session.stop_jobs(End.CLOSED)
                place.size = place.size or self._size(place.session)
        for session in self._let_go():
            session.stop_jobs(End.ROOM)

    def _closed(self, place: _Place) -> list[str]:
        """Return the tabs that were closed for good since the last check."""
        now, found = self._clock(), []
        for tab, seen in list(place.tabs.items()):
            if self._is_open(tab):
                place.tabs[tab] = now
            elif now - seen >= LEFT_AFTER:
                found.append(tab)
                del place.tabs[tab]
        place.left = not place.tabs
        return found

    def _let_go(self) -> "list[Session]":
        """Drop left sessions, least recently used first, until the others fit; return the dropped ones."""
        with self._lock:
            idle = [one for one in self._places.items() if one[1].left and not one[1].session.jobs]
            total, gone = sum(place.size for _, place in idle), []
            for token, place in sorted(idle, key=lambda one: one[1].used):
                if total <= self._room:
                    break
                total -= place.size
                del self._places[token]
                gone.append(place.session)
            return gone
