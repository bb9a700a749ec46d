"""Reads a zip archive, and checks it completely before any byte of it is used.

We read the central directory ourselves instead of using `zipfile`: the format is so simple that every byte can be
checked. Most of the programs never compress; where one may, a member is unpacked to the size that it declares, no more.
Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central header), 4.3.14 to 4.3.16 (end records).
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kanviz.errors import LoadError
from kanviz.io.file_view import Source
from kanviz.text import shown

MOST_MEMBERS = 11_000
DIRECTORY_LIMIT = 8_000_000

Content: TypeAlias = bytes | memoryview

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCATOR64_SIZE = 20
_CRC_LISTED, _CRC_LOCAL, _CRC_BEHIND = 16, 14, 8  # places of a checksum in the two headers; the flag for a third
_ENCRYPTED = 1
_FULL = 0xFFFFFFFF  # stands for a number above 4 GB
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Writer:
    """The program that writes such archives, and the remedy for a damaged one; both appear in the refusals.

    packs: it may compress.
    """

    name: str
    again: str
    packs: bool = False

    def damaged(self, what: str) -> LoadError:
        return LoadError(f"The file is damaged or incomplete ({what}). {self.again}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of the archive as its central directory declares it."""

    name: str
    size: int
    packed_size: int
    checksum: int
    method: int
    flags: int
    header_at: int
    listed_at: int


class Members(Mapping[str, Content]):
    """The members of an archive by name, without its `folder`: no overlaps, each compressed only where `writer` packs.

    A member is read, unpacked, and its checksum compared, when it is asked for; `size` reads nothing.
    """

    def __init__(self, data: Source, entries: list[Entry], writer: Writer, folder: str = "") -> None:
        self._data = memoryview(data) if isinstance(data, bytes) else data
        self._writer, self._sound = writer, set[str]()
        self._places: dict[str, tuple[Entry, int, int]] = {}
        covered = 0
        for entry in sorted(entries, key=lambda entry: entry.header_at):
            start, end = _data_range(data, entry, writer)
            if entry.header_at < covered:
                raise writer.damaged(f"{shown(entry.name)} overlaps another part")
            covered = end
            self._places[entry.name.removeprefix(folder)] = entry, start, end

    def __getitem__(self, name: str) -> Content:
        entry, start, end = self._places[name]
        content = self._data[start:end]
        if entry.method == _DEFLATED:
            content = _unpacked(content, entry, self._writer)
        if name not in self._sound and zlib.crc32(content) != entry.checksum:
            raise self._writer.damaged(f"checksum of {shown(entry.name)} does not match")
        self._sound.add(name)
        return content

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def patches(self, name: str, content: bytes) -> dict[int, bytes]:
        """Return what to write into the file, by positions, so that a member has this content of the same length."""
        entry, start, end = self._places[name]
        before, after = (struct.pack("<L", crc) for crc in (entry.checksum, zlib.crc32(content)))
        # where the checksum stands: in the directory, and at the member, in front or, by a flag, behind it
        behind = self._data[end : end + 8]
        places = [entry.listed_at + _CRC_LISTED]
        if not entry.flags & _CRC_BEHIND:
            places.append(entry.header_at + _CRC_LOCAL)
        elif behind == b"PK\x07\x08" + before:
            places.append(end + 4)
        elif behind[:4] == before:
            places.append(end)
        return {start: content, **dict.fromkeys(places, after)}

    def size(self, name: str) -> int:
        """Return the number of bytes of a member, unpacked."""
        return self._places[name][0].size


def table_of_contents(data: Source, writer: Writer) -> list[Entry]:
    """Read the entries that the archive declares; check their number and size before reading the first."""
    end_at = len(data) - _END.size
    if end_at < 0 or data[end_at : end_at + 4] != b"PK\x05\x06":
        raise writer.damaged("the end of the archive is missing")
    _, disk, directory_disk, here, *given, comment = _END.unpack(data[end_at:])
    if disk or directory_disk or comment or here != given[0]:
        raise writer.damaged(f"its table of contents is not one that {writer.name} writes")
    count, size, start = _directory(data, given, end_at, writer)
    if count > MOST_MEMBERS or size > DIRECTORY_LIMIT:
        raise LoadError(f"The archive lists {count:,} parts or more; the limit is {MOST_MEMBERS:,}. {writer.again}")
    entries: list[Entry] = []
    at = start
    while at < start + size and len(entries) < count:
        entry, at = _central_entry(data, at, start + size, writer)
        entries.append(entry)
    if len(entries) != count or at != start + size:
        raise writer.damaged("its table of contents has the wrong length")
    _check_names([entry.name for entry in entries], writer)
    return entries


def _directory(data: Source, given: list[int], end_at: int, writer: Writer) -> tuple[int, int, int]:
    """Return count, size and start of the central directory; a 64-bit end record, if there, must agree.

    Some writers add that record to every file; above 4 GB, only it has the numbers.
    """
    count, size, start = given
    if start + size == end_at:
        return count, size, start
    record_at = end_at - _END64.size - _LOCATOR64_SIZE
    record = data[max(record_at, 0) : max(record_at, 0) + _END64.size]
    if record_at < 0 or record[:4] != b"PK\x06\x06":
        raise writer.damaged("its table of contents is not where it should be")
    disk, directory_disk, here, *found = _END64.unpack(record)[4:]
    full = (0xFFFF, _FULL, _FULL)
    agree = all(old in (new, most) for old, new, most in zip(given, found, full, strict=True))
    if (disk, directory_disk, here) != (0, 0, found[0]) or not agree or found[2] + found[1] != record_at:
        raise writer.damaged("it has two tables of contents that disagree")
    return found[0], found[1], found[2]


def _central_entry(data: Source, at: int, limit: int, writer: Writer) -> tuple[Entry, int]:
    if at + _CENTRAL.size > limit or data[at : at + 4] != b"PK\x01\x02":
        raise writer.damaged("its table of contents is broken")
    fields = _CENTRAL.unpack(data[at : at + _CENTRAL.size])
    flags, method = fields[3], fields[4]
    checksum, packed_size, size, name_size, extra_size, comment_size = fields[7:13]
    name_at, after = at + _CENTRAL.size, at + _CENTRAL.size + name_size + extra_size + comment_size
    if after > limit:
        raise writer.damaged("its table of contents is broken")
    try:
        name = data[name_at : name_at + name_size].decode("utf-8")
    except UnicodeDecodeError:
        raise writer.damaged("the name of a part is not text") from None
    extra = data[after - comment_size - extra_size : after - comment_size]
    size, packed_size, header_at = _large(size, packed_size, fields[16], extra, writer)
    return Entry(name, size, packed_size, checksum, method, flags, header_at, at), after


def _large(size: int, packed_size: int, header_at: int, extra: bytes, writer: Writer) -> tuple[int, int, int]:
    """Return sizes and position of a member; those above 4 GB are in an extra field of 64-bit numbers."""
    given = [size, packed_size, header_at]
    missing = [n for n, value in enumerate(given) if value == _FULL]
    at = 0
    while missing and at + 4 <= len(extra):
        kind, length = struct.unpack("<2H", extra[at : at + 4])
        if kind == 1 and length >= 8 * len(missing) and at + 4 + length <= len(extra):
            for n, value in zip(missing, struct.unpack_from(f"<{len(missing)}Q", extra, at + 4), strict=True):
                given[n] = value
            return given[0], given[1], given[2]
        at += 4 + length
    if missing:
        raise writer.damaged("its table of contents is broken")
    return size, packed_size, header_at


def _check_names(names: list[str], writer: Writer) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LoadError(f"The archive lists {shown(name)} twice, so its content is ambiguous. {writer.again}")
        seen.add(name)
        if not name.isprintable() or "\\" in name or ".." in name.split("/") or name.startswith("/"):
            raise LoadError(f"The archive holds a part with a forbidden name ({shown(name)}). {writer.again}")


def _data_range(data: Source, entry: Entry, writer: Writer) -> tuple[int, int]:
    """Find the byte range of a member; its local header must agree with the central directory."""
    name = shown(entry.name)
    packed = writer.packs and entry.method == _DEFLATED
    if entry.flags & _ENCRYPTED or not (packed or entry.method == _STORED):
        how = "compressed in another way" if writer.packs else "compressed"
        raise LoadError(f"{name} is {how} or encrypted, which {writer.name} never does. {writer.again}")
    if entry.size != entry.packed_size and not packed:
        raise writer.damaged(f"{name} declares two different sizes")
    at = entry.header_at
    if at + _LOCAL.size > len(data) or data[at : at + 4] != b"PK\x03\x04":
        raise writer.damaged(f"{name} is not where it should be")
    fields = _LOCAL.unpack(data[at : at + _LOCAL.size])
    method, name_size, extra_size = fields[3], fields[9], fields[10]
    name_at = at + _LOCAL.size
    if method != entry.method or data[name_at : name_at + name_size] != entry.name.encode("utf-8"):
        raise writer.damaged(f"{name} carries two different names")
    start = name_at + name_size + extra_size
    if start + entry.packed_size > len(data):
        raise writer.damaged(f"{name} is cut short")
    return start, start + entry.packed_size


def _unpacked(content: Content, entry: Entry, writer: Writer) -> bytes:
    """Unpack a member; one that gives more or less than it declares is damaged."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = unpacker.decompress(content, entry.size + 1)
    except zlib.error:
        found = b""
    if len(found) != entry.size or not unpacker.eof:
        raise writer.damaged(f"{shown(entry.name)} does not unpack to the size that it declares")
    return found
