"""What a file does not say is asked: an answer is used or refused in words, a missing one is assumed with a caution."""

from pathlib import Path

import pytest

import kanviz
from kanviz.core.kan import Caution
from kanviz.errors import LoadError
from kanviz.io import open_model
from kanviz.io.questions import Answers, Asked, Question
from tests.io.test_efficient_kan import torch_file, weights

BASE = Question("base", "the base function", ("silu", "identity"), "silu")
RANGE = Question("grid_range", "the range of the grid", assumed=(-1.0, 1.0))


def test_an_answer_that_was_given_is_used_without_a_caution() -> None:
    answers = Answers({"base": "identity"})
    assert answers.choose(BASE) == "identity"
    assert answers.asked == (Asked(BASE, "identity", True),)
    assert not any(isinstance(note, Caution) for note in answers.notes())


def test_the_likeliest_answer_is_assumed_with_a_caution_that_says_where_to_give_another() -> None:
    answers = Answers({"base": None})
    assert answers.choose(BASE) == "silu"
    (note,) = answers.notes()
    assert isinstance(note, Caution)
    assert all(words in note for words in ("base function", "silu is assumed", "base=...", "--base ...", "Open page"))


def test_a_question_that_is_put_twice_is_noted_once() -> None:
    answers = Answers()
    assert answers.choose(BASE) == answers.choose(BASE)
    assert len(answers.notes()) == 1


@pytest.mark.parametrize("given", ["tanh", "SILU ", "", 3, (1, 2)])
def test_an_answer_that_is_no_choice_is_refused_with_the_choices(given: object) -> None:
    with pytest.raises(LoadError, match=r"base=.* does not say the base function\. It is one of silu and identity\."):
        Answers({"base": given}).choose(BASE)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("given", [(-2, 3), [-2.0, 3.0], "-2,3", " -2.0 , 3e0"])
def test_a_range_is_read_from_numbers_or_from_a_text(given: tuple[float, float] | str) -> None:
    assert Answers({"grid_range": given}).span(RANGE) == (-2, 3)


@pytest.mark.parametrize("given", ["1", "1,1", "2,1", "a,b", "0,inf", "nan,1", "0,1,2", 3, (0, True)])
def test_what_is_no_range_is_refused(given: str | float | tuple[float, float]) -> None:
    with pytest.raises(LoadError, match="two numbers that ascend"):
        Answers({"grid_range": given}).span(RANGE)


def test_numbers_are_read_from_texts_of_the_command_line() -> None:
    answers = Answers({"width": "0.5", "grid": "8"})
    assert answers.number(Question("width", "the width")) == 0.5
    assert answers.whole(Question("grid", "the number of intervals"), 1, 100) == 8


@pytest.mark.parametrize("given", ["", "wide", "1e999", True, "8.5", 0, 101])
def test_what_is_no_number_of_that_kind_is_refused(given: str | float) -> None:
    with pytest.raises(LoadError, match="whole number from 1 to 100"):
        Answers({"grid": given}).whole(Question("grid", "the number of intervals"), 1, 100)


def test_without_a_likely_answer_the_file_waits_for_one() -> None:
    question = Question("functions.f", "what the function f is", ("sin", "exp"))
    with pytest.raises(LoadError, match=r"does not say what the function f is\. It is one of sin and exp\. Give it "):
        Answers().choose(question)
    assert Answers({"functions": {"f": "exp"}}).choose(question) == "exp"


def test_a_file_that_says_everything_takes_no_answer(tmp_path: Path) -> None:
    kanviz.save(kanviz.init([2, 1]), path := tmp_path / "own.safetensors")
    with pytest.raises(LoadError, match="base is not asked by this file, which leaves nothing open"):
        kanviz.load(path, base="silu")


def test_an_answer_to_another_question_is_refused_with_those_that_are_asked() -> None:
    with pytest.raises(LoadError, match="wavelet is not asked by this file, which asks base"):
        open_model({"m.pt": torch_file(weights(2, 1))}, answers=Answers({"wavelet": "morlet"}))


def test_the_reader_leaves_its_questions_with_the_answers() -> None:
    answers = Answers()
    kan = open_model({"m.pt": torch_file(weights(2, 1))}, answers=answers)
    assert [(one.question.name, one.answer, one.given) for one in answers.asked] == [("base", "silu", False)]
    assert [note for note in kan.cautions if "silu is assumed" in note]


def test_a_base_function_that_was_answered_is_the_network_s() -> None:
    kan = open_model({"m.pt": torch_file(weights(2, 3, 1))}, answers=Answers({"base": "identity"}))
    assert {layer.base for layer in kan.layers} == {"identity"}
    assert not kan.cautions
