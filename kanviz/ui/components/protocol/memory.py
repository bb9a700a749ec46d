"""Define the messages of work in the browser."""

from typing import Any, Literal, TypedDict


class MemoryOrder(TypedDict):
    """An order to the browser's store. n: a random name."""

    n: str
    what: Literal["list", "read", "forget", "off", "on"]
    id: str


class MemoryWork(TypedDict):
    """A piece of work. needs: names of all its blobs · blobs: those that are sent along, in base64."""

    id: str
    token: str
    name: str
    steps: int
    rows: str
    step: int
    of: int
    manifest: str
    rev: str
    needs: list[str]
    blobs: dict[str, str]


class MemoryPayload(TypedDict):
    """Work to store, and an order. offers: whether the page offers saved work."""

    v: int
    order: MemoryOrder | None
    works: list[MemoryWork]
    offers: bool


class MemoryList(TypedDict):
    """The stored work, newest first, and whether saving is turned off. n: name of the answered order."""

    n: str
    off: bool
    works: list[Any]


class MemoryFound(TypedDict):
    """Work that was read; the manifest is empty if it does not exist any more."""

    n: str
    id: str
    manifest: str
    blobs: dict[str, str]


class MemoryEvents(TypedDict):
    """The events of the browser's store. missing: names of blobs to send."""

    works: MemoryList
    found: MemoryFound
    missing: list[str]
    trouble: Literal["full", "closed"]
