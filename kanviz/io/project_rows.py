"""The rows of a project as bytes of their own, and what is said of them where they are not at hand."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import Task
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.io.json_checks import PROJECT as CHECKS
from kanviz.io.native_rows import PARTS, WEIGHTS, tensors_of, unpacked
from kanviz.io.safetensors_file import read_safetensors, write_safetensors

HEADER = "kanviz-rows"
DEEPEST = 4
MOST_COLUMNS = 100_000

_files: "WeakKeyDictionary[Dataset, tuple[str, bytes]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class RowsOf:
    """Which rows were looked at: the name of their table, the digest of the data set, its rows and columns."""

    name: str
    digest: str
    count: int
    columns: tuple[str, ...]

    @staticmethod
    def of(data: Dataset, name: str) -> "RowsOf":
        return RowsOf(name, data.digest, len(data), tuple(v.name for v in (*data.inputs, *data.outputs)))


@dataclass(frozen=True)
class _Columns:
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    task: Task


def rows_to_bytes(data: Dataset) -> bytes:
    """A data set as a safetensors file; `rows_from_bytes` gives back the same, to the bit."""
    record = {
        "inputs": [[v.name, v.unit, v.shift, v.scale] for v in data.inputs],
        "outputs": [[v.name, v.unit, v.shift, v.scale] for v in data.outputs],
        "task": data.task,
        "target": data.target,
        "notes": list(data.notes),
    }
    if not bool(data.x.isfinite().all() & data.y.isfinite().all()):
        raise UserError("These rows hold a value that is not a finite number; leave them out of the project.")
    return write_safetensors(tensors_of(data), {HEADER: json.dumps(record, allow_nan=False)})


def rows_blob(data: Dataset) -> tuple[str, bytes]:
    """The name and the bytes of a data set, made once."""
    if data not in _files:
        content = rows_to_bytes(data)
        _files[data] = hashlib.sha256(content).hexdigest(), content
    return _files[data]


def rows_from_bytes(data: bytes) -> Dataset:
    """The data set; LoadError for what is damaged or does not agree with itself."""
    content = read_safetensors(data)
    parts = {f"rows.{part}" for part in PARTS}
    if set(content.tensors) - {f"rows.{WEIGHTS}"} != parts or HEADER not in content.metadata:
        _refuse("its rows are not a table")
    record = CHECKS.object(CHECKS.json(content.metadata[HEADER], DEEPEST), "the table")
    columns = _Columns(_variables(record, "inputs"), _variables(record, "outputs"), _task(record))
    target = CHECKS.text(record.get("target"), "the target")
    found, _ = unpacked(columns, {"name": "", "target": target}, content.tensors)
    notes = (CHECKS.text(note, "a note on the table") for note in CHECKS.list(record.get("notes"), 1000, "notes"))
    return Dataset(
        found.x, found.y, found.inputs, found.outputs, found.train, found.test, found.task, target, tuple(notes),
        found.weights,
    )  # fmt: skip


def _variables(record: dict[str, Any], part: str) -> tuple[Variable, ...]:
    found = []
    for column in CHECKS.list(record.get(part), MOST_COLUMNS, part):
        name, unit, shift, scale = CHECKS.list(column, 4, "a column", exactly=True)
        variable = Variable(
            CHECKS.text(name, "a column"), CHECKS.text(unit, "a unit"),
            CHECKS.number(shift, "a shift"), CHECKS.number(scale, "a scale"),
        )  # fmt: skip
        if variable.scale == 0:
            _refuse("a column has the scale 0")
        found.append(variable)
    return tuple(found)


def _task(record: dict[str, Any]) -> Task:
    task = record.get("task")
    if task != "regression" and task != "classification":
        _refuse("its rows are neither for regression nor for classification")
    return task


def _refuse(why: str) -> NoReturn:
    raise CHECKS.refusal(why)
