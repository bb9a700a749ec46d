"""A name of a file elsewhere is refused with the way to get it; nothing is fetched."""

from pathlib import Path

import pytest

import kanviz
from kanviz.errors import LoadError


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hf:user/repo", "hf download user/repo FILE"),
        ("hf://user/repo/model.safetensors", "hf download user/repo model.safetensors"),
        ("HF:user/my-kan.v2/weights/m.pt", "hf download user/my-kan.v2 weights/m.pt"),
        ("hf:", "your browser"),
        ("https://example.org/m.pt", "your browser"),
        ("s3://bucket/m.pt", "your browser"),
    ],
)
def test_a_file_elsewhere_is_not_fetched_but_named(name: str, words: str) -> None:
    for read in (kanviz.load, kanviz.blocks):
        with pytest.raises(LoadError, match="fetches nothing from a network") as refused:
            read(name)
        assert words in str(refused.value)


def test_a_file_of_such_a_name_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kanviz.save(kan := kanviz.init([1, 1]), tmp_path / "hf:mine.safetensors")
    assert kanviz.load("hf:mine.safetensors").digest == kan.digest
