"""Writes the rows of a project as a blob, and identifies rows that are missing."""

import hashlib
import json
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import Task
from kanviz.core.layer import Variable
from kanviz.errors import UserError
from kanviz.io.native_rows import PARTS, TASKS, WEIGHTS, tensors_of, unpacked
from kanviz.io.project_reader import PROJECT, TABLE
from kanviz.io.safetensors_file import read_safetensors, write_safetensors
from kanviz.json_reader import JsonValue

HEADER = "kanviz-rows"
DEEPEST = 4
MOST_COLUMNS = 100_000

_files: "WeakKeyDictionary[Dataset, tuple[str, bytes]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class RowsOf:
    """The identity of rows: the name of their table, the digest of the data set, its length and its columns."""

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
    """Write a data set as a safetensors file; `rows_from_bytes` restores it bit by bit."""
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
    """Return the name and the bytes of a data set, computed once."""
    if data not in _files:
        content = rows_to_bytes(data)
        _files[data] = hashlib.sha256(content).hexdigest(), content
    return _files[data]


def rows_from_bytes(data: bytes) -> Dataset:
    """Read the data set; LoadError for one that is damaged or inconsistent."""
    content = read_safetensors(data)
    parts = {f"rows.{part}" for part in PARTS}
    if set(content.tensors) - {f"rows.{WEIGHTS}"} != parts or HEADER not in content.metadata:
        raise PROJECT.refusal("its rows are not a table")
    record = TABLE.parse(content.metadata[HEADER], DEEPEST)
    inputs, outputs = (record[part].each(_variable, MOST_COLUMNS) for part in ("inputs", "outputs"))
    columns = _Columns(inputs, outputs, record["task"].choice(TASKS))
    found, _ = unpacked(columns, {"name": "", "target": record["target"].text()}, content.tensors)
    notes = record["notes"].each(JsonValue.text, 1000)
    return replace(found, target=record["target"].text(), notes=notes)


def _variable(column: JsonValue) -> Variable:
    name, unit, shift, scale = column.items(4, 4)
    if scale.number() == 0:
        column.refuse("has the scale 0")
    return Variable(name.text(), unit.text(), shift.number(), scale.number())
