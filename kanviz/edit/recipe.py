"""Read a recipe from untrusted JSON: the network it starts from, every edit, and the network it leads to."""

from dataclasses import dataclass
from typing import Any

from kanviz.edit.edits import Edit, edit_from_json
from kanviz.errors import EditError
from kanviz.json_reader import JsonReader

FORMAT = 1
RECIPE = JsonReader("This is not a recipe kanviz can read: {why}. Export one from the History page.", EditError)


@dataclass(frozen=True)
class Recipe:
    """The edits from one network to another; start, end: digests of the two, end "" if it is not given.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.recipe import Recipe
    >>> history = kanviz.History.start(kanviz.init([2, 1])).apply(kanviz.edit.RefineGrid(0, 20))
    >>> [str(edit) for edit in Recipe.from_json(history.recipe()).edits]
    ['Refine layer 0 to 20 intervals']
    """

    start: str
    end: str
    edits: tuple[Edit, ...]

    @staticmethod
    def from_json(record: Any) -> "Recipe":
        """Read a recipe that `History.recipe` wrote. Raises EditError, with the reason, for anything else."""
        found = RECIPE.value(record)
        found["format"].whole(FORMAT, FORMAT)
        start, end = found["start"].text(), found.get("end", "").text()
        return Recipe(start, end, found["edits"].each(lambda edit: edit_from_json(edit.value)))
