"""What torch.save and safetensors write reads back bit by bit; what they never write is refused in a sentence."""

import io
import struct
import zipfile
import zlib
from collections import OrderedDict

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings

from kanviz.errors import LoadError
from kanviz.io.containers import open_tensors
from tests.io.damage import answer, damaged
from tests.io.forge import FOUR_FLOATS, four_floats, storage, table, tensor, torch_zip, whole


def saved(value: object, **how: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **how)  # type: ignore[arg-type]
    return file.getvalue()


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    codes = {torch.float32: torch.int32, torch.float64: torch.int64}
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.view(codes[a.dtype]), b.view(codes[b.dtype]))


def refusal(data: bytes, name: str = "model.pt") -> str:
    with pytest.raises(LoadError) as caught:
        open_tensors(data, name)
    sentence = str(caught.value)
    assert 12 <= len(sentence) <= 400
    assert sentence.endswith(".")
    return sentence


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(len(shape)))


ODD = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45, 3.4e38])
GRID = numbers(4, 6)
LAYOUTS = {
    "contiguous": GRID,
    "double": numbers(3, 2, dtype=torch.float64),
    "no number is special": ODD,
    "transposed": GRID.t(),
    "strided": GRID[1:, ::2],
    "expanded": numbers(3, 1).expand(3, 5),
    "permuted": numbers(2, 3, 4).permute(2, 0, 1),
    "scalar": torch.tensor(1.5),
    "empty": torch.zeros(0, 3),
    "parameter": torch.nn.Parameter(GRID),
    "tail of a long storage": numbers(10_000)[9_990:],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_a_saved_tensor_reads_back_bit_by_bit(layout: str, protocol: int) -> None:
    tensor = LAYOUTS[layout].detach()
    found = open_tensors(saved({"w": LAYOUTS[layout], "x": numbers(2)}, pickle_protocol=protocol), "model.pt")
    assert same_bits(found.tensors["w"], tensor.contiguous())
    assert found.tensors["w"].is_contiguous()
    assert (found.kind, found.notes) == ("torch", ())


@pytest.mark.parametrize(("dtype", "words"), [(torch.float16, "half precision"), (torch.bfloat16, "bfloat16")])
def test_half_precision_is_widened_exactly_and_said(dtype: torch.dtype, words: str) -> None:
    narrow = torch.cat([ODD.to(dtype), numbers(50).to(dtype)])
    found = open_tensors(saved({"w": narrow}), "model.pt")
    wide = found.tensors["w"]
    assert torch.equal(wide.nan_to_num(7.0), narrow.to(torch.float32).nan_to_num(7.0))
    assert words in found.notes[0]


def test_names_keep_their_order_and_their_spelling() -> None:
    names = ["z", "a.b", "größe", "<img src=x onerror=alert(1)>", "x\u202ey", "", "  ", "0"]
    found = open_tensors(saved(OrderedDict((name, numbers(2)) for name in names)), "model.pt")
    assert list(found.tensors) == names


def test_shared_storage_is_copied_apart_and_said() -> None:
    whole_row = numbers(6)
    found = open_tensors(saved({"a": whole_row, "b": whole_row[2:], "c": numbers(2)}), "model.pt")
    before = found.tensors["b"].clone()
    found.tensors["a"].zero_()
    assert same_bits(found.tensors["b"], before)
    assert found.notes == ("a and b share memory in this file; kanviz made separate copies.",)


class _Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 3)
        self.norm = torch.nn.BatchNorm1d(3)


def trained() -> tuple[_Model, dict[str, object], dict[str, object]]:
    model = _Model()
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    model.linear(numbers(4, 2)).sum().backward()
    optimizer.step()
    return model, optimizer.state_dict(), schedule.state_dict()


def test_weights_are_found_inside_a_training_checkpoint() -> None:
    model, optimizer, schedule = trained()
    weights = model.state_dict()
    settings_of_run = {"width": [2, 3], "range": (0, 1), "name": "run"}
    checkpoints = {
        "model": {"epoch": 3, "model": weights, "optimizer": optimizer, "schedule": schedule, "loss": 0.1},
        "state_dict": {"state_dict": weights, "optimizer_states": [optimizer], "hyper_parameters": settings_of_run},
        "net": {"net": weights, "best": None},
        "ckpt.model": {"ckpt": {"model": weights, "epoch": 1}, "mod": 2},
        "model_state_dict": {"model_state_dict": weights, "rng": torch.get_rng_state(), "mean": numbers(2)},
    }
    for path, checkpoint in checkpoints.items():
        found = open_tensors(saved(checkpoint), "last.ckpt")
        kept = {name: value for name, value in weights.items() if value.is_floating_point()}
        assert list(found.tensors) == list(kept)
        assert all(same_bits(found.tensors[name], value) for name, value in kept.items())
        assert found.notes[0].startswith(f"Read the weights under {path}")
        assert all(str(other) in found.notes[0] for other in list(checkpoint)[1:3])
        assert list(found.others) == ["norm.num_batches_tracked"]


def test_two_sets_of_weights_are_not_guessed_between() -> None:
    sentence = refusal(saved({"generator": {"w": GRID}, "critic": {"w": GRID}}))
    assert "several sets of weights (generator and critic)" in sentence


FOREIGN_VALUES = {
    "sparse": lambda: GRID.to_sparse(),
    "sparse rows": lambda: GRID.to_sparse_csr(),
    "nested": lambda: torch.nested.nested_tensor([numbers(2), numbers(3)]),
    "no data (meta": lambda: torch.empty(3, device="meta"),
    "quantised": lambda: torch.quantize_per_tensor(GRID, 0.1, 0, torch.qint8),
    "conjugate": lambda: GRID.to(torch.complex64).conj(),
    "complex64": lambda: GRID.to(torch.complex64),
    "complex128": lambda: GRID.to(torch.complex128),
    "float8": lambda: GRID.to(torch.float8_e4m3fn),
    "uint16": lambda: torch.zeros(2, dtype=torch.uint16),
    "whole numbers (int64)": lambda: torch.arange(3),
    "whole numbers (uint8)": lambda: torch.zeros(3, dtype=torch.uint8),
    "whole numbers (int16)": lambda: torch.zeros(3, dtype=torch.int16),
    "true/false": lambda: torch.zeros(3, dtype=torch.bool),
    "NumPy": lambda: numbers(3).numpy(),
    "a shape": lambda: GRID.shape,
    "bytes": lambda: b"abc",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", FOREIGN_VALUES)
def test_what_is_no_dense_tensor_of_floats_is_set_aside_with_its_reason(words: str) -> None:
    found = open_tensors(saved({"layers.0.grid": numbers(3), "layers.0.odd": FOREIGN_VALUES[words]()}), "model.pt")
    assert list(found.tensors) == ["layers.0.grid"]
    assert words.removesuffix(" rows") in (found.why_not("layers.0.odd") or "; ".join(found.notes))
    assert found.why_not("layers.0.grid") is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("words", FOREIGN_VALUES)
def test_a_file_of_nothing_but_that_is_refused_with_the_reason(words: str) -> None:
    sentence = refusal(saved({"odd": FOREIGN_VALUES[words]()}))
    assert sentence.startswith("odd ")
    assert words.removesuffix(" rows") in sentence


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_whole_numbers_and_truth_values_are_read_for_who_asks(dtype: torch.dtype) -> None:
    values = torch.tensor([[0, 1, 2], [100, 5, 0]]).to(dtype)
    for data in (
        saved({"w": GRID, "odd": values.t()}),
        safetensors.torch.save({"w": GRID, "odd": values.t().contiguous()}),
    ):
        part = open_tensors(data, "model.pt").others["odd"]
        assert part.shape == (3, 2)
        assert torch.equal(part.read(), values.t())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([GRID], "found a list"),
        ((GRID,), "found a tuple"),
        ("weights", "found text"),
        (3, "found a number"),
        (None, "found nothing"),
        (GRID, "_cache_data"),
        ({}, "holds no weights"),
        ({"a": {"b": {"c": {"d": {}}}}}, "holds no weights"),
        ({"w": 3, "v": "text"}, "holds no weights"),
        ({1: GRID}, "number (1) for a name"),
    ],
)
def test_a_file_without_named_weights_is_refused(value: object, words: str) -> None:
    assert words in refusal(saved(value))


# Views that torch.save never writes


def test_the_forged_file_that_lies_about_nothing_opens() -> None:
    found = open_tensors(torch_zip(four_floats()), "model.pt")
    assert found.tensors["w"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_file_from_a_graphics_card_opens_on_the_cpu() -> None:
    found = open_tensors(torch_zip(four_floats(location="cuda:1")), "model.pt")
    assert found.tensors["w"].device.type == "cpu"
    assert found.notes == ("Saved on cuda:1; opened on the CPU.",)


def test_windows_of_one_storage_may_overlap_like_torch_as_strided() -> None:
    found = open_tensors(torch_zip(four_floats(size=(3, 2), stride=(1, 1))), "model.pt")
    assert found.tensors["w"].tolist() == [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]


LYING_VIEWS = {
    "one past the end": {"size": (5,)},
    "offset past the end": {"offset": 1},
    "offset far past the end": {"offset": 2**60, "size": (1,)},
    "offset past the end of nothing": {"offset": 2**60, "size": (0,)},
    "negative offset": {"offset": -1},
    "negative size": {"size": (-4,)},
    "two negative sizes": {"size": (-2, -2), "stride": (1, 1)},
    "negative stride": {"stride": (-1,), "offset": 3},
    "stride past the end": {"size": (2, 2), "stride": (3, 1)},
    "overflowing stride": {"size": (2,), "stride": (2**63,)},
    "too few strides": {"size": (2, 2)},
    "too many strides": {"stride": (1, 1)},
    "huge size": {"size": (2**62, 4), "stride": (0, 0)},
    "product that overflows": {"size": (2**32, 2**32), "stride": (0, 0)},
    "nothing, but huge": {"size": (0, 2**40), "stride": (1, 1)},
    "repeated for ever": {"size": (10_000, 10_000), "stride": (0, 0)},
    "many axes": {"size": (1,) * 64, "stride": (1,) * 64},
}


@pytest.mark.parametrize("lie", LYING_VIEWS)
def test_a_view_that_does_not_fit_its_storage_is_refused(lie: str) -> None:
    sentence = refusal(torch_zip(four_floats(**LYING_VIEWS[lie])))
    assert "w" in sentence


@pytest.mark.parametrize(
    ("storages", "words"),
    [
        ({}, "promises weights it does not contain"),
        ({"1": FOUR_FLOATS}, "promises weights it does not contain"),
        ({"0": FOUR_FLOATS[:-1]}, "promises 16 bytes for w but holds 15 bytes"),
        ({"0": FOUR_FLOATS * 2}, "promises 16 bytes for w but holds 32 bytes"),
        ({"0": b""}, "promises 16 bytes for w but holds 0 bytes"),
    ],
)
def test_a_storage_that_is_not_there_is_never_made_up(storages: dict[str, bytes], words: str) -> None:
    assert words in refusal(torch_zip(four_floats(), storages))


def test_a_storage_of_terabytes_is_refused_before_it_is_made() -> None:
    claim = table({"w": tensor(storage(2**40), (2**40,))})
    assert "axis longer than" in refusal(torch_zip(claim))
    claim = table({"w": tensor(storage(2**40), (4,))})
    assert "promises 4,398.0 GB" in refusal(torch_zip(claim))


def test_one_storage_cannot_be_two_kinds_of_numbers() -> None:
    claim = table({"a": tensor(storage(4)), "b": tensor(storage(2, "DoubleStorage"), (2,))})
    assert "another type" in refusal(torch_zip(claim))


def test_many_modest_views_of_one_storage_are_counted_together() -> None:
    views = {f"w{k}": tensor(storage(4), (1_000, 1_000), (0, 0)) for k in range(100)}
    assert "w16 (1,000 x 1,000) the weights take 68.0 MB" in refusal(torch_zip(table(views)))


@pytest.mark.parametrize("part", [b"G" + struct.pack(">d", 4.0), b"\x88", b"N"])
def test_a_size_must_be_whole_numbers(part: bytes) -> None:
    claim = four_floats().replace(b"(" + whole(4) + b"t", b"(" + part + b"t", 1)
    assert claim != four_floats()
    assert "proper shape" in refusal(torch_zip(claim))


# Zips that torch.save never writes


GOOD = torch_zip(four_floats())


def _entry(data: bytes, path: bytes) -> tuple[int, int]:
    """Where the local and the central header of a member begin."""
    return data.index(path) - 30, data.rindex(path) - 46


def poked(data: bytes, at: int, form: str, value: int) -> bytes:
    content = struct.pack(form, value)
    return data[:at] + content + data[at + len(content) :]


LOCAL, CENTRAL = _entry(GOOD, b"archive/data/0")
END = len(GOOD) - 22
BROKEN_ZIPS = {
    "nothing but PK": b"PK\x03\x04",
    "no end": GOOD[:-22],
    "one byte short": GOOD[:-1],
    "half": GOOD[: len(GOOD) // 2],
    "junk after the end": GOOD + b"junk",
    "comment": poked(GOOD, END + 20, "<H", 4) + b"note",
    "one bit of the weights": GOOD.replace(FOUR_FLOATS, FOUR_FLOATS[:-1] + b"\x41"),
    "one bit of the pickle": GOOD.replace(b"X\x01\x00\x00\x00w", b"X\x01\x00\x00\x00v"),
    "checksum": poked(GOOD, CENTRAL + 16, "<I", 0),
    "method deflate in the directory": poked(GOOD, CENTRAL + 10, "<H", 8),
    "method deflate at the member": poked(GOOD, LOCAL + 8, "<H", 8),
    "encrypted": poked(GOOD, CENTRAL + 8, "<H", 1),
    "two sizes": poked(GOOD, CENTRAL + 24, "<I", 4),
    "two sizes, the packed one wrong": poked(GOOD, CENTRAL + 20, "<I", 4),
    "size of 4 GB": poked(poked(GOOD, CENTRAL + 24, "<I", 0xFFFFFFFF), CENTRAL + 20, "<I", 0xFFFFFFFF),
    "member past the end": poked(GOOD, CENTRAL + 42, "<I", len(GOOD)),
    "member at another": poked(GOOD, CENTRAL + 42, "<I", 0),
    "other name at the member": poked(GOOD, LOCAL + 30, "<B", ord("b")),
    "name longer than the directory": poked(GOOD, CENTRAL + 28, "<H", 0xFFFF),
    "fewer entries": poked(poked(GOOD, END + 8, "<H", 2), END + 10, "<H", 2),
    "more entries": poked(poked(GOOD, END + 8, "<H", 9), END + 10, "<H", 9),
    "65,535 entries": poked(poked(GOOD, END + 8, "<H", 65535), END + 10, "<H", 65535),
    "two counts": poked(GOOD, END + 8, "<H", 2),
    "second disk": poked(GOOD, END + 4, "<H", 1),
    "directory elsewhere": poked(GOOD, END + 16, "<I", 0),
    "directory of 4 GB": poked(GOOD, END + 12, "<I", 0xFFFFFFFF),
    "deflated": torch_zip(four_floats(), method=zipfile.ZIP_DEFLATED),
    "bzip2": torch_zip(four_floats(), method=zipfile.ZIP_BZIP2),
    "part that climbs out": torch_zip(four_floats(), extra={"archive/../../etc/cron.d/x": b""}),
    "absolute part": torch_zip(four_floats(), extra={"/etc/passwd": b""}),
    "part with a backslash": torch_zip(four_floats(), extra={"archive/data\\0": b""}),
    "part with a hidden character": torch_zip(four_floats(), extra={"archive/data/\u202e0": b""}),
    "part outside the folder": torch_zip(four_floats(), extra={"readme.txt": b""}),
    "second model": torch_zip(four_floats(), extra={"other/data.pkl": b"\x80\x02}."}),
    "program": torch_zip(four_floats(), extra={"archive/code/__torch__.py": b"x"}),
    "program constants": torch_zip(four_floats(), extra={"archive/constants.pkl": b"x"}),
    "big-endian": GOOD.replace(b"little", b"bigend"),
    "data after the pickle": torch_zip(four_floats() + b".junk"),
}


@pytest.mark.parametrize("fault", BROKEN_ZIPS)
def test_a_zip_that_torch_never_writes_is_refused(fault: str) -> None:
    assert open_tensors(GOOD, "model.pt")
    refusal(BROKEN_ZIPS[fault])


def test_a_part_inside_another_is_refused() -> None:
    """Both parts are sound by themselves: the second lies, header and all, in the content of the first."""
    inner = b"archive/data/1"
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, zlib.crc32(FOUR_FLOATS), 16, 16, len(inner), 0)
    outer = header + inner + FOUR_FLOATS
    content = {"0": outer, "1": FOUR_FLOATS}
    claim = table({"a": tensor(storage(len(outer) // 4), (4,)), "b": tensor(storage(4, key="1"))})
    data = torch_zip(claim, content)
    assert open_tensors(data, "model.pt")
    central = data.rindex(inner) - 46
    nested = poked(data, central + 42, "<I", data.index(header))
    assert "overlaps another part" in refusal(nested)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_listed_twice_is_refused() -> None:
    assert "twice" in refusal(torch_zip(four_floats(), extra={"archive/data/0": FOUR_FLOATS}))


def test_thousands_of_tiny_parts_are_refused_by_their_count() -> None:
    extra = {f"archive/data/{k}": b"" for k in range(1, 12_000)}
    assert "limit is 11,000" in refusal(torch_zip(four_floats(), extra=extra))


@pytest.mark.parametrize("folder", ["archive", "my model", "modèle", "模型", "a.b-c(1)"])
def test_the_folder_may_have_any_honest_name(folder: str) -> None:
    assert open_tensors(torch_zip(four_floats(), folder=folder), "model.pt").tensors["w"].numel() == 4


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x89PNG\r\n", "PNG"),
        (b"%PDF-1.7", "PDF"),
        (b"PAR1", "Parquet"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (b"\x89HDF\r\n\x1a\n", "HDF5 file, as Keras writes it"),
        (
            b"\x81\xa6layers\x81\xa10\x81\xa7c_basis\xc7\x10\x01\x93\x91\x03\xa7float32\xc4\x04",
            "jaxKAN, which does not save",
        ),
        (b"\x82\xa6params\x81\xa1w\xc7\x10\x01\x93\x91\x03\xa8bfloat16\xc4\x02", "msgpack"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"x,y\n1,2\n", "Not a model file"),
        (b"\x00" * 1_000, "Not a model file"),
        (b"\x00" * 257 + b"ustar\x00" + b"\x00" * 250, "tar archive"),
    ],
)
def test_other_kinds_of_files_are_named(start: bytes, words: str) -> None:
    assert words in refusal(start)


def test_a_model_of_keras_is_named_with_what_to_do() -> None:
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(name, "{}")
    assert "model of Keras" in refusal(room.getvalue())
    assert "base_weight (output, input)" in refusal(room.getvalue())


def test_a_hostile_file_name_is_shown_short_and_visible() -> None:
    sentence = refusal(b"junk, not a model", "\u202e" + "n" * 5_000)
    assert "\\u202e" in sentence
    assert "\u202e" not in sentence


def test_the_kind_comes_from_the_bytes_and_not_from_the_name() -> None:
    assert open_tensors(GOOD, "model.safetensors").kind == "torch"


# Random damage

OPENED = saved({"layers.0.w": GRID, "layers.0.b": numbers(3), "half": numbers(4).half(), "view": GRID.t()})


def check_opened(data: bytes) -> None:
    found = answer(open_tensors, data, "model.pt")
    for values in found.tensors.values() if found else ():
        assert values.dtype in (torch.float32, torch.float64)
        values.sum()


@settings(max_examples=400, deadline=None, derandomize=True)
@given(damaged(OPENED))
def test_damage_to_a_torch_file_ends_in_a_sentence(data: bytes) -> None:
    check_opened(data)


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(damaged(table({"a": tensor(storage(4)), "b": tensor(storage(2, "HalfStorage", "1"), (2,))})))
def test_a_damaged_list_of_weights_ends_in_a_sentence(pickled: bytes) -> None:
    """Inside a zip whose checksums are right, so that the damage reaches the reader of pickles."""
    check_opened(torch_zip(pickled, {"0": FOUR_FLOATS, "1": b"\x00\x3c" * 2}))
