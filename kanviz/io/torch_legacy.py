"""Reads the container that torch.save wrote before version 1.6, and still writes on request; checks it before use.

It is a row of pickles: a magic number, a version, the machine, the saved object, the keys of its storages; then for
each key the count of its numbers (8 bytes) and the numbers. Source: torch/serialization.py, `_legacy_save`.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from kanviz.errors import LoadError
from kanviz.io.contents import NUMPY_TYPES
from kanviz.io.file_view import Source
from kanviz.io.pickle_data import MOST_BYTES, read_pickle
from kanviz.io.pickle_records import Listing, Storage, Table
from kanviz.io.stored_zip import MOST_MEMBERS
from kanviz.text import shown

MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_OTHER_SIZES = {"complex64": 8, "complex128": 16, "qint8": 1, "quint8": 1, "qint32": 4, "untyped": 1}
_COUNT = 8  # bytes
_DAMAGED = (
    "The file, of PyTorch's format before version 1.6, is damaged or incomplete ({what}). Upload it again, or save it "
    "again with torch.save(model.state_dict(), ...)."
)


def looks_like_legacy(data: Source) -> bool:
    """Say whether the file begins with the magic number of the old format."""
    return MAGIC.to_bytes(10, "little") in data[:24]


class LegacyStorages(Mapping[str, bytes]):
    """The storages of an old torch file, named as in the new format: `data/KEY`. One is read when it is asked for."""

    def __init__(self, data: Source, places: Mapping[str, tuple[int, int]]) -> None:
        self._data, self._places = data, places

    def __getitem__(self, name: str) -> bytes:
        start, end = self._places[name]
        return self._data[start:end]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def size(self, name: str) -> int:
        """Return the number of bytes of a storage."""
        start, end = self._places[name]
        return end - start

    def patches(self, name: str, content: bytes) -> dict[int, bytes]:
        """Return what to write into the file, by positions, so that a storage has this content of the same length."""
        return {self._places[name][0]: content}


def open_legacy(data: Source) -> tuple[object, LegacyStorages]:
    """Return the saved object as inert records, and its storages. Raises LoadError for a file that is damaged."""
    front, declared = data[:MOST_BYTES], dict[str, Storage]()
    magic, at = read_pickle(front)
    version, at = read_pickle(front, at)
    machine, at = read_pickle(front, at)
    value, at = read_pickle(front, at, declared)
    keys, at = read_pickle(front, at)
    if (magic, version) != (MAGIC, _VERSION) or not isinstance(machine, Table):
        raise _damaged("its first lines are not those that PyTorch writes")
    if machine.get("little_endian") is not True:
        raise LoadError("The file was saved on a big-endian machine; save it again on an ordinary computer.")
    if not isinstance(keys, Listing) or len(keys) > MOST_MEMBERS or set(map(type, keys)) - {str}:
        raise _damaged("its list of storages cannot be read")
    return value, LegacyStorages(data, _places(data, at, [str(key) for key in keys], declared))


def _places(data: Source, at: int, keys: list[str], declared: Mapping[str, Storage]) -> dict[str, tuple[int, int]]:
    """Find where each storage begins and ends; refuse one that is not as long as it is declared."""
    found: dict[str, tuple[int, int]] = {}
    for key in keys:
        storage = declared.get(key)
        if storage is None or f"data/{key}" in found:
            raise _damaged(f"the storage {shown(key, 40)} belongs to no tensor, or is there twice")
        count = int.from_bytes(data[at : at + _COUNT], "little", signed=True)
        start = at + _COUNT
        at = start + storage.count * _item_size(storage.dtype)
        if count != storage.count or at > len(data):
            raise _damaged(f"the storage {shown(key, 40)} is not as long as it is declared")
        found[f"data/{key}"] = start, at
    if at != len(data):
        raise _damaged("there is more behind its last storage")
    return found


def _item_size(dtype: str) -> int:
    return _OTHER_SIZES[dtype] if dtype in _OTHER_SIZES else np.dtype(NUMPY_TYPES[dtype]).itemsize


def _damaged(what: str) -> LoadError:
    return LoadError(_DAMAGED.format(what=what))
