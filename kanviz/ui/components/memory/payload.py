"""What the browser keeps of the work in hand: what it is sent, and what comes back, which nobody vouches for."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kanviz.errors import LoadError
from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import MemoryPayload, MemoryWork

MOST_WORKS = 5
MOST_NAMES = 5_000  # blobs
LONGEST = 200
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
    if not isinstance(record, dict):
        return None
    texts = [record.get(part) for part in ("id", "token", "name", "rows")]
    numbers = [record.get("steps"), record.get("when"), record.get("step", 0), record.get("of", 0)]
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts) or not texts[0]:
        return None
    if not all(isinstance(v, int | float) and 0 <= v < 1e14 for v in numbers):
        return None
    id, token, name, rows = map(str, texts)
    steps, when, step, of = map(float, numbers)
    return Kept(id, token, name, int(steps), when, rows, int(step), int(of))


def found_of(record: Any) -> tuple[str, str, dict[str, bytes]]:
    """Name, manifest and blobs of work that was read from the browser; LoadError when they are not there."""
    try:
        id, manifest, blobs = (record[part] for part in ("id", "manifest", "blobs"))
        found = {str(name): base64.b64decode(content, validate=True) for name, content in blobs.items()}
        if not isinstance(id, str) or not isinstance(manifest, str) or not manifest:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise LoadError("This work is no longer in the browser. Open a sample or a file instead.") from None
    return id, manifest, found


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
