"""Offer the protections of what a network knows, and make a retraining with the chosen one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.continual.protection import (
    PROTECTIONS,
    ElasticWeights,
    LockRegion,
    LockRows,
    NoProtection,
    Protected,
    Protection,
    Replay,
)
from kanviz.ui.state.training_run import Retraining
from kanviz.ui.train.regions import region_fields
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.continual.known import Known
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.training.train import TrainConfig
    from kanviz.ui.state.session import Session


@dataclass(frozen=True)
class Offer:
    """A protection as the pages offer it.

    ask: shows its settings and returns the protection · full: advice if a lock leaves no control point free.
    """

    title: str
    promise: str
    ask: "Callable[[Session, Known], Protection]"
    full: str = ""


def _region(s: "Session", known: "Known") -> Protection:
    return LockRegion(known.box or region_fields(s, "lock"))


def _replay(s: "Session", known: "Known") -> Protection:
    share = st.slider("Old rows among those that train", 5, 95, 50, 5, format="%d%%", key=f"{KEEP}share")
    return Replay(share / 100)


def _elastic(s: "Session", known: "Known") -> Protection:
    strength = st.number_input(
        "Strength", 0.0, 1e6, 1.0, format="%g", key=f"{KEEP}strength",
        help="1 counts the old rows' loss as much as the new rows', near the current network.",
    )  # fmt: skip
    return ElasticWeights(float(strength))


OFFERS = {
    "rows": Offer(
        "Lock the old rows",
        "Their predictions stay bit-identical. Points between them may change. Control points they use are locked.",
        lambda s, known: LockRows(),
        "Fewer old rows, or a network with finer grids, leave more.",
    ),
    "region": Offer(
        "Lock a region",
        "Every prediction in the region stays bit-identical, proven. It locks more control points than rows.",
        _region,
        "The computed bounds are too wide there. A smaller region, or a lock of rows, leaves more free.",
    ),
    "replay": Offer(
        "Replay old rows",
        "Old rows are learned again, together with the new ones. The error stays small, no bit is promised; runs take "
        "longer.",
        _replay,
    ),
    "ewc": Offer(
        "Elastic weights (EWC)",
        "Numbers that old rows depend on are pulled to their old values. Forgets less; any bit may change.",
        _elastic,
    ),
    "none": Offer(
        "No protection",
        "Every number may move. It learns best, and may forget everything.",
        lambda s, known: NoProtection(),
    ),
}


@dataclass(frozen=True)
class Plan:
    """What must not be forgotten, the protection, and what that protection adds to the training."""

    known: "Known"
    protection: Protection
    held: Protected


def choose_protection(s: "Session", known: "Known", *, none: bool = True) -> Protection:
    """Let the person choose a protection. none: whether "No protection" is offered too."""
    names = [
        name for name in OFFERS
        if (known.box is None or not PROTECTIONS[name].needs_rows) and (none or name != NoProtection.kind)
    ]  # fmt: skip
    name = st.radio(
        "Protection", names, key=f"{KEEP}protection-{known.data is None}-{none}",
        format_func=lambda name: OFFERS[name].title, captions=[OFFERS[name].promise for name in names],
    )  # fmt: skip
    return OFFERS[name].ask(s, known)


def apply(s: "Session", protection: Protection, known: "Known", new: "Dataset") -> Protected:
    """Apply a protection to the current network; cached. Warns if a lock leaves a layer no free control point."""
    kan = s.present
    with st.spinner("Looking for the numbers that must stay…"):
        held = s.cache.result(_applied, protection, kan, known, known.name, new)
    full = [] if held.lock is None else [n for n, left in enumerate(held.lock.capacity(kan)) if left.free == 0]
    if full:
        layers = ", ".join(map(str, full))
        st.warning(f"No control point is left free in layer {layers}. {OFFERS[protection.kind].full}")
    return held


def _applied(protection: Protection, kan: "KAN", known: "Known", name: str, new: "Dataset") -> Protected:
    """Apply a protection. name: the name of what is known; it belongs to the cache key, since the lock contains it."""
    return protection.apply(kan, known, new)


def retraining(
    s: "Session", protection: Protection, known: "Known", held: Protected, config: "TrainConfig"
) -> Retraining:
    """Make the retraining of the current network. config: from `held.config`, with the lock."""
    return Retraining(
        s.present, held.data, config, s.opened.history.at, known=known, region=protection.region(known),
        aid=protection.aid, anchor=held.anchor, promise=OFFERS[protection.kind].title,
    )  # fmt: skip
