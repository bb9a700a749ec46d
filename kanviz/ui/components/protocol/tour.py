"""Define the messages of the tour."""

from typing import TypedDict


class TourStep(TypedDict):
    """A stop of the tour. at: CSS selectors; the first visible element gets a ring."""

    at: list[str]
    title: str
    text: str


class TourPayload(TypedDict):
    """The tour. first: whether it starts by itself in a browser that never showed it."""

    v: int
    steps: list[TourStep]
    first: bool
    help: str
