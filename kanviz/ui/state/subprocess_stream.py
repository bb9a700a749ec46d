"""Run a generator in a subprocess, so that its work blocks nobody.

The subprocess runs this module. It receives one call, sends the items, and ends together with its parent.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Pipe
from typing import Any, TypeVar, cast

from kanviz.errors import UserError

T = TypeVar("T")
LOOK = 0.2  # seconds without an item after which the consumer gets None, so that it can stop
BEHIND = 5  # niceness of the subprocess, so that the app stays fast
GRACE = 3.0  # seconds for the subprocess to end its own helpers before all are killed
BROKEN = "The search ended unexpectedly; the best so far is kept. The server's log says more."


def apart(make: Callable[..., Iterator[T]], *given: Any) -> Iterator[T | None]:
    """Yield the items of make(*given) from a subprocess, and None after each 0.2 s without an item.

    `make` is found by its name; arguments and items are pickled between our own two processes. Closing the iterator
    interrupts the subprocess like Ctrl-C and waits until it has ended. A UserError there is raised here too.
    """
    ours, theirs = Pipe()
    process = _started(theirs.fileno())
    theirs.close()
    try:
        ours.send((make, given))
        while True:
            if not ours.poll(LOOK):
                yield None
                continue
            kind, item = ours.recv()
            if kind == "refused":
                raise UserError(item)
            if kind == "end":
                return
            yield cast(T, item)
    except (EOFError, OSError):
        raise UserError(BROKEN) from None
    finally:
        ours.close()
        _end(process)


def _started(pipe: int) -> "subprocess.Popen[bytes]":
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "kanviz.ui.state.subprocess_stream", str(pipe)],
        pass_fds=[pipe], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the subprocess, which ends its helpers once the pipe is closed. Kill all of them after 3 s."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Link:
    """The subprocess's side of the pipe. A thread watches it, since the main thread is busy with the work."""

    def __init__(self, pipe: Connection):
        self.pipe, self._done = pipe, threading.Event()
        self.make, self.given = pipe.recv()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Interrupt the work when the pipe closes. The parent sends nothing more, so any event means it is gone."""
        with contextlib.suppress(EOFError, OSError):
            self.pipe.recv()
        if not self._done.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            if not self._done.wait(GRACE):
                os.killpg(os.getpgrp(), signal.SIGKILL)

    def run(self) -> None:
        try:
            for item in self.make(*self.given):
                self.pipe.send(("item", item))
            self.pipe.send(("end", None))
        except UserError as refusal:
            self.pipe.send(("refused", str(refusal)))
        finally:
            self._done.set()


if __name__ == "__main__":
    os.nice(BEHIND)
    with contextlib.suppress(KeyboardInterrupt, ConnectionError):
        _Link(Connection(int(sys.argv[1]))).run()
