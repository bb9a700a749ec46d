"""The ways of keeping what a network knows while it learns new rows: what each promises, and what it costs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.locks import Certified, Lock
    from kanviz.core.training.ewc import Anchor
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Known


@dataclass(frozen=True)
class Protection:
    """needs_rows: it takes old rows; a region alone does not do."""

    title: str
    promise: str
    needs_rows: bool = False


PROTECTIONS: dict[str, Protection] = {
    "rows": Protection(
        "Lock the old rows",
        "Their predictions keep every bit. Nothing is promised between them; control points they use learn no more.",
        needs_rows=True,
    ),
    "region": Protection(
        "Lock a region",
        "Every point of the region keeps every bit, proven. It holds more control points than rows alone do.",
    ),
    "replay": Protection(
        "Replay old rows",
        "Old rows are learned again beside the new ones. The error stays small, no bit is promised; runs take longer.",
        needs_rows=True,
    ),
    "ewc": Protection(
        "Elastic weights (EWC)",
        "Numbers that old rows depend on are drawn back to where they were. Forgets less, no bit is promised.",
    ),
    "none": Protection("No protection", "Every number may move. It learns best, and may forget everything."),
}


def row_lock(s: "Session", known: "Known") -> "Lock":
    """Every number that the old rows use; remembered."""
    return s.cache.result(_row_lock, s.present, known)


def _row_lock(kan: "KAN", known: "Known") -> "Lock":
    from kanviz.core.locks import data_lock

    return data_lock(kan, known.x, f"rows of {known.name}"[:200])


def region_lock(s: "Session", box: tuple[tuple[float, float], ...]) -> "Certified":
    """Every number that any point of the box can use; remembered."""
    from kanviz.core.locks import certified_lock

    return s.cache.result(certified_lock, s.present, box)


def elastic(s: "Session", known: "Known", strength: float) -> "Anchor":
    """The network anchored where what it knows needs it; remembered."""
    return s.cache.result(_anchor, s.present, known, strength)


def _anchor(kan: "KAN", known: "Known", strength: float) -> "Anchor":
    from kanviz.core.training.forgetting import anchor

    return anchor(kan, known.x, strength)


def mixed(s: "Session", new: "Dataset", old: "Dataset", share: float) -> "Dataset":
    """The new rows with old ones among those that train; remembered."""
    from kanviz.core.training.forgetting import with_replay

    return s.cache.result(with_replay, new, old, share)
