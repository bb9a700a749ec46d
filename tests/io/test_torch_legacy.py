"""A file in PyTorch's format from before version 1.6 is read as data: the same tensors, and no damaged ones."""

import io
import pickle  # noqa: TID251 (the tests forge files)
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._utils

import kanviz
from kanviz.errors import LoadError
from kanviz.io.containers import open_contents, open_tensors
from kanviz.io.file_view import FileView
from kanviz.io.torch_legacy import MAGIC
from tests.io.test_efficient_kan import weights


def old(state: object) -> bytes:
    room = io.BytesIO()
    torch.save(state, room, _use_new_zipfile_serialization=False)
    return room.getvalue()


def new(state: object) -> bytes:
    room = io.BytesIO()
    torch.save(state, room)
    return room.getvalue()


BASE = torch.arange(12, dtype=torch.float64)
STATE: OrderedDict[str, Any] = OrderedDict(
    a=torch.arange(6.0).reshape(2, 3), transposed=torch.arange(6.0).reshape(2, 3).T, view=BASE[4:8], same=BASE[2:],
    half=torch.tensor([1.5, -2.0]).half(), brain=torch.tensor([3.0]).bfloat16(), count=torch.tensor(7),
    mark=torch.tensor([True, False]), empty=torch.zeros(0, 3), scalar=torch.tensor(2.5),
    complex=torch.zeros(2, dtype=torch.complex64),
)  # fmt: skip


def test_the_old_format_holds_what_the_new_one_does() -> None:
    found, wanted = open_tensors(old(STATE), "m.pt"), open_tensors(new(STATE), "m.pt")
    assert list(found) == list(wanted)
    assert found.odd == wanted.odd
    assert all(torch.equal(found.tensors[name], wanted.tensors[name]) for name in wanted.tensors)
    assert all(torch.equal(found.others[name].read(), wanted.others[name].read()) for name in wanted.others)
    assert "format from before version 1.6" in found.notes[0]


def test_a_wrapped_state_dict_with_other_things_opens() -> None:
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(3))])
    state = {"model": STATE, "epoch": 3, "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
    assert list(open_tensors(old(state), "m.pt").tensors) == [n for n in STATE if STATE[n].is_floating_point()]


def test_a_network_opens_lists_and_goes_back_into_the_old_format(tmp_path: Path) -> None:
    state = {f"kan.{name}": part for name, part in weights(3, 2).items()}
    (path := tmp_path / "old.pt").write_bytes(old({**state, "head.weight": torch.ones(2, 2)}))
    assert [block.prefix for block in kanviz.blocks(path)] == ["kan"]
    kan = kanviz.load(path, block="kan", base="silu")
    kanviz.replace(
        path, "kan", kan.with_layer(0, base_weight=2 * kan.layers[0].base_weight), out := tmp_path / "new.pt"
    )
    again = open_tensors(out.read_bytes(), "new.pt").tensors
    assert torch.equal(again["kan.layers.0.base_weight"], 2 * state["kan.layers.0.base_weight"])
    assert torch.equal(again["kan.layers.0.grid"], state["kan.layers.0.grid"])


def test_of_a_large_file_only_what_is_declared_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "old.pt").write_bytes(old(STATE))
    assert list(open_contents(FileView(path), "old.pt").parts) == [name for name in STATE if name != "complex"]


# --- forged and damaged files --------------------------------------------------------------------------------------


class Reference:
    """A tensor's storage in a forged pickle, as torch refers to it."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts


class Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.parts if isinstance(obj, Reference) else None


class Tensor:
    def __init__(self, storage: Reference, size: int) -> None:
        self.storage, self.size = storage, size

    def __reduce__(self) -> Any:
        return torch._utils._rebuild_tensor_v2, (self.storage, 0, (self.size,), (1,), False, OrderedDict())


def pickled(value: object) -> bytes:
    room = io.BytesIO()
    Pickler(room, protocol=2).dump(value)
    return room.getvalue()


def forged(
    keys: object = ("7",), *, magic: int = MAGIC, version: int = 1001, little: object = True, count: int = 3,
    view: tuple[Any, ...] = (None,), body: bytes | None = None, declared: int = 3,
) -> bytes:  # fmt: skip
    """An old file with one tensor of three numbers, and any part of it forged."""
    storage = Reference("storage", torch.FloatStorage, "7", "cpu", declared, *view)
    head = [magic, version, {"protocol_version": 1001, "little_endian": little}, {"w": Tensor(storage, 3)}]
    numbers = struct.pack("<q3f", count, 1, 2, 3) if body is None else body
    return b"".join([*map(pickled, head), pickled(list(keys) if isinstance(keys, tuple) else keys), numbers])


def test_the_forged_file_that_lies_about_nothing_opens() -> None:
    assert open_tensors(forged(), "m.pt").tensors["w"].tolist() == [1, 2, 3]


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "another version": (lambda: forged(version=1002), "first lines"),
    "a big-endian machine": (lambda: forged(little=False), "big-endian"),
    "no machine": (lambda: forged(little="yes"), "big-endian"),
    "a storage twice": (lambda: forged(("7", "7")), "there twice"),
    "a storage of nothing": (lambda: forged(("7", "8")), "belongs to no tensor"),
    "no storages": (lambda: forged((), body=b""), "promises weights it does not contain"),
    "keys that are numbers": (lambda: forged((7,)), "list of storages cannot be read"),
    "no list of keys": (lambda: forged("7"), "list of storages cannot be read"),
    "too many keys": (lambda: forged(tuple(map(str, range(11_001)))), "list of storages cannot be read"),
    "a count too large": (lambda: forged(count=4), "not as long as it is declared"),
    "a negative count": (lambda: forged(count=-3), "not as long as it is declared"),
    "a huge storage": (lambda: forged(count=2**60, declared=2**60), "not as long as it is declared"),
    "a file cut short": (lambda: forged()[:-1], "not as long as it is declared"),
    "more behind the end": (lambda: forged() + b"\0", "more behind its last storage"),
    "a view of a storage": (lambda: forged(view=(("8", 0, 3),)), "unexpected reference"),
    "no end": (lambda: forged()[:60], "less than it announces"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_file_is_refused_in_words(attack: str) -> None:
    made, words = ATTACKS[attack]
    with pytest.raises(LoadError, match=words):
        open_tensors(made(), "m.pt")


@pytest.mark.parametrize("place", range(1, 5))
def test_code_anywhere_in_the_pickles_is_refused_as_code(place: int) -> None:
    parts = [MAGIC, 1001, {"little_endian": True}, {"w": 1}, []]
    parts[place] = print  # a function, pickled by its name
    with pytest.raises(LoadError, match=r"Python code \(builtins\.print\)"):
        open_tensors(b"".join(map(pickled, parts)), "m.pt")


def test_a_whole_module_is_refused_as_one() -> None:
    with pytest.raises(LoadError, match="whole Python model object"):
        open_tensors(old(torch.nn.Linear(2, 1)), "m.pt")
