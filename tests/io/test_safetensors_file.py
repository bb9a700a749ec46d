"""safetensors: what the library writes reads the same, what we write the library reads, and nothing else opens."""

import json
import time

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings

from kanviz.errors import LoadError, UserError
from kanviz.io.containers import open_tensors
from kanviz.io.safetensors_file import HEADER_LIMIT, MOST_TENSORS, read_safetensors, write_safetensors
from tests.io.damage import damaged
from tests.io.test_containers import ODD, check_opened, same_bits

TENSORS = {
    "layers.0.w": torch.arange(6.0).reshape(2, 3),
    "layers.0.b": torch.tensor([0.1, float("nan"), -0.0], dtype=torch.float64),
    "größe\u202e<b>": ODD,
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 3),
}


def file_of(header: object, content: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with any header; `length` is what it claims the header's length to be."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + content


def slot(dtype: object = "F32", shape: object = (1,), at: object = (0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": at}


def refusal(data: bytes) -> str:
    with pytest.raises(LoadError) as caught:
        read_safetensors(data)
    sentence = str(caught.value)
    assert 12 <= len(sentence) <= 400
    return sentence


def test_what_the_library_wrote_reads_back_bit_by_bit() -> None:
    found = read_safetensors(safetensors.torch.save(TENSORS, {"author": "größe <i>"}))
    assert set(found.tensors) == set(TENSORS)
    assert all(same_bits(found.tensors[name], value) for name, value in TENSORS.items())
    assert (found.metadata, found.notes) == ({"author": "größe <i>"}, ())


def test_the_library_reads_what_we_write_bit_by_bit() -> None:
    written = write_safetensors(TENSORS, {"kanviz": "1"})
    found = safetensors.torch.load(written)
    assert all(same_bits(found[name], value) for name, value in TENSORS.items())
    assert read_safetensors(written).metadata == {"kanviz": "1"}


def test_the_same_content_gives_the_same_bytes_in_any_order() -> None:
    metadata = {"b": "2", "a": "1"}
    turned = dict(reversed(TENSORS.items()))
    assert write_safetensors(TENSORS, metadata) == write_safetensors(turned, dict(reversed(metadata.items())))


def test_a_view_is_written_as_the_numbers_it_shows() -> None:
    wide = torch.arange(12.0).reshape(3, 4)
    found = read_safetensors(write_safetensors({"w": wide.t()[1:3]}, {}))
    assert same_bits(found.tensors["w"], wide.t()[1:3].contiguous())


def test_only_floats_are_written() -> None:
    with pytest.raises(TypeError, match="only float32 and float64"):
        write_safetensors({"w": torch.arange(3)}, {})
    with pytest.raises(TypeError, match="no name for a tensor"):
        write_safetensors({"__metadata__": torch.zeros(1)}, {})


def test_a_description_too_long_for_a_file_is_refused_when_written() -> None:
    with pytest.raises(UserError, match="limit of a file is 1 MB"):
        write_safetensors({"w": torch.zeros(1)}, {"kanviz": "x" * HEADER_LIMIT})


@pytest.mark.parametrize(("dtype", "words"), [(torch.float16, "half precision"), (torch.bfloat16, "bfloat16")])
def test_half_precision_is_widened_and_said(dtype: torch.dtype, words: str) -> None:
    narrow = torch.linspace(-3, 3, 7).to(dtype)
    found = read_safetensors(safetensors.torch.save({"w": narrow}))
    assert torch.equal(found.tensors["w"], narrow.to(torch.float32))
    assert words in found.notes[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.arange(2), "whole numbers (I64)"),
        (torch.zeros(2, dtype=torch.int8), "whole numbers (I8)"),
        (torch.zeros(2, dtype=torch.bool), "true/false values (BOOL)"),
        (torch.zeros(2, dtype=torch.complex64), "complex numbers (C64)"),
        (torch.zeros(2).to(torch.float8_e5m2), "8-bit floats or smaller (F8_E5M2)"),
    ],
)
def test_weights_must_be_floating_point(value: torch.Tensor, words: str) -> None:
    assert f"layers.0.grid holds {words}" in refusal(safetensors.torch.save({"layers.0.grid": value}))


FOUR = b"\x00" * 4
NEST = b"[" * 100_000
BROKEN = {
    "nothing": b"",
    "seven bytes": b"\x00" * 7,
    "header of no length": file_of(b""),
    "header of 2^64": file_of(b"{}", length=2**64 - 1),
    "header of 2^63": file_of(b"{}", length=2**63),
    "header of 101 MB": file_of(b"{}", length=101_000_000),
    "header one byte longer than the file": file_of(b"{}", length=3),
    "header that is a number": file_of(b"3"),
    "header that is a list": file_of([]),
    "header that is text": file_of("w"),
    "header that is nothing": file_of(None),
    "header that is not JSON": file_of(b"{'w': 1}"),
    "header in Latin-1": file_of(b'{"\xe9": {}}'),
    "header in UTF-16": file_of('{"w": {}}'.encode("utf-16")),
    "header with a mark of order": file_of(b"\xef\xbb\xbf{}"),
    "no tensors": file_of({}),
    "only metadata": file_of({"__metadata__": {"a": "b"}}),
    "two headers": file_of(b"{}{}"),
    "comment": file_of(b"{} // hello"),
    "tensor that is a list": file_of({"w": [1, 2]}),
    "tensor that is nothing": file_of({"w": None}),
    "missing dtype": file_of({"w": {"shape": [1], "data_offsets": [0, 4]}}, FOUR),
    "missing offsets": file_of({"w": {"dtype": "F32", "shape": [1]}}, FOUR),
    "unknown field": file_of({"w": {**slot(), "run": "me"}}, FOUR),
    "unknown dtype": file_of({"w": slot("F99")}, FOUR),
    "dtype that is a list": file_of({"w": slot(["F32"])}, FOUR),
    "dtype that is a number": file_of({"w": slot(32)}, FOUR),
    "shape that is a number": file_of({"w": slot(shape=1)}, FOUR),
    "shape with a fraction": file_of({"w": slot(shape=[1.0])}, FOUR),
    "shape with true": file_of({"w": slot(shape=[True])}, FOUR),
    "shape in text": file_of({"w": slot(shape=["1"])}, FOUR),
    "negative shape": file_of({"w": slot(shape=[-1])}, FOUR),
    "two negative sizes": file_of({"w": slot(shape=[-1, -1])}, FOUR),
    "shape that overflows": file_of({"w": slot(shape=[2**32, 2**32, 4])}, FOUR),
    "shape of nothing, but huge": file_of({"w": slot(shape=[0, 2**40], at=[0, 0])}),
    "many axes": file_of({"w": slot(shape=[1] * 65)}, FOUR),
    "shape too large": file_of({"w": slot(shape=[2])}, FOUR),
    "shape too small": file_of({"w": slot(shape=[0])}, FOUR),
    "offsets reversed": file_of({"w": slot(at=[4, 0])}, FOUR),
    "offsets negative": file_of({"w": slot(at=[-4, 0])}, FOUR),
    "offsets with a fraction": file_of({"w": slot(at=[0.0, 4.0])}, FOUR),
    "three offsets": file_of({"w": slot(at=[0, 2, 4])}, FOUR),
    "offset of 2^64": file_of({"w": slot(at=[2**64, 2**64 + 4])}, FOUR),
    "number of a thousand digits": file_of(b'{"w": {"dtype": "F32", "shape": [' + b"9" * 1000 + b"]}}"),
    "number beyond floats": file_of(b'{"w": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 4]}}', FOUR),
    "NaN in the header": file_of(b'{"w": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 4]}}', FOUR),
    "Infinity in the header": file_of(b'{"w": -Infinity}', FOUR),
    "same name twice": file_of(
        b'{"w": {"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        b' "w": {"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        FOUR * 2,
    ),
    "same name twice, spelled apart": file_of(b'{"w": {}, "\\u0077": {}}'),
    "metadata twice": file_of(b'{"__metadata__": {"a": "1"}, "__metadata__": {"a": "2"}}'),
    "metadata that is a list": file_of({"__metadata__": [], "w": slot()}, FOUR),
    "metadata that is nothing": file_of({"__metadata__": None, "w": slot()}, FOUR),
    "metadata with a number": file_of({"__metadata__": {"a": 1}, "w": slot()}, FOUR),
    "metadata within metadata": file_of({"__metadata__": {"a": {"b": "c"}}, "w": slot()}, FOUR),
    "an invalid character": file_of(b'{"\\ud800": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', FOUR),
    "an invalid character in the metadata": file_of({"__metadata__": {"a": "\udc00"}, "w": slot()}, FOUR),
    "overlap": file_of({"a": slot(shape=[2], at=[0, 8]), "b": slot(shape=[2], at=[4, 12])}, FOUR * 3),
    "same bytes twice": file_of({"a": slot(), "b": slot()}, FOUR),
    "gap at the start": file_of({"a": slot(at=[4, 8])}, FOUR * 2),
    "gap between": file_of({"a": slot(), "b": slot(at=[8, 12])}, FOUR * 3),
    "bytes after the data": file_of({"a": slot()}, FOUR + b"PK\x05\x06"),
    "data cut short": file_of({"a": slot()}, FOUR[:3]),
    "no data": file_of({"a": slot()}),
    "lists nested": file_of(NEST),
    "objects nested": file_of(b'{"a":' * 100_000),
    "metadata nested": file_of(b'{"__metadata__": ' + NEST + b"]" * 100_000 + b"}"),
    "a text that never ends": file_of(b'"' + b'\\"' * 400_000),
    "quotes without end": file_of(b'{"' * 300_000),
    "too many tensors": file_of({f"w{k}": slot(shape=[0], at=[0, 0]) for k in range(MOST_TENSORS + 1)}),
    "header too long": file_of({f"w{k}": slot(shape=[0], at=[0, 0]) for k in range(30_000)}),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_file_that_breaks_a_rule_is_refused(fault: str) -> None:
    before = time.process_time()
    refusal(BROKEN[fault])
    with pytest.raises(UserError):
        open_tensors(BROKEN[fault], "model.safetensors")
    assert time.process_time() - before < 5


def test_a_header_of_more_than_a_megabyte_is_refused_unread() -> None:
    header = {"__metadata__": {"a": "x" * HEADER_LIMIT}, "w": slot()}
    assert "header length 1,000," in refusal(file_of(header, FOUR))


def test_brackets_inside_names_do_not_count_as_nesting() -> None:
    deep = '[{"' * 50
    found = read_safetensors(file_of({deep: slot(), "__metadata__": {"kanviz": deep}}, FOUR))
    assert list(found.tensors) == [deep]


def test_a_safetensors_file_under_a_wrong_name_opens_with_a_note() -> None:
    found = open_tensors(safetensors.torch.save({"w": torch.ones(2)}), "model.pt")
    assert found.kind == "safetensors"
    assert found.notes == ("This is a safetensors file named .pt; opened as safetensors.",)


@settings(max_examples=800, deadline=None, derandomize=True)
@given(damaged(safetensors.torch.save({"a": torch.arange(3.0), "b": torch.ones(2, 2)}, {"kanviz": "{}"})))
def test_damage_ends_in_a_sentence(data: bytes) -> None:
    check_opened(data)
