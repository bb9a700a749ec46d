"""Tests of texts to learn from: what is held out, what is refused, what is noted."""

import hashlib
from pathlib import Path

import pytest

from kanviz.errors import UserError
from kanviz.language import interpreter
from kanviz.language.corpus import LONGEST, SHORTEST, TEXTS, Corpus
from kanviz.language.symbols import SYMBOLS

WORDS = "Words that are long enough to learn from, and to test. "
SNAPSHOT = {
    "documentation": "bd9b33442aebfb7ebefca8757317cd796a7a7e2b6f95ae40605a768a626ee2cc",
    "code": "2615ead9a0130e6a5f54a0bc04bdae9bdae27cc95708be74c4f54dbaec6efe08",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_snapshot_is_the_text_that_figures_were_made_with(name: str):
    found = Corpus.named(name)
    assert found.sha256 == SNAPSHOT[name] == hashlib.sha256((found.train + found.held_out).encode()).hexdigest()


@pytest.mark.parametrize("name", TEXTS)
def test_the_interpreter_has_these_texts_too(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(interpreter, "CODE_LENGTH", 120_000)
    found = Corpus.named(name, own=True)
    assert len(found) > 100_000
    assert not found.notes


def test_code_has_neither_docstrings_nor_comments_nor_indentation():
    lines = (Corpus.named("code").train).splitlines()
    assert not [line for line in lines if line.startswith((" ", "#", '"""'))]


def test_the_last_tenth_is_held_out():
    text = WORDS * 40
    found = Corpus.from_text(text)
    assert found.train + found.held_out == text
    assert len(found.held_out) == len(text) // 10


def test_lines_end_in_newlines_and_tabs_are_spaces():
    assert Corpus.from_text("a\tb\r\nc\rd" * 200).train[:8] == "a b\nc\nda"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a", "has 1 character;"),
        (WORDS[:100].ljust(100), "has 100 characters"),
        ("a" * 5_000, "one symbol"),
        (WORDS * 40 + "-" * 5_000, r"held-out part .* one symbol"),
        ("שלום עולם " * 400, "only question marks"),
        ("مرحبا بالعالم " * 400, "only question marks"),
    ],
)
def test_a_text_that_teaches_nothing_is_refused_in_words(text: str, words: str):
    with pytest.raises(UserError, match=words):
        Corpus.from_text(text, name="mine.txt")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes(range(256)) * 50, "is binary"),
        (b"\x89PNG\r\n\x1a\n" + b"some words\x01" * 400, "is binary"),
        ((WORDS * 40).encode("utf-16-le"), "UTF-16 without its mark"),
        (("日本語のテキスト。" * 500).encode("shift_jis"), "none of the 96 symbols"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_words(data: bytes, words: str):
    with pytest.raises(UserError, match=words):
        Corpus.from_bytes(data, name="mine.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_encodings_are_understood(encoding: str):
    assert Corpus.from_bytes((WORDS * 40).encode(encoding)).sha256 == Corpus.from_text(WORDS * 40).sha256


def test_what_became_a_question_mark_is_noted():
    found = Corpus.from_bytes(("Grüße aus Köln. " * 200).encode("latin-1"), name="mine.txt")
    assert set(found.train) <= set(SYMBOLS)
    assert any("not in UTF-8" in note for note in found.notes)
    assert any("18.8% of the characters" in note for note in found.notes)


def test_of_a_very_long_text_the_beginning_is_used_and_that_is_noted(tmp_path: Path):
    file = tmp_path / "long.txt"
    file.write_bytes(b"0123456789" * (LONGEST // 10 + 1))
    found = Corpus.from_file(file)
    assert len(found) == LONGEST
    assert "only its first 5,000,000 characters" in found.notes[0]


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path):
    with pytest.raises(UserError, match=r"cannot be read: no such file"):
        Corpus.from_file(tmp_path / "absent.txt")


def test_the_shortest_text_is_enough():
    assert len(Corpus.from_text((WORDS * 40)[:SHORTEST])) == SHORTEST
