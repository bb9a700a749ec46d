"""Collect all edits: small frozen records that change a network, name the edges they touch, and convert to JSON.

An edit is *resolved*: it has the numbers that it writes, not the request that led to them, so a replay gives the same
bits. A new edit is one class next to the others, one row in `EDITS`, and one row in the tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar, cast

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit import protocol as read
from kanviz.edit.conversion import ToSplines
from kanviz.edit.edge_edits import FixFormula, MoveControlPoint, Prune, ReleaseFormula, Restore, fix_formulas
from kanviz.edit.freezing import FreezeEdge, ThawEdge
from kanviz.edit.network_edits import InsertKnots, RefineGrid, Retrain
from kanviz.edit.protocol import Edit, EditRecord
from kanviz.edit.rewrite import Rewrite
from kanviz.edit.widening import AddSplines
from kanviz.errors import EditError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown

__all__ = [
    "EDITS", "AddSplines", "Batch", "Edit", "FixFormula", "FreezeEdge", "InsertKnots", "MoveControlPoint", "Prune",
    "RefineGrid", "ReleaseFormula", "Restore", "Retrain", "Rewrite", "ThawEdge", "ToSplines", "edit_from_json",
]  # fmt: skip


@dataclass(frozen=True)
class Batch(EditRecord):
    """An edit made of several edits, one step of the history; all trainings among them must use the same table.

    Raises EditError as the first of them does that cannot be applied.

    >>> import kanviz, kanviz.edit
    >>> edges = kanviz.EdgeId(0, 0, 0), kanviz.EdgeId(0, 1, 0)
    >>> edit = kanviz.edit.Batch(tuple(kanviz.edit.MoveControlPoint(edge, 0, 0.5) for edge in edges), "Move both")
    >>> str(edit), kanviz.diff(kan := kanviz.init([2, 1]), edit.apply(kan)).identical
    ('Move both', False)
    """

    edits: tuple[Edit, ...]
    label: str
    kind: ClassVar[str] = "batch"

    @property
    def data_digest(self) -> str:
        """Digest of the table that its trainings need, "" if none."""
        return next((found for edit in self.edits if (found := getattr(edit, "data_digest", ""))), "")

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        for kind, run in groupby(self.edits, type):
            if kind is FixFormula:  # a search fixes thousands of formulas at once
                kan = fix_formulas(kan, cast(Iterable[FixFormula], run))
                continue
            for edit in run:
                kan = edit.apply(kan, data)
        return kan

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set().union(*(edit.touches(kan) for edit in self.edits))

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def read(found: JsonValue) -> "Batch":
        return Batch(found["edits"].each(_edit), read.label(found["label"]))


EDITS = {
    edit.kind: edit
    for edit in (
        Prune, Restore, MoveControlPoint, FixFormula, ReleaseFormula, AddSplines, FreezeEdge, ThawEdge, RefineGrid,
        InsertKnots, Retrain, Rewrite, ToSplines, Batch,
    )
}  # fmt: skip


def edit_from_json(record: Any) -> Edit:
    """Read an edit from one step of a recipe. Raises EditError, with the reason, for anything else.

    >>> import kanviz.edit
    >>> print(kanviz.edit.edit_from_json({"kind": "refine grid", "layer": 0, "grid": 20}))
    Refine layer 0 to 20 intervals
    """
    kind = _kind(record)
    sentence = f"The recipe's step {kind!r} is incomplete or damaged: {{why}}. Export the recipe again."
    reader = JsonReader(sentence, EditError)
    try:
        return _edit(reader.value(record))
    except RecursionError:
        raise reader.refusal("it is nested too deep") from None


def _edit(found: JsonValue) -> Edit:
    return EDITS[_kind(found.value)].read(found)


def _kind(record: Any) -> str:
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in EDITS:
        found = shown(kind, 40) if isinstance(kind, str) else "none of them"
        raise EditError(f"A recipe's step must be one of {', '.join(EDITS)}; found {found}.")
    return kind
