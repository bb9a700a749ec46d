"""Converts the records of a torch pickle to tensors with memory of their own; checks each view against its storage."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from kanviz.core.kan import Caution
from kanviz.errors import LoadError
from kanviz.io.pickle_records import Foreign, Listing, Name, Row, Storage, Table, TensorRecord
from kanviz.text import listing, shown, size_words

BYTE_LIMIT = 512_000_000
MOST_AXES = 8
LONGEST_AXIS = 100_000_000

# NumPy has no bfloat16: its bits are read as uint16
_NUMPY_TYPES = {"float32": "<f4", "float64": "<f8", "float16": "<f2", "bfloat16": "<u2"}
_ITEM_SIZES = {"float32": 4, "float64": 8, "float16": 2, "bfloat16": 2}
_WHOLE = {"int64", "int32", "int16", "int8", "uint8"}
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_KINDS = {
    Row: "a tuple",
    Listing: "a list",
    str: "text",
    bytes: "bytes",
    bool: "a true/false value",
    int: "a number",
    float: "a number",
    type(None): "nothing",
    Foreign: "a single object",
    Name: "a single name",
    TensorRecord: "a single tensor (pykan's _cache_data is such a file: upload its _state file)",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """The named weights of a file in its own order, what was assumed, and the names of single whole numbers."""

    tensors: dict[str, torch.Tensor]
    notes: tuple[str, ...]
    counters: tuple[str, ...] = ()


def weights_of(value: object, members: Mapping[str, memoryview], file_size: int) -> Weights:
    """Copy the tensors of an unpickled state_dict; none shares memory with another or with the file."""
    table, notes = _state_dict(value)
    records, ignored = _sorted_out(table)
    if ignored:
        notes.append(f"Ignored {listing(ignored)} (not a tensor of weights).")
    if not records:
        raise LoadError("The file holds no weights. Save a trained model with torch.save(model.state_dict(), ...).")
    _check_storages(records, members)
    _check_total(records, file_size)
    tensors = {name: _tensor(record, members) for name, record in records.items()}
    counters = tuple(name for name in ignored if isinstance(table[name], TensorRecord))
    return Weights(tensors, (*notes, *_storage_notes(records), *_dtype_notes(records)), counters)


def _state_dict(value: object) -> tuple[Table, list[str]]:
    """Find the dictionary of weights: the value itself, or a part of a checkpoint such as {"epoch", "state_dict"}."""
    if not isinstance(value, Table):
        found = _KINDS.get(type(value), "something else")
        raise LoadError(f"Expected a dictionary of named weights; found {found}. Save model.state_dict() instead.")
    inside = _tables_of_weights(value)
    wrappers = [key for key in _WRAPPERS if key in inside]
    if not inside or (not wrappers and _has_tensors(value)):
        return value, []
    if not wrappers and len(inside) > 1:
        raise LoadError(f"The file holds several sets of weights ({listing(list(inside))}); save just one of them.")
    key = wrappers[0] if wrappers else next(iter(inside))
    weights = inside[key]
    others = [str(other) for other, entry in value.items() if entry is not weights and not _holds(entry, weights)]
    ignored = f"; ignored {listing(others)}" if others else ""
    words = f"Read the weights under {shown(key)}{ignored}."
    return weights, [Caution(words) if len(inside) > 1 else words]


def _tables_of_weights(value: Table) -> dict[str, Table]:
    """Find the dictionaries of tensors one level down, otherwise two levels down, by their dotted names."""
    tables = {str(key): entry for key, entry in value.items() if isinstance(entry, Table)}
    inside = {key: entry for key, entry in tables.items() if _has_tensors(entry)}
    return inside or {
        f"{outer}.{key}": entry
        for outer, table in tables.items()
        for key, entry in table.items()
        if isinstance(entry, Table) and _has_tensors(entry)
    }


def _holds(entry: object, table: Table) -> bool:
    return isinstance(entry, Table) and any(value is table for value in entry.values())


def _has_tensors(table: Table) -> bool:
    return any(isinstance(entry, TensorRecord | Foreign) for entry in table.values())


def _sorted_out(table: Table) -> tuple[dict[str, TensorRecord], list[str]]:
    """Select the floating-point tensors; also return the names of harmless other entries (counters, settings)."""
    records: dict[str, TensorRecord] = {}
    ignored: list[str] = []
    for name, entry in table.items():
        if not isinstance(name, str):
            raise LoadError(f"The weights have a number ({name}) for a name; names must be text. Save a state_dict.")
        if isinstance(entry, Foreign):
            raise LoadError(f"Tensor {shown(name)} {entry.why}.")
        if not isinstance(entry, TensorRecord) or (entry.storage.dtype in _WHOLE and not entry.size):
            ignored.append(name)
            continue
        _check_record(name, entry)
        records[name] = entry
    return records, ignored


def _check_record(name: str, record: TensorRecord) -> None:
    """Check one tensor without its storage: type of numbers, position, shape."""
    dtype, label = record.storage.dtype, shown(name)
    if record.storage.location == "meta":
        raise LoadError(f"Tensor {label} has no data (meta device). Save the model after its weights are loaded.")
    if dtype in _WHOLE:
        raise LoadError(f"{label} holds whole numbers ({dtype}); weights must be floating point.")
    if dtype == "bool":
        raise LoadError(f"{label} holds true/false values; weights must be floating point.")
    if dtype not in _NUMPY_TYPES:
        raise LoadError(f"{label} is {dtype}; weights must be float32 or float64. Convert the model and save it again.")
    check_shape(label, record.size)
    negative = record.offset < 0 or any(step < 0 for step in record.stride)
    if negative or len(record.stride) != len(record.size) or _last(record) > record.storage.count:
        raise LoadError(f"Tensor {label} does not fit its own storage; the file is damaged or hostile. Save it again.")


def check_shape(label: str, size: tuple[int, ...]) -> None:
    """Refuse shapes that no network has; an axis of 2^40 is dangerous even when another has length 0."""
    if len(size) > MOST_AXES:
        raise LoadError(f"Tensor {label} has {len(size):,} axes; the limit is {MOST_AXES}.")
    if any(length < 0 for length in size):
        raise LoadError(f"Tensor {label} has a negative size and does not fit its own storage; the file is damaged.")
    if any(length > LONGEST_AXIS for length in size):
        raise LoadError(f"Tensor {label} declares an axis longer than {LONGEST_AXIS:,}; refused. Save a smaller model.")


def _last(record: TensorRecord) -> int:
    """Return the position after the last element of the storage that the view uses."""
    if 0 in record.size:
        return record.offset
    return 1 + record.offset + sum((n - 1) * step for n, step in zip(record.size, record.stride, strict=True))


def _check_storages(records: Mapping[str, TensorRecord], members: Mapping[str, memoryview]) -> None:
    """Check that every storage is in the archive, has exactly the declared length, and is always declared alike."""
    declared: dict[str, Storage] = {}
    for name, record in records.items():
        storage = record.storage
        if declared.setdefault(storage.key, storage) != storage:
            raise LoadError(
                f"Tensor {shown(name)} shares its storage under another type; the file is hostile or damaged."
            )
        content = members.get(f"data/{storage.key}")
        if content is None:
            raise LoadError(f"The file promises weights it does not contain ({shown(name)}). Upload it again.")
        expected = storage.count * _ITEM_SIZES[storage.dtype]
        if len(content) != expected:
            raise LoadError(
                f"The file promises {size_words(expected)} for {shown(name)} but holds {size_words(len(content))}; "
                "it is damaged or incomplete. Upload it again."
            )


def _check_total(records: Mapping[str, TensorRecord], file_size: int) -> None:
    """Bound the size of all copied views by the file's size: views may repeat the same bytes."""
    limit = min(BYTE_LIMIT, 64_000_000 + 4 * file_size)
    total = 0
    for name, record in records.items():
        total += math.prod(record.size) * max(_ITEM_SIZES[record.storage.dtype], 4)
        if total > limit:
            shape = " x ".join(f"{length:,}" for length in record.size)
            raise LoadError(
                f"With the tensor {shown(name)} ({shape}) the weights take {size_words(total)}, but the file has only "
                f"{size_words(file_size)}; refused (limit {size_words(limit)}). Save the weights contiguous."
            )


def _tensor(record: TensorRecord, members: Mapping[str, memoryview]) -> torch.Tensor:
    """Copy the view to a contiguous tensor of float32 or float64."""
    if 0 in record.size:
        return torch.empty(record.size, dtype=torch.float64 if record.storage.dtype == "float64" else torch.float32)
    numbers = np.frombuffer(members[f"data/{record.storage.key}"], dtype=_NUMPY_TYPES[record.storage.dtype])
    steps = tuple(step * numbers.itemsize for step in record.stride)
    view = np.lib.stride_tricks.as_strided(numbers[record.offset :], record.size, steps, writeable=False)
    return floating(view, record.storage.dtype)


def floating(numbers: np.ndarray, dtype: str) -> torch.Tensor:
    """Convert numbers read from a file to a contiguous tensor of float32 or float64 with its own memory."""
    copy = torch.from_numpy(np.array(numbers, order="C", copy=True))
    if dtype == "bfloat16":
        return copy.view(torch.bfloat16).to(torch.float32)
    return copy.to(torch.float32) if dtype == "float16" else copy


def _storage_notes(records: Mapping[str, TensorRecord]) -> list[str]:
    users: dict[str, list[str]] = {}
    for name, record in records.items():
        users.setdefault(record.storage.key, []).append(name)
    shared = [names for names in users.values() if len(names) > 1]
    notes = [f"{listing(names)} share memory in this file; kanviz made separate copies." for names in shared[:5]]
    if len(shared) > 5:
        notes.append(f"{len(shared) - 5:,} more groups of tensors share memory; kanviz made separate copies.")
    places = sorted({record.storage.location for record in records.values()} - {"cpu"})
    return [*notes, *([f"Saved on {listing(places)}; opened on the CPU."] if places else [])]


def _dtype_notes(records: Mapping[str, TensorRecord]) -> list[str]:
    return half_notes({name: record.storage.dtype for name, record in records.items()})


def half_notes(dtypes: Mapping[str, str]) -> list[str]:
    """Note, for each half-precision type, which tensors were widened to float32."""
    notes = []
    for dtype, words in (("float16", "half precision (float16)"), ("bfloat16", "bfloat16")):
        names = [name for name, found in dtypes.items() if found == dtype]
        if names:
            notes.append(f"{listing(names)}: {words}; converted to float32.")
    return notes
