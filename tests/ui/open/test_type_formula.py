"""The Open page makes a network of a typed formula, asks for its variables' ranges, and says at once what is wrong."""

import pytest
import torch
from streamlit.testing.v1 import AppTest

import kanviz
from kanviz.ui.open.type_formula import KEY
from kanviz.ui.state.session import Session
from tests.ui.test_pages import press, texts, visit


def typed(text: str) -> AppTest:
    app = visit("pages/open.py")
    app.text_input(key=KEY).set_value(text).run()
    assert not app.exception
    return app


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_a_typed_formula_is_the_open_network():
    app = typed("exp(sin(pi*x) + y**2)")
    assert r"f = e^{y^{2} + \sin{\left(\pi \, x \right)}}" in app.latex[0].value
    assert "3 edges" in texts(app)
    app.number_input(key=f"{KEY}-to-y").set_value(3.0).run()
    press(app, "Make the network")
    session: Session = app.session_state["kanviz"]
    assert session.name == "f = exp(sin(pi*x) + y**2)"
    same = kanviz.from_formula("exp(sin(pi*x) + y**2)", {"x": (-1, 1), "y": (-1, 3)})
    assert session.present.digest == same.digest


def test_room_to_learn_is_a_step_that_changes_no_value():
    app = typed("x*y")
    app.checkbox(key=f"{KEY}-room").check().run()
    press(app, "Make the network")
    session: Session = app.session_state["kanviz"]
    start, now = (version.kan for version in session.opened.history.versions)
    x = torch.tensor([[0.5, -0.25], [1.0, 0.75]], dtype=torch.float64)
    torch.testing.assert_close(now(x), x.prod(1, keepdim=True))
    torch.testing.assert_close(start(x), now(x))
    assert now.shape == (2, 5, 1)
    assert all(bool(layer.active.all()) for layer in now.layers)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sinn(x)", "did you mean sin"),
        ("x +", "ends too early"),
        ("1 + 2", "no variable"),
        ("+".join(f"x{n}" for n in range(13)), "takes up to 12"),
        ("log(x - 5)", "not a real, finite number anywhere"),
        ("x; import os", "Only one formula"),
    ],
)
def test_what_is_wrong_is_said_at_once(text: str, words: str):
    app = typed(text)
    (error,) = app.error
    assert words in error.value.replace("\\", "").replace("\u2060", "")
    assert "Make the network" not in buttons(app)


def test_a_range_that_is_none_is_refused_and_mended():
    app = typed("x^2")
    app.number_input(key=f"{KEY}-from-x").set_value(2.0).run()
    assert "smaller first" in app.error[0].value
    app.number_input(key=f"{KEY}-to-x").set_value(5.0).run()
    assert not app.error


def test_a_caution_is_there_before_the_network_is_made():
    app = typed("log(x)")
    assert "50 % of the ranges" in app.warning[0].value.replace("\\", "")
    assert "Make the network" in buttons(app)
