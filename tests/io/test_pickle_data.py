"""The reader of pickles calls nothing, names the code it finds, and is never outsized by a small file."""

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.errors import LoadError
from kanviz.io.pickle_data import DEEPEST, MOST_TENSORS, read_pickle
from kanviz.io.pickle_records import ContainsCode, Foreign, Name, TensorRecord
from tests.budget import budget
from tests.io.damage import answer
from tests.io.forge import EMPTY_TUPLE, STOP, call, four_floats, name, row, storage, table, tensor, text, whole


def value_of(body: bytes) -> object:
    data = b"\x80\x02" + body + STOP
    value, end = read_pickle(data)
    assert end == len(data)
    return value


def refusal(body: bytes, kind: type[LoadError] = LoadError) -> str:
    with pytest.raises(kind) as caught:
        read_pickle(b"\x80\x02" + body + STOP)
    sentence = str(caught.value)
    assert 12 <= len(sentence) <= 400
    return sentence


def short(value: str) -> bytes:
    """SHORT_BINUNICODE, which protocol 4 uses."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


EXEC = call("builtins", "exec", text("open('/tmp/x', 'w')"))
STACK_EXEC = short("builtins") + short("exec") + b"\x93" + text("1") + b"\x85R"
WITH_CODE = {
    "called": EXEC,
    "called by the name on the stack": STACK_EXEC,
    "named, never called": name("os", "system"),
    "named, then forgotten": name("os", "system") + b"0N",
    "inst": b"(" + text("id") + b"ios\nsystem\n",
    "obj": b"(" + name("os", "system") + text("id") + b"o",
    "newobj": name("subprocess", "Popen") + row(text("id")) + b"\x81",
    "newobj with keywords": name("subprocess", "Popen") + row(text("id")) + b"}" + b"\x92",
    "inside a dictionary of weights": table({"w": tensor(storage(4)), "x": EXEC}),
    "as the storage type": row(text("storage"), name("os", "system"), text("0"), text("cpu"), whole(4)) + b"Q",
    "as the rebuild function's argument": call("torch._utils", "_rebuild_tensor_v2", EXEC),
    "as hooks": four_floats(hooks=EXEC),
    "as state of a dictionary": table({}) + EXEC + b"b",
    "before damage": EXEC + b"\xff\xff",
    "before the end of the file": EXEC + b"X\xff\xff\xff\x7f",
    "with a dotted path": call("collections", "OrderedDict.__init__.__globals__", EXEC),
    "by another spelling": call("posix", "system", text("id")),
    "by python 2's spelling": call("__builtin__", "eval", text("1")),
    "getattr": call("builtins", "getattr", name("os", "system"), text("x")),
    "torch.load": call("torch.serialization", "load", text("x")),
    "torch.hub.load": call("torch.hub", "load", text("x")),
    "numpy.load": call("numpy", "load", text("x")),
    "operator.attrgetter": call("operator", "attrgetter", text("system")),
    "rebuilt by type": call("torch._tensor", "_rebuild_from_type_v2", name("os", "system"), EMPTY_TUPLE, EMPTY_TUPLE),
    "a known name in another module": call("evil", "OrderedDict"),
    "a known name with a tail": call("torch._utils", "_rebuild_tensor_v2.__globals__"),
    "a name that only looks like a dtype": call("torch", "float32.__class__"),
    "a whole model": name("torch.nn.modules.linear", "Linear") + EMPTY_TUPLE + b"\x81",
    "a model of one's own": name("my.models", "KAN") + EMPTY_TUPLE + b"\x81}b",
    "a path": call("pathlib", "PosixPath", text("/")),
    "joblib": call("joblib.numpy_pickle", "NumpyArrayWrapper"),
    "an allocator": call("torch", "FloatTensor", whole(65536), whole(65536)),
    "bytes to bytes": call("torch.storage", "_load_from_bytes", b"C\x01x"),
}


@pytest.mark.parametrize("where", WITH_CODE)
def test_code_is_named_and_nothing_runs(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the reader called a name from the file")

    monkeypatch.setattr(os, "system", never)
    monkeypatch.setattr("builtins.exec", never)
    monkeypatch.setattr("builtins.eval", never)
    monkeypatch.chdir(tmp_path)
    sentence = refusal(WITH_CODE[where], ContainsCode)
    assert "Python code (" in sentence or "Python model object (" in sentence
    assert list(tmp_path.iterdir()) == []


def test_the_code_is_named_as_a_user_knows_it() -> None:
    assert "(os.system)" in refusal(WITH_CODE["by another spelling"])
    assert "(builtins.eval)" in refusal(WITH_CODE["by python 2's spelling"])
    assert "Python model object (my.models.KAN)" in refusal(WITH_CODE["a model of one's own"])


def test_a_name_meant_to_deceive_is_shown_visible_and_short() -> None:
    sentence = refusal(b"\x8c\x04\xe2\x80\xaeo" + short("<script>" + "k" * 200) + b"\x93" + EMPTY_TUPLE + b"R")
    assert "\u202e" not in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize("opcode", [b"P0\n", b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00", b"\x97", b"\x98"])
def test_instructions_that_no_state_dict_needs_are_refused(opcode: bytes) -> None:
    """Persistent names in text, the extension registry, buffers out of band."""
    assert "no weights file needs" in refusal(opcode)


def test_a_tensor_is_a_record_and_not_a_tensor() -> None:
    found = value_of(four_floats(location="cuda:0"))
    assert isinstance(found, dict)
    record = found["w"]
    assert isinstance(record, TensorRecord)
    assert (record.offset, record.size, record.stride) == (0, (4,), (1,))
    assert (record.storage.dtype, record.storage.location, record.storage.count) == ("float32", "cuda:0", 4)


def test_names_that_are_harmless_stay_names() -> None:
    assert value_of(name("torch", "float32")) == Name("torch.float32")
    assert isinstance(value_of(call("torch", "device", text("cpu"))), Foreign)


def test_what_a_tensor_carries_beside_its_numbers_is_dropped() -> None:
    inner = row(storage(4), whole(0), row(whole(4)), row(whole(1)), b"\x89", call("collections", "OrderedDict"))
    typed = call(
        "torch._tensor", "_rebuild_from_type_v2", name("torch._utils", "_rebuild_tensor_v2"),
        name("torch.nn.parameter", "Parameter"), inner, table({"note": text("mine")}),
    )  # fmt: skip
    assert isinstance(value_of(typed), TensorRecord)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"I01\n", True), (b"I00\n", False), (b"I-12\n", -12), (b"L7L\n", 7), (b"K\xff", 255), (b"M\xff\xff", 65535),
        (b"J\xff\xff\xff\xff", -1), (b"\x8a\x00", 0), (whole(-(2**70)), -(2**70)), (b"\x88", True), (b"N", None),
        (text("größe"), "größe"), (short("a") + b"\x94" + b"h\x00\x86", ("a", "a")),
    ],
)  # fmt: skip
def test_plain_values_read_as_pickle_means_them(body: bytes, value: object) -> None:
    found = value_of(body)
    assert found == value
    assert type(found) is type(value) or isinstance(value, tuple)


BOMBS = {
    "text of 2 GB": b"X\xff\xff\xff\x7f",
    "text of 2^63 bytes": b"\x8d" + struct.pack("<Q", 2**63),
    "bytes of 2^64": b"\x8e" + struct.pack("<Q", 2**64 - 1),
    "whole number of 2 GB": b"\x8b\xff\xff\xff\x7f",
    "whole number of 4,000 bytes": b"\x8b" + struct.pack("<I", 4_000) + b"\x01" * 4_000,
    "whole number in digits": b"L" + b"9" * 5_000 + b"L\n",
    "byte array of 8 GB": call("builtins", "bytearray", whole(8 << 30)),
    "byte array that only exists": call("builtins", "bytearray"),
    "tuples as a key": EMPTY_TUPLE + b"q\x00h\x00h\x00\x86" * 34 + b"}" + b"h\x00Ns",
    "tuples doubled": EMPTY_TUPLE + b"2\x86" * 34,
    "tuples doubled by memo": EMPTY_TUPLE + b"".join(b"q%ch%c\x86" % (k, k) for k in range(40)),
    "tuples nested": b"(" * 100_000 + b"t" * 100_000,
    "lists nested": b"]" * 50_000 + b"a" * 49_999,
    "dictionaries nested": (b"}" + text("a")) * 50_000 + b"}" + b"s" * 50_000,
    "marks without end": b"(" * 700_000,
    "memo at 4 billion": b"N" + b"r\xff\xff\xff\xff" + b"j\x00\x00\x00\x00",
    "frame of 2^63": b"\x95" + struct.pack("<Q", 2**63),
    "nothing on the stack": b"R",
    "stop on an empty stack": b"",
    "two values": b"NN",
    "open mark": b"(N",
    "key that is a list": b"}]Ns",
    "key that is a number with a fraction": b"}G" + struct.pack(">d", 1.5) + b"Ns",
    "key without value": b"}(" + text("a") + b"u",
    "items of a list": b"]" + text("a") + b"Ns",
    "append to a dictionary": b"}Na",
    "name from a number": whole(1) + whole(2) + b"\x93",
    "text that is not UTF-8": b"X\x02\x00\x00\x00\xff\xfe",
    "name without an end": b"c" + b"a" * 5_000,
    "reference to nothing": b"h\x07",
    "reference that is no storage": text("storage") + b"Q",
    "storage of minus one": storage(-1),
    "storage of half": row(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), b"\x88") + b"Q",
    "tensor with missing parts": call("torch._utils", "_rebuild_tensor_v2", storage(4)),
    "tensor without a storage": call("torch._utils", "_rebuild_tensor_v2", *[b"N"] * 6),
    "call of a text": text("print") + EMPTY_TUPLE + b"R",
    "method overwritten": tensor(storage(4)) + table({"detach": whole(5)}) + b"b",
    "typed tensor within typed tensors": name("torch._tensor", "_rebuild_from_type_v2")
    + row(name("torch._tensor", "_rebuild_from_type_v2"), b"N", row(b"N", b"N", b"N", b"N"), b"N")
    + b"R",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_cannot_ask_for_much(bomb: str) -> None:
    with budget(calls=5_000 + 8 * len(BOMBS[bomb])):
        refusal(BOMBS[bomb])


def test_lists_nested_from_the_outside_in_do_no_harm() -> None:
    """Each list joins its parent while still empty, so no depth is seen to grow; nothing may walk it recursively."""
    body = b"]q\x00" + b"".join(
        b"j" + struct.pack("<I", k) + b"]r" + struct.pack("<I", k + 1) + b"a0" for k in range(1_000)
    )
    refusal(body + b"h\x00")
    nested = b"](" * DEEPEST + b"]" + b"e" * DEEPEST
    assert "nested more than" in refusal(nested)


def test_the_number_of_entries_and_tensors_is_limited() -> None:
    entries = table({f"w{k}": b"N" for k in range(MOST_TENSORS + 1)})
    assert "more than 10,000 entries" in refusal(entries)
    tensors = b"](" + tensor(storage(4)) * (MOST_TENSORS + 1) + b"e"
    assert "more than 10,000 tensors" in refusal(tensors)


def test_one_name_for_two_weights_is_refused() -> None:
    assert "twice" in refusal(b"}(" + text("w") + b"N" + text("w") + b"Nu")


def test_a_list_that_holds_itself_is_only_a_list() -> None:
    assert isinstance(value_of(b"]q\x00h\x00a"), list)


PARTS = [*(bytes([k]) for k in range(256)), text("a"), EXEC, storage(4), whole(3)]


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([bytes([k]) for k in range(256)] + [text("a"), EXEC, storage(4), whole(3)]), max_size=40)
)
def test_any_instructions_end_in_a_value_or_a_sentence(parts: list[bytes]) -> None:
    answer(read_pickle, b"".join(parts) + STOP)
