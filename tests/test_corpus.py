"""Nearly three hundred bad inputs, each in a child process of its own: every one ends as its manifest says."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus_runner import CPU_SECONDS, cases, in_a_child

FOLDER = Path(__file__).parent / "bad_inputs"
CASES = cases(FOLDER)
MOST_MEGABYTES = 600

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and limits on a process")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    root = Path(__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-m", "tests.corpus_runner", str(FOLDER)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {line["name"]: line for line in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_bad_input_ends_as_it_must(case: dict[str, Any], outcomes: dict[str, dict[str, Any]]) -> None:
    found = outcomes[case["name"]]
    assert found["ran_code"] == []
    assert found["left"] == []
    assert found["outcome"] in ("opened", "refused"), found
    assert found["grown_mb"] < MOST_MEGABYTES
    opened, notes = found["outcome"] == "opened", found["words"]
    match case["must_happen"]:
        case "clear_error":
            assert not opened
        case "accept" | "accept_or_warning":
            assert opened, notes
        case "accept_with_warning":
            assert opened, notes
            assert notes
        case "clear_error_or_warning":
            assert notes
    for words in notes:
        assert words.isprintable()
        assert not opened or len(words) <= 400
    if not opened:
        assert 12 <= len(notes[0]) <= 400
        assert "Traceback" not in notes[0]
        assert "Error" not in notes[0]


def test_the_browser_gets_one_of_every_kind() -> None:
    kinds = {case["kind"] for case in CASES if case.get("browser")}
    assert kinds == {case["kind"] for case in CASES} - {"formula"}
    assert 25 <= sum(case.get("browser", False) for case in CASES) <= 40


# The sandbox itself sees what it is there to see


def test_the_sandbox_sees_code_that_ran() -> None:
    def run() -> list[str]:
        Path(os.environ["KANVIZ_CANARY"], "ran").touch()
        Path("stray").touch()
        return []

    found = in_a_child(run)
    assert (found["ran_code"], found["left"]) == (["ran"], ["stray"])


def test_the_sandbox_stops_what_never_ends() -> None:
    def run() -> list[str]:
        while True:
            pass

    assert in_a_child(run, cpu_seconds=1)["outcome"] in ("SIGXCPU", "SIGKILL")
    assert CPU_SECONDS == 10


def test_the_sandbox_limits_memory_and_sees_a_crash() -> None:
    assert in_a_child(lambda: [str(len(bytearray(1 << 30)))], memory=1 << 29)["outcome"] == "MemoryError"
    assert in_a_child(lambda: [str(os.kill(os.getpid(), signal.SIGTERM))])["outcome"] == "SIGTERM"
    assert in_a_child(lambda: [str(1 / 0)])["outcome"] == "ZeroDivisionError"
