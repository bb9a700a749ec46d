"""The zip container that torch.save writes, checked whole before a byte of it is used.

We read the central directory ourselves instead of using `zipfile`: PyTorch only ever *stores* (no compression),
which leaves so little of the format that every byte can be accounted for, and a bomb has nothing to unpack.
Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central header), 4.3.14 to 4.3.16 (end records).
"""

import struct
import zlib
from dataclasses import dataclass

from kanviz.errors import LoadError
from kanviz.text import shown

MOST_MEMBERS = 11_000
DIRECTORY_LIMIT = 8_000_000

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCATOR64_SIZE = 20
_ENCRYPTED = 1
_STORED = 0

AGAIN = "Upload it again, or save it again with torch.save(model.state_dict(), ...)."


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of a torch file by their names inside its one folder: `data.pkl`, `data/0`, ..."""

    members: dict[str, memoryview]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    size: int
    packed_size: int
    checksum: int
    method: int
    flags: int
    header_at: int


def open_archive(data: bytes) -> Archive:
    """Every member of a torch zip as a view of `data`: names unique, ranges apart, checksums right."""
    entries = _central_directory(data)
    folder = _torch_folder(entries)
    view = memoryview(data)
    members: dict[str, memoryview] = {}
    covered = 0
    for entry in sorted(entries, key=lambda entry: entry.header_at):
        start, end = _data_range(data, entry)
        if entry.header_at < covered:
            raise _damaged(f"{shown(entry.name)} overlaps another part")
        covered = end
        content = view[start:end]
        if zlib.crc32(content) != entry.checksum:
            raise _damaged(f"checksum of {shown(entry.name)} does not match")
        members[entry.name.removeprefix(folder)] = content
    _check_byte_order(members)
    return Archive(members)


def _central_directory(data: bytes) -> list[_Entry]:
    """The entries the archive declares; their number and their room are checked before the first is read."""
    end_at = len(data) - _END.size
    if end_at < 0 or data[end_at : end_at + 4] != b"PK\x05\x06":
        raise _damaged("the end of the archive is missing")
    _, disk, directory_disk, here, count, size, start, comment = _END.unpack_from(data, end_at)
    if disk or directory_disk or comment or here != count:
        raise _damaged("its table of contents is not one that PyTorch writes")
    if count > MOST_MEMBERS or size > DIRECTORY_LIMIT:
        raise LoadError(
            f"The archive lists {count:,} parts or more; the limit is {MOST_MEMBERS:,}. Save fewer tensors."
        )
    _check_zip64(data, (count, size, start), end_at)
    entries: list[_Entry] = []
    at = start
    while at < start + size and len(entries) < count:
        entry, at = _central_entry(data, at, start + size)
        entries.append(entry)
    if len(entries) != count or at != start + size:
        raise _damaged("its table of contents has the wrong length")
    _check_names([entry.name for entry in entries])
    return entries


def _check_zip64(data: bytes, end: tuple[int, int, int], end_at: int) -> None:
    """PyTorch adds the 64-bit end record to every file; where there is one, both must say the same."""
    count, size, start = end
    gap = end_at - (start + size)
    if gap == 0:
        return
    record_at = start + size
    if gap != _END64.size + _LOCATOR64_SIZE or data[record_at : record_at + 4] != b"PK\x06\x06":
        raise _damaged("its table of contents is not where it should be")
    _, _, _, _, disk, directory_disk, here, count64, size64, start64 = _END64.unpack_from(data, record_at)
    if (disk, directory_disk, here) != (0, 0, count64) or (count64, size64, start64) != (count, size, start):
        raise _damaged("it has two tables of contents that disagree")


def _central_entry(data: bytes, at: int, limit: int) -> tuple[_Entry, int]:
    if at + _CENTRAL.size > limit or data[at : at + 4] != b"PK\x01\x02":
        raise _damaged("its table of contents is broken")
    fields = _CENTRAL.unpack_from(data, at)
    flags, method = fields[3], fields[4]
    checksum, packed_size, size, name_size, extra_size, comment_size = fields[7:13]
    name_at, after = at + _CENTRAL.size, at + _CENTRAL.size + name_size + extra_size + comment_size
    if after > limit:
        raise _damaged("its table of contents is broken")
    try:
        name = data[name_at : name_at + name_size].decode("utf-8")
    except UnicodeDecodeError:
        raise _damaged("the name of a part is not text") from None
    return _Entry(name, size, packed_size, checksum, method, flags, fields[16]), after


def _check_names(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LoadError(f"The archive lists {shown(name)} twice, so its content is ambiguous. {AGAIN}")
        seen.add(name)
        if not name.isprintable() or "\\" in name or ".." in name.split("/") or name.startswith("/"):
            raise LoadError(f"The archive holds a part with a forbidden name ({shown(name)}). {AGAIN}")


def _torch_folder(entries: list[_Entry]) -> str:
    """The folder that holds data.pkl, with its slash; everything else must lie in it too."""
    names = [entry.name for entry in entries]
    folders = [name.removesuffix("data.pkl") for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise LoadError("This zip archive holds no PyTorch data. Upload the file that torch.save wrote, unpacked.")
    folder = folders[0]
    if any(name == f"{folder}constants.pkl" or name.startswith(f"{folder}code/") for name in names):
        raise LoadError(
            "This is a TorchScript program, not just weights. kanviz never runs code from a file. "
            "Save the weights with torch.save(model.state_dict(), ...)."
        )
    for name in names:
        if not name.startswith(folder):
            raise LoadError(f"The archive holds a part that PyTorch does not write ({shown(name)}). {AGAIN}")
    return folder


def _data_range(data: bytes, entry: _Entry) -> tuple[int, int]:
    """Where the bytes of a member lie, after its local header has been found to agree with the directory."""
    name = shown(entry.name)
    if entry.method != _STORED or entry.flags & _ENCRYPTED:
        raise LoadError(f"{name} is compressed or encrypted, which PyTorch never does. {AGAIN}")
    if entry.size != entry.packed_size:
        raise _damaged(f"{name} declares two different sizes")
    at = entry.header_at
    if at + _LOCAL.size > len(data) or data[at : at + 4] != b"PK\x03\x04":
        raise _damaged(f"{name} is not where it should be")
    fields = _LOCAL.unpack_from(data, at)
    method, name_size, extra_size = fields[3], fields[9], fields[10]
    name_at = at + _LOCAL.size
    if method != _STORED or data[name_at : name_at + name_size] != entry.name.encode("utf-8"):
        raise _damaged(f"{name} carries two different names")
    start = name_at + name_size + extra_size
    if start + entry.size > len(data):
        raise _damaged(f"{name} is cut short")
    return start, start + entry.size


def _check_byte_order(members: dict[str, memoryview]) -> None:
    order = members.get("byteorder")
    if order is not None and bytes(order[:16]) != b"little":
        raise LoadError("The file was saved on a big-endian machine; save it again on an ordinary computer.")


def _damaged(what: str) -> LoadError:
    return LoadError(f"The file is damaged or incomplete ({what}). {AGAIN}")
