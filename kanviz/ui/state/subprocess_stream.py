"""A generator run in a process of its own, so that its work waits for nobody.

The other process is this module as a program. It takes one call, sends the items, and dies with whoever started it.
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
LOOK = 0.2  # seconds after which a consumer that waits for the next item is asked whether it still wants it
BEHIND = 5  # how much the work stands back (nice) for the app that shows it
GRACE = 3.0  # seconds in which the process may end its own helpers before all of them are killed
BROKEN = "The search ended unexpectedly; the best so far is kept. The server's log says more."


def apart(make: Callable[..., Iterator[T]], *given: Any) -> Iterator[T | None]:
    """The items of make(*given), made elsewhere; None whenever a while has passed without one.

    `make` is found by its name, and what it is given and gives is sent between our own two processes. Closing the
    iterator interrupts the work there, as Ctrl-C would, and waits until the process is gone. A refusal there
    (UserError) is one here.
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
    """Waited for, since it ends its helpers when the pipe is closed; killed with all of them if that takes too long."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class _Link:
    """The pipe as the other process sees it. It is watched, since nobody may wait for what is being made."""

    def __init__(self, pipe: Connection):
        self.pipe, self._done = pipe, threading.Event()
        self.make, self.given = pipe.recv()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Nothing more is ever sent here: what arrives is the end of whoever asked."""
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
