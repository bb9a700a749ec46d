"""Long work outside the script thread: start, look at the latest item, pause, stop; nothing here touches Streamlit.

A thread today; only this module knows it. All jobs of a server, whether they compute here or in a process of their own,
stand in one queue (`turns`), and a paused job holds nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterator
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from kanviz.errors import UserError
from kanviz.ui.state.job_queue import Turns, cores

T = TypeVar("T")
State = Literal["running", "waiting", "paused", "stopping", "done", "stopped", "failed"]
TURNS = Turns(max(1, cores() - 1))
_END: Any = object()
_log = logging.getLogger(__name__)


class End(Enum):
    """Why a job ended, in words."""

    DONE = "it came to its end"
    BY_YOU = "stopped by you"
    REPLACED = "another one was started"
    CLOSED = "no tab was open on it for a minute"
    ROOM = "the server needed its memory for others"
    FAILED = "it went wrong"
    SERVER = "the server was stopped"

    def __str__(self) -> str:
        return self.value


class Job(Generic[T]):
    """A generator run to its end in the background. `latest` is its newest item; stopping keeps what there is.

    A generator that has nothing new gives None, so that it can be stopped while it waits. who: whose job it is, for a
    fair queue · elsewhere: the work is done in other processes, which keep their turn to the end · most: cores that it
    can use; `cores` are those it was given.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[T | None]],
        on_item: Callable[[T], None] | None = None,
        *,
        who: Hashable = None,
        elsewhere: bool = False,
        most: int = 1,
        turns: Turns = TURNS,
    ):
        self._make, self._on_item, self._elsewhere = make, on_item, elsewhere
        self._turn = turns.turn(self if who is None else who, most, gives=not elsewhere)
        self._stop, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._why = End.BY_YOU
        self._begun: float | None = None
        self.end: End | None = None
        self.latest: T | None = None
        self.error = ""
        self._thread = threading.Thread(target=self._run, daemon=True, name="kanviz-job")

    def start(self) -> "Job[T]":
        self._thread.start()
        return self

    @property
    def state(self) -> State:
        if self.end is not None:
            return "done" if self.end is End.DONE else "failed" if self.end is End.FAILED else "stopped"
        if self._stop.is_set():
            return "stopping"
        if not self._go.is_set():
            return "paused"
        return "waiting" if self.ahead is not None else "running"

    @property
    def ahead(self) -> int | None:
        """How many jobs come first; None when it need not wait."""
        return self._turn.ahead

    @property
    def cores(self) -> int:
        return self._turn.cores

    @property
    def seconds(self) -> float:
        """By the clock, since its first turn."""
        return 0.0 if self._begun is None else time.monotonic() - self._begun

    @property
    def live(self) -> bool:
        return self.end is None

    def pause(self) -> None:
        self._go.clear()
        self._turn.wake()

    def resume(self) -> None:
        self._go.set()

    def stop(self, why: End = End.BY_YOU) -> None:
        """The first reason that is given counts."""
        if not self._stop.is_set():
            self._why = why
        self._stop.set()
        self._go.set()
        self._turn.wake()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing of it is left; True when that came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        stream: Iterator[T | None] | None = None
        try:
            while self.end is None:
                if not self._may_go_on():
                    continue
                if stream is None:
                    self._begun, stream = time.monotonic(), self._make()
                item = next(stream, _END)
                if item is _END:
                    self.end = End.DONE
                elif item is not None:
                    self.latest = item
                    if self._on_item:
                        self._on_item(item)
        except UserError as refusal:
            self.error, self.end = str(refusal), End.FAILED
        except Exception:
            _log.exception("a background job failed")
            self.error = "The work ended unexpectedly; what was reached before is kept. The server's log says more."
            self.end = End.FAILED
        finally:
            if isinstance(stream, Generator):
                stream.close()  # other processes end here: others have their turn only after that
            self._turn.leave()

    def _may_go_on(self) -> bool:
        """Whether there is a turn for the next item; waits for it, or sets the end. False: ask again."""
        self._turn.listen()
        if self._stop.is_set():
            self.end = self._why
            return False
        if not self._go.is_set() and not self._elsewhere:
            self._turn.leave()
            self._go.wait()
            return False
        if self._turn.due:
            self._turn.leave()
        return self._turn.held or self._turn.take()
