"""Take snapshots of a session's work, and restore them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanviz.errors import UserError

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.io.work import Work
    from kanviz.ui.state.session import Session


@dataclass(frozen=True)
class Snapshot:
    """A piece of work to save: its id, the work, and a mark that changes whenever the work changes."""

    id: str
    work: "Work"
    mark: object


def snapshots(s: "Session", rows_limit: float = math.inf) -> list[Snapshot]:
    """Return all work of a session to save: the current work, and that of its parts (a law that was found)."""
    work = snapshot(s, rows_limit)
    found = [Snapshot(work.id, work, _mark_of(work))] if work is not None else []
    others = [one for part in s.parts for one in part.snapshots()]
    return found + [Snapshot(one.id, _within(one.work, rows_limit), one.mark) for one in others]


def is_own(s: "Session | None") -> bool:
    """Return whether the current work was changed by the person."""
    if s is None or s.work is None:
        return False
    return len(s.work.history.versions) > 1 or s.training.job is not None


def snapshot(s: "Session", rows_limit: float = math.inf) -> "Work | None":
    """Return the current work with a running training; None if there is nothing to save.

    rows_limit: bytes of all tables. Above it, the work is saved without tables, and the training only up to its best
    network so far.
    """
    if not is_own(s) or not s.opened.id:
        return None
    return _within(s.saved(with_rows=True), rows_limit)


def _within(work: "Work", rows_limit: float) -> "Work":
    training = work.training
    tables = [work.data, *((training.data, training.known_data) if training is not None else ())]
    size = sum(_bytes(data) for data in {id(data): data for data in tables if data is not None}.values())
    return work if size <= rows_limit else work.without_rows()


def _mark_of(work: "Work") -> object:
    last = work.training.last if work.training is not None else None
    view = tuple(work.view.items())
    return work.id, work.history, work.data, work.rows, work.edge, work.name, view, last


def _bytes(data: "Dataset") -> int:
    return 8 * (data.x.numel() + data.y.numel())


def go_on(s: "Session", work: "Work", id: str) -> None:
    """Restore a snapshot, and resume its training if one was running. id: see `Session.restore`."""
    s.restore(work, id)
    training = work.training
    s.messages.append(("done", "Your work is open again."))
    if training is None or not training.running:
        return
    step = f"from step {training.last.step:,} of {training.last.steps:,}"
    try:
        s.training.resume()
        s.messages.append(("info", f"Its training goes on {step}."))
    except UserError as refusal:
        s.messages.append(("error", f"Its training does not go on {step}: {refusal}"))
