"""One person's work as a value: what a project file holds, and what the app works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Edit, edit_from_json
from kanviz.edit.history import History
from kanviz.io.project_rows import RowsOf
from kanviz.io.project_training import Underway


@dataclass(frozen=True, eq=False)
class Work:
    """One person's work on one network: the contents of a project file, and the state of the app.

    history: includes the versions after its cursor. origin: the recipe that made the first version, from its file.
    data: the rows to examine it with, in table units, or None. rows: which rows they are; where `data` is None, the
    rows that are needed but missing. edge: the chosen one. view: what was open, in the names of the app's pages. new:
    the first version is not trained yet. training: one that had not ended; its result so far is a version, too. id: the
    random name under which a browser saves it, empty if it is not to be saved; not part of the file.

    >>> import kanviz, kanviz.edit
    >>> edge, history = kanviz.EdgeId(0, 0, 0), kanviz.History.start(kanviz.init([1, 1]))
    >>> work = kanviz.Work(history.apply(kanviz.edit.FreezeEdge((edge,))), "my work", edge)
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0]], [3.0, 4.0])
    >>> work.with_rows(data, "rows.csv").rows_from, work.with_rows(data, "rows.csv").without_rows().missing.name
    ('rows.csv', 'rows.csv')
    >>> [edit["kind"] for edit in work.whole_recipe()["edits"]], work.made_by()
    (['freeze'], [])
    """

    history: History
    name: str
    edge: EdgeId
    origin: dict[str, Any] | None = None
    data: Dataset | None = None
    rows: RowsOf | None = None
    view: Mapping[str, str] = field(default_factory=dict)
    new: bool = False
    training: Underway | None = None
    id: str = ""

    @property
    def present(self) -> KAN:
        """The network at the cursor of the history."""
        return self.history.present

    @property
    def rows_from(self) -> str:
        """The name of the table that the rows are from; empty without rows."""
        return self.rows.name if self.rows is not None and self.data is not None else ""

    @property
    def missing(self) -> RowsOf | None:
        """The rows that are needed but missing."""
        return self.rows if self.data is None else None

    @property
    def is_new(self) -> bool:
        """Whether the current network is a new one, neither trained nor edited."""
        return self.new and self.history.at == 0

    def whole_recipe(self) -> dict[str, Any]:
        """List all steps to the current network as JSON, including those before its file was opened."""
        own, before = self.history.recipe(), self.origin
        return {**own, "start": before["start"], "edits": [*before["edits"], *own["edits"]]} if before else own

    def made_by(self) -> list[Edit]:
        """List the steps before the network was opened, as its file describes them."""
        return [edit_from_json(record) for record in self.origin["edits"]] if self.origin else []

    def with_rows(self, data: Dataset | None, name: str) -> "Work":
        """Replace the rows by those of the named table, or by none."""
        return replace(self, data=data, rows=RowsOf.of(data, name) if data is not None else None)

    def without_rows(self) -> "Work":
        """Remove the rows, but not their name and digest; this also removes a training that has not ended."""
        return replace(self, data=None, training=None)
