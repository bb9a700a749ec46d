"""Runs a process that opens untrusted files, with limits of memory and time, and answers in kanviz's own format.

A request is a line of JSON with the names and sizes of the files and what is asked, followed by their contents. An
answer is one letter and its data: K, a line with the name of the block, a line with the questions, and the file of a
network or project as kanviz writes it; B and the KANs of a model as JSON; P and the curves of some of them as JSON; Q
and a question to be answered first; U and what is in a file of an unknown class, with layouts that may fit; R and a
refusal in words; F for a fault. All are plain bytes; nothing is unpickled.
"""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from kanviz.errors import UserError
from kanviz.io.block_previews import previews
from kanviz.io.blocks_json import blocks_to_json, name_to_json, previews_to_json
from kanviz.io.opened import Opened, as_own, opened
from kanviz.io.questions import Answer, Unanswered
from kanviz.io.questions_json import answers_from_json, answers_to_json, asked_to_json, unanswered_to_json
from kanviz.io.unknown_class import UnknownClass, unknown_to_json
from kanviz.io.weight_layout import WeightLayout

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
        files, ask = unpacked(question)
        if ask.previews:
            return b"P" + previews_to_json(previews(files, ask.previews))
        found = opened(files, ask.block, ask.answers, ask.layout)
        if isinstance(found, tuple):
            return b"B" + blocks_to_json(found)
        block, asked = (found.block, found.asked) if isinstance(found, Opened) else ("", ())
        return b"K" + b"\n".join([name_to_json(block), asked_to_json(asked), as_own(found)])
    except Unanswered as refusal:
        return b"Q" + unanswered_to_json(refusal)
    except UnknownClass as refusal:
        return b"U" + unknown_to_json(refusal)
    except UserError as refusal:
        return b"R" + str(refusal).encode("utf-8", "replace")
    except MemoryError:
        return b"R" + TOO_LARGE.encode()
    except Exception as fault:
        if "memory" in str(fault).lower():  # torch's own kind of MemoryError
            return b"R" + TOO_LARGE.encode()
        traceback.print_exc()  # for the server's log
        return b"F"


@dataclass(frozen=True)
class Ask:
    """What is asked of the files: the network, or that of a block, or previews of blocks by their names; answers: to
    what the files leave open · layout: what their tensors are, where no reader knows the class.
    """

    block: str | None = None
    previews: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    layout: WeightLayout | None = None


def packed(files: Mapping[str, bytes], ask: Ask) -> bytes:
    """Encode a request for these files, contents by name."""
    sizes = [[name, len(content)] for name, content in files.items()]
    layout = ask.layout and ask.layout.to_json()
    head = json.dumps([sizes, ask.block, ask.previews, answers_to_json(ask.answers), layout])
    return b"".join([head.encode(), b"\n", *files.values()])


def unpacked(question: bytes) -> tuple[dict[str, bytes], Ask]:
    """Decode the files of a request, and what is asked."""
    head, _, rest = question.partition(b"\n")
    files, at = {}, 0
    sizes, block, names, answers, layout = json.loads(head)
    for name, size in sizes:
        files[name] = rest[at : at + size]
        at += size
    return files, Ask(block, tuple(names), answers_from_json(answers), layout and WeightLayout.from_json(layout))


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
