"""Defines what a reader asks where a file does not say it, and takes the answer or assumes the likeliest one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias, TypeVar

from kanviz.core.formulas.names import readable_primitive
from kanviz.core.kan import Caution
from kanviz.core.layer import BASES
from kanviz.errors import LoadError
from kanviz.io.weight_layout import WeightLayout
from kanviz.text import listing, shown

Answer: TypeAlias = str | float | tuple[float, float]
Given: TypeAlias = str | float | Sequence[float] | Mapping[str, str] | Mapping[str, float] | None
MOST_SHOWN = 70  # choices in a sentence
MOST_NOTED = 20  # questions with a note of their own
T = TypeVar("T", bound=Answer)


@dataclass(frozen=True)
class Question:
    """Something that a file does not say, although it changes what its network computes.

    name: the option that answers it, as "base"; "functions.f" is the entry "f" of the option `functions` · text: what
    is not known, as "the base function", for sentences and for the label of a field · choices: the possible answers,
    empty for numbers · assumed: the likeliest answer; without one, a file is refused until somebody answers · typed: a
    formula of x can be typed instead of a choice.

    >>> from kanviz.io.questions import Question
    >>> Question("base", "the base function", ("silu", "gelu"), "silu").remedy
    'base=..., --base ..., or in the form on the Open page'
    >>> Question("functions.f", "what the function f is", ("sin", "exp")).remedy
    'functions={"f": ...}, --answer functions.f=..., or in the form on the Open page'
    """

    name: str
    text: str
    choices: tuple[str, ...] = ()
    assumed: Answer | None = None
    typed: bool = False

    @property
    def possible(self) -> str:
        """The answers that are possible, for a sentence."""
        names = f"one of {listing(list(self.choices), MOST_SHOWN)}"
        return f"{names}, or a formula of x such as x*sin(x)" if self.typed else names

    @property
    def remedy(self) -> str:
        """Where the answer can be given."""
        option, _, entry = self.name.partition(".")
        python = f'{option}={{"{shown(entry, 40)}": ...}}' if entry else f"{option}=..."
        line = "--base ..." if self.name == "base" else f"--answer {shown(self.name, 60)}=..."
        return f"{python}, {line}, or in the form on the Open page"


@dataclass(frozen=True)
class Asked:
    """A question that the reader of a file put, with the answer that was used; given: somebody gave it."""

    question: Question
    answer: Answer
    given: bool


BASE = Question("base", "the base function added to the splines", tuple(BASES), "silu")


class Unanswered(LoadError):
    """A refused file that leaves open what nothing can be assumed for; question: what is to be answered."""

    def __init__(self, why: str, question: Question) -> None:
        super().__init__(why)
        self.question = question


class Answers:
    """What the caller says about a file, by the names of options; remembers what the file's reader asked.

    One is made for each reading. given: None stands for an option that was not given; the entries of a mapping are
    answers of their own · layout: what the tensors of the file are, where no reader knows its class · spare: answers
    that no reader asks for do no harm, otherwise they are refused.

    >>> from kanviz.io.questions import Answers, Question
    >>> answers = Answers({"base": "gelu", "wavelet": None, "functions": {"f": "sin"}})
    >>> answers.choose(Question("base", "the base function", ("silu", "gelu"), "silu"))
    'gelu'
    >>> answers.span(Question("grid_range", "the range of the grid", assumed=(-1.0, 1.0)))
    (-1.0, 1.0)
    >>> [(one.question.name, one.given) for one in answers.asked]
    [('base', True), ('grid_range', False)]
    >>> answers.check_all_used()
    Traceback (most recent call last):
        ...
    kanviz.errors.LoadError: functions.f is not asked by this file, which asks base and grid_range. Leave it out.
    """

    def __init__(
        self, given: Mapping[str, Given] | None = None, layout: WeightLayout | None = None, *, spare: bool = False
    ) -> None:
        self.layout = layout
        self._given, self._spare = _flat(given or {}), spare
        self._asked: dict[str, Asked] = {}

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The questions so far, each once."""
        return tuple(self._asked.values())

    def choose(self, question: Question) -> str:
        """Return the answer among the question's choices. Raises LoadError for any other."""
        answer = self._value(question)
        if not isinstance(answer, str) or answer not in question.choices:
            _refuse(question, question.possible, answer)
        return self._used(question, answer)

    def formula(self, question: Question) -> str:
        """Return a choice of the question, or a formula of x that was typed. Raises LoadError for any other answer."""
        answer = self._value(question)
        if answer in question.choices:
            return self._used(question, str(answer))
        try:
            return self._used(question, readable_primitive(str(answer), question.name))
        except LoadError:
            _refuse(question, question.possible, answer)

    def number(self, question: Question) -> float:
        """Return the answer as a finite number. Raises LoadError for any other."""
        answer = self._value(question)
        if (number := _number(answer)) is None:
            _refuse(question, "a number", answer)
        return self._used(question, number)

    def whole(self, question: Question, low: int, high: int) -> int:
        """Return the answer as a whole number from low to high. Raises LoadError for any other."""
        answer = self._value(question)
        number = _number(answer)
        if number is None or number != int(number) or not low <= number <= high:
            _refuse(question, f"a whole number from {low:,} to {high:,}", answer)
        return self._used(question, int(number))

    def span(self, question: Question) -> tuple[float, float]:
        """Return the answer as two finite numbers that ascend, as "-1,1" or (-1, 1). Raises LoadError for any other."""
        answer = self._value(question)
        ends = answer.split(",") if isinstance(answer, str) else answer
        found = [_number(end) for end in ends] if isinstance(ends, Sequence) else []
        if len(found) != 2 or found[0] is None or found[1] is None or not found[0] < found[1]:
            _refuse(question, "two numbers that ascend, as -1,1", answer)
        return self._used(question, (found[0], found[1]))

    def notes(self) -> tuple[str, ...]:
        """Return a caution for each answer that was assumed, and a note for each that was given; of many, the first."""
        notes = tuple(_note(one) for one in self.asked[:MOST_NOTED])
        rest = len(self.asked) - MOST_NOTED
        return notes if rest <= 0 else (*notes, Caution(f"The file leaves {rest:,} more things open, in the same way."))

    def check_all_used(self) -> None:
        """Refuse answers that no reader asked for. Raises LoadError."""
        unused = [name for name in self._given if name not in self._asked]
        if unused and not self._spare:
            verb, them = ("is", "it") if len(unused) == 1 else ("are", "them")
            asks = f"asks {listing(list(self._asked), 6)}" if self._asked else "leaves nothing open"
            raise LoadError(f"{listing(unused)} {verb} not asked by this file, which {asks}. Leave {them} out.")

    def _value(self, question: Question) -> object:
        """Return what was given, or else the likeliest answer. Raises Unanswered where there is neither."""
        found = self._given.get(question.name, question.assumed)
        if found is None:
            among = f" It is {question.possible}." if question.choices else ""
            why = f"The file does not say {question.text}.{among} Give it with {question.remedy}."
            raise Unanswered(why, question)
        return found

    def _used(self, question: Question, answer: T) -> T:
        self._asked[question.name] = Asked(question, answer, question.name in self._given)
        return answer


def words(answer: Answer) -> str:
    """Write an answer for a sentence."""
    if isinstance(answer, tuple):
        return f"{answer[0]:.6g} to {answer[1]:.6g}"
    return answer if isinstance(answer, str) else f"{answer:.6g}"


def _note(one: Asked) -> str:
    what, answer = one.question.text, words(one.answer)
    if one.given:
        return f"The file does not say {what}; it was opened with the answer {answer}."
    return Caution(f"The file does not say {what}: {answer} is assumed. Give it with {one.question.remedy}.")


def _refuse(question: Question, wanted: str, answer: object) -> NoReturn:
    raise LoadError(f"{shown(question.name)}={shown(str(answer), 60)} does not say {question.text}. It is {wanted}.")


def _number(value: object) -> float | None:
    """Read a finite number, also from a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _flat(given: Mapping[str, Given]) -> dict[str, object]:
    """List the answers that were given by their names, those of a mapping one by one."""
    found: dict[str, object] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{entry}": answer for entry, answer in value.items()}
        elif value is not None:
            found[name] = value
    return found
