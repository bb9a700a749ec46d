"""Read how a network was made from JSON nobody vouches for: where the steps begin, every edit, and where they end."""

from dataclasses import dataclass
from typing import Any

from kanviz.edit.edits import Edit, edit_from_json
from kanviz.errors import EditError
from kanviz.json_reader import JsonReader

FORMAT = 1
RECIPE = JsonReader("This is not a recipe kanviz can read: {why}. Export one from the History page.", EditError)


@dataclass(frozen=True)
class Recipe:
    """The edits that lead from one network to another; start, end: their digests, end "" where it is not given."""

    start: str
    end: str
    edits: tuple[Edit, ...]

    @staticmethod
    def from_json(record: Any) -> "Recipe":
        """Read the recipe that `History.recipe` wrote; raises EditError, in words, for anything else."""
        found = RECIPE.value(record)
        found["format"].whole(FORMAT, FORMAT)
        start, end = found["start"].text(), found.get("end", "").text()
        return Recipe(start, end, found["edits"].each(lambda edit: edit_from_json(edit.value)))
