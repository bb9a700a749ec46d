"""What of a session is kept for later, and how it is taken up again."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanviz.errors import UserError

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.io.project import Project
    from kanviz.ui.state.session import Session


@dataclass(frozen=True)
class Snapshot:
    """A piece of work to keep: its name, the work, and a mark that is another one whenever the work has changed."""

    name: str
    project: "Project"
    mark: object


def snapshots(s: "Session", rows_limit: float = math.inf) -> list[Snapshot]:
    """All that is to be kept of a session: the work in hand, and the best law that its search has found so far."""
    project, law = snapshot(s, rows_limit), _law_so_far(s, rows_limit)
    found = [Snapshot(s.work, project, _mark_of(s, project))] if project is not None else []
    return found + ([law] if law is not None else [])


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
    return _within(s.project(with_rows=True), rows_limit)


def _within(project: "Project", rows_limit: float) -> "Project":
    training = project.training
    tables = [project.data, *((training.data, training.known_data) if training is not None else ())]
    size = sum(_bytes(data) for data in {id(data): data for data in tables if data is not None}.values())
    return project if size <= rows_limit else project.without_rows()


def _mark_of(s: "Session", project: "Project") -> object:
    last = project.training.last if project.training is not None else None
    view = tuple(project.view.items())
    return s.work, project.history, project.data, project.rows, project.edge, project.name, view, last


def _law_so_far(s: "Session", rows_limit: float) -> Snapshot | None:
    """As a network of formulas, on the rows it was found in; None where none was found, or no network can be it."""
    from kanviz.edit.history import History
    from kanviz.io.project import Project
    from kanviz.io.project_rows import RowsOf
    from kanviz.laws.network.law_as_network import as_network

    search = s.law_search
    found = search.found if search is not None else None
    if search is None or found is None or not found.front:
        return None
    data, entry = search.data, found.best

    def made() -> Project | None:
        try:
            kan = as_network(entry.law, data.inputs, data.outputs[0], data.x)
        except UserError:
            return None
        rows = RowsOf.of(data, search.rows_from)
        return Project(History.start(kan), search.name, next(kan.edges(pruned=True)), data=data, rows=rows)

    project = s.latest("law", made, search.work, entry.text)
    if project is None:
        return None
    return Snapshot(search.work, _within(project, rows_limit), (search.work, entry.text))


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
