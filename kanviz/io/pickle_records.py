"""Defines inert records for the contents of a torch pickle, and the messages of its refusals."""

import re
from dataclasses import dataclass
from typing import NoReturn, TypeGuard

from kanviz.errors import LoadError
from kanviz.text import shown, size_words

STORAGES = {
    "torch.FloatStorage": "float32",
    "torch.DoubleStorage": "float64",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
    "torch.ComplexFloatStorage": "complex64",
    "torch.ComplexDoubleStorage": "complex128",
    "torch.QInt8Storage": "qint8",
    "torch.QUInt8Storage": "quint8",
    "torch.QInt32Storage": "qint32",
    "torch.storage.UntypedStorage": "untyped",
}

ORDERED = "collections.OrderedDict"
TYPED_TENSOR = "torch._tensor._rebuild_from_type_v2"
TENSOR = "torch._utils._rebuild_tensor_v2"
OLD_TENSOR = "torch._utils._rebuild_tensor"  # before torch 0.4
PARAMETER = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
DTYPED_TENSOR = "torch._utils._rebuild_tensor_v3"
BYTEARRAY = "builtins.bytearray"
_DENSE_ONLY = "kanviz reads dense tensors only"
_NUMPY = "is a NumPy array; save tensors only"

# Objects other than a tensor that may be in the place of one: read as inert records, refused by name.
FOREIGN = {
    "torch._utils._rebuild_sparse_tensor": f"is sparse; {_DENSE_ONLY}",
    "torch._utils._rebuild_sparse_csr_tensor": f"is sparse; {_DENSE_ONLY}",
    "torch._utils._rebuild_nested_tensor": f"is a nested tensor; {_DENSE_ONLY}",
    "torch._utils._rebuild_meta_tensor_no_storage": "has no data (meta device)",
    "torch._utils._rebuild_qtensor": "is quantised; save the model before it is quantised",
    "torch.serialization._get_layout": "is a memory layout, not a tensor",
    "torch.device": "is a device, not a tensor",
    "torch.Size": "is a shape, not a tensor",
    "numpy.core.multiarray._reconstruct": _NUMPY,
    "numpy._core.multiarray._reconstruct": _NUMPY,
    "numpy.core.multiarray.scalar": _NUMPY,
    "numpy._core.multiarray.scalar": _NUMPY,
    "numpy.dtype": _NUMPY,
    "numpy.ndarray": _NUMPY,
    "_codecs.encode": "is a string of bytes, not a tensor",
    "collections.Counter": "is a Python counter, not a tensor",  # torch's learning-rate schedulers store one
}
_DTYPE = re.compile(r"torch\.(b?float|u?int|q?u?int|bool|complex|per_)\w*")
_NAMED_ONLY = {"torch.Tensor", "torch.nn.parameter.Parameter", "builtins.dict"}  # only arguments of other calls
_TENSORS = {TENSOR, OLD_TENSOR, TYPED_TENSOR, *PARAMETER, DTYPED_TENSOR}
_KNOWN = {ORDERED, *_TENSORS, BYTEARRAY, *STORAGES, *FOREIGN, *_NAMED_ONLY}
_NO_VIEW = ((), (None,))
_PLAIN_NAMES = {"__builtin__": "builtins", "posix": "os", "nt": "os"}


class ContainsCode(LoadError):
    """A refused pickle that would import or call a Python object or function."""


@dataclass(frozen=True, slots=True)
class Name:
    """A global name in the file, as text. It is never looked up."""

    path: str


@dataclass(frozen=True, slots=True)
class Storage:
    """The bytes that a tensor is a view of: member `data/{key}` of the archive."""

    dtype: str
    key: str
    location: str
    count: int


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A view of a storage as the file declares it, not yet checked against the storage."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """An object that is not a dense tensor; `why` completes the sentence `Tensor w ...`."""

    why: str


class Row(tuple):
    """A tuple in the file, with the depth of its nesting."""

    depth: int = 1


class Listing(list):
    """A list in the file."""

    depth: int = 1


class Table(dict):
    """A dictionary in the file; keys are only text or numbers, so that hashing is cheap."""

    depth: int = 1


def full_name(module: str, path: str) -> str:
    """Return a global as one dotted name in its usual spelling: posix.system is os.system."""
    return f"{_PLAIN_NAMES.get(module, module)}.{path}"


def is_known(name: str) -> bool:
    """Say whether a name may occur in a state_dict; any other is code."""
    return name in _KNOWN or _DTYPE.fullmatch(name) is not None


def contains_code(path: str) -> ContainsCode:
    """Return the refusal of a file that would import or call something."""
    if path.startswith("torch.nn.modules."):
        return whole_object(path)
    return ContainsCode(
        f"This file contains Python code ({shown(path)}), not just weights. kanviz never runs code from a file. "
        "Re-save it with torch.save(model.state_dict(), ...) or as .safetensors."
    )


def whole_object(path: str) -> ContainsCode:
    """Return the refusal of a pickled model, which needs its class to be imported."""
    return ContainsCode(
        f"This file holds a whole Python model object ({shown(path)}), not just weights. "
        "kanviz never runs code from a file. Save model.state_dict() instead."
    )


def refuse(what: str) -> NoReturn:
    """Refuse a pickle that torch.save would not write for a state_dict."""
    raise LoadError(
        f"The list of weights in the file holds {what}; it is damaged or was not written by torch.save. "
        "Save it again with torch.save(model.state_dict(), ...)."
    )


def record_of(path: str, arguments: Row) -> Table | TensorRecord | Foreign:
    """Turn a call in the file into one of a few inert records."""
    if path == ORDERED and not arguments:
        return Table()
    if path == TENSOR or (path == OLD_TENSOR and len(arguments) == 4):
        return _tensor(arguments if path == TENSOR else Row((*arguments, False, None)))
    if path == TYPED_TENSOR:
        return _typed_tensor(arguments)
    if path in PARAMETER and arguments and isinstance(arguments[0], TensorRecord | Foreign):
        return arguments[0]
    if path == DTYPED_TENSOR and len(arguments) > 6 and isinstance(arguments[6], Name):
        return Foreign(f"is {shown(arguments[6].path.removeprefix('torch.'))}; save it as float32")
    if path == BYTEARRAY:
        count = arguments[0] if arguments and type(arguments[0]) is int and arguments[0] >= 0 else 0
        raise LoadError(
            f"The file asks for a byte array of {size_words(count)}, which no weights file needs; refused. "
            "Save it again with torch.save(model.state_dict(), ...)."
        )
    if path in FOREIGN:
        return Foreign(FOREIGN[path])
    refuse("an unexpected structure")


def _tensor(arguments: Row) -> TensorRecord | Foreign:
    """Read the arguments of _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata=None)."""
    if not 6 <= len(arguments) <= 7:
        refuse("a tensor of a kind kanviz does not know")
    storage, offset, size, stride = arguments[:4]
    if not isinstance(storage, Storage) or type(offset) is not int or not _whole(size) or not _whole(stride):
        refuse("a tensor without a proper shape")
    if len(arguments) == 7 and arguments[6]:
        return Foreign("is a conjugate or negative view; save it with .resolve_conj() and .resolve_neg()")
    return TensorRecord(storage, offset, tuple(size), tuple(stride))


def _typed_tensor(arguments: Row) -> TensorRecord | Foreign:
    """Read the arguments of _rebuild_from_type_v2(function, type, arguments, state): a tensor with Python attributes.

    The attributes are dropped.
    """
    function, inner = (arguments[0], arguments[2]) if len(arguments) == 4 else (None, None)
    if not isinstance(function, Name) or not isinstance(inner, Row):
        refuse("a tensor of a kind kanviz does not know")
    record = record_of(function.path, inner)
    return record if isinstance(record, TensorRecord | Foreign) else refuse("a tensor of a kind kanviz does not know")


def storage_of(parts: object) -> Storage:
    """Read BINPERSID's ("storage", type, key, location, count); the format before torch 1.6 has one more, None."""
    if not isinstance(parts, Row) or len(parts) not in (5, 6) or parts[0] != "storage" or parts[5:] not in _NO_VIEW:
        refuse("an unexpected reference")
    _, kind, key, location, count = parts[:5]
    dtype = STORAGES.get(kind.path) if isinstance(kind, Name) else None
    if dtype is None or not isinstance(key, str) or not isinstance(location, str):
        refuse("an unexpected reference")
    if type(count) is not int or count < 0:
        refuse("a storage of impossible size")
    return Storage(dtype, key, location, count)


def _whole(values: object) -> TypeGuard[Row]:
    return isinstance(values, Row) and all(type(value) is int for value in values)
