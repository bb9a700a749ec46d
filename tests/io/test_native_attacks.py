"""Attacks on kanviz's own format by someone who corrects the checksum: any value anywhere, code, bombs, markup."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.edit.history import replay
from kanviz.errors import UserError
from kanviz.io import open_model
from kanviz.io.containers import open_tensors
from kanviz.io.native import CHECKSUM, HEADER, checksum, recipe_of, to_bytes
from kanviz.io.safetensors_file import write_safetensors
from tests.io.damage import answer


@pytest.fixture(autouse=True, scope="module")
def _unchecked() -> Iterator[None]:
    """Without the shape checks of the tests, as users run it: our own refusals must hold."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


Header = dict[str, Any]
Tensors = dict[str, torch.Tensor]


def victim() -> KAN:
    kan = init([2, [2, 1], 1])
    return kan.with_layers({0: kan.layers[0].with_formula(1, 0, Formula("sin"))})


def opened() -> tuple[Header, Tensors]:
    found = open_tensors(to_bytes(victim(), {"format": 1, "edits": []}), "n.safetensors")
    return json.loads(found.metadata[HEADER]), dict(found.tensors)


def signed(header: Header | str, tensors: Tensors) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    return write_safetensors(tensors, {HEADER: text, CHECKSUM: checksum(text, tensors)})


def test_the_victim_opens_when_left_alone() -> None:
    header, tensors = opened()
    assert open_model({"n.safetensors": signed(header, tensors)}).digest == victim().digest


# Any value at any place

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "sin", "silu", "<b>", "../../x", "__import__('os')", "x" * 3000, "\u202e", "1e999", "9**9**9"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["format", "name", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The path to every value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inside for place in places(part, (*path, key)))]


HEADER_NOW, TENSORS_NOW = opened()
PLACES = places(HEADER_NOW)[1:]


@settings(max_examples=400)
@given(place=st.sampled_from(PLACES), value=JSON, gone=st.booleans())
def test_any_value_anywhere_in_the_header_ends_in_a_network_or_a_sentence(
    place: tuple[Any, ...], value: object, gone: bool
) -> None:
    header = json.loads(json.dumps(HEADER_NOW))
    at: Any = header
    for key in place[:-1]:
        at = at[key]
    if gone:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    kan = answer(open_model, {"n.safetensors": signed(header, TENSORS_NOW)})
    if kan is not None:
        assert kan(torch.zeros(2, 2)).shape == (2, 1)


SIZES = st.lists(st.integers(0, 5), max_size=4)


@settings(max_examples=300)
@given(name=st.sampled_from(sorted(TENSORS_NOW)), size=SIZES, fill=st.sampled_from([0.0, 1.0, -1.0, 0.5, math.nan]))
def test_any_tensor_anywhere_ends_in_a_network_or_a_sentence(name: str, size: list[int], fill: float) -> None:
    tensors = {**TENSORS_NOW, name: torch.full(size, fill, dtype=TENSORS_NOW[name].dtype)}
    kan = answer(open_model, {"n.safetensors": signed(HEADER_NOW, tensors)})
    if kan is not None:
        assert kan(torch.zeros(2, 2)).shape == (2, 1)


# Formulas

CODE = [
    "__import__('os').system('touch x')", "eval('1')", "exec", "().__class__.__bases__", "x.__class__", "lambda x: x",
    "[y for y in x]", "x if x else 0", "open('/etc/passwd')", "x; import os", "\\input{/etc/passwd}", "<script>",
    "f'{x}'",
    "9**9**9", "10^10^10", "1e999999999", "9" * 1900, "(" * 900 + "x" + ")" * 900, "-" * 1900 + "x", "x!" * 900,
    "y", "", " ", "x\u202e", "х", "x\x00", "sin", 'x"', "nan", "inf", "1/0", "x**1e9", "sin(" * 400 + "x" + ")" * 400,
    "x^" * 900 + "x",
]  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_a_formula_in_a_file_is_parsed_and_never_run(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    header, tensors = opened()
    header["layers"][0]["formulas"] = [[1, 0, text]]
    before = time.process_time()
    kan = answer(open_model, {"n.safetensors": signed(header, tensors)})
    assert (kan is not None) == (text == "sin")
    assert time.process_time() - before < 2
    assert not list(tmp_path.iterdir())


def test_very_many_long_formulas_are_refused_before_they_are_read() -> None:
    wide = init([60, 60])
    found = open_tensors(to_bytes(wide), "n.safetensors")
    header, tensors = json.loads(found.metadata[HEADER]), dict(found.tensors)
    rows = [[i, j, f"sin({i + 1}.{j}*x)+" + "x*" * 100 + "x"] for i in range(60) for j in range(60)]
    header["layers"][0]["formulas"] = rows
    tensors["layers.0.affine"] = torch.ones(len(rows), 4, dtype=torch.float64)
    with pytest.raises(UserError, match="characters in all"):
        open_model({"n.safetensors": signed(header, tensors)})


# The recipe in a file

STEPS: list[object] = [
    None, 3, "Prune", [], {}, {"kind": "exec"}, {"kind": ["Prune"]}, {"kind": "__class__"}, {"kind": "<img src=x>"},
    {"kind": "Prune"}, {"kind": "Batch", "edits": [{"kind": "Batch", "edits": []}], "label": "x" * 100_000},
]  # fmt: skip


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_recipe_with_a_step_that_is_none_is_refused(step: int) -> None:
    kan = victim()
    data = to_bytes(kan, {"format": 1, "start": kan.digest, "edits": [STEPS[step]]})
    recipe = recipe_of(data)
    assert recipe is not None
    assert answer(replay, open_model({"n.safetensors": data}), recipe) is None


@pytest.mark.parametrize("recipe", [3, "text", [1], {"format": 99}, {"format": 1}, {"format": 1, "edits": 3}])
def test_a_recipe_that_is_none_does_not_keep_the_network_from_opening(recipe: object) -> None:
    header, tensors = opened()
    header["recipe"] = recipe
    data = signed(header, tensors)
    assert open_model({"n.safetensors": data}).digest == victim().digest
    found = recipe_of(data)
    assert found is None or answer(replay, victim(), found) is None


# The metadata around the header


def test_a_file_without_its_checksum_or_with_another_header_is_refused() -> None:
    header, tensors = opened()
    text = json.dumps(header)
    for metadata in (
        {HEADER: text},
        {HEADER: text, CHECKSUM: ""},
        {HEADER: text, CHECKSUM: "0" * 64},
        {HEADER: "", CHECKSUM: checksum("", tensors)},
        {HEADER: "\ufeff" + text, CHECKSUM: checksum("\ufeff" + text, tensors)},
        {HEADER: text + text, CHECKSUM: checksum(text + text, tensors)},
        {HEADER: '"' + '\\"' * 100_000, CHECKSUM: "0" * 64},
        {HEADER: "[" * 300_000, CHECKSUM: "0" * 64},
    ):
        before = time.process_time()
        with pytest.raises(UserError):
            open_model({"n.safetensors": write_safetensors(tensors, metadata)})
        assert time.process_time() - before < 2


def test_markup_and_hidden_characters_stay_text() -> None:
    header, tensors = opened()
    hostile = "<script>alert(1)</script> $x$ [a](javascript:alert(1)) \u202e \u0000 :red[x] **b**"
    header["inputs"][0]["name"] = hostile
    header["inputs"][0]["unit"] = hostile
    header["notes"] = [hostile]
    kan = open_model({"n.safetensors": signed(header, tensors)})
    assert (kan.inputs[0].name, kan.inputs[0].unit, kan.notes) == (hostile, hostile, (hostile,))
