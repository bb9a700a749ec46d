"""The KANs inside a larger model are listed from the header of its file, and opened by name to the model's numbers."""

import io
import json
import struct
import tracemalloc
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import kanviz
from kanviz.core.module import KANLayer
from kanviz.errors import LoadError
from kanviz.io.containers import open_contents
from kanviz.io.file_view import FileView
from kanviz.io.foreign import SeveralNetworks
from kanviz.io.model_blocks import find_blocks
from tests.io.damage import answer, damaged
from tests.io.forge import four_floats, storage, table, tensor, torch_zip
from tests.io.inside import under
from tests.io.test_odd_weights import EFFICIENT, PYKAN

MODELS = Path(__file__).parents[1] / "checkpoints" / "models"
GPT = MODELS / "gpt_with_kan_ffn.pt"
X = torch.linspace(-3, 3, 14).reshape(7, 2)
Weights = dict[str, torch.Tensor]


def layers(*shape: int) -> Weights:
    chain = [KANLayer(a, b, seed=a) for a, b in pairwise(shape)]
    return torch.nn.Sequential(*chain).state_dict()


MIXED = {
    **under("enc.0.kan.", EFFICIENT),
    "enc.0.norm.weight": torch.ones(1),
    **under("enc.1.", layers(2, 4, 3)),
    "enc.1.2.weight": torch.ones(3, 3),
    **under("head.", PYKAN),
    **under("last.", KANLayer(3, 1, grid=7).state_dict()),
    "position_ids": torch.arange(9),
}


def save(path: Path, weights: Weights, *, safe: bool) -> Path:
    if safe:
        safetensors.torch.save_file({name: part.contiguous() for name, part in weights.items()}, path)
    else:
        torch.save({"model": weights, "step": 3}, path)
    return path


def test_the_blocks_of_a_model_are_listed_with_what_is_around_them() -> None:
    first, second = kanviz.blocks(GPT)
    assert (first.prefix, second.prefix) == ("blocks.0.ffn", "blocks.1.ffn")
    assert (first.kind, first.shape, first.grid, first.order) == ("KANLayer", (8, 16, 8), 4, 3)
    assert first.parameters == 2 * 8 * 16 * (7 + 1) + 2 * (16 + 8)
    assert second.around == ("blocks.1.ln1", "blocks.1.attn", "blocks.1.ln2")


@pytest.mark.parametrize("n", [0, 1])
def test_a_block_computes_what_the_model_computes_with_it(n: int) -> None:
    numbers = np.load(MODELS / "gpt_with_kan_ffn.npz")
    kan = kanviz.load(GPT, block=f"blocks.{n}.ffn")
    assert np.array_equal(kan(torch.from_numpy(numbers["x"])).numpy(), numbers[f"y_block{n}"])
    assert any("not shown" in note and f"blocks.{n}.ln2" in note for note in kan.cautions)


@pytest.mark.parametrize("safe", [False, True])
def test_every_kind_that_opens_alone_opens_as_a_block(tmp_path: Path, safe: bool) -> None:
    file = save(tmp_path / ("m.safetensors" if safe else "m.pt"), MIXED, safe=safe)
    found = {block.prefix: block for block in kanviz.blocks(file)}
    assert {name: block.kind for name, block in found.items()} == {
        "enc.0.kan": "efficient-kan", "enc.1": "KANLayer", "head": "pykan", "last": "KANLayer",
    }  # fmt: skip
    for name, block in found.items():
        kan = kanviz.load(file, block=name)
        assert kan.shape == block.shape
        assert {layer.grid for layer in kan.layers} == {block.grid}
        assert {layer.order for layer in kan.layers} == {block.order}
        assert any(f"This is the block {name} of" in note for note in kan.cautions)
    alone = kanviz.load(save(tmp_path / "a.pt", EFFICIENT, safe=False))
    assert kanviz.load(file, block="enc.0.kan").digest == alone.digest
    assert found["enc.0.kan"].around == ("enc.0.norm",)
    assert found["enc.1"].around == ("enc.0", "enc.1.2")
    assert set(found["last"].around) == {"enc", "head", "position_ids"}


def test_a_single_layer_of_a_run_opens_too() -> None:
    whole, one = kanviz.load(GPT, block="blocks.0.ffn"), kanviz.load(GPT, block="blocks.0.ffn.1")
    assert torch.equal(one.layers[0].coef, whole.layers[1].coef)


def test_what_wraps_a_model_may_be_left_out_of_a_name(tmp_path: Path) -> None:
    file = save(tmp_path / "m.pt", under("module._orig_mod.", MIXED), safe=False)
    assert kanviz.load(file, block="enc.1").shape == (2, 4, 3)
    assert kanviz.load(file, block="module._orig_mod.enc.1").shape == (2, 4, 3)


def test_a_file_of_one_network_has_one_block(tmp_path: Path) -> None:
    file = save(tmp_path / "m.pt", EFFICIENT, safe=False)
    (block,) = kanviz.blocks(file)
    assert (block.prefix, block.kind, block.shape, block.around) == ("", "efficient-kan", (2, 3, 1), ())
    assert kanviz.load(file, block="").digest == kanviz.load(file).digest


def test_kanviz_own_file_has_one_block_and_no_name_for_it(tmp_path: Path) -> None:
    kan = kanviz.init([2, 3, 1], grid=4)
    kanviz.save(kan, tmp_path / "own.safetensors")
    (block,) = kanviz.blocks(tmp_path / "own.safetensors")
    assert (block.kind, block.shape, block.grid) == ("kanviz", (2, 3, 1), 4)
    assert kanviz.load(tmp_path / "own.safetensors", block="").digest == kan.digest
    with pytest.raises(LoadError, match="without naming a block"):
        kanviz.load(tmp_path / "own.safetensors", block="layers.0")


def test_several_kans_are_refused_with_their_names_where_none_is_chosen(tmp_path: Path) -> None:
    with pytest.raises(SeveralNetworks, match=r'blocks\.0\.ffn and blocks\.1\.ffn.*block="blocks\.0\.ffn"'):
        kanviz.load(GPT)
    file = save(tmp_path / "m.pt", MIXED, safe=False)
    with pytest.raises(SeveralNetworks, match=r"enc\.0\.kan, enc\.1, head, last|enc\.0\.kan, enc\.1, head and last"):
        kanviz.load(file)


def test_layers_that_are_no_network_together_are_listed_one_by_one(tmp_path: Path) -> None:
    gap = {**under("0.", KANLayer(2, 3).state_dict()), **under("2.", KANLayer(3, 1).state_dict())}
    apart = {**under("0.", KANLayer(2, 3).state_dict()), **under("1.", KANLayer(2, 3).state_dict())}
    for n, (weights, words) in enumerate(((gap, "numbered 0, 2"), (apart, "do not follow one another"))):
        file = save(tmp_path / f"{n}.pt", weights, safe=False)
        assert [block.prefix for block in kanviz.blocks(file)] == ["0", "2" if weights is gap else "1"]
        assert kanviz.load(file, block="0").shape == (2, 3)
        with pytest.raises(SeveralNetworks, match=words):
            kanviz.load(file)


def test_a_refusal_inside_a_block_gives_whole_names(tmp_path: Path) -> None:
    gap = {**under("h.0.ffn.0.", KANLayer(2, 3).state_dict()), **under("h.0.ffn.2.", KANLayer(3, 2).state_dict())}
    file = save(tmp_path / "m.pt", {**gap, **under("h.1.kan.", EFFICIENT)}, safe=False)
    with pytest.raises(SeveralNetworks, match=r'block="h\.0\.ffn\.0"'):
        kanviz.load(file, block="h.0.ffn")
    with pytest.raises(SeveralNetworks, match=r'block="blocks\.0\.ffn"'):
        kanviz.load(GPT, block="blocks")
    assert kanviz.load(file, block="h.0.ffn.2").shape == (3, 2)


@pytest.mark.parametrize("name", ["blocks.2.ffn", "blocks.0.ff", "", "ffn", "blocks.0.ln1", "../x", "\u202e"])
def test_a_name_that_is_no_block_is_refused_in_words(name: str) -> None:
    with pytest.raises(LoadError) as refusal:
        kanviz.load(GPT, block=name)
    assert len(str(refusal.value)) <= 400


def test_what_only_resembles_a_kan_is_not_listed(tmp_path: Path) -> None:
    weights = {"a.spline_weight": torch.ones(3), "b.knots": torch.ones(3), "c.knots": torch.ones(2, 3),
               "c.coef": torch.ones(1, 1, 1), "c.base_weight": torch.ones(1, 1), "w": torch.ones(2)}  # fmt: skip
    assert kanviz.blocks(save(tmp_path / "m.pt", weights, safe=False)) == []


def test_a_folder_stands_for_the_one_model_in_it(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", MIXED, safe=False)
    (tmp_path / "m_config.yml").write_text("a: 1")
    assert [block.prefix for block in kanviz.blocks(tmp_path)] == ["enc.0.kan", "enc.1", "head", "last"]
    save(tmp_path / "b.pt", MIXED, safe=False)
    with pytest.raises(LoadError, match=r"several files \(a\.pt and b\.pt\)"):
        kanviz.blocks(tmp_path)


@pytest.mark.parametrize("member", ["data.pkl", "byteorder"])
def test_a_huge_part_where_a_short_one_belongs_is_not_read(
    member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = torch_zip(four_floats(), extra={} if member == "data.pkl" else None)
    (tmp_path / "m.pt").write_bytes(data)
    contents = open_contents(FileView(tmp_path / "m.pt"), "m.pt")
    assert list(contents.parts) == ["w"]
    monkeypatch.setattr("kanviz.io.containers.MOST_BYTES", 10)
    monkeypatch.setattr("kanviz.io.torch_zip.LONGEST_ORDER", 3 if member == "byteorder" else 16)
    with pytest.raises(LoadError, match="big-endian" if member == "byteorder" else "list of weights takes"):
        open_contents(FileView(tmp_path / "m.pt"), "m.pt")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        kanviz.blocks(tmp_path / "nowhere.pt")
    with pytest.raises(LoadError, match="no such file"):
        kanviz.load(tmp_path / "nowhere.pt", block="x")


SMALL = io.BytesIO()
torch.save({"model": MIXED, "step": 3}, SMALL)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from([SMALL.getvalue(), safetensors.torch.save(MIXED)]).flatmap(damaged))
def test_damage_to_a_file_ends_in_a_list_or_in_a_sentence(data: bytes) -> None:
    for block in answer(lambda data, name: find_blocks(open_contents(data, name)), data, "m.pt") or ():
        assert str(block)


# A checkpoint of 700 MB, nearly all of it a hole in the file

BIG = 175_000_000


def sparse_safetensors(path: Path) -> None:
    small = safetensors.torch.save(MIXED)
    length = int.from_bytes(small[:8], "little")
    header = json.loads(small[8 : 8 + length])
    end = len(small) - 8 - length
    header["big"] = {"dtype": "F32", "shape": [BIG], "data_offsets": [end, end + 4 * BIG]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + small[8 + length :])
        file.truncate(8 + len(text) + end + 4 * BIG)


def sparse_torch(path: Path, big: int = BIG) -> None:
    """Write a zip as torch.save does, with small weights in it and a hole for the large one; zip64 above 4 GB."""
    weights = under("enc.1.", layers(2, 4, 3))
    kinds = {torch.float32: "FloatStorage", torch.bool: "BoolStorage", torch.uint8: "ByteStorage"}
    entries = {
        name: tensor(storage(part.numel(), kinds[part.dtype], str(n)), tuple(part.shape), part.contiguous().stride())
        for n, (name, part) in enumerate(weights.items())
    }
    pickled = b"\x80\x02" + table({"big": tensor(storage(big, key="big"), (big,)), **entries}) + b"."
    members = {"data.pkl": pickled, "byteorder": b"little"}
    members |= {f"data/{n}": part.contiguous().numpy().tobytes() for n, part in enumerate(weights.values())}
    central = b""
    with path.open("wb") as file:
        for member, content in {**members, "data/big": b""}.items():
            name, size = f"m/{member}".encode(), len(content) or (4 * big if member == "data/big" else 0)
            most = size >= 2**32
            sizes = struct.pack("<H2H3L", 0, 0, 0, zlib.crc32(content), *([2**32 - 1] * 2 if most else [size] * 2))
            extra = struct.pack("<2H2Q", 1, 16, size, size) if most else b""
            at = file.tell()
            file.write(b"PK\x03\x04" + struct.pack("<2H", 20, 0) + sizes + struct.pack("<2H", len(name), 0) + name)
            file.write(content)
            file.seek(size - len(content), 1)
            head = struct.pack("<3H", 20, 20, 0) + sizes
            central += b"PK\x01\x02" + head + struct.pack("<5H2L", len(name), len(extra), 0, 0, 0, 0, at) + name + extra
        count, start = len(members) + 1, file.tell()
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(central), start)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(central), 1)
        large, short = start >= 2**32, min(start, 2**32 - 1)
        file.write(central + (record + locator if large else b""))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central), short, 0))


@pytest.mark.parametrize("make", [sparse_safetensors, sparse_torch])
def test_a_large_checkpoint_costs_its_header_and_the_block_that_is_opened(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "big")
    read = 0
    part_of = FileView.__getitem__

    def counting(self: FileView, part: slice) -> bytes:
        nonlocal read
        content = part_of(self, part)
        read += len(content)
        return content

    monkeypatch.setattr(FileView, "__getitem__", counting)
    tracemalloc.start()
    assert "enc.1" in [block.prefix for block in kanviz.blocks(tmp_path / "big")]
    assert kanviz.load(tmp_path / "big", block="enc.1").shape == (2, 4, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "big").stat().st_size > 700_000_000
    assert read < 500_000
    assert peak < 10_000_000


def test_a_checkpoint_above_4_gb_opens_by_its_64_bit_table(tmp_path: Path) -> None:
    sparse_torch(tmp_path / "big.pt", 1_200_000_000)
    with ZipFile(tmp_path / "big.pt") as archive:  # what was put together here is a zip
        assert archive.getinfo("m/data/big").file_size == 4_800_000_000
    assert [block.prefix for block in kanviz.blocks(tmp_path / "big.pt")] == ["enc.1"]
    assert kanviz.load(tmp_path / "big.pt", block="enc.1").shape == (2, 4, 3)


def test_a_checkpoint_above_the_limit_with_one_kan_opens_without_a_name(tmp_path: Path) -> None:
    sparse_torch(tmp_path / "big.pt")
    assert kanviz.load(tmp_path / "big.pt").shape == (2, 4, 3)


def test_a_large_file_that_is_no_model_is_refused_by_its_first_bytes(tmp_path: Path) -> None:
    with (tmp_path / "big.pt").open("wb") as file:
        file.truncate(600_000_000)
    with pytest.raises(LoadError, match="Not a model file"):
        kanviz.load(tmp_path / "big.pt")


def test_only_the_parts_of_the_block_are_checked(tmp_path: Path) -> None:
    data = bytearray(GPT.read_bytes())
    place = data.rindex(kanviz.load(GPT, block="blocks.1.ffn").layers[0].knots.numpy().tobytes()[:64])
    data[place] ^= 1
    (tmp_path / "m.pt").write_bytes(bytes(data))
    assert kanviz.load(tmp_path / "m.pt", block="blocks.0.ffn").shape == (8, 16, 8)
    with pytest.raises(LoadError, match="checksum"):
        kanviz.load(tmp_path / "m.pt", block="blocks.1.ffn")


def test_layers_of_efficient_kan_with_others_between_are_blocks_of_their_own(tmp_path: Path) -> None:
    state = {name.replace("layers.1.", "layers.2."): part for name, part in EFFICIENT.items()}
    path = save(tmp_path / "m.pt", under("net.", state), safe=False)
    assert [(one.prefix, one.shape) for one in kanviz.blocks(path)] == [
        ("net.layers.0", (2, 3)),
        ("net.layers.2", (3, 1)),
    ]
    with pytest.raises(SeveralNetworks, match="numbered 0, 2"):
        kanviz.load(path)
    assert kanviz.load(path, block="net.layers.2").shape == (3, 1)
    later = {name.replace("layers.1.", "2.").replace("layers.0.", "1."): part for name, part in EFFICIENT.items()}
    assert kanviz.load(save(path, later, safe=False)).shape == (2, 3, 1)  # as after a Flatten
