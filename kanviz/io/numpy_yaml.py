"""Decodes NumPy numbers and arrays as `yaml.dump` writes them from their bytes, without looking up a NumPy function.

An np.int64(5) becomes `!!python/object/apply:numpy._core.multiarray.scalar [dtype, !!binary BQAAAAAAAAA=]`;
NumPy 1 writes `numpy.core`. An array becomes `..._reconstruct` with state (version, shape, dtype, fortran, bytes).
"""

import base64
import binascii
import math
import struct
from typing import NoReturn

import yaml

from kanviz.errors import LoadError
from kanviz.text import shown

PYTHON_TAG = "tag:yaml.org,2002:python/"
MOST_NUMBERS = 10_000
MOST_AXES = 4

_APPLY = f"{PYTHON_TAG}object/apply:"
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_SCALARS = tuple(f"{_APPLY}{module}.scalar" for module in _MODULES)
_ARRAYS = tuple(f"{_APPLY}{module}._reconstruct" for module in _MODULES)
_DTYPE = f"{_APPLY}numpy.dtype"
_TUPLE = f"{PYTHON_TAG}tuple"
_BINARY = "tag:yaml.org,2002:binary"
# NumPy's type codes and those of struct
_CODES = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
_ORDERS = {"<": "<", ">": ">", "|": "<", "=": "<"}

Number = int | float | bool


def is_number(node: yaml.Node) -> bool:
    return node.tag in _SCALARS


def is_array(node: yaml.Node) -> bool:
    return node.tag in _ARRAYS


def number_of(node: yaml.Node) -> Number:
    """Decode a dumped NumPy scalar as a plain number."""
    kind, payload = _sequence(node, node.tag, 2)
    numbers = _numbers(kind, payload)
    if len(numbers) != 1:
        _refuse(node)
    return numbers[0]


def array_of(node: yaml.Node) -> object:
    """Decode a dumped NumPy array of numbers as nested lists."""
    parts = _mapping(node)
    if set(parts) != {"args", "state"}:
        _refuse(node)
    _, shape_node, kind, fortran, payload = _sequence(parts["state"], _TUPLE, 5)
    shape = [_axis(axis) for axis in _sequence(shape_node, _TUPLE, None)]
    numbers = _numbers(kind, payload)
    lists = math.prod(max(length, 1) for length in shape)  # an axis of length 0 must not hide long ones
    if len(shape) > MOST_AXES or math.prod(shape) != len(numbers) or lists > MOST_NUMBERS:
        _refuse(node)
    if isinstance(fortran, yaml.ScalarNode) and fortran.value == "true" and len(shape) > 1:
        return _nested_fortran(numbers, shape)
    return _nested(numbers, shape)


def _numbers(kind: yaml.Node, payload: yaml.Node) -> list[Number]:
    """Decode the numbers in a base64 payload, by the type code and byte order of a dumped dtype."""
    parts = _mapping(kind)
    if kind.tag != _DTYPE or set(parts) != {"args", "state"}:
        _refuse(kind)
    code = _text(_sequence(parts["args"], None, 3)[0])
    order = _text(_sequence(parts["state"], _TUPLE, None)[1:2])
    if code not in _CODES or order not in _ORDERS:
        raise LoadError(f"The config holds a NumPy value of type {shown(code)}, which is not a number. Write it out.")
    form = struct.Struct(_ORDERS[order] + _CODES[code])
    raw = _bytes(payload)
    if len(raw) % form.size or len(raw) // form.size > MOST_NUMBERS:
        _refuse(payload)
    return [number for (number,) in form.iter_unpack(raw)]


def _bytes(node: yaml.Node) -> bytes:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _BINARY:
        _refuse(node)
    try:
        return base64.b64decode("".join(node.value.split()).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        _refuse(node)


def _nested(numbers: list[Number], shape: list[int]) -> object:
    """Nest the numbers as lists of the given shape, last axis fastest (C order)."""
    if not shape:
        return numbers[0]
    step = len(numbers) // shape[0] if shape[0] else 0
    return [_nested(numbers[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


def _nested_fortran(numbers: list[Number], shape: list[int]) -> object:
    """Nest the numbers as lists of the given shape, first axis fastest: entry k of it is every shape[0]-th number."""
    if len(shape) == 1:
        return numbers
    return [_nested_fortran(numbers[k :: shape[0]], shape[1:]) for k in range(shape[0])]


def _axis(node: yaml.Node) -> int:
    text = _text(node)
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) > MOST_NUMBERS:
        _refuse(node)
    return int(text)


def _sequence(node: yaml.Node, tag: str | None, length: int | None) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode) or (tag is not None and node.tag != tag):
        _refuse(node)
    if length is not None and len(node.value) != length:
        _refuse(node)
    return node.value


def _mapping(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        _refuse(node)
    return {_text(key): value for key, value in node.value}


def _text(node: yaml.Node | list[yaml.Node]) -> str:
    if isinstance(node, list):
        return _text(node[0]) if node else ""
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _refuse(node: yaml.Node) -> NoReturn:
    raise LoadError(
        f"The config holds a NumPy value that is not written as pykan writes it (line {node.start_mark.line + 1:,}); "
        "refused. Write the number out."
    )
