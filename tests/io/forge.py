"""Model files put together by hand: pickle instructions and torch zips that torch.save would never write."""

import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

STOP = b"."
EMPTY_TUPLE = b")"


def text(value: str) -> bytes:
    content = value.encode("utf-8")
    return b"X" + struct.pack("<I", len(content)) + content


def whole(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def row(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def table(entries: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def name(module: str, path: str) -> bytes:
    return f"c{module}\n{path}\n".encode()


def call(module: str, path: str, *arguments: bytes) -> bytes:
    return name(module, path) + row(*arguments) + b"R"


def storage(count: int, kind: str = "FloatStorage", key: str = "0", location: str = "cpu") -> bytes:
    """A reference to the bytes of member data/{key}."""
    return row(text("storage"), name("torch", kind), text(key), text(location), whole(count)) + b"Q"


def tensor(
    content: bytes, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,), offset: int = 0, hooks: bytes = b""
) -> bytes:
    """A view of a storage, as torch.save writes it."""
    sizes, strides = row(*map(whole, size)), row(*map(whole, stride))
    no_hooks = hooks or call("collections", "OrderedDict")
    return call("torch._utils", "_rebuild_tensor_v2", content, whole(offset), sizes, strides, b"\x89", no_hooks)


def four_floats(**view: object) -> bytes:
    """A state_dict of one tensor w of the floats 0, 1, 2, 3; `view` changes what it claims to be."""
    content = storage(4, **{key: view.pop(key) for key in ("kind", "key", "location") if key in view})  # type: ignore
    return table({"w": tensor(content, **view)})  # type: ignore


FOUR_FLOATS = struct.pack("<4f", 0, 1, 2, 3)


def torch_zip(
    pickled: bytes,
    storages: Mapping[str, bytes] | None = None,
    *,
    folder: str = "archive",
    extra: Mapping[str, bytes] | None = None,
    method: int = zipfile.ZIP_STORED,
    protocol: bytes = b"\x80\x02",
) -> bytes:
    """A torch file around the instructions `pickled`; without `storages`, data/0 holds four floats."""
    members = {"data.pkl": protocol + pickled + STOP, "byteorder": b"little", "version": b"3\n"}
    for key, content in ({"0": FOUR_FLOATS} if storages is None else storages).items():
        members[f"data/{key}"] = content
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for path, content in members.items():
            archive.writestr(f"{folder}/{path}", content)
        for path, content in (extra or {}).items():
            archive.writestr(path, content)
    return file.getvalue()
