"""`kanviz language letters` by its arguments."""

import json
from pathlib import Path

import pytest

import kanviz
from kanviz.language.letters.network import table_of
from tests.cli.conftest import Run
from tests.language.tiny import TEXT


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(TEXT.train + TEXT.held_out)
    return path


def test_letters_are_trained_taught_a_word_and_saved(run: Run, text: Path, tmp_path: Path):
    path = tmp_path / "letters.safetensors"
    train = ("language", "letters", "--text", text, "--steps", 30, "--seed", 1)
    status, out, err = run(*train, "--word", "zebra", "--after", "Th", "--json", "-o", path)
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["numbers"] == 55_392
    assert found["next"][0]["character"] == "e"
    assert found["word"]["functions_kept"] == pytest.approx(1 - 6 / 96)
    assert found["word"]["predictions_kept"] < found["word"]["functions_kept"]
    assert table_of(kanviz.load(path)).shape == (577, 96)


def test_letters_say_in_words_what_they_learned(run: Run, text: Path):
    out = run("language", "letters", "--text", text, "--steps", 30)[1].splitlines()
    assert "bits per character of held-out text, 55,392 numbers" in out[0]
    assert " back +" in out[1]


def test_an_empty_word_is_refused(run: Run, text: Path):
    assert "empty" in run("language", "letters", "--text", text, "--word", "")[2]
