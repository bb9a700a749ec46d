"""Reads and writes safetensors (eight bytes of length, a JSON header, the numbers), with checks and reproducibly.

Source of the format: the README of github.com/huggingface/safetensors, section "Format". The library accepts some
files that we refuse (a name twice, unknown fields, a header of 100 MB), and does not write the same bytes each time.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import numpy as np
import torch

from kanviz.errors import LoadError, UserError
from kanviz.io.contents import FLOATS, NUMPY_TYPES, Contents, Part, Spot, check_shape, own_tensor
from kanviz.io.file_view import Source
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import shown, size_words

HEADER_LIMIT = 1_000_000
MOST_TENSORS = 10_000
DEEPEST = 4
LONGEST_DTYPE = 40
METADATA = "__metadata__"
SAFETENSORS = JsonReader(
    "Not a valid safetensors file: {why}. Upload it again, or save it again.", names={"": "its header"}
)

_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8",
}  # fmt: skip
# Numbers that kanviz does not read: what they are, and bits of each where these are not 8.
_UNREAD = {
    **dict.fromkeys(("U64", "U32", "U16"), "whole numbers"),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4"), "8-bit floats or smaller"),
    "C64": "complex numbers",
}
_BITS = {"U64": 64, "U32": 32, "U16": 16, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "C64": 64}
_WRITTEN = {torch.float64: "F64", torch.float32: "F32"}


@dataclass(frozen=True, slots=True)
class SafetensorsContent:
    """The content of a safetensors file, in the order of its header."""

    tensors: dict[str, torch.Tensor]
    metadata: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A tensor as the header declares it; why: why it can be no weight, or ""."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int
    why: str


def looks_like_safetensors(data: Source) -> bool:
    """Say whether the first bytes are a plausible header length, or a header follows them."""
    length = int.from_bytes(data[:8], "little")
    return len(data) >= 8 and (data[8:9] == b"{" or 0 < length <= min(len(data) - 8, HEADER_LIMIT))


def read_safetensors(data: bytes) -> SafetensorsContent:
    """Read every tensor of the file with memory of its own, as float32 or float64, and the metadata text.

    Raises LoadError where a tensor is of another type.
    """
    found = safetensors_contents(data)
    for name, part in found.parts.items():
        if part.why:
            raise LoadError(f"{shown(name)} {part.why}")
    for name, why in found.odd.items():
        raise LoadError(f"{shown(name)} {why}")
    read = found.read()
    return SafetensorsContent(read.tensors, read.metadata, read.notes)


def safetensors_contents(data: Source) -> Contents:
    """Read the header of the file, and check it against the file; numbers are read later."""
    header, start = _header(data)
    named = header.get(METADATA, {}).pairs(HEADER_LIMIT, HEADER_LIMIT)
    metadata = {name: text.text(HEADER_LIMIT) for name, text in named}
    entries = [(name, entry) for name, entry in header.pairs(HEADER_LIMIT, HEADER_LIMIT) if name != METADATA]
    if len(entries) > MOST_TENSORS:
        raise LoadError(f"The file has {len(entries):,} tensors; the limit is {MOST_TENSORS:,}. Save fewer tensors.")
    if not entries:
        raise LoadError("The file holds no weights. Save a trained model.")
    slots = {name: _slot(shown(name), entry) for name, entry in entries}
    _check_ranges(slots, len(data) - start)
    parts = {name: _part(data, start, slot) for name, slot in slots.items() if slot.dtype in _TYPES}
    odd = {name: slot.why for name, slot in slots.items() if slot.dtype not in _TYPES}
    return Contents(parts, odd, metadata, "safetensors", (), len(data))


def _header(data: Source) -> tuple[JsonValue, int]:
    """Parse the JSON object at the front; also return where the numbers begin."""
    if len(data) < 8:
        _refuse("the file is empty or cut short")
    length = int.from_bytes(data[:8], "little")
    if length > HEADER_LIMIT:
        _refuse(f"header length {length:,}; the limit is {size_words(HEADER_LIMIT)}")
    if length > len(data) - 8:
        _refuse("header longer than the file")
    return SAFETENSORS.parse(data[8 : 8 + length], DEEPEST), 8 + length


def _slot(label: str, entry: JsonValue) -> _Slot:
    """Read the declaration of one tensor: type of numbers, shape and byte range must agree."""
    entry.fields({"dtype", "shape", "data_offsets"})
    dtype, shape = entry["dtype"].text(LONGEST_DTYPE), entry["shape"].each(JsonValue.whole)
    if dtype not in _TYPES and dtype not in _UNREAD:
        _refuse(f"unknown dtype {shown(dtype)} of {label}")
    start, end = entry["data_offsets"].each(JsonValue.whole, 2, 2)
    if end < start:
        _refuse(f"byte range of {label} is reversed")
    check_shape(label, shape)
    bits = 8 * np.dtype(NUMPY_TYPES[_TYPES[dtype]]).itemsize if dtype in _TYPES else _BITS.get(dtype, 8)
    if math.prod(shape) * bits != 8 * (end - start):
        _refuse(f"shape of {label} does not fit its byte range")
    return _Slot(dtype, shape, start, end, _why(dtype))


def _why(dtype: str) -> str:
    """Return why numbers of this type can be no weights; empty for those that can."""
    if _TYPES.get(dtype) in FLOATS:
        return ""
    words = _UNREAD.get(dtype, "true/false values" if dtype == "BOOL" else "whole numbers")
    return f"holds {words} ({dtype}); weights must be floating point (float32, float64)."


def _check_ranges(slots: Mapping[str, _Slot], available: int) -> None:
    """Check that the byte ranges follow one another without gap or overlap, and use the whole file."""
    at = 0
    for slot in sorted(slots.values(), key=lambda slot: (slot.start, slot.end)):
        if slot.start != at:
            _refuse("gap in the data" if slot.start > at else "two tensors overlap in the data")
        at = slot.end
    if at != available:
        _refuse("data cut short" if at > available else "extra bytes after the data")


def _part(data: Source, start: int, slot: _Slot) -> Part:
    read, spot = partial(_tensor, data, start, slot), Spot(start + slot.start)
    return Part(_TYPES[slot.dtype], slot.shape, read, slot.why, spot=spot)


def _tensor(data: Source, start: int, slot: _Slot) -> torch.Tensor:
    dtype = _TYPES[slot.dtype]
    numbers = np.frombuffer(data[start + slot.start : start + slot.end], dtype=NUMPY_TYPES[dtype])
    return own_tensor(numbers.reshape(slot.shape), dtype)


def _refuse(why: str) -> NoReturn:
    raise SAFETENSORS.refusal(why)


def write_safetensors(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> bytes:
    """Write a safetensors file; equal content gives equal bytes, in whatever order it was given.

    Float64 tensors precede float32, so that every tensor begins at a multiple of its own item size.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, object] = {METADATA: dict(sorted(metadata.items()))} if metadata else {}
    buffers: list[bytes] = []
    at = 0
    for name in order:
        tensor = tensors[name].detach().cpu().contiguous()
        if tensor.dtype not in _WRITTEN or name == METADATA:
            raise TypeError(f"{name}: only float32 and float64 are written, and __metadata__ is no name for a tensor.")
        code = _WRITTEN[tensor.dtype]
        content = tensor.numpy().astype(NUMPY_TYPES[_TYPES[code]], copy=False).tobytes()
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [at, at + len(content)]}
        buffers.append(content)
        at += len(content)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > HEADER_LIMIT:
        raise UserError(f"The description of this network takes {size_words(len(text))}; the limit of a file is 1 MB.")
    return b"".join([len(text).to_bytes(8, "little"), text, *buffers])
