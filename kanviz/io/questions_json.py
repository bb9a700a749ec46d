"""Writes questions and answers as JSON, which the app and a reader process send each other."""

import json
from collections.abc import Iterable, Mapping

from kanviz.io.questions import Answer, Asked, Question, Unanswered
from kanviz.json_reader import JsonReader, JsonValue

_MOST = 10_000  # questions of a file
_MOST_CHOICES, _LONGEST = 200, 2_000
_ANSWER = JsonReader("What this file leaves open cannot be listed: {why}. Open it in Python with kanviz.load.")


def answers_to_json(given: Mapping[str, Answer]) -> str:
    return json.dumps(dict(given))


def answers_from_json(text: str) -> dict[str, Answer]:
    """Read the answers that `answers_to_json` wrote. Raises LoadError for anything else."""
    return {name: _answer(value) for name, value in _ANSWER.parse(text, deepest=2).pairs(_MOST, _LONGEST)}


def asked_to_json(asked: Iterable[Asked]) -> bytes:
    return json.dumps([[_record(one.question), one.answer, one.given] for one in asked]).encode()


def asked_from_json(text: bytes) -> tuple[Asked, ...]:
    """Read the questions that `asked_to_json` wrote. Raises LoadError for anything else."""
    return _ANSWER.parse(text, deepest=4).each(_asked, _MOST)


def unanswered_to_json(refusal: Unanswered) -> bytes:
    return json.dumps([str(refusal), _record(refusal.question)]).encode()


def unanswered_from_json(text: bytes) -> Unanswered:
    """Read the refusal that `unanswered_to_json` wrote. Raises LoadError for anything else."""
    why, question = _ANSWER.parse(text, deepest=3).items(2, 2)
    return Unanswered(why.text(), _question(question))


def _record(question: Question) -> list[object]:
    return [question.name, question.text, question.choices, question.assumed, question.typed]


def _question(record: JsonValue) -> Question:
    name, text, choices, assumed, typed = record.items(5, 5)
    return Question(
        name.text(_LONGEST), text.text(_LONGEST), choices.each(JsonValue.text, _MOST_CHOICES), assumed.maybe(_answer),
        typed.truth(),
    )  # fmt: skip


def _asked(record: JsonValue) -> Asked:
    question, answer, given = record.items(3, 3)
    return Asked(_question(question), _answer(answer), given.truth())


def _answer(value: JsonValue) -> Answer:
    if isinstance(value.value, str):
        return value.text(_LONGEST)
    if isinstance(value.value, list):
        low, high = value.numbers(2, 2)
        return low, high
    return value.number()
