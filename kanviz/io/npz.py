"""Reads and writes arrays of numbers as NumPy's .npz files; nothing in them is unpickled.

Source: numpy.lib.format, the description of the .npy format, versions 1.0 to 3.0.
"""

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kanviz.errors import LoadError
from kanviz.io.contents import BYTE_LIMIT, check_shape
from kanviz.io.file_view import Source, content_of
from kanviz.io.stored_zip import Members, Writer, table_of_contents
from kanviz.text import listing, shown, size_words

ENDING = ".npy"  # of every array inside
AGAIN = "Save it again with numpy.savez."
LONGEST_HEADER = 10_000
_NUMPY = Writer("NumPy", AGAIN, packs=True)
_MAGIC = b"\x93NUMPY"
_FIELD = re.compile(r"""['"](\w+)['"]\s*:\s*(['"][^'"]*['"]|True|False|\([\dL,\s]*\))\s*(?:,\s*|(?=\}))""")
_NUMBERS = re.compile(r"([<>|=]?)(f[248]|[iu][1248]|b1)")
_NO_NUMBERS = {"O": "Python objects", "U": "text", "S": "text", "c": "complex numbers", "M": "dates", "m": "durations"}


def looks_like_npz(data: Source) -> bool:
    """Say whether the file is a zip archive whose first member is an array of NumPy."""
    length = int.from_bytes(data[26:28], "little")
    return data[:4] == b"PK\x03\x04" and data[30 : 30 + length].endswith(ENDING.encode())


def read_arrays(source: bytes | Path, *names: str) -> dict[str, np.ndarray]:
    """Read the arrays of these names, or all: float32 or float64 (half precision becomes float32), whole numbers, bool.

    Raises LoadError for a file that is no .npz or is damaged, a name that is not there, and an array of anything but
    numbers.
    """
    data = content_of(source, whole=False) if isinstance(source, Path) else source
    if data[: len(_MAGIC)] == _MAGIC:
        raise LoadError("This is a single array (.npy). Save the arrays by name: numpy.savez(path, x=x, y=y).")
    if data[:2] != b"PK":
        raise LoadError("This is no .npz file. Save the arrays with numpy.savez(path, x=x, y=y).")
    members = Members(data, table_of_contents(data, _NUMPY), _NUMPY)
    there = [name.removesuffix(ENDING) for name in members if name.endswith(ENDING)]
    missing = [name for name in names if name not in there]
    if missing or not there:
        found = f"its arrays are {listing(there, 8)}" if there else "it has no arrays of NumPy"
        wanted = f"no array {shown(missing[0])}" if missing else "no arrays"
        raise LoadError(f"The file has {wanted}; {found}. Save them with numpy.savez(path, x=x, y=y).")
    chosen = names or tuple(there)
    total = sum(members.size(name + ENDING) for name in chosen)
    limit = min(BYTE_LIMIT, 64_000_000 + 4 * len(data))  # as for weights: a small file has no large content
    if total > limit:
        raise LoadError(f"The arrays take {size_words(total)}; the limit is {size_words(limit)}. Save fewer rows.")
    return {name: _array(name, memoryview(members[name + ENDING])) for name in chosen}


def zip_of(array: bytes, name: str = "x") -> bytes:
    """Convert a single array (.npy), as it is, to the bytes of an .npz file with that array under a name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(name + ENDING), array)
    return file.getvalue()


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Convert arrays to the bytes of an .npz file; equal arrays give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(values), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(name + ENDING), content.getvalue())  # the date is always 1980
    return file.getvalue()


def _array(name: str, content: memoryview) -> np.ndarray:
    """Read one .npy file. Raises LoadError where its header and its length do not agree."""
    label = shown(name)
    version, wide = bytes(content[6:8]), content[6:7] != b"\x01"
    start = 12 if wide else 10
    length = int.from_bytes(content[8:start], "little")
    if content[:6] != _MAGIC or version not in (b"\1\0", b"\2\0", b"\3\0") or length > LONGEST_HEADER:
        raise _NUMPY.damaged(f"{label} is no array of NumPy")
    header = bytes(content[start : start + length]).decode("latin-1").strip()
    fields = _fields(label, header)
    order, kind = _kind(label, fields["descr"])
    shape = tuple(int(word.rstrip("L")) for word in re.findall(r"\d+L?", fields["shape"]))
    check_shape(label, shape)
    dtype = np.dtype(f"{order}{kind}")
    numbers = content[start + length :]
    count = math.prod(shape)
    if len(numbers) != count * dtype.itemsize:
        raise _NUMPY.damaged(f"{label} has {len(numbers):,} bytes, not {count:,} numbers")
    values = np.frombuffer(numbers, dtype).reshape(shape, order="F" if fields["fortran_order"] == "True" else "C")
    return np.array(values, np.float32 if kind == "f2" else dtype.newbyteorder("="), order="C")


def _fields(label: str, header: str) -> dict[str, str]:
    """Return the three fields of a header, a dictionary in Python's notation, which is not evaluated."""
    found = {match[1]: match[2].strip("'\"") for match in _FIELD.finditer(header)}
    rest = _FIELD.sub("", header).replace(" ", "")
    if "[(" in header:
        raise LoadError(f"{label} is a table of named fields, not an array of numbers. Save its columns as one array.")
    if rest != "{}" or set(found) != {"descr", "fortran_order", "shape"} or not found["shape"].startswith("("):
        raise _NUMPY.damaged(f"the header of {label} cannot be read")
    return found


def _kind(label: str, descr: str) -> tuple[str, str]:
    """Return the order of bytes and the kind of numbers, as NumPy abbreviates them."""
    match = _NUMBERS.fullmatch(descr)
    if match is None:
        what = _NO_NUMBERS.get(descr.lstrip("<>|=")[:1], f"values of type {shown(descr, 20)}")
        raise LoadError(f"{label} holds {what}, not numbers. Save it as an array of float32 or float64.")
    return match[1].replace("|", ""), match[2]
