"""Reads named tensors from untrusted model files, or refuses the file with one sentence.

The format is recognised by the first bytes; the file's name only appears in messages.
"""

import re
from dataclasses import replace
from pathlib import PurePath

from kanviz.errors import LoadError
from kanviz.io.contents import BYTE_LIMIT, Contents, Tensors
from kanviz.io.file_view import Source
from kanviz.io.npz import looks_like_npz
from kanviz.io.pickle_data import MOST_BYTES, read_pickle, too_long
from kanviz.io.pickle_records import ContainsCode
from kanviz.io.safetensors_file import looks_like_safetensors, safetensors_contents
from kanviz.io.torch_legacy import looks_like_legacy, open_legacy
from kanviz.io.torch_views import Storages, weights_of
from kanviz.io.torch_zip import KERAS, open_archive
from kanviz.text import shown, size_words

_UNPACK = "unpack it first and upload the model file itself"
_NO_MODEL = "not a model; upload the .pt or .safetensors file"
_SIGNATURES = (
    (
        b"version https://git-lfs",
        "This is a Git LFS pointer, not the model itself. Run 'git lfs pull' and upload again.",
    ),
    (b"\x1f\x8b", f"This is a gzip archive; {_UNPACK}."),
    (b"BZh", f"This is a bzip2 archive; {_UNPACK}."),
    (b"\xfd7zXZ\x00", f"This is an xz archive; {_UNPACK}."),
    (b"7z\xbc\xaf\x27\x1c", f"This is a 7z archive; {_UNPACK}."),
    (b"Rar!", f"This is a RAR archive; {_UNPACK}."),
    (b"\x28\xb5\x2f\xfd", f"This is a zstd archive; {_UNPACK}."),
    (b"\x89PNG", f"This is a PNG picture, {_NO_MODEL}."),
    (b"\xff\xd8\xff", f"This is a JPEG picture, {_NO_MODEL}."),
    (b"%PDF", f"This is a PDF document, {_NO_MODEL}."),
    (b"PAR1", "This is a Parquet table, not a model; open it as data."),
    (b"\x89HDF", f"This is an HDF5 file, as Keras writes it. {KERAS}"),
    (b"\x93NUMPY", "This is a NumPy array; kanviz reads .pt and .safetensors. Save model.state_dict() instead."),
    (b"GGUF", "This is a GGUF file; kanviz reads .pt and .safetensors. Save the weights in one of these."),
    (b"<!DOCTYPE", "This is a web page, not a model; the download link led to a page instead of the file."),
    (b"<html", "This is a web page, not a model; the download link led to a page instead of the file."),
)
_MSGPACK = (
    "This is a msgpack file, as Flax and JAX write it; kanviz reads .pt and .safetensors. Save the weights in one of "
    "these."
)
_JAXKAN = (
    "This is a file of jaxKAN, which does not save the grid of its splines, so the file does not say what it computes. "
    "Save the knots with the weights in a .safetensors file, under efficient-kan's names."
)
_RAW_PICKLE = (
    "This is a bare Python pickle, not a PyTorch file; save the weights with torch.save(model.state_dict(), ...)."
)
_UNKNOWN = "Not a model file kanviz knows ({name}); upload a .pt or .safetensors file with the weights."

_TEXT_PICKLE_NAME = re.compile(rb"[(]*[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n")


def open_tensors(data: bytes, name: str) -> Tensors:
    """Read the tensors of a torch zip or a safetensors file; refuse any other file and name its likely format."""
    return open_contents(data, name, whole=True).read()


def open_contents(data: Source, name: str, *, whole: bool = False) -> Contents:
    """Read what the file declares, without its numbers; refuse any other file and name its likely format.

    whole: the file will be read whole, so its size is limited and the checksums of all its parts are compared.
    """
    if not len(data):
        raise LoadError(f"The file {shown(name)} is empty. Upload it again.")
    if whole and len(data) > BYTE_LIMIT:
        raise LoadError(f"The file has {size_words(len(data))}; the limit is {size_words(BYTE_LIMIT)}.")
    front = data[:512]
    if front.startswith(b"PK"):
        if looks_like_npz(data):
            raise LoadError("This is an .npz file of arrays, not a model; open it as data.")
        return _open_torch(data, whole)
    for signature, message in _SIGNATURES:
        if front.startswith(signature):
            raise LoadError(message)
    if front[257:262] == b"ustar":
        raise LoadError(f"This is a tar archive; {_UNPACK}.")
    if looks_like_safetensors(data):
        found = safetensors_contents(data)
        return replace(found, notes=(*_renamed(name), *found.notes))
    if looks_like_legacy(data):
        return _open_legacy(data)
    _refuse_pickle(data[:MOST_BYTES])
    _refuse_msgpack(front)
    raise LoadError(_UNKNOWN.format(name=shown(PurePath(name).name)))


def _open_torch(data: Source, whole: bool) -> Contents:
    members = open_archive(data)
    if whole:
        for member in members:
            _ = members[member]
    if members.size("data.pkl") > MOST_BYTES:  # before it is read
        raise too_long(members.size("data.pkl"))
    pickled = bytes(members["data.pkl"])
    value, end = read_pickle(pickled)
    if end != len(pickled):
        raise LoadError("The list of weights is followed by other data; the file is damaged or hostile. Save it again.")
    weights = weights_of(value, members)
    return Contents(weights.parts, weights.odd, {}, "torch", weights.notes, len(data))


def _open_legacy(data: Source) -> Contents:
    value, storages = open_legacy(data)
    weights = weights_of(value, storages)
    notes = ("The file is in PyTorch's format from before version 1.6.", *weights.notes)
    return Contents(weights.parts, weights.odd, {}, "torch", notes, len(data))


def storages_of(data: Source) -> Storages:
    """Return the parts of a torch file that hold its numbers, in its new or its old format."""
    return open_legacy(data)[1] if looks_like_legacy(data) else open_archive(data)


def _renamed(name: str) -> tuple[str, ...]:
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending in ("pt", "pth", "ckpt", "bin", "pkl"):
        return (f"This is a safetensors file named .{ending}; opened as safetensors.",)
    return ()


def _refuse_pickle(data: bytes) -> None:
    """Refuse bare pickles; report code in them before any other fault."""
    if data[:1] == b"\x80" and data[1:2] <= b"\x05":
        _look_for_code(data)
        raise LoadError(_RAW_PICKLE)
    if _TEXT_PICKLE_NAME.match(data):
        _look_for_code(data)


def _refuse_msgpack(front: bytes) -> None:
    """Refuse Flax's files: a map whose first key is a short text, and arrays that name their dtype."""
    if (
        0x81 <= front[0] <= 0x8F
        and 0xA1 <= front[1] <= 0xBF
        and re.search(rb"[\xa7\xa8](float|bfloat)(16|32|64)", front)
    ):
        raise LoadError(_JAXKAN if b"\xa7c_basis" in front else _MSGPACK)


def _look_for_code(data: bytes) -> None:
    """Read the pickle at the front; pass on a refusal only if it is because of code."""
    try:
        read_pickle(data)
    except ContainsCode:
        raise
    except LoadError:
        return
