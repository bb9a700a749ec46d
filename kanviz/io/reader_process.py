"""Runs a process that opens untrusted files, with limits of memory and time, and answers in kanviz's own format.

A request is a line of JSON with the names and sizes of the files, followed by their contents. An answer is one letter
and its data: K and the file of a network or project as kanviz writes it, R and a refusal in words, F for a fault. Both
are plain bytes; nothing is unpickled.
"""

import contextlib
import json
import os
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from kanviz.errors import UserError
from kanviz.io.opened import as_own, opened

IDLE_SECONDS = 900.0  # without a request, after which the process ends
BEHIND = 5  # its niceness, so that the app runs first
TOO_LARGE = "Opening this file takes more memory than a server can give one file. Open it in Python with kanviz.load."


def main(pipe: Connection, memory: int, cpu_seconds: int) -> None:
    """Answer requests until the pipe closes; the limits are those of `Readers`."""
    os.nice(BEHIND)
    _limit_memory(memory)
    while pipe.poll(IDLE_SECONDS):
        question = pipe.recv_bytes()
        _limit_time(cpu_seconds)
        pipe.send_bytes(_answer(question))


def _answer(question: bytes) -> bytes:
    try:
        return b"K" + as_own(opened(unpacked(question)))
    except UserError as refusal:
        return b"R" + str(refusal).encode("utf-8", "replace")
    except MemoryError:
        return b"R" + TOO_LARGE.encode()
    except Exception as fault:
        if "memory" in str(fault).lower():  # torch's own kind of MemoryError
            return b"R" + TOO_LARGE.encode()
        traceback.print_exc()  # for the server's log
        return b"F"


def packed(files: dict[str, bytes]) -> bytes:
    """Encode a request for these files, contents by name."""
    head = json.dumps([[name, len(content)] for name, content in files.items()]).encode()
    return b"".join([head, b"\n", *files.values()])


def unpacked(question: bytes) -> dict[str, bytes]:
    """Decode the files of a request."""
    head, _, rest = question.partition(b"\n")
    files, at = {}, 0
    for name, size in json.loads(head):
        files[name] = rest[at : at + size]
        at += size
    return files


def _limit_memory(memory: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # where the system has such limits
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        until = int(sum(os.times()[:2])) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, EOFError, ConnectionError):
        main(Connection(int(sys.argv[1])), *map(int, sys.argv[2:]))
