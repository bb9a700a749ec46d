"""Store the versions of a network with a cursor; undo, redo and jump need no computation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.edit.edits import Edit
from kanviz.edit.recipe import FORMAT, Recipe
from kanviz.errors import EditError

LONGEST = 500  # most versions; they share unchanged tensors


@dataclass(frozen=True)
class Version:
    """A network, the edit that made it (None if it was opened), and the name that the user gave it."""

    kan: KAN
    edit: Edit | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or (str(self.edit) if self.edit else "Opened")


@dataclass(frozen=True)
class History:
    """The versions of a network and a cursor; a value, so every method returns a new history."""

    versions: tuple[Version, ...]
    at: int = 0

    @staticmethod
    def start(kan: KAN) -> "History":
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
        return self.jump(self.at - 1)

    def redo(self) -> "History":
        return self.jump(self.at + 1)

    def jump(self, to: int) -> "History":
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

    def recipe(self) -> dict[str, Any]:
        """Return the recipe of the present network as JSON: the digests of start and end, and all edits between."""
        edits = [v.edit.to_json() for v in self.versions[1 : self.at + 1] if v.edit]
        return {"format": FORMAT, "start": self.versions[0].kan.digest, "end": self.present.digest, "edits": edits}


def replay(kan: KAN, recipe: dict[str, Any], data: Dataset | Sequence[Dataset] | None = None) -> History:
    """Apply the edits of a recipe to a network.

    data: the tables of its trainings; each training finds its own by digest. Raises EditError for a damaged recipe or
    one that starts from another network, and where an edit cannot be applied.
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
