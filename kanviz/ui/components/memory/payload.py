"""Make the payload of the browser's store of saved work, and check its events, which are untrusted."""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kanviz.errors import LoadError
from kanviz.json_reader import JsonReader
from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import MemoryPayload, MemoryWork

MOST_WORKS = 5
MOST_NAMES = 5_000  # blobs
LONGEST = 200
LONGEST_MANIFEST = 4_000_000
LATEST = 10**14  # milliseconds since 1970
BROWSER = JsonReader(
    "The work saved in this browser cannot be read: {why}. Open a sample or a file instead.", LoadError
)
HTML = '<div class="kv-memory"></div>'


@dataclass(frozen=True)
class SavedWork:
    """One piece of work in the browser's list: its id, the token of its address, its name and its state.

    when: milliseconds since 1970 · rows: name of a table that is not saved with it, "" for none · step, of: progress of
    an unfinished training, 0 of 0 without one.
    """

    id: str
    token: str
    name: str
    steps: int
    when: float
    rows: str
    step: int = 0
    of: int = 0


@dataclass(frozen=True)
class SavedList:
    """The browser's list of saved work, newest first, and whether saving is turned off there."""

    works: tuple[SavedWork, ...] = ()
    off: bool = False


def work_payload(kept: SavedWork, manifest: str, blobs: Mapping[str, bytes], fresh: Collection[str]) -> MemoryWork:
    """Return a piece of work for sending. Of its blobs, only the `fresh` ones are included."""
    return {
        "id": kept.id,
        "token": kept.token,
        "name": kept.name,
        "steps": kept.steps,
        "rows": kept.rows,
        "step": kept.step,
        "of": kept.of,
        "manifest": manifest,
        "rev": hashlib.sha256(manifest.encode()).hexdigest()[:16],
        "needs": list(blobs),
        "blobs": {name: base64.b64encode(blobs[name]).decode() for name in fresh},
    }


def read_list(record: Any) -> SavedList:
    """Read the browser's list. Invalid entries are left out."""
    if not isinstance(record, dict) or not isinstance(record.get("works"), list):
        return SavedList()
    works = (_read_entry(one) for one in record["works"][:MOST_WORKS])
    return SavedList(tuple(one for one in works if one is not None), record.get("off") is True)


def _read_entry(record: Any) -> SavedWork | None:
    found = BROWSER.value(record)
    try:
        id, token, name, rows = (found[part].text(LONGEST) for part in ("id", "token", "name", "rows"))
        steps, step, of = (v.index(LATEST) for v in (found["steps"], found.get("step", 0), found.get("of", 0)))
        return SavedWork(id, token, name, steps, found["when"].number(0, LATEST), rows, step, of) if id else None
    except LoadError:
        return None


def read_work(record: Any) -> tuple[str, str, dict[str, bytes]]:
    """Read saved work: id, manifest and blobs. Raises LoadError if they are missing or invalid."""
    found = BROWSER.value(record)
    blobs = {name: content.base64() for name, content in found["blobs"].pairs(MOST_NAMES)}
    manifest = found["manifest"].text(LONGEST_MANIFEST)
    if not manifest:
        found["manifest"].refuse("is empty")
    return found["id"].text(), manifest, blobs


def read_missing(record: Any) -> set[str]:
    """Read the names of the blobs that the browser requests."""
    return {name for name in record[:MOST_NAMES] if isinstance(name, str)} if isinstance(record, list) else set()


def memory(payload: MemoryPayload, key: str, handlers: Mapping[str, Callable[[Any], None]]) -> None:
    """Put the store on the page; it is invisible. handlers: of "works", "found", "missing" and "trouble"."""
    import streamlit as st

    def handler(what: str) -> Callable[[], None]:
        def act() -> None:
            value = getattr(st.session_state.get(key), what, None)
            if value is not None:
                handlers[what](value)

        return act

    renderer("memory", HTML)(
        data=payload, key=key, height="content", **{f"on_{what}_change": handler(what) for what in handlers}
    )
