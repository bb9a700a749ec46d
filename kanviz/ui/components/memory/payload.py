"""What the browser keeps of the work in hand: what it is sent, and what comes back, which nobody vouches for."""

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
    "This work is no longer in the browser as it was kept: {why}. Open a sample or a file instead.", LoadError
)
HTML = '<div class="kv-memory"></div>'


@dataclass(frozen=True)
class Kept:
    """One piece of work in the browser: its name there, the token of the address it was done under, and what it is.

    when: milliseconds since 1970 · rows: the name of a table that is not kept with it, "" for none · step, of: where a
    training under way stands, 0 of 0 without one.
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
class Told:
    """What the browser says it keeps, newest first, and whether keeping was turned off there."""

    works: tuple[Kept, ...] = ()
    off: bool = False


def work_payload(kept: Kept, manifest: str, blobs: Mapping[str, bytes], fresh: Collection[str]) -> MemoryWork:
    """A piece of work as it is sent; of the blobs it consists of, those that are `fresh` travel along."""
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


def told_of(record: Any) -> Told:
    """What a browser told; what is not as we wrote it is left out."""
    if not isinstance(record, dict) or not isinstance(record.get("works"), list):
        return Told()
    works = (_kept(one) for one in record["works"][:MOST_WORKS])
    return Told(tuple(one for one in works if one is not None), record.get("off") is True)


def _kept(record: Any) -> Kept | None:
    found = BROWSER.value(record)
    try:
        id, token, name, rows = (found[part].text(LONGEST) for part in ("id", "token", "name", "rows"))
        steps, step, of = (v.index(LATEST) for v in (found["steps"], found.get("step", 0), found.get("of", 0)))
        return Kept(id, token, name, steps, found["when"].number(0, LATEST), rows, step, of) if id else None
    except LoadError:
        return None


def found_of(record: Any) -> tuple[str, str, dict[str, bytes]]:
    """Name, manifest and blobs of work that was read from the browser; LoadError when they are not there."""
    found = BROWSER.value(record)
    blobs = {name: content.base64() for name, content in found["blobs"].pairs(MOST_NAMES)}
    manifest = found["manifest"].text(LONGEST_MANIFEST)
    if not manifest:
        found["manifest"].refuse("is empty")
    return found["id"].text(), manifest, blobs


def missing_of(record: Any) -> set[str]:
    """The names of blobs that the browser asks for."""
    return {name for name in record[:MOST_NAMES] if isinstance(name, str)} if isinstance(record, list) else set()


def memory(payload: MemoryPayload, key: str, heard: Mapping[str, Callable[[Any], None]]) -> None:
    """Put it on the page, invisible. heard: what to do when it says "told", "found", "missing" or "trouble"."""
    import streamlit as st

    def hear(what: str) -> Callable[[], None]:
        def act() -> None:
            value = getattr(st.session_state.get(key), what, None)
            if value is not None:
                heard[what](value)

        return act

    renderer("memory", HTML)(
        data=payload, key=key, height="content", **{f"on_{what}_change": hear(what) for what in heard}
    )
