"""Tests of files of language models: they give the same bits, trainings go on, and forged ones are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import kanviz
from kanviz.core.curves.feed_forward import KINDS
from kanviz.errors import LoadError, UserError
from kanviz.io.containers import open_tensors
from kanviz.io.language_file import HEADER, MOMENTS, from_bytes, to_bytes
from kanviz.io.native import CHECKSUM, checksum
from kanviz.io.safetensors_file import write_safetensors
from kanviz.language import Corpus, LanguageTraining, SavedModel, load, save, train
from tests.language.tiny import TEXT, tiny, trained

RESUMABLE = to_bytes(SavedModel.of(trained(6, stop=3), TEXT, resumable=True))


def forged(change: Callable[[Any, dict[str, Tensor]], None], *, sign: bool = True) -> bytes:
    """The file with something else in its header or tensors; its checksum fits unless it is not signed again."""
    opened = open_tensors(RESUMABLE, "model")
    header, tensors = json.loads(opened.metadata[HEADER]), dict(opened.tensors)
    change(header, tensors)
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    return write_safetensors(
        tensors, {HEADER: text, CHECKSUM: checksum(text, tensors) if sign else opened.metadata[CHECKSUM]}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_same_bits(kind: str, tmp_path: Path):
    progress = trained(3, kind)
    saved = SavedModel.of(progress, TEXT)
    save(saved, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    numbers = again.model.state_dict()
    assert all(torch.equal(part, numbers[name]) for name, part in saved.model.state_dict().items())
    assert to_bytes(again) == to_bytes(saved)


def test_a_training_goes_on_from_its_file_with_the_same_bits():
    state = from_bytes(RESUMABLE).state
    assert torch.equal(trained(6, resume=state).state.numbers.theta, trained(6).state.numbers.theta)


def test_a_file_without_a_training_cannot_go_on():
    assert from_bytes(to_bytes(SavedModel.of(trained(2), TEXT))).state is None


def test_kanviz_load_says_what_the_file_is(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(RESUMABLE)
    with pytest.raises(LoadError, match=r"language model .* kanviz\.language\.load"):
        kanviz.load(tmp_path / "model.safetensors")


def test_a_network_is_no_language_model(tmp_path: Path):
    kanviz.save(kanviz.init([2, 1]), tmp_path / "network.safetensors")
    with pytest.raises(LoadError, match=r"no language model .* kanviz\.load"):
        load(tmp_path / "network.safetensors")


def test_an_odd_name_of_a_text_does_not_keep_the_model_from_being_saved():
    text = Corpus.from_text(TEXT.train * 2, name="words\udcff.txt" + "x" * 3_000)
    last = next(train(tiny(), text, LanguageTraining(steps=1)))
    assert from_bytes(to_bytes(SavedModel.of(last, text))).text.startswith("words?.txt")


def test_other_endings_and_absent_files_are_refused_in_words(tmp_path: Path):
    with pytest.raises(UserError, match=r"Name the file model\.safetensors"):
        save(SavedModel.of(trained(2), TEXT), tmp_path / "model.pt")
    with pytest.raises(LoadError, match="cannot be opened: no such file"):
        load(tmp_path / "absent.safetensors")


def _set(*path: str, to: Any) -> Callable[[Any, dict[str, Tensor]], None]:
    def change(header: Any, _: dict[str, Tensor]) -> None:
        for name in path[:-1]:
            header = header[name]
        header[path[-1]] = to

    return change


def _tensor(name: str, change: Callable[[Tensor], Tensor]) -> Callable[[Any, dict[str, Tensor]], None]:
    return lambda _, tensors: tensors.update({name: change(tensors[name])})


def _without(name: str) -> Callable[[Any, dict[str, Tensor]], None]:
    return lambda _, tensors: tensors.__delitem__(name)


FORGED = {
    "a newer format": (_set("format", to=2), "newer kanviz"),
    "no format": (_set("format", to="1"), "format"),
    "another kind": (_set("sizes", "kind", to="mlp"), "sizes.kind is mlp; expected"),
    "a kind of other tensors": (_set("sizes", "kind", to="curves"), "disagree about"),
    "more blocks": (_set("sizes", "blocks", to=3), "disagree about|more numbers than it has"),
    "more blocks than memory": (_set("sizes", "blocks", to=24), "more numbers than it has"),
    "wider than memory": (_set("sizes", "width", to=1024), "more numbers than it has"),
    "huge feed-forward blocks": (_set("sizes", "parameters", to=4_000_000), "more numbers than it has"),
    "no whole number": (_set("sizes", "width", to=16.5), "width is no whole number"),
    "heads that do not divide": (_set("sizes", "heads", to=3), "sizes are not possible"),
    "too small a block": (_set("sizes", "parameters", to=1), "sizes are not possible"),
    "an unknown size": (_set("sizes", "depth", to=2), "missing or unknown field"),
    "other symbols": (_set("symbols", to="abc"), "other symbols"),
    "no checksum of a text": (_set("text", "sha256", to="abc"), "checksum"),
    "a long name": (_set("text", "name", to="x" * 5_000), "text of at most"),
    "bits that are no number": (_set("bits", to="low"), "bits is no finite number"),
    "steps without end": (_set("steps", to=10**12), "steps is no whole number"),
    "a missing tensor": (_without("head"), "disagree about head"),
    "another shape": (_tensor("head", lambda part: part[:, :8].contiguous()), "head has another shape"),
    "another precision": (_tensor("head", lambda part: part.double()), "head has another shape or precision"),
    "NaN": (_tensor("head", lambda part: part * float("nan")), "head has NaN"),
    "moments without a training": (_set("state", to=None), "disagree about training"),
    "a training without moments": (_without(MOMENTS[0]), "does not fit its numbers"),
    "moments of another size": (_tensor(MOMENTS[1], lambda part: part[:5].clone()), "does not fit its numbers"),
    "moments below 0": (_tensor(MOMENTS[1], lambda part: part - 1), "numbers below 0"),
    "seconds and steps": (_set("state", "seconds", to=3.0), "training cannot go on"),
    "a rate of 0": (_set("state", "rate", to=0), "rate is no finite number from"),
    "a batch of 0": (_set("state", "batch", to=0), "batch is no whole number"),
    "an unknown field of a training": (_set("state", "code", to="import os"), "missing or unknown field"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_file_is_refused_in_words(name: str, unchecked: None):
    change, words = FORGED[name]
    with pytest.raises(LoadError, match=words):
        from_bytes(forged(change))


def test_a_file_changed_by_another_program_is_refused():
    with pytest.raises(LoadError, match="checksum does not fit"):
        from_bytes(forged(_tensor("head", lambda part: part + 1), sign=False))


@pytest.mark.parametrize("cut", [0, 5, 100, len(RESUMABLE) // 2, len(RESUMABLE) - 1])
def test_a_file_that_was_cut_is_refused_in_words(cut: int):
    with pytest.raises(LoadError):
        from_bytes(RESUMABLE[:cut])


def test_knots_must_be_those_of_the_sizes():
    opened = open_tensors(to_bytes(SavedModel.of(trained(2, "curves"), TEXT)), "model")
    name = next(name for name in opened.tensors if name.endswith("knots"))
    tensors = {**opened.tensors, name: opened.tensors[name] * 2}
    text = opened.metadata[HEADER]
    with pytest.raises(LoadError, match="is not what its sizes say"):
        from_bytes(write_safetensors(tensors, {HEADER: text, CHECKSUM: checksum(text, tensors)}))


def test_a_model_in_another_precision_is_refused_before_it_is_written():
    saved = SavedModel.of(trained(2), TEXT)
    saved.model.double()
    with pytest.raises(UserError, match="saved in float32"):
        to_bytes(saved)
