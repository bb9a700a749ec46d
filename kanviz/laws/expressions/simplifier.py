"""Rewrite laws in a second process, which is started when first needed and killed when it hangs."""

import atexit
import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from functools import cache
from typing import Any


class Hung(Exception):
    """The error of a process that did not answer in time and was killed."""


class Rewriter:
    """The client of `kanviz.laws.expressions.simplifier_main`; it serves one request at a time, from any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._ready = False  # whether the process has answered that it is ready

    def start(self) -> None:
        """Start the process early, so that it is ready when it is needed."""
        with self.lock:
            self._started()

    def rewritten(
        self, law: Any, names: Sequence[str], deadline: float, seconds: float = math.inf
    ) -> Generator[tuple[str, Any], None, float]:
        """Generate (rewriting, result) as they arrive; return the processor time of the process, in seconds.

        Raises Hung when the deadline (time.monotonic) passes, or the process has computed for so many seconds; on a
        busy machine these take longer by the clock.
        """
        with self.lock:
            process = self._started(wait=deadline)
            finished = False
            try:
                assert process.stdin is not None
                process.stdin.write(json.dumps({"law": law, "names": list(names), "seconds": seconds}) + "\n")
                process.stdin.flush()
                while "name" in (answer := self._answer(deadline)):
                    yield answer["name"], answer["law"]
                finished = True
                return answer["seconds"]
            except OSError as error:
                raise Hung("The process that simplifies is gone.") from error
            finally:
                if not finished:  # answers still to come must not reach a later request
                    self.stop()

    def _started(self, wait: float | None = None) -> "subprocess.Popen[str]":
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self._answers = queue.Queue()
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "kanviz.laws.expressions.simplifier_main"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )  # fmt: skip
            self._ready = False
            threading.Thread(target=_collect, args=(self.process, self._answers), daemon=True).start()
        if wait is not None and not self._ready:
            self._answer(wait)
            self._ready = True
        return self.process

    def _answer(self, deadline: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            line = None
        if line is None:
            self.stop()
            raise Hung("The process that simplifies did not answer in time.")
        return json.loads(line)

    def stop(self) -> None:
        """Kill the process, if there is one."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # unsent data has no reader any more
                pass


def _collect(process: "subprocess.Popen[str]", answers: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:  # closed by stop()
        pass
    answers.put(None)


def rewriter() -> Rewriter:
    """Return the one process that all laws of this program share."""
    return _rewriter_of(os.getpid())


@cache
def _rewriter_of(process: int) -> Rewriter:
    """Return the client of a process id: after a fork, the child must not use its parent's pipe."""
    shared = Rewriter()
    atexit.register(shared.stop)
    return shared
