"""The Open page asks what a file does not say: the answers are filled in, and another one opens the file again."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.module import KANLayer
from kanviz.edit.edits import Prune
from kanviz.io.opened import Opened, opened
from kanviz.io.questions import Answer
from kanviz.ui.state.asked_file import AskedFile
from kanviz.ui.state.session import Session
from tests.io.test_efficient_kan import torch_file, weights
from tests.ui.open.test_blocks import session_of
from tests.ui.open.test_models import uploaded
from tests.ui.test_pages import press, texts, visit

SHELF = Path(__file__).parents[2] / "checkpoints" / "unsaid"
FILE = torch_file(weights(2, 3, 1))
SEND = "Open with these answers"


def read(files: dict[str, bytes], **given: Answer) -> KAN:
    found = opened(files, None, given)
    assert isinstance(found, Opened)
    return found.kan


def to_form(app: AppTest) -> AppTest:
    """Return to the Open page."""
    app.switch_page("pages/open.py").run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def fields(app: AppTest) -> dict[str, object]:
    """The values of the form's fields by the names of their questions."""
    found = [(str(field.key), field.value) for field in (*app.selectbox, *app.number_input)]
    return {key.split("-", 2)[2]: value for key, value in found if key.startswith("question-")}


def choose(app: AppTest, name: str, answer: str) -> AppTest:
    (field,) = (box for box in app.selectbox if str(box.key).startswith("question-") and str(box.key).endswith(name))
    if answer not in field.options:  # typed, which AppTest cannot do by itself
        field.options.append(answer)
    field.set_value(answer)
    return press(app, SEND)


def dropped(*names: str) -> AppTest:
    """Return the page after these files of the shelf were dropped on it and opened."""
    app = visit("pages/open.py")
    (uploader,) = (u for u in app.file_uploader if u.key == "model-files")
    uploader.set_value([(name, (SHELF / name).read_bytes(), "") for name in names])
    app.run()
    return press(app, "Open network")


def test_what_was_assumed_is_filled_in_and_stands_out_on_the_workbench() -> None:
    app = uploaded("m.pt", FILE)
    assert any("silu is assumed" in warning.value.replace("\\", "") for warning in app.warning)
    assert fields(to_form(app)) == {"base": "silu"}
    assert "Assumed, not in the file" in texts(app)


def test_another_answer_opens_the_file_again() -> None:
    app = choose(to_form(uploaded("m.pt", FILE)), "base", "gelu")
    session = session_of(app)
    assert session.present.digest == read({"m.pt": FILE}, base="gelu").digest
    assert session.name == "m"
    assert not session.present.cautions
    assert session.left is None  # the wrong network without any step is no work to go back to
    assert fields(to_form(app)) == {"base": "gelu"}
    assert "Assumed" not in texts(app)


def test_work_on_the_network_before_the_answer_is_not_lost() -> None:
    app = uploaded("m.pt", FILE)
    session = session_of(app)
    session.apply(Prune((EdgeId(0, 0, 0),), (0.0,)))
    pruned = session.present.digest
    choose(to_form(app), "base", "tanh")
    assert session.present.layers[0].base == "tanh"
    session.go_back()
    assert session.present.digest == pruned


def test_the_same_answer_confirms_what_was_assumed() -> None:
    app = press(to_form(uploaded("m.pt", FILE)), SEND)
    assert session_of(app).present.digest == read({"m.pt": FILE}).digest
    assert not session_of(app).present.cautions


def test_a_question_without_a_likely_answer_is_asked_before_anything_opens() -> None:
    app = dropped("rbf_base_config.yml", "rbf_base_state")
    assert session_of(app).history is None
    assert fields(app) == {"base": None}
    assert "opens when this is answered" in texts(app)
    choose(app, "base", "gaussian")
    files = {name: (SHELF / name).read_bytes() for name in ("rbf_base_config.yml", "rbf_base_state")}
    assert session_of(app).present.digest == read(files, base="gaussian").digest


def test_a_form_that_is_sent_without_an_answer_says_what_is_missing() -> None:
    app = press(dropped("rbf_base_config.yml", "rbf_base_state"), SEND)
    assert any("does not say" in error.value for error in app.error)
    assert fields(app) == {"base": None}


def test_a_function_of_ones_own_can_be_typed() -> None:
    app = to_form(dropped("xsinx_config.yml", "xsinx_state"))
    assert fields(app) == {"functions.xsinx": "x*sin(x)"}
    choose(app, "functions.xsinx", "x*cos(x)")
    formula = session_of(app).present.edge((0, 0, 0)).formula
    assert formula is not None
    assert formula.primitive == "x*cos(x)"


def test_what_is_no_formula_is_refused_and_the_form_stays() -> None:
    app = choose(to_form(dropped("xsinx_config.yml", "xsinx_state")), "functions.xsinx", "nonsense(")
    assert any("does not say what its function xsinx is" in error.value for error in app.error)
    assert fields(app) == {"functions.xsinx": "nonsense("}


def test_a_block_of_a_model_is_asked_about_too() -> None:
    app = uploaded("two.pt", (SHELF / "ek_two_attrs.pt").read_bytes())
    next(button for button in app.button if str(button.key).startswith("open-block-kan1")).click().run()
    app = to_form(app)
    assert fields(app) == {"base": "silu"}
    choose(app, "base", "relu")
    session = session_of(app)
    assert (session.name, session.block) == ("kan1 of two", "kan1")
    assert session.present.layers[0].base == "relu"


def test_a_closed_form_frees_the_file() -> None:
    app = to_form(uploaded("m.pt", FILE))
    assert session_of(app).of(AskedFile).size == len(FILE)
    press(app, "Close this form")
    assert session_of(app).of(AskedFile).size == 0
    assert not fields(app)


def test_the_file_is_freed_when_other_work_took_its_place() -> None:
    app = uploaded("m.pt", FILE)
    session = session_of(app)
    for seed in (1, 2):
        session.open(read({"m.pt": torch_file(weights(3, 1))}, base="zero"), f"other {seed}")
    assert not fields(to_form(app))
    assert session.of(AskedFile).size == 0


def test_a_file_that_leaves_nothing_open_has_no_form() -> None:
    session = Session()
    session.of(AskedFile).take(session, {"m.pt": torch_file(KANLayer(2, 1).state_dict())}, "m")
    assert session.of(AskedFile).questions == ()
    assert session.of(AskedFile).size == 0


def test_answers_of_the_command_line_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.pt").write_bytes(FILE)
    monkeypatch.setenv("KANVIZ_MODEL", str(tmp_path / "m.pt"))
    monkeypatch.setenv("KANVIZ_ANSWERS", '{"base": "gelu"}')
    session = session_of(visit("app.py"))
    assert session.present.digest == read({"m.pt": FILE}, base="gelu").digest
