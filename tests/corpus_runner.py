"""Every bad input through the product's readers, each in a forked child with limits on CPU time and memory.

`python -m tests.corpus_runner FOLDER` prints one line of JSON per case; the tests read them. A fresh interpreter, so
that neither the threads of a test run nor its shape checks are part of what is measured.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kanviz.errors import UserError
from tests import corpus_adapter as product

CPU_SECONDS = 10
WALL_SECONDS = 120
MEMORY = 3 << 30
MOST_WORDS = 30_000  # what a pipe takes without a reader

Outcome = dict[str, Any]


def in_a_child(run: Callable[[], list[str]], cpu_seconds: int = CPU_SECONDS, memory: int = MEMORY) -> Outcome:
    """How `run` ended: "opened" with its notes, "refused" with a sentence, or anything else, which is a fault.

    Also what it took (cpu_s, peak_mb), the files that code from the input created (ran_code) and any others (left).
    """
    with tempfile.TemporaryDirectory() as canary, tempfile.TemporaryDirectory() as workplace:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _child(run, writing, canary, workplace, cpu_seconds, memory)
        os.close(writing)
        status, usage = _wait(child)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        if os.WIFSIGNALED(status):
            outcome: Outcome = {"outcome": signal.Signals(os.WTERMSIG(status)).name, "words": []}
        else:
            outcome = (
                json.loads(said) if said else {"outcome": f"exit {os.waitstatus_to_exitcode(status)}", "words": []}
            )
        return {
            **outcome,
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
            "peak_mb": usage.ru_maxrss // 1024,
            "ran_code": os.listdir(canary),
            "left": os.listdir(workplace),
        }


def _wait(child: int) -> tuple[int, resource.struct_rusage]:
    deadline = time.monotonic() + WALL_SECONDS
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)


def _child(
    run: Callable[[], list[str]], writing: int, canary: str, workplace: str, cpu_seconds: int, memory: int
) -> None:
    os.chdir(workplace)
    os.environ["KANVIZ_CANARY"] = canary
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    used = _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    spent = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu_seconds, spent + cpu_seconds + 1))
    try:
        outcome = {"outcome": "opened", "words": run()}
    except UserError as refused:
        outcome = {"outcome": "refused", "words": [str(refused)]}
    except BaseException as fault:
        outcome = {"outcome": type(fault).__name__, "words": [str(fault)[:300]]}
    outcome["words"] = [words[:1000] for words in outcome["words"]][:20]
    os.write(writing, json.dumps(outcome).encode()[:MOST_WORDS])
    os._exit(0)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def read(case: Outcome, folder: Path) -> list[str]:
    """The notes the product gives on opening a case."""
    content = (folder / case["file"]).read_bytes()
    notes: list[str] = []
    if case["kind"] == "formula":
        product.read_formula(content.decode("utf-8"), notes.append)
    elif case["kind"] in ("csv", "parquet", "npz"):
        product.read_table(content, case["name"], notes.append)
    elif case["name"] == "yaml_only_config.yml":
        product.open_model(None, case["name"], content, notes.append)
    elif case["name"].endswith("_config.yml"):
        weights = (folder / "models" / "pykan_state_for_yaml_cases").read_bytes()
        product.open_model(weights, "model_state", content, notes.append)
    else:
        product.open_model(content, case["name"], None, notes.append)
    return notes


def cases(folder: Path) -> list[Outcome]:
    return json.loads((folder / "manifest.json").read_text("utf-8"))["cases"]


def main(folder: Path) -> None:
    idle = in_a_child(list)["peak_mb"]
    for case in cases(folder):
        outcome = in_a_child(lambda case=case: read(case, folder))
        print(json.dumps({"name": case["name"], **outcome, "grown_mb": outcome["peak_mb"] - idle}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
