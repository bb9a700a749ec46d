"""kanviz's own file gives back the very same network; whatever was changed in it by other hands is refused."""

import json
import os
from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.edit.history import History
from kanviz.errors import LoadError, UserError
from kanviz.io import load, native, open_model, save
from kanviz.io.containers import open_tensors
from kanviz.io.native import recipe_of, to_bytes
from kanviz.io.safetensors_file import write_safetensors
from tests.io.networks import any_network


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


@settings(max_examples=60)
@given(data=st.data())
def test_a_network_comes_back_bit_by_bit(data: st.DataObject):
    kan = any_network(data.draw)
    again = open_model({"network.safetensors": to_bytes(kan)})
    assert again.digest == kan.digest
    assert (again.inputs, again.outputs, again.task, again.notes) == (kan.inputs, kan.outputs, kan.task, kan.notes)
    for before, after in zip(kan.layers, again.layers, strict=True):
        for part in fields(before):
            one, other = getattr(before, part.name), getattr(after, part.name)
            if isinstance(one, torch.Tensor):
                assert one.dtype == other.dtype
                assert one.shape == other.shape
                assert bits(one) == bits(other)
            else:
                assert one == other


@settings(max_examples=10)
@given(data=st.data())
def test_the_same_network_is_the_same_file(data: st.DataObject):
    kan = any_network(data.draw)
    assert to_bytes(kan) == to_bytes(open_model({"n.safetensors": to_bytes(kan)}))


def test_the_recipe_comes_back_with_its_network():
    kan = init([2, 3, 1])
    recipe = History.start(kan).recipe()
    assert recipe_of(to_bytes(kan, recipe)) == recipe
    assert recipe_of(to_bytes(kan)) is None
    assert recipe_of(write_safetensors({"layers.0.grid": torch.zeros(1, 8)}, {})) is None


def test_a_recipe_too_long_for_a_file_is_left_out_and_that_is_said():
    kan = init([2, 3, 1])
    again = open_model({"n.safetensors": to_bytes(kan, {"edits": ["x" * 9000] * 120})})
    assert again.digest == kan.digest
    assert "too long" in again.notes[-1]


# --- on disk ---------------------------------------------------------------------------------------------------------


def test_saving_and_loading(tmp_path):
    kan = init([2, [2, 1], 1])
    save(kan, tmp_path / "net.safetensors", {"format": 1})
    assert load(tmp_path / "net.safetensors").digest == kan.digest
    assert load(tmp_path).digest == kan.digest
    assert recipe_of((tmp_path / "net.safetensors").read_bytes()) == {"format": 1}


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    save(init([2, 1], seed=1), path)
    old = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    for broken in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, full)
            with pytest.raises(UserError, match=r"net\.safetensors cannot be written: no space"):
                save(init([2, 1], seed=2), path)
        assert path.read_bytes() == old
        assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_folder_that_is_not_there_and_another_ending_are_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be written: no such file"):
        save(init([1, 1]), tmp_path / "nowhere" / "net.safetensors")
    with pytest.raises(UserError, match=r"Name the file net\.safetensors"):
        save(init([1, 1]), tmp_path / "net.pt")


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path):
    kan = init([1, 1], inputs=[Variable("an invalid character \ud800")])
    with pytest.raises(UserError, match="Rename"):
        save(kan, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


# --- changed by other hands ------------------------------------------------------------------------------------------


def forged(change, *, sign: bool = True) -> bytes:
    """A good file whose header and tensors were changed; with `sign`, by someone who corrects the checksum too."""
    opened = open_tensors(to_bytes(init([2, [1, 1], 1]), {"format": 1}), "n.safetensors")
    header, tensors = json.loads(opened.metadata[native.HEADER]), dict(opened.tensors)
    text = change(header, tensors)
    text = text if isinstance(text, str) else json.dumps(header)
    checksum = native.checksum(text, tensors) if sign else opened.metadata[native.CHECKSUM]
    return write_safetensors(tensors, {native.HEADER: text, native.CHECKSUM: checksum})


def test_a_changed_weight_or_name_is_noticed():
    for change in (lambda h, t: t["layers.0.coef"].add_(1e-16 + 1), lambda h, t: h["inputs"][0].update(name="z")):
        with pytest.raises(LoadError, match="checksum"):
            open_model({"n.safetensors": forged(change, sign=False)})


@settings(max_examples=60)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(at: int, bit: int):
    kan = init([2, 1])
    data = bytearray(to_bytes(kan))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(UserError):
        open_model({"n.safetensors": bytes(data)})


def _layer(**parts):
    return lambda h, t: h["layers"][0].update(parts)


FORGED = {
    "a newer format": (lambda h, t: h.update(format=99), r"newer kanviz \(file format 99; this one reads up to 2\)"),
    "no format": (lambda h, t: h.pop("format"), "no format number"),
    "a format in words": (lambda h, t: h.update(format="1"), "no format number"),
    "another width": (lambda h, t: h.update(shape=[2, 4, 1]), "header says 2-4-1, the weights say 2-2-1"),
    "no JSON": (lambda h, t: "{", "not JSON"),
    "a list": (lambda h, t: "[]", "no format number"),
    "JSON nested deep": (lambda h, t: "[" * 100_000, "nested too deep"),
    "a name twice": (lambda h, t: '{"format":1,"format":1}', "twice"),
    "a long number": (lambda h, t: '{"format":' + "1" * 5000 + "}", "5,000 digits"),
    "NaN": (lambda h, t: '{"format":NaN}', "NaN"),
    "a number out of range": (lambda h, t: '{"format":1e999}', "out of range"),
    "code as a formula": (_layer(formulas=[[0, 0, "__import__('os').system('x')"]]), "not one kanviz can read"),
    "a formula on no edge": (_layer(formulas=[[0, 9, "sin"]]), "from 0 to 2"),
    "a formula that is too long": (_layer(formulas=[[0, 0, "x+" * 5000 + "x"]]), "at most 2,000 characters"),
    "two formulas on an edge": (_layer(formulas=[[0, 0, "sin"], [0, 0, "exp"]]), "two formulas"),
    "an unknown base": (_layer(base="cosine"), "base is cosine"),
    "a base that is no text": (_layer(base=["silu"]), "base is"),
    "an arity that does not fit": (_layer(arity=[1, 3]), "do not fit"),
    "an arity of nothing": (_layer(arity=[1, 0, 2]), "whole number from 1"),
    "a task unknown": (lambda h, t: h.update(task="<script>"), "task is <script>"),
    "a scale of 0": (lambda h, t: h["inputs"][0].update(scale=0), "scale 0"),
    "a shift in words": (lambda h, t: h["inputs"][0].update(shift="0"), "finite number"),
    "a name that is a number": (lambda h, t: h["inputs"][0].update(name=3), "no text"),
    "an endless name": (lambda h, t: h["inputs"][0].update(name="n" * 3000), "no text"),
    "a variable too many": (lambda h, t: h["inputs"].append(h["inputs"][0]), "come in"),
    "a layer too few": (lambda h, t: h["layers"].pop(), "disagree about layers.1."),
    "a tensor too many": (lambda h, t: t.update(extra=torch.ones(1)), "disagree about extra"),
    "a tensor too few": (lambda h, t: t.pop("layers.1.bias"), "disagree about layers.1.bias"),
    "a tensor of another rank": (lambda h, t: t.update({"layers.0.coef": torch.ones(2, 3)}), "2 axes instead of 3"),
    "half a mark": (lambda h, t: t["layers.0.active"].fill_(0.5), "not only 0 and 1"),
    "knots that run back": (lambda h, t: t["layers.0.knots"].neg_(), "do not ascend"),
    "two precisions": (lambda h, t: t.update({"layers.0.bias": torch.zeros(3)}), "two precisions"),
}  # fmt: skip


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_file_is_refused_in_words(case: str):
    change, words = FORGED[case]
    with pytest.raises(UserError, match=words) as refusal:
        open_model({"n.safetensors": forged(change)})
    assert 12 <= len(str(refusal.value)) <= 400


def test_names_with_markup_are_kept_as_text():
    name = "<img src=x onerror=alert(1)>"
    kan = open_model({"n.safetensors": forged(lambda h, t: h["inputs"][0].update(name=name))})
    assert kan.inputs[0].name == name


def test_a_recipe_that_is_no_record_is_none():
    assert recipe_of(forged(lambda h, t: h.update(recipe=[1]))) is None
