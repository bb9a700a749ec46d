"""Work in a process of its own: its items come, it ends when nobody wants more, and what goes wrong is said."""

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from kanviz.errors import UserError
from kanviz.ui.state import subprocess_stream as apart_module
from kanviz.ui.state.job_queue import Turns
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.subprocess_stream import apart


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart_module, "GRACE", 0.2)


def refusing() -> Iterator[int]:
    yield 1
    raise UserError("This cannot be.")


def dying() -> Iterator[int]:
    yield 1
    os._exit(3)


def stubborn() -> Iterator[int]:
    """Gives its process, then takes no interruption."""
    yield os.getpid()
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            continue


def items(work: Iterator) -> list:
    return [item for item in work if item is not None]


def gone(process: int, within: float = 10.0) -> bool:
    end = time.monotonic() + within
    while psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_items_come_in_order_and_then_it_ends():
    assert items(apart(range, 4)) == [0, 1, 2, 3]  # pyright: ignore[reportArgumentType]


def test_a_refusal_there_is_a_refusal_here():
    work = apart(refusing)
    assert next(item for item in work if item) == 1
    with pytest.raises(UserError, match="cannot be"):
        items(work)


def test_a_process_that_dies_is_said_to_have_ended():
    with pytest.raises(UserError, match="unexpectedly"):
        items(apart(dying))


def test_whoever_waits_is_asked_whether_it_still_wants_to():
    work = apart(time.sleep, 60)  # pyright: ignore[reportArgumentType]
    assert next(work) is None
    work.close()  # pyright: ignore[reportAttributeAccessIssue]


def test_one_that_takes_no_interruption_is_killed():
    work = apart(stubborn)
    process = next(item for item in work if item)
    work.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert gone(process)


def test_a_job_that_is_stopped_while_it_waits_ends_at_once():
    job = Job(lambda: apart(stubborn), elsewhere=True, turns=Turns(1)).start()
    while job.latest is None:
        time.sleep(0.01)
    job.stop()
    assert job.join(600)
    assert job.state == "stopped"
    assert gone(job.latest)


def test_the_next_job_begins_when_the_process_of_the_one_before_is_gone():
    queue = Turns(1)
    first = Job(lambda: apart(stubborn), elsewhere=True, turns=queue).start()
    while first.latest is None:
        time.sleep(0.01)
    next_one = Job(lambda: iter([psutil.pid_exists(first.latest or 0)]), turns=queue).start()
    first.stop()
    assert next_one.join(600)
    assert next_one.latest is False
