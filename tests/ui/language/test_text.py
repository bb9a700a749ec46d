"""The choice of a text: what came with kanviz, or a file, which is read at once or refused in words."""

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.ui.language.text import OWN
from kanviz.ui.state.language import Language
from kanviz.ui.widgets.current import KEY
from tests.language.tiny import TEXT
from tests.ui.test_pages import visit

PAGE = "pages/language.py"


def uploaded(name: str, content: bytes) -> AppTest:
    app = visit(PAGE, language="Against the clock")
    next(box for box in app.selectbox if box.label == "Text").set_value(OWN).run()
    (uploader,) = (u for u in app.file_uploader if u.label == "Plain text")
    uploader.upload(name, content, "")
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def start_is_possible(app: AppTest) -> bool:
    return not next(button for button in app.button if button.label == "Start").disabled


def test_a_text_of_ones_own_is_read_and_can_be_learned_from():
    app = uploaded("cats.txt", (TEXT.train + TEXT.held_out).encode())
    assert app.session_state[KEY].of(Language).texts["clock"].sha256 == TEXT.sha256
    assert any("cats" in caption.value and "held out" in caption.value for caption in app.caption)
    assert start_is_possible(app)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"x", "has 1 character"),
        (b"x" * 100, "has 100 characters"),
        (b"x" * 5_000, "one symbol, repeated"),
        (bytes(range(256)) * 20, "is no text|binary"),
        ("\u05e9\u05dc\u05d5\u05dd " * 500, "question marks"),
    ],
    ids=["empty", "one", "short", "one symbol", "binary", "right to left"],
)
def test_what_is_no_text_to_learn_from_is_refused_in_words(content: bytes | str, words: str):
    app = uploaded("own.txt", content.encode() if isinstance(content, str) else content)
    (refusal,) = app.error
    assert any(part in refusal.value.replace("\\", "") for part in words.split("|"))
    assert not start_is_possible(app)


def test_utf_16_with_its_mark_is_read():
    app = uploaded("wide.txt", (TEXT.train + TEXT.held_out).encode("utf-16"))
    assert start_is_possible(app)


def test_a_text_can_be_typed_and_one_too_short_is_refused_in_words():
    app = visit(PAGE, language="Against the clock")
    next(box for box in app.selectbox if box.label == "Text").set_value("typed").run()
    assert not start_is_possible(app)
    area = next(box for box in app.text_area if box.label == "Your text")
    area.set_value("too short").run()
    assert "typed has 9 characters" in app.error[0].value
    assert not start_is_possible(app)
    area.set_value(TEXT.train).run()
    assert start_is_possible(app)
