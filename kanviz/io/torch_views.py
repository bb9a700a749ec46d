"""Finds the weights in the records of a torch pickle; checks each view against its storage before it is read."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from kanviz.core.kan import Caution
from kanviz.errors import LoadError
from kanviz.io.contents import BYTE_LIMIT, FLOATS, NUMPY_TYPES, Part, Spot, check_shape, own_tensor
from kanviz.io.pickle_records import Foreign, Listing, Name, Row, Storage, Table, TensorRecord
from kanviz.text import listing, shown, size_words

_FLOATING = "weights must be floating point."
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


class Storages(Protocol):
    """The parts of a torch file that hold numbers, by their names `data/KEY`."""

    def __contains__(self, name: object, /) -> bool: ...

    def __getitem__(self, name: str, /) -> bytes | memoryview: ...

    def size(self, name: str) -> int:
        """Return the number of bytes of a part."""
        ...

    def patches(self, name: str, content: bytes) -> dict[int, bytes]:
        """Return what to write into the file, by positions, so that a part has this content of the same length."""
        ...


@dataclass(frozen=True, slots=True)
class Weights:
    """The named tensors of a file in its own order, why other entries are none, and what was assumed."""

    parts: dict[str, Part]
    odd: dict[str, str]
    notes: tuple[str, ...]


def weights_of(value: object, members: Storages) -> Weights:
    """Check the tensors of an unpickled state_dict against the storages in the file; their numbers are not read."""
    table, notes = _state_dict(value)
    parts: dict[str, Part] = {}
    odd: dict[str, str] = {}
    ignored: list[str] = []
    declared: dict[str, Storage] = {}
    for name, entry in table.items():
        if not isinstance(name, str):
            raise LoadError(f"The weights have a number ({name}) for a name; names must be text. Save a state_dict.")
        if isinstance(entry, Foreign):
            odd[name] = entry.why if entry.why.endswith(".") else f"{entry.why}."
        elif not isinstance(entry, TensorRecord):
            ignored.append(name)
        elif entry.storage.location == "meta":
            odd[name] = "has no data (meta device). Save the model after its weights are loaded."
        elif entry.storage.dtype not in NUMPY_TYPES:
            words = "weights must be float32 or float64. Convert the model and save it again."
            odd[name] = f"is {entry.storage.dtype}; {words}"
        else:
            _check_view(name, entry)
            _check_storage(name, entry.storage, declared, members)
            parts[name] = _part(entry, members)
    if ignored:
        notes.append(f"Ignored {listing(ignored)} (not a tensor of weights).")
    return Weights(parts, odd, tuple(notes))


def _state_dict(value: object) -> tuple[Table, list[str]]:
    """Find the dictionary of weights: the value itself, or a part of a checkpoint such as {"epoch", "state_dict"}."""
    if not isinstance(value, Table):
        found = _KINDS.get(type(value), "something else")
        raise LoadError(f"Expected a dictionary of named weights; found {found}. Save model.state_dict() instead.")
    inside = _tables_of_weights(value)
    wrappers = [key for key in _WRAPPERS if key in inside]
    if not inside or (not wrappers and _tensors(value) >= max(map(_tensors, inside.values()))):
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
    inside = {key: entry for key, entry in tables.items() if _tensors(entry)}
    return inside or {
        f"{outer}.{key}": entry
        for outer, table in tables.items()
        for key, entry in table.items()
        if isinstance(entry, Table) and _tensors(entry)
    }


def _holds(entry: object, table: Table) -> bool:
    return isinstance(entry, Table) and any(value is table for value in entry.values())


def _tensors(table: Table) -> int:
    return sum(isinstance(entry, TensorRecord) for entry in table.values())


def _check_view(name: str, record: TensorRecord) -> None:
    """Check the shape of a tensor, and that it lies inside its storage as the file declares it."""
    label = shown(name)
    check_shape(label, record.size)
    negative = record.offset < 0 or any(step < 0 for step in record.stride)
    if negative or len(record.stride) != len(record.size) or _last(record) > record.storage.count:
        raise LoadError(f"Tensor {label} does not fit its own storage; the file is damaged or hostile. Save it again.")


def _last(record: TensorRecord) -> int:
    """Return the position after the last element of the storage that the view uses."""
    if 0 in record.size:
        return record.offset
    return 1 + record.offset + sum((n - 1) * step for n, step in zip(record.size, record.stride, strict=True))


def _check_storage(name: str, storage: Storage, declared: dict[str, Storage], members: Storages) -> None:
    """Check that a storage is in the archive, has exactly the declared length, and is always declared alike."""
    if declared.setdefault(storage.key, storage) != storage:
        raise LoadError(f"Tensor {shown(name)} shares its storage under another type; the file is hostile or damaged.")
    member = f"data/{storage.key}"
    if member not in members:
        raise LoadError(f"The file promises weights it does not contain ({shown(name)}). Upload it again.")
    expected = storage.count * np.dtype(NUMPY_TYPES[storage.dtype]).itemsize
    if members.size(member) != expected:
        raise LoadError(
            f"The file promises {size_words(expected)} for {shown(name)} but holds {size_words(members.size(member))}; "
            "it is damaged or incomplete. Upload it again."
        )


def _part(record: TensorRecord, members: Storages) -> Part:
    dtype = record.storage.dtype
    words = "true/false values" if dtype == "bool" else f"whole numbers ({dtype})"
    why = "" if dtype in FLOATS else f"holds {words}; {_FLOATING}"
    spot = Spot(0, f"data/{record.storage.key}", record.offset, record.stride)
    return Part(dtype, record.size, _reader(record, members), why, record.storage.key, record.storage.location, spot)


def _reader(record: TensorRecord, members: Storages) -> Callable[[], torch.Tensor]:
    """Return a function that copies the view to a contiguous tensor."""
    dtype, member = record.storage.dtype, f"data/{record.storage.key}"

    def read() -> torch.Tensor:
        if members.size(member) > BYTE_LIMIT:
            raise LoadError(
                f"The tensors share {size_words(members.size(member))} in this file; the limit is "
                f"{size_words(BYTE_LIMIT)}. Save the weights contiguous."
            )
        code = NUMPY_TYPES[dtype]
        if math.prod(record.size) == 0:
            return own_tensor(np.empty(record.size, code), dtype)
        numbers = np.frombuffer(members[member], dtype=code)
        steps = tuple(step * numbers.itemsize for step in record.stride)
        view = np.lib.stride_tricks.as_strided(numbers[record.offset :], record.size, steps, writeable=False)
        return own_tensor(view, dtype)

    return read
