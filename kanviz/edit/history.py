"""Store the versions of a network with a cursor; undo, redo and jump need no computation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.door import Displayed, room
from kanviz.edit.edits import Edit
from kanviz.edit.recipe import FORMAT, Recipe
from kanviz.errors import EditError

LONGEST = 500  # most versions; they share unchanged tensors


@dataclass(frozen=True)
class Version:
    """A network, the edit that made it (None if it was opened), and the name that the user gave it.

    >>> import kanviz
    >>> print(kanviz.History.start(kanviz.init([2, 1])).versions[0])
    Opened
    """

    kan: KAN
    edit: Edit | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or (str(self.edit) if self.edit else "Opened")


@dataclass(frozen=True)
class History(Displayed):
    """The versions of a network and a cursor; a value, so every method returns a new history.

    >>> import kanviz, kanviz.edit
    >>> edge = kanviz.EdgeId(0, 1, 0)
    >>> history = kanviz.History.start(kanviz.init([2, 1]))
    >>> for edit in (kanviz.edit.MoveControlPoint(edge, 0, 0.5), kanviz.edit.FreezeEdge((edge,))):
    ...     history = history.apply(edit)
    >>> [str(version) for version in history.versions], history.undo().at, history.undo().redo().at
    (['Opened', 'Move control point 0 of edge 0,1,0 to 0.5', 'Freeze edge 0,1,0'], 1, 2)
    >>> history.jump(0).present, history.named("ready").versions[-1].name
    (KAN([2, 1], 2 edges, float64), 'ready')
    >>> history.record(kanviz.edit.ThawEdge((edge,)), history.undo().present).at, len(history.recipe()["edits"])
    (3, 2)
    >>> history.redo()
    Traceback (most recent call last):
        ...
    kanviz.errors.EditError: There is nothing to redo.
    """

    versions: tuple[Version, ...]
    at: int = 0

    @staticmethod
    def start(kan: KAN) -> "History":
        """Make the history of one network, with no edit."""
        return History((Version(kan),))

    @property
    def present(self) -> KAN:
        return self.versions[self.at].kan

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at < len(self.versions) - 1

    def apply(self, edit: Edit, data: Dataset | None = None, *, merge: bool = False) -> "History":
        """Apply an edit to the present network. With `merge`, an edit that continues the last gesture replaces it.

        data: the table, for trainings. Raises EditError where the edit cannot be applied.
        """
        last = self.versions[self.at]
        if merge and self.at and last.edit is not None and not last.name:
            both = last.edit.merge(edit)
            if both is not None:
                return self.undo().record(both, both.apply(self.versions[self.at - 1].kan, data))
        return self.record(edit, edit.apply(self.present, data))

    def record(self, edit: Edit, result: KAN) -> "History":
        """Add an edit whose result is known already (a training that just ran); undone versions are dropped.

        Raises EditError if the history is full.
        """
        versions = (*self.versions[: self.at + 1], Version(result, edit))
        if len(versions) > LONGEST:  # the first version must stay, so that the recipe can be replayed from it
            raise EditError(f"The history is full at {LONGEST} steps. Save the network and open the saved file.")
        return History(versions, len(versions) - 1)

    def undo(self) -> "History":
        """Move the cursor one version back. Raises EditError at the first version."""
        return self.jump(self.at - 1)

    def redo(self) -> "History":
        """Move the cursor one version forward. Raises EditError at the last version."""
        return self.jump(self.at + 1)

    def jump(self, to: int) -> "History":
        """Move the cursor to this version, counted from 0. Raises EditError where there is none."""
        if not 0 <= to < len(self.versions):
            raise EditError("There is nothing to undo." if to < 0 else "There is nothing to redo.")
        return replace(self, at=to)

    def named(self, name: str, at: int | None = None) -> "History":
        """Give a name to a version, by default the present one. Raises EditError if there is no such version."""
        at = self.at if at is None else at
        if not 0 <= at < len(self.versions):
            raise EditError(f"There is no version {at}; the history has versions 0 to {len(self.versions) - 1}.")
        versions = list(self.versions)
        versions[at] = replace(versions[at], name=name.strip()[:80])
        return replace(self, versions=tuple(versions))

    def plot(
        self,
        data: Dataset | None = None,
        *,
        edge: Sequence[int] | None = None,
        theme: Literal["light", "dark"] = "light",
    ) -> Any:
        """Return plotly's figure of the present network, with rings around the edges that changed since it was opened.

        With an edge (layer, source, target), of its curve before and after. Raises UserError where there is none.

        >>> import kanviz, kanviz.edit
        >>> edge = kanviz.EdgeId(0, 1, 0)
        >>> history = kanviz.History.start(kanviz.init([2, 1]))
        >>> figure = history.apply(kanviz.edit.MoveControlPoint(edge, 0, 0.5)).plot(edge=edge)
        >>> [trace.name for trace in figure.data if trace.name]
        ['before', 'after']
        """
        return room(self).plot(self, data, edge=edge, theme=theme)

    def recipe(self) -> dict[str, Any]:
        """Return the recipe of the present network as JSON: the digests of start and end, and all edits between."""
        edits = [v.edit.to_json() for v in self.versions[1 : self.at + 1] if v.edit]
        return {"format": FORMAT, "start": self.versions[0].kan.digest, "end": self.present.digest, "edits": edits}


def replay(kan: KAN, recipe: dict[str, Any], data: Dataset | Sequence[Dataset] | None = None) -> History:
    """Apply the edits of a recipe to a network.

    data: the tables of its trainings; each training finds its own by digest. Raises EditError for a damaged recipe or
    one that starts from another network, and where an edit cannot be applied.

    >>> import kanviz, kanviz.edit
    >>> start = kanviz.init([2, 1])
    >>> done = kanviz.History.start(start).apply(kanviz.edit.MoveControlPoint(kanviz.EdgeId(0, 1, 0), 0, 0.5))
    >>> kanviz.replay(start, done.recipe()).present.digest == done.present.digest
    True
    """
    found = Recipe.from_json(recipe)
    if found.start != kan.digest:
        raise EditError("This recipe was written for another network; open the one it starts from.")
    given = [] if data is None else [data] if isinstance(data, Dataset) else data
    tables = {d.digest: d for d in (d.matching(kan) for d in given)}
    history = History.start(kan)
    for edit in found.edits:
        history = history.apply(edit, tables.get(getattr(edit, "data_digest", "")))
    return history
