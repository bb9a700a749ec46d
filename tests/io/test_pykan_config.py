"""pykan's settings read as plain values, whatever Python objects yaml.dump left in them; nothing is constructed."""

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.errors import LoadError
from kanviz.io.pykan_config import BYTE_LIMIT, PythonName, read_config
from tests.io.damage import answer, damaged

PLAIN: dict[str, object] = {
    "affine_trainable": False,
    "auto_save": True,
    "base_fun_name": "silu",
    "ckpt_path": "./model",
    "device": "cpu",
    "grid": 3,
    "grid_eps": 0.02,
    "grid_range": [-1, 1],
    "k": 3,
    "mult_arity": 2,
    "round": 0,
    "sb_trainable": True,
    "sp_trainable": True,
    "state_id": 0,
    "symbolic.funs_name.0": [["0", "sin"], ["x^2", "0"]],
    "symbolic_enabled": True,
    "width": [[2, 0], [2, 0], [1, 0]],
}


def dumped(**changes: object) -> bytes:
    return yaml.dump({**PLAIN, **changes}, default_flow_style=False).encode()


def refusal(text: str | bytes) -> str:
    with pytest.raises(LoadError) as caught:
        read_config(text.encode() if isinstance(text, str) else text)
    sentence = str(caught.value)
    assert 12 <= len(sentence) <= 400
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("style", [True, False, None])
def test_plain_settings_read_as_they_were_dumped(style: bool | None) -> None:
    assert read_config(yaml.dump(PLAIN, default_flow_style=style).encode()) == (PLAIN, ())


def test_windows_lines_and_a_mark_of_order_change_nothing() -> None:
    text = dumped().replace(b"\n", b"\r\n")
    assert read_config(b"\xef\xbb\xbf" + text) == (PLAIN, ())


def test_text_of_any_script_is_kept() -> None:
    given_text = {"ckpt_path": "größe/模型/😀", "note": '<img src=x onerror="alert(1)">', "empty": "", "dash": "-"}
    settings_read, _ = read_config(yaml.dump(given_text, allow_unicode=True).encode())
    assert settings_read == given_text
    assert read_config(yaml.dump(given_text).encode())[0] == given_text


@pytest.mark.parametrize("value", [0.1, -1e-300, 1e22, 5.0, math.inf, -math.inf, 2**53 - 1, -7, 0, True, False, None])
def test_numbers_come_back_exactly(value: object) -> None:
    found = read_config(dumped(grid_eps=value))[0]["grid_eps"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "kind",
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint64", "float16", "float32", "float64", ">i4", ">f8"],
)
def test_a_numpy_number_is_read_from_its_bytes(kind: str) -> None:
    number = np.array([1], dtype=kind)[0]
    found, notes = read_config(dumped(grid=number, round=0))
    assert found["grid"] == number.item()
    assert type(found["grid"]) is type(number.item())
    assert notes == ("Read NumPy numbers in grid as plain numbers.",)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (3, 2, 2), (0,)])
def test_a_numpy_array_becomes_nested_lists(shape: tuple[int, ...], order: str) -> None:
    array = np.asarray(np.arange(math.prod(shape), dtype=np.float32).reshape(shape) - 0.5, order=order)  # type: ignore
    assert read_config(dumped(grid_range=array))[0]["grid_range"] == array.tolist()


def test_numpy_1_spelled_the_same_things_differently() -> None:
    text = dumped(grid=np.int64(7), grid_range=np.array([-2.0, 2.0])).replace(b"numpy._core.", b"numpy.core.")
    assert read_config(text)[0] == {**PLAIN, "grid": 7, "grid_range": [-2.0, 2.0]}


def test_widths_pruned_by_pykan_are_numpy_numbers_that_share_a_dtype() -> None:
    width = [[np.int64(2), 0], [np.int64(1), np.int64(0)], [np.int64(1), 0]]
    text = dumped(width=width)
    assert b"*id001" in text
    found, notes = read_config(text)
    assert found["width"] == [[2, 0], [1, 0], [1, 0]]
    assert notes == ("Read NumPy numbers in width as plain numbers.",)


def test_lists_that_python_shares_are_read_apart() -> None:
    shared = [2, 2]
    found = read_config(dumped(mult_arity=[[], shared, shared]))[0]["mult_arity"]
    assert found == [[], [2, 2], [2, 2]]
    found[1].append(3)  # type: ignore[index]
    assert found[2] == [2, 2]  # type: ignore[index]


def test_a_tuple_may_stand_where_pykan_keeps_what_the_user_gave() -> None:
    found, notes = read_config(dumped(grid_range=(-1, 1), grid=(3, np.int64(5))))
    assert (found["grid_range"], found["grid"]) == ([-1, 1], [3, 5])
    assert notes == (
        "Read NumPy numbers in grid as plain numbers.",
        "Read a Python tuple in grid and grid_range as a list.",
    )


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (torch.nn.SiLU(), "silu"),
        (torch.nn.functional.silu, "silu"),
        (torch.nn.Identity(), "identity"),
        (torch.nn.Tanh(), "tanh"),
        (torch.relu, "relu"),
        (torch.nn.functional.gelu, "gelu"),
        (torch.nn.GELU(), "gelu"),
        (torch.nn.GELU(approximate="tanh"), "gelu_tanh"),
        (torch.nn.LeakyReLU(), "leaky_relu"),
        (torch.nn.LeakyReLU(0.2), PythonName("torch.nn.modules.activation.LeakyReLU")),
        (torch.nn.ELU(2.0), PythonName("torch.nn.modules.activation.ELU")),
        (torch.nn.Softplus(), PythonName("torch.nn.modules.activation.Softplus")),
        (torch.cos, PythonName("torch.cos")),
    ],
)
def test_a_base_function_given_as_an_object_is_read_by_its_name(function: Callable[..., object], value: object) -> None:
    found, notes = read_config(dumped(base_fun_name=function))
    assert found["base_fun_name"] == value
    assert notes[0].startswith("The base function is the Python object")


def test_pykans_own_lambda_is_the_zero_function() -> None:
    text = dumped().replace(b"base_fun_name: silu", b"base_fun_name: !!python/name:kan.MultKAN.%3Clambda%3E ''")
    assert read_config(text)[0]["base_fun_name"] == "zero"


PYTHON = {
    "call": "!!python/object/apply:os.system [id]",
    "call with keywords": "!!python/object/apply:builtins.exec {args: ['1']}",
    "new": "!!python/object/new:subprocess.Popen [id]",
    "object": "!!python/object:evil.Class {a: 1}",
    "module": "!!python/module:os ''",
    "name": "!!python/name:os.system ''",
    "name of torch": "!!python/name:torch.hub.load ''",
    "tuple": "!!python/tuple [1, 2]",
    "bytes": "!!python/bytes aGk=",
    "complex": "!!python/complex 1+2j",
    "text": "!!python/str id",
    "whole number": "!!python/long 3",
    "list": "!!python/list [1]",
    "dictionary": "!!python/dict {a: 1}",
    "tag spelled out": "!<tag:yaml.org,2002:python/object/apply:os.system> [id]",
    "numpy load": "!!python/object/apply:numpy.load [x]",
    "numpy with a tail": "!!python/object/apply:numpy.core.multiarray.scalar.__class__ [x]",
    "number that is no number": "!!python/object/apply:numpy.core.multiarray.scalar [3, 4]",
    "number of a foreign type": "!!python/object/apply:numpy.core.multiarray.scalar [!!python/name:os.system '', 1]",
    "rebuilt": "!!python/object/apply:numpy.core.multiarray._reconstruct [1]",
    "rebuilt without a state": "!!python/object/apply:numpy.core.multiarray._reconstruct {args: []}",
    "binary": "!!binary QUFB",
    "set": "!!set {a, b}",
    "ordered map": "!!omap [a: 1]",
    "own tag": "!mine {a: 1}",
    "true that is not": "!!bool maybe",
    "whole number that is not": "!!int three",
    "number that is not": "!!float three",
}


@pytest.mark.parametrize("place", ["{}", "[[2, 0], {}]", "{{a: {}}}"])
@pytest.mark.parametrize("what", PYTHON)
def test_every_other_tag_is_refused_wherever_it_stands(what: str, place: str) -> None:
    sentence = refusal(f"width: {place.format(PYTHON[what])}\ngrid: 3\n")
    if "python/" in PYTHON[what] and "numpy.core" not in PYTHON[what]:
        assert "asks for Python objects" in sentence


@pytest.mark.parametrize("what", ["call", "object", "name", "module", "tag spelled out"])
def test_a_base_function_must_come_from_a_package_that_has_them(what: str) -> None:
    assert "Python objects" in refusal(f"base_fun_name: {PYTHON[what]}\n")


def test_a_python_object_as_name_or_as_everything_is_refused() -> None:
    refusal("? !!python/object/apply:os.system [id]\n: 1\n")
    refusal("!!python/name:os.system '': 1\n")
    refusal("!!python/object/apply:os.system [id]\n")
    refusal("!!python/tuple [1, 2]\n")


def _array(shape: str, payload: str, code: str = "f8") -> str:
    return f"""grid: !!python/object/apply:numpy.core.multiarray._reconstruct
  args: [!!python/name:numpy.ndarray '', !!python/tuple [0], !!binary Yg==]
  state: !!python/tuple
  - 1
  - !!python/tuple {shape}
  - !!python/object/apply:numpy.dtype
    args: [{code}, false, true]
    state: !!python/tuple [3, <, null, null, null, -1, -1, 0]
  - false
  - !!binary {payload}
"""


EIGHT = "AAAAAAAA8D8="


def test_the_forged_array_that_lies_about_nothing_is_read() -> None:
    assert read_config(_array("[1]", EIGHT).encode())[0] == {"grid": [1.0]}


@pytest.mark.parametrize(
    "text",
    [
        _array("[2]", EIGHT),
        _array("[0]", EIGHT),
        _array("[-1, -1]", EIGHT),
        _array("[1, 1, 1, 1, 1]", EIGHT),
        _array("[10000, 10000, 0]", "''"),
        _array("[1000000000]", EIGHT),
        _array("['1_0']", EIGHT),
        _array("[²]", EIGHT),
        _array("[1]", EIGHT[:-2]),
        _array("[1]", "'???'"),
        _array("[1]", "größe"),
        _array("[1]", EIGHT, "O8"),
        _array("[1]", EIGHT, "U2"),
        _array("[1]", EIGHT, "[f8]"),
        _array("[20000]", "A" * 53_336, "i2"),
    ],
)
def test_an_array_that_lies_is_refused(text: str) -> None:
    refusal(text)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 40))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{k}: &a{k}\n  <<: [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 40))
BOMBS = {
    "laughs": LAUGHS,
    "laughs among names": "a: &a [1]\n? *a\n: 1\n",
    "merges": MERGES,
    "one merge": "a: &a {x: 1}\nb:\n  <<: *a\n",
    "merge in quotes": "a: &a {x: 1}\nb:\n  !!merge x: *a\n",
    "a list that holds itself": "a: &a [*a]\n",
    "a map that holds itself": "&a\na: *a\n",
    "reference to nothing": "a: *b\n",
    "many references": "a: &a 1\nb: [" + "*a, " * 300 + "]\n",
    "reference to much": "a: &a [" + "1, " * 200 + "]\nb: *a\n",
    "nested flow": "a: " + "[" * 50_000,
    "nested maps": "".join("  " * k + f"k{k}:\n" for k in range(200)),
    "nested dashes": "- " * 50_000,
    "nested questions": "? " * 50_000,
    "many values": "a: [" + "1," * 60_000 + "]\n",
    "digits": f"grid: {'9' * 5_000}\n",
    "hex digits": f"grid: 0x{'f' * 5_000}\n",
    "minutes of minutes": f"grid: {'1:' * 5_000}1\n",
    "tag of any length": f"%TAG !a! tag:yaml.org,2002:{'x' * 100_000}\n---\na: [" + "!a!x 1, " * 9_000 + "]\n",
    "version": "%YAML 1.1\n---\na: 1\n",
    "too long": "# " + "x" * BYTE_LIMIT,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_config_cannot_ask_for_much(bomb: str) -> None:
    before = time.process_time()
    refusal(BOMBS[bomb])
    assert time.process_time() - before < 5


FAULTS = {
    "nothing": (b"", "empty"),
    "only a comment": (b"# hello\n", "empty"),
    "a list": (b"- 1\n- 2\n", "is a list"),
    "a word": (b"hello\n", "a single value"),
    "two documents": (b"a: 1\n---\nb: 2\n", "not valid YAML"),
    "a tab": (b"width: 1\n\tgrid: 3\n", "a tab cannot indent"),
    "zero bytes": (b"\x00" * 100, "not valid YAML"),
    "a zip": (b"PK\x03\x04\xff\xfe", "not text"),
    "UTF-16": ("grid: 3\n".encode("utf-16"), "not text"),
    "one name twice": (b"grid: 3\nk: 3\ngrid: 4\n", "sets grid twice (line 3)"),
    "one inner name twice": (b"a: {b: 1, b: 2}\n", "sets b twice"),
    "a name that is a list": (b"? [a]\n: 1\n", "not text"),
    "a quote left open": (b"a: 'b\n", "not valid YAML"),
    "no such character": (b'a: "\\UFFFFFFFF"\n', "not valid YAML"),
    "an invalid character": (b'a: "\\ud800"\n', "an invalid character"),
    "an invalid character in a name": (b'"\\udfff": 1\n', "an invalid character"),
    "octal": (b"grid: 010\n", "holds 010, which is not a number"),
    "hexadecimal": (b"grid: 0x10\n", "not a number"),
    "clock": (b"grid: 1:30\n", "not a number"),
    "underscore": (b"grid: 1_000\n", "not a number"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_config_is_refused_with_its_fault(fault: str) -> None:
    data, words = FAULTS[fault]
    assert words in refusal(data)


GOOD = dumped(grid=np.int64(5), grid_range=(-1.0, np.array([1.0])), base_fun_name=torch.nn.SiLU())


@settings(max_examples=500, deadline=None, derandomize=True)
@given(damaged(GOOD))
def test_damage_ends_in_settings_or_a_sentence(data: bytes) -> None:
    answer(read_config, data)


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("ab01:-?[]{},&*!|>'\"%@` \n\t#<~.\\xuU=\u2028\ufeff/"), max_size=60))
def test_any_text_ends_in_settings_or_a_sentence(text: str) -> None:
    answer(read_config, text.encode())
