"""Opens large files in another process, so that none can crash this one; small files are opened here at once.

The cost of a small file is bounded by limits that the readers check first (64 MB and four times the file, and 600,000
steps of a pickle); this is less than the cost of another process. Larger files are read there and returned as a
kanviz file, which the checked reader opens again.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Pipe

from kanviz.errors import LoadError
from kanviz.io.block_previews import Preview, previews
from kanviz.io.blocks_json import blocks_from_json, name_from_json, previews_from_json
from kanviz.io.contents import BYTE_LIMIT
from kanviz.io.opened import Blocks, Opened, opened
from kanviz.io.project import Project
from kanviz.io.questions import Answer
from kanviz.io.questions_json import asked_from_json, unanswered_from_json
from kanviz.io.reader_process import Ask, packed
from kanviz.io.unknown_class import unknown_from_json
from kanviz.io.weight_layout import WeightLayout
from kanviz.text import shown

SMALL = 1_000_000  # total bytes of all files
AT_ONCE = 2  # processes that read; others wait
SECONDS = 90.0  # for one answer
MEMORY = 1_500_000_000  # bytes that a process may take in addition to those at its start
CPU_SECONDS = 40  # processor time, for one answer
STOPPED = "Reading this file took too long or too much memory, and was stopped. Open it in Python with kanviz.load."


def read(
    files: Mapping[str, bytes],
    block: str | None = None,
    given: Mapping[str, Answer] | None = None,
    layout: WeightLayout | None = None,
) -> Opened | Project | Blocks:
    """Open these files, contents by name, or list the KANs of a model that has several.

    block: the name of one of them · given: answers to what the files leave open · layout: what their tensors are, where
    no reader knows the class. Raises LoadError, in words, even if the files crash their reader, Unanswered for a
    question that must be answered first, and UnknownClass for weights that need a layout.
    """
    return (opened if is_small(files) else readers().read)(files, block, given, layout)


def read_previews(files: Mapping[str, bytes], names: Sequence[str]) -> dict[str, Preview]:
    """Return the strongest curves of these blocks of a model. Raises LoadError as `read` does."""
    return previews(files, names) if is_small(files) else readers().previews(files, names)


def is_small(files: Mapping[str, bytes]) -> bool:
    """Say whether the files are opened in this process."""
    return sum(map(len, files.values())) <= SMALL


class Readers:
    """Processes that read files; one waits for the next request, since starting it takes seconds.

    memory: bytes in addition to those at its start; cpu_seconds: for one answer. A file that needs more is refused.
    """

    def __init__(self, memory: int = MEMORY, cpu_seconds: int = CPU_SECONDS) -> None:
        self._limits = memory, cpu_seconds
        self._lock, self._places = threading.Lock(), threading.BoundedSemaphore(AT_ONCE)
        self._idle: list[_Child] = []

    def prepare(self) -> None:
        """Start a process that will be needed soon, without waiting for it."""
        with self._lock:
            if not self._idle:
                self._idle.append(_Child(*self._limits))

    def read(
        self,
        files: Mapping[str, bytes],
        block: str | None = None,
        given: Mapping[str, Answer] | None = None,
        layout: WeightLayout | None = None,
    ) -> Opened | Project | Blocks:
        """Open the files as the function of this name does, but always in another process."""
        kind, content = self._ask(packed(files, Ask(block, answers=given or {}, layout=layout)))
        if kind == b"B":
            return blocks_from_json(content)
        name, _, rest = content.partition(b"\n")
        asked, _, own = rest.partition(b"\n")
        found = opened({"network.safetensors": own})
        if isinstance(found, Opened):
            return replace(found, block=name_from_json(name), asked=asked_from_json(asked))
        return found

    def previews(self, files: Mapping[str, bytes], names: Sequence[str]) -> dict[str, Preview]:
        """Do as `read_previews`, but always in another process."""
        return previews_from_json(self._ask(packed(files, Ask(previews=tuple(names))))[1])

    def _ask(self, question: bytes) -> tuple[bytes, bytes]:
        """Return the letter of the answer and its data. Raises LoadError for a refusal or a fault."""
        with self._places:
            answer = self._answer(question)
        kind, content = answer[:1], answer[1:]
        if kind == b"R":
            raise LoadError(shown(content.decode("utf-8", "replace"), 1_000))
        if kind == b"Q":
            raise unanswered_from_json(content)
        if kind == b"U":
            raise unknown_from_json(content)
        if kind not in (b"K", b"B", b"P"):
            raise LoadError("This file could not be read: it is damaged, or of a kind kanviz does not know.")
        return kind, content

    def _answer(self, question: bytes) -> bytes:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is not None and not child.alive:
            child.end()
            child = None
        child = child or _Child(*self._limits)
        try:
            answer = child.ask(question)
        except (OSError, EOFError):
            child.end()
            raise LoadError(STOPPED) from None
        with self._lock:
            keep = not self._idle and child.alive
            if keep:
                self._idle.append(child)
        if not keep:
            child.end()
        return answer

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()


class _Child:
    """One reader process, with its pipe."""

    def __init__(self, memory: int, cpu_seconds: int) -> None:
        self._pipe, theirs = Pipe()
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kanviz.io.reader_process", *map(str, (theirs.fileno(), memory, cpu_seconds))],
            pass_fds=[theirs.fileno()], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        theirs.close()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: bytes) -> bytes:
        """Send a request and return the answer; raises EOFError or OSError where there is none."""
        self._pipe.send_bytes(question)
        if not self._pipe.poll(SECONDS):
            raise EOFError
        return self._pipe.recv_bytes(2 * BYTE_LIMIT)

    def end(self) -> None:
        self._pipe.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()


@cache
def readers() -> Readers:
    """Return the reader processes of this program."""
    return Readers()
