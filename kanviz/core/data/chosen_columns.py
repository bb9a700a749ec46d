"""Find the inputs, the task and the classes of a table, as the user chose them or by default."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kanviz.core.columns.frames import missing_column, the_column
from kanviz.core.columns.inputs import Input, inputs_from, note_on
from kanviz.core.columns.roles import roles_of
from kanviz.core.kan import Task
from kanviz.core.layer import Variable
from kanviz.errors import TableError
from kanviz.text import shown

if TYPE_CHECKING:
    import pandas as pd

MAX_CLASSES = 20
CODED = 4  # rows per different whole number from which on a target may be classes


def chosen_inputs(
    frame: "pd.DataFrame", targets: Sequence[str], inputs: "Sequence[str | Variable] | None"
) -> tuple[list[Input], list[str]]:
    """Return the inputs found in the table, and notes on them. Raises TableError for columns that do not exist."""
    columns = {str(column) for column in frame.columns}
    for name in targets:
        if name not in columns:
            raise missing_column(name, [str(c) for c in frame.columns])
    if inputs:
        both = {v.name if isinstance(v, Variable) else v for v in inputs} & set(targets)
        if both:
            raise TableError(f"Column {both.pop()!r} is an input and the target; choose one of the two.")
        found = [one for wanted in inputs for one in _found(frame, wanted)]
        known = {v.name for v in inputs if isinstance(v, Variable)}
        return found, note_on([one for one in found if one.column not in known])
    roles = roles_of(frame, targets)
    if not roles.inputs:
        raise TableError("There is no input column with numbers besides the target; add one.")
    found = [one for name in roles.inputs for one in inputs_from(frame, name)]
    return found, [*note_on(found), *roles.notes]


def names_variables(inputs: "Sequence[str | Variable] | None") -> bool:
    return any(isinstance(one, Variable) for one in inputs or ())


def _found(frame: "pd.DataFrame", wanted: "str | Variable") -> list[Input]:
    """Return the inputs that a column's name stands for, or the one input that is a network's variable."""
    if isinstance(wanted, Variable):
        return [Input(wanted.name, wanted.unit, wanted.name)]
    column, _, word = wanted.rpartition(" = ")
    if word and column and wanted not in frame.columns and column in frame.columns:
        return [Input(wanted, "", column)]
    return inputs_from(frame, wanted)


def task_of(frame: "pd.DataFrame", targets: Sequence[str], task: Task | None) -> Task:
    import pandas as pd

    text = not pd.api.types.is_numeric_dtype(the_column(frame, targets[0]))
    kind = task or ("classification" if text and len(targets) == 1 else "regression")
    if kind not in ("regression", "classification") or (kind == "classification" and len(targets) > 1):
        raise TableError("A table is read for regression, or for classification with a single target.")
    return kind


def note_on_classes(frame: "pd.DataFrame", target: str) -> list[str]:
    """Return a note if a target of numbers could also be classes."""
    values = the_column(frame, target).dropna()
    known = values.unique()
    if not 2 <= len(known) <= MAX_CLASSES or len(values) < CODED * len(known):
        return []
    if any(float(v) != round(float(v)) for v in known if np.isfinite(float(v))):
        return []
    return [
        f"The target {shown(target, 40)} has only {len(known)} different whole numbers and is taken for a quantity. If "
        'they stand for classes, say so (--classes, or task="classification").'
    ]


def classes_of(column: "pd.Series") -> tuple[list[str], np.ndarray]:
    """Return the classes, sorted, and a column of 0 and 1 for each; a missing value is nan in all columns.

    Raises TableError for fewer than 2 or more than 20 classes.
    """
    values = sorted(column.dropna().unique(), key=lambda v: (str(type(v)), v))
    labels = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in values]
    if not 2 <= len(labels) <= MAX_CLASSES or len(set(labels)) < len(labels):
        raise TableError(
            f"The target {column.name} has {len(labels)} different values; classes may be 2 to {MAX_CLASSES}, "
            "each with a name of its own."
        )
    y = np.stack([(column == v).fillna(False).to_numpy(dtype=float, na_value=0.0) for v in values], 1)
    y[column.isna().to_numpy()] = np.nan
    return labels, y
