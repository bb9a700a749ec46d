"""A budget of work instead of time: so many calls of functions, the same on every machine and under every load."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def budget(calls: int) -> Iterator[None]:
    """Fail when this thread makes more calls than that inside, of functions in Python and in C."""
    made = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert made <= calls, f"{made:,} calls where {calls:,} are enough"
