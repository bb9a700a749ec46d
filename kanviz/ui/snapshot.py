"""What of a session is kept for later, and how it is taken up again."""

import math
from typing import TYPE_CHECKING

from kanviz.errors import UserError

if TYPE_CHECKING:
    from kanviz.core.dataset import Dataset
    from kanviz.io.project import Project
    from kanviz.ui.session import Session


def is_own(s: "Session | None") -> bool:
    """Whether somebody did something to what is in hand."""
    return s is not None and s.history is not None and (len(s.history.versions) > 1 or s.job is not None)


def snapshot(s: "Session", rows_limit: float = math.inf) -> "Project | None":
    """The work in hand, a training under way included; None where nothing is to be kept.

    rows_limit: bytes of tables; where they take more, the work is kept without them, and the training as far as it has
    learned.
    """
    if not is_own(s) or s.opened.versions[0].kan is s.lesson_network:
        return None  # a lesson's network is there to be tried out: it would drive out work
    project = s.project(with_rows=True)
    training = project.training
    tables = [project.data, *((training.data, training.known_data) if training is not None else ())]
    size = sum(_bytes(data) for data in {id(data): data for data in tables if data is not None}.values())
    return project if size <= rows_limit else project.without_rows()


def mark_of(s: "Session", project: "Project") -> tuple[object, ...]:
    """What is another one whenever the work has changed."""
    last = project.training.last if project.training is not None else None
    return (s.work, project.history, project.data, project.rows, project.edge, project.name, dict(project.view), last)


def _bytes(data: "Dataset") -> int:
    return 8 * (data.x.numel() + data.y.numel())


def go_on(s: "Session", project: "Project", work: str) -> None:
    """Take up what `snapshot` gave: the work, and the training where one was running. work: its name, as `restore`."""
    s.restore(project, work)
    training = project.training
    s.messages.append(("done", "Your work is in hand again."))
    if training is None or not training.running:
        return
    step = f"from step {training.last.step:,} of {training.last.steps:,}"
    try:
        s.resume()
        s.messages.append(("info", f"Its training goes on {step}."))
    except UserError as refusal:
        s.messages.append(("error", f"Its training does not go on {step}: {refusal}"))
