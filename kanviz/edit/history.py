"""Versions in a row and a cursor: undo, redo and jump never compute anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.edit.edits import Edit
from kanviz.edit.recipe import FORMAT, Recipe
from kanviz.errors import EditError

LONGEST = 500  # versions kept; unchanged tensors are shared between them


@dataclass(frozen=True)
class Version:
    """A network, the edit that led to it (None: it was opened), and the name a person gave it."""

    kan: KAN
    edit: Edit | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or (str(self.edit) if self.edit else "Opened")


@dataclass(frozen=True)
class History:
    """A value, too: every method gives a new history and leaves this one as it is."""

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
        """Do an edit. With `merge`, one that continues the last gesture replaces it."""
        last = self.versions[self.at]
        if merge and self.at and last.edit is not None and not last.name:
            both = last.edit.merge(edit)
            if both is not None:
                return self.undo().record(both, both.apply(self.versions[self.at - 1].kan, data))
        return self.record(edit, edit.apply(self.present, data))

    def record(self, edit: Edit, result: KAN) -> "History":
        """Note an edit whose result is already there (a training that just ran); what was undone is dropped."""
        versions = (*self.versions[: self.at + 1], Version(result, edit))
        if len(versions) > LONGEST:  # the start stays, so that the recipe still tells what can be replayed from it
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
        """The same history with a name on a version."""
        at = self.at if at is None else at
        if not 0 <= at < len(self.versions):
            raise EditError(f"There is no version {at}; the history has versions 0 to {len(self.versions) - 1}.")
        versions = list(self.versions)
        versions[at] = replace(versions[at], name=name.strip()[:80])
        return replace(self, versions=tuple(versions))

    def recipe(self) -> dict[str, Any]:
        """How the present network was made, as JSON: the digest of the start and every edit since."""
        edits = [v.edit.to_json() for v in self.versions[1 : self.at + 1] if v.edit]
        return {"format": FORMAT, "start": self.versions[0].kan.digest, "end": self.present.digest, "edits": edits}


def replay(kan: KAN, recipe: dict[str, Any], data: Dataset | Sequence[Dataset] | None = None) -> History:
    """Do a recipe's edits to a network; refuses one that was written for another network.

    data: the tables that its trainings were done on; each training finds its own by digest.
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
