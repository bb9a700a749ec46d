"""Lesson: functions are kept, behaviour is not. A point of Letters is moved, and a word is taught."""

from typing import TYPE_CHECKING

from kanviz.text import counted
from kanviz.ui.lessons.lesson import LANGUAGE_TAB, Lesson, Step
from kanviz.ui.state.letters import Letters

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

WORD = "kanviz"


def _change_words(s: "Session") -> str:
    from kanviz.language.letters.change import letters_change

    letters = s.of(Letters)
    found = s.cache.result(letters_change, letters.trained, letters.kan, letters.corpus.held_out)
    moved = f"{found.moved:,} of {counted(found.points, 'control point')} moved. "
    return moved + found.verdict


def _move(s: "Session") -> None:
    """Move the strongest point of all functions to 0."""
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.language.letters.reading import letter_function, strongest
    from kanviz.language.symbols import SYMBOLS

    letters = s.of(Letters)
    pair = strongest(letters.kan, 1)[0]
    edge = letter_function(letters.kan, pair.place, pair.next).edge
    letters.edit(MoveControlPoint(edge, SYMBOLS.index(pair.character), 0.0), "moved one point to 0")


def _word_learned(s: "Session") -> bool:
    lesson = s.of(Letters).lesson
    done = lesson is not None and not lesson.job.live and lesson.job.latest is not None and lesson.job.latest.done
    return done and bool(s.of(Letters).versions)


def _word_words(s: "Session") -> str:
    lesson = s.of(Letters).lesson
    assert lesson is not None
    assert lesson.job.latest is not None
    last = lesson.job.latest
    return (
        f"“{last.word}”, read again and again, cost {last.bits_before:.2f} bits per character before, {last.bits:.2f} "
        f"after. {_change_words(s)}"
    )


def _teach_word(s: "Session") -> None:
    s.of(Letters).teach(WORD)
    lesson = s.of(Letters).lesson
    assert lesson is not None
    lesson.job.join(60.0)


LESSON = Lesson(
    "functions-and-behaviour",
    "Functions are kept, behaviour is not",
    4,
    "In a KAN, learning moves few control points. You see what that keeps in a language model, and what it does not.",
    "",
    None,
    (
        Step(
            "Language",
            "This model predicts the next character. Its score is a **sum of six functions**, one for each of the last "
            "six characters, and each function has one point for each character. All of it can be read.\n\n**Drag one "
            "point of the function far down, and let go.** Then look at the two fields of lamps below.",
            lambda s: bool(s.of(Letters).versions) and s.of(Letters).lesson is None,
            _change_words,
            _move,
            {LANGUAGE_TAB: "Letters"},
        ),
        Step(
            "Language",
            "One point is one number of many, and only predictions that read this character there could change. "
            "**Press As it was trained** to take it back: all lamps are green again.",
            lambda s: not s.of(Letters).versions,
            _change_words,
            lambda s: s.of(Letters).reset(),
            {LANGUAGE_TAB: "Letters"},
        ),
        Step(
            "Language",
            "Now it learns something: **press Teach it** under **Teach it a word**. Only points of the word's "
            "characters and of the space before it can move, so most functions keep their values exactly. "
            "Do the predictions?",
            _word_learned,
            _word_words,
            _teach_word,
            {LANGUAGE_TAB: "Letters"},
        ),
    ),
)
