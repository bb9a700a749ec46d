"""Damage to a good file, and the only two ways a reader may answer it."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from kanviz.errors import UserError

T = TypeVar("T")


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """The good bytes with a few of them changed, cut out, doubled or put in."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["change", "cut", "insert", "repeat", "end"]))
        if kind == "change" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=12))
        elif kind == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 60))]
        elif kind == "end":
            del data[at:]
    return bytes(data)


def answer(read: Callable[..., T], *arguments: object) -> T | None:
    """What the reader read, or None if it refused in a sentence fit for a user; any other error is the test's."""
    try:
        return read(*arguments)
    except UserError as refused:
        sentence = str(refused)
    assert 12 <= len(sentence) <= 400
    assert sentence.isprintable()
    return None
