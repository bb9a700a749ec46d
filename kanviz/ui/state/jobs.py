"""Run long work outside the script thread: start, read the newest item, pause, stop. Nothing here uses Streamlit.

A job is a thread; only this module knows that. All jobs of a server, in this process or in others, share one queue
(`TURNS`). A paused job holds no core.
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
    """The reason why a job ended; its value is the text."""

    DONE = "it is finished"
    BY_YOU = "stopped by you"
    REPLACED = "another one was started"
    CLOSED = "no tab was open on it for a minute"
    ROOM = "the server needed its memory for others"
    FAILED = "it went wrong"
    SERVER = "the server was stopped"

    def __str__(self) -> str:
        return self.value


class Job(Generic[T]):
    """A generator that is run in the background. `latest` is its newest item; it remains after a stop.

    A generator with nothing new yields None, so that it can be stopped while it waits. who: the owner, for a fair queue
    · elsewhere: the work is done in other processes, which hold their turn until the end · most: cores that it can use;
    `cores` is the number it got.
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
        self._started: float | None = None
        self._ended: float | None = None
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
        """The number of jobs before this one; None if it need not wait."""
        return self._turn.ahead

    @property
    def cores(self) -> int:
        return self._turn.cores

    @property
    def seconds(self) -> float:
        """Wall-clock seconds from its first turn to its end, or to now while it lives."""
        if self._started is None:
            return 0.0
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    @property
    def live(self) -> bool:
        return self.end is None

    def pause(self) -> None:
        self._go.clear()
        self._turn.wake()

    def resume(self) -> None:
        self._go.set()

    def stop(self, why: End = End.BY_YOU) -> None:
        """Stop the job. If it is stopped several times, the first reason counts."""
        if not self._stop.is_set():
            self._why = why
        self._stop.set()
        self._go.set()
        self._turn.wake()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until its thread has ended; return whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        stream: Iterator[T | None] | None = None
        try:
            while self.end is None:
                if not self._may_go_on():
                    continue
                if stream is None:
                    self._started, stream = time.monotonic(), self._make()
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
            self._ended = time.monotonic()
            if isinstance(stream, Generator):
                stream.close()  # ends other processes; the next job may start only after that
            self._turn.leave()

    def _may_go_on(self) -> bool:
        """Return whether the next item may be computed. Waits for a turn, or sets the end. After False, call again."""
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
