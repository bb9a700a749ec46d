"""Long work outside the script thread: start, look at the latest item, pause, stop; nothing here touches Streamlit.

A thread today; only this module knows it. Jobs take turns item by item, so that all of them together use at most one
core less than the machine has, and a paused job holds nothing. Work that is done in other processes takes no turns.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, Generic, Literal, TypeVar

from kanviz.errors import UserError

T = TypeVar("T")
State = Literal["running", "paused", "stopping", "done", "stopped", "failed"]
ORPHAN_AFTER = 600.0  # seconds without anybody looking, after which a job stops (its page was closed)


class _Turns:
    """A few places, given in the order of asking; a plain semaphore lets one job take its turn again and again."""

    def __init__(self, places: int):
        self._lock, self._free = threading.Lock(), places
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._waiting.append(mine)
        mine.wait()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


_turns = _Turns(max(1, (os.cpu_count() or 2) - 1))
_END: Any = object()
_log = logging.getLogger(__name__)


class Job(Generic[T]):
    """A generator run to its end in the background. `latest` is its newest item; stopping keeps what there is.

    A generator that has nothing new gives None, so that it can be stopped while it waits. elsewhere: the work is done
    in other processes.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[T | None]],
        on_item: Callable[[T], None] | None = None,
        *,
        elsewhere: bool = False,
    ):
        self._make, self._on_item = make, on_item
        self._turns = nullcontext() if elsewhere else _turns
        self._stop, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._seen = self._begun = time.monotonic()
        self._ended: State | None = None
        self.latest: T | None = None
        self.error = ""
        self._thread = threading.Thread(target=self._run, daemon=True, name="kanviz-job")

    def start(self) -> "Job[T]":
        self._thread.start()
        return self

    @property
    def state(self) -> State:
        self._seen = time.monotonic()
        if self._ended:
            return self._ended
        if self._stop.is_set():
            return "stopping"
        return "running" if self._go.is_set() else "paused"

    @property
    def seconds(self) -> float:
        """By the clock, since it was made."""
        return time.monotonic() - self._begun

    @property
    def live(self) -> bool:
        return self.state in ("running", "paused", "stopping")

    def pause(self) -> None:
        self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def stop(self) -> None:
        self._stop.set()
        self._go.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; True when it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            stream = self._make()
            while True:
                while not self._go.wait(timeout=1.0):
                    if self._orphaned():
                        break
                if self._stop.is_set() or self._orphaned():
                    self._ended = "stopped"
                    return
                with self._turns:
                    item = next(stream, _END)
                if item is _END:
                    self._ended = "done"
                    return
                if item is None:
                    continue
                self.latest = item
                if self._on_item:
                    self._on_item(item)
        except UserError as refusal:
            self.error, self._ended = str(refusal), "failed"
        except Exception:
            _log.exception("a background job failed")
            self.error = "The work ended unexpectedly; what was reached before is kept. The server's log says more."
            self._ended = "failed"

    def _orphaned(self) -> bool:
        return time.monotonic() - self._seen > ORPHAN_AFTER
