"""Change networks with edits, which are values: apply, compare, undo and replay them."""

from kanviz.edit.edits import (
    EDITS,
    AddSplines,
    Batch,
    Edit,
    FixFormula,
    FreezeEdge,
    InsertKnots,
    MoveControlPoint,
    Prune,
    RefineGrid,
    ReleaseFormula,
    Restore,
    Retrain,
    Rewrite,
    ThawEdge,
    ToSplines,
    edit_from_json,
)

__all__ = [
    "EDITS", "AddSplines", "Batch", "Edit", "FixFormula", "FreezeEdge", "InsertKnots", "MoveControlPoint", "Prune",
    "RefineGrid", "ReleaseFormula", "Restore", "Retrain", "Rewrite", "ThawEdge", "ToSplines", "edit_from_json",
]  # fmt: skip
