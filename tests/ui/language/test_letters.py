"""The tab "Letters": the model that came with kanviz, a training, a point that moves, a word that is taught."""

import shlex
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.cli import parser
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import MoveControlPoint
from kanviz.errors import UserError
from kanviz.language import Corpus, LettersConfig, letters_change
from kanviz.language.symbols import SYMBOLS
from kanviz.ui.language.letters_word import same_letters
from kanviz.ui.state import letters_run
from kanviz.ui.state.letters import Letters, trained_before
from kanviz.ui.state.session import Session
from tests.helpers import not_none
from tests.ui.test_pages import press, texts, visit

PAGE = "pages/language.py"
TEXT = Corpus.from_text("the cat sat on the mat. " * 60, name="mat.txt")
TINY = LettersConfig(steps=60)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is otherwise done in a subprocess is done in this one."""

    def made(make: Callable[..., Iterator[Any]], *given: Any) -> Iterator[Any]:
        return make(*given)

    monkeypatch.setattr(letters_run, "apart", made)


def learned(word: str = "") -> Session:
    """A session whose Letters was trained on a small text, and taught a word."""
    session = Session()
    letters = session.of(Letters)
    letters.train(TEXT, TINY)
    assert not_none(letters.run).job.join(600)
    if word:
        letters.teach(word)
        assert not_none(letters.lesson).job.join(600)
    return session


def shown(app: AppTest) -> str:
    return "\n".join([texts(app), *(str(box.value) for box in app.info)]).replace("\\", "")


def test_before_anybody_clicks_a_trained_model_is_there_and_measured():
    app = visit(PAGE)
    assert "**2.73 bits per character**" in shown(app)
    assert "Why `u`: `q` 1 back adds +5.5" in shown(app)
    assert len(app.get("plotly_chart")) == 3  # what comes next, functions, predictions
    before = trained_before()
    assert letters_change(before, before, Corpus.named("documentation").held_out).bits_after < 2.82


def test_the_model_is_trained_on_the_chosen_text_with_the_chosen_steps():
    app = visit(PAGE)
    next(n for n in app.number_input if n.label == "Steps").set_value(40).run()
    press(app, "Train it now")
    letters = app.session_state["kanviz"].of(Letters)
    assert letters.run.job.join(600)
    app.run()
    assert (letters.corpus.name, [item.step for item in letters.run.trail]) == ("documentation", [20, 40])
    assert "after 40 steps" in shown(app)
    assert len(app.get("plotly_chart")) == 4  # and how it learned


def test_a_point_that_moves_moves_the_bars_and_undo_takes_it_back():
    session = learned()
    letters = session.of(Letters)
    app = visit(PAGE, session)
    next(t for t in app.text_input if t.label.startswith("What comes after")).set_value("the c").run()
    next(b for b in app.selectbox if b.label == "Next character").set_value("z").run()
    next(b for b in app.selectbox if b.label == "Character").set_value(SYMBOLS.index("c")).run()
    next(n for n in app.number_input if n.label == "Height of its point").set_value(20.0).run()
    assert len(letters.versions) == 1
    assert "Why `z`: `c` 1 back adds +20.0" in shown(app)
    press(app, "Undo")
    assert letters.kan is letters.trained
    assert "Why `a`" in shown(app)


def test_the_strongest_points_lead_to_their_functions():
    app = visit(PAGE)
    button = next(b for b in app.button if b.label.startswith("`⏎` after `|` 1 back"))
    button.click().run()
    assert next(b for b in app.selectbox if b.label == "Next character").value == "\n"
    assert next(b for b in app.selectbox if b.label == "Character").value == SYMBOLS.index("|")


def test_a_word_is_taught_and_the_verdict_is_that_of_the_run():
    session = learned("dog")
    letters = session.of(Letters)
    change = letters_change(letters.trained, letters.kan, TEXT.held_out)
    assert change.changed_characters == " odg"
    app = visit(PAGE, session)
    assert "**dog** cost" in shown(app)
    assert change.verdict in shown(app)
    press(app, "As it was trained")
    assert change.verdict not in shown(app)
    assert letters.versions == []


def test_the_verdict_changes_with_the_run():
    far, near = learned(), learned()
    for character in "the cat so":
        edge = EdgeId(0, 0, SYMBOLS.index("a"))
        far.of(Letters).edit(MoveControlPoint(edge, SYMBOLS.index(character), 9.0), "moved")
    near.of(Letters).edit(MoveControlPoint(EdgeId(0, 0, 0), SYMBOLS.index("#"), 9.0), "moved")
    words = [shown(visit(PAGE, session)) for session in (far, near)]
    assert ["behaviour is not" in text for text in words] == [True, False]
    assert ["most of the behaviour is too" in text for text in words] == [False, True]


def test_while_it_learns_nothing_else_changes_it(monkeypatch: pytest.MonkeyPatch):
    session = learned()
    letters = session.of(Letters)

    def endless(*_: Any) -> Iterator[Any]:
        while True:
            sleep(0.01)  # as one that waits for another process
            yield None

    monkeypatch.setattr(letters_run, "apart", endless)
    letters.teach("dog")
    assert next(b for b in visit(PAGE, session).button if b.label == "Teach it").disabled
    for act in (letters.undo, letters.reset, lambda: letters.teach("cat")):
        with pytest.raises(UserError, match="learning just now"):
            act()
    press(visit(PAGE, session), "Stop")
    assert not_none(letters.lesson).job.join(600)
    assert "nothing was changed: stopped by you" in shown(visit(PAGE, session))
    assert letters.kan is letters.trained


def test_no_word_is_refused_in_words():
    app = visit(PAGE)
    next(t for t in app.text_input if t.label == "Word").set_value("").run()
    press(app, "Teach it")
    assert "There is no word to teach" in shown(app)


def test_the_same_lesson_elsewhere_is_the_same_lesson(monkeypatch: pytest.MonkeyPatch, capsys):
    session = learned("dog's")
    monkeypatch.setattr("kanviz.ui.language.letters_word.session", lambda: session)
    monkeypatch.setattr("kanviz.ui.language.letters_word.typed_text", lambda: "--it's $1")
    command, python = same_letters()
    options = parser().parse_args(shlex.split(command)[1:])
    assert (options.text, options.word, options.after, options.steps) == ("YOUR_TEXT.txt", "dog's", "--it's $1", 60)
    monkeypatch.setattr(Corpus, "from_file", classmethod(lambda cls, path: TEXT))
    found: dict[str, Any] = {}
    exec(python, found)
    letters = session.of(Letters)
    assert found["taught"].kan.digest == letters.kan.digest
    assert found["taught"].change.verdict in capsys.readouterr().out
