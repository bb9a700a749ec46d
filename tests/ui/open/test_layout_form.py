"""The Open page asks which tensor is what in a file of a class that nobody knows, and opens it with the answer."""

import json

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.core.spline import basis
from kanviz.io.opened import Opened, opened
from kanviz.io.weight_layout import WeightLayout
from kanviz.ui.open.layout_form import layout_panel
from kanviz.ui.state.asked_file import AskedFile
from kanviz.ui.state.session import Session
from tests.io.test_efficient_kan import torch_file
from tests.io.test_unknown_class import blocks
from tests.ui.open.test_blocks import session_of
from tests.ui.open.test_check import checked, npz
from tests.ui.open.test_models import uploaded
from tests.ui.open.test_questions import to_form
from tests.ui.test_pages import press, texts

SEND = "Open with this layout"
STATE = blocks(2, 3, 1)
FILE = torch_file(STATE)


def box(app: AppTest, title: str):
    return next(field for field in app.selectbox if field.label == title)


def choose(app: AppTest, title: str, answer: object) -> AppTest:
    box(app, title).set_value(answer)
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def to_layout(app: AppTest) -> AppTest:
    """Return to the Open page and to the form there."""
    return press(to_form(app), "Change the layout")


def upload_layout(app: AppTest, text: bytes) -> None:
    (field,) = (one for one in app.file_uploader if str(one.key).startswith("layout-json"))
    field.set_value(("mine.json", text, ""))
    app.run()


def errors(app: AppTest) -> str:
    return "\n".join(error.value for error in app.error).replace("\\", "")


def words(app: AppTest) -> str:
    return texts(app).replace("\\", "")


def test_a_file_of_an_unknown_class_gives_a_form_that_opens_it() -> None:
    app = uploaded("mine.pt", FILE)
    session = session_of(app)
    assert session.history is None
    assert "opens when you say which tensor is what" in words(app)
    assert box(app, "Coefficients").value == "blocks.{layer}.kan.coeffs"
    assert box(app, "Axes of coefficients").value == ("target", "source", "basis")
    assert box(app, "Knots").value == "blocks.{layer}.kan.knots"
    assert box(app, "Weights of the base").value == "blocks.{layer}.kan.w"
    press(app, SEND)
    found = opened({"mine.pt": FILE}, layout=session.of(AskedFile).layout)
    assert isinstance(found, Opened)
    assert session.present.digest == found.kan.digest
    assert session.name == "mine"


def test_the_tensors_are_listed_by_their_names() -> None:
    table = next(one.value for one in uploaded("mine.pt", FILE).dataframe if "shapes" in one.value)
    assert table["name"].tolist() == [f"blocks.{{…}}.kan.{part}" for part in ("coeffs", "knots", "w", "bias")]
    assert table["shapes"].tolist() == ["3 × 2 × 8, 1 × 3 × 8", "12", "3 × 2, 1 × 3", "3, 1"]
    assert table["count"].tolist() == [2, 2, 2, 2]


def test_what_is_chosen_is_what_opens() -> None:
    app = uploaded("mine.pt", FILE)
    choose(app, "Base function", "gelu")
    choose(app, "Biases", "none")
    choose(app, "Before each layer", "tanh")
    press(app, SEND)
    assert "blocks.0.kan.bias" in errors(app)  # it must be named or ignored
    app.multiselect[0].set_value(["blocks.{layer}.kan.bias"])
    app.run()
    press(app, SEND)
    layer = session_of(app).present.layers[0]
    assert (layer.base, layer.step, bool(layer.bias.any())) == ("gelu", "tanh", False)


def test_what_does_not_fit_is_refused_at_once_and_the_form_stays() -> None:
    app = choose(uploaded("mine.pt", FILE), "Weights of the base", "none")
    assert "needs base_weight" in errors(app)
    assert not [button for button in app.button if button.label == SEND]
    press(choose(app, "Base function", "zero"), "Open with this layout")
    assert "blocks.0.kan.w" in errors(app)
    assert box(app, "Coefficients").value == "blocks.{layer}.kan.coeffs"


def test_the_form_stays_with_the_network_and_another_layout_replaces_it() -> None:
    app = to_layout(press(uploaded("mine.pt", FILE), SEND))
    assert "was opened with this layout" in words(app)
    session = session_of(app)
    press(choose(app, "Base function", "relu"), SEND)
    assert session.present.layers[0].base == "relu"
    assert session.left is None  # the wrong network without any step is no work to go back to
    assert box(to_layout(app), "Base function").value == "relu"
    press(app, "Close this file")
    assert session.of(AskedFile).size == 0
    assert not [field for field in app.selectbox if field.label == "Coefficients"]


def test_a_layout_is_uploaded_as_json() -> None:
    app = uploaded("mine.pt", FILE)
    given = json.loads(session_layout(app).to_json()) | {"base": "tanh"}
    upload_layout(app, b'{"coefficients": 3}')
    assert "layout cannot be used" in errors(app)
    upload_layout(app, json.dumps(given).encode())
    assert not errors(app)
    assert box(app, "Base function").value == "tanh"
    press(app, SEND)
    assert session_of(app).present.layers[0].base == "tanh"


def session_layout(app: AppTest) -> WeightLayout:
    """The likeliest layout of the file that waits for one."""
    unknown = session_of(app).of(AskedFile).unknown
    assert unknown is not None
    return unknown.proposals[0]


def test_a_layout_for_other_names_can_be_uploaded_and_is_refused_in_words() -> None:
    app = uploaded("mine.pt", FILE)
    other = {"coefficients": {"name": "other.c", "axes": ["source", "target", "basis"]}, "points": [-2, 2]}
    upload_layout(app, json.dumps(other).encode())
    assert box(app, "Coefficients").value == "other.c"
    press(app, SEND)
    assert "No tensor is called other.c" in errors(app)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"fc.weight": torch.ones(3, 2), "fc.bias": torch.ones(3)}, "No tensor in it looks like the coefficients"),
        ({"a": torch.ones(()), "b": torch.ones(())}, "No tensor of this file can be the coefficients"),
    ],
)
def test_a_file_without_coefficients_says_so(state: dict[str, torch.Tensor], why: str) -> None:
    app = uploaded("mlp.pt", torch_file(state))
    assert why in words(app)
    assert "of no KAN kanviz knows" in errors(app)
    assert session_of(app).history is None


def test_a_large_file_is_asked_about_and_opened_by_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanviz.io.reading.SMALL", 0)
    app = press(uploaded("mine.pt", FILE), SEND)
    found = opened({"mine.pt": FILE}, layout=session_of(app).of(AskedFile).layout)
    assert isinstance(found, Opened)
    assert session_of(app).present.digest == found.kan.digest


def test_a_session_without_such_a_file_has_no_form() -> None:
    layout_panel(Session())


# --- the original says which layout is right ------------------------------------------------------------------------


def transposed(count: int) -> tuple[dict[str, torch.Tensor], dict[str, np.ndarray]]:
    """Square layers like those of efficient-kan, whose author put the source first; inputs and outputs of the model."""
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(count, 3, generator=draw) * 1.8 - 0.9
    state, flow = {}, x
    for n in range(2):
        knots = torch.linspace(-2.2, 2.2, 12).expand(3, -1).contiguous()
        coef, base = torch.randn(3, 3, 8, generator=draw), torch.randn(3, 3, generator=draw)
        names = (f"layers.{n}.{part}" for part in ("grid", "spline_coeff", "base_coeff"))
        state |= dict(zip(names, (knots, coef, base), strict=True))
        flow = torch.einsum("rsm,stm->rt", basis(flow, knots, 3), coef) + torch.nn.functional.silu(flow) @ base
    return state, {"x": x.numpy(), "y": flow.numpy()}


def test_the_original_tells_a_wrong_layout_from_the_right_one() -> None:
    state, original = transposed(40)
    app = press(uploaded("mine.pt", torch_file(state)), SEND)
    session = session_of(app)
    assert checked(session, npz(**original)).error[0].value.startswith("Differs from the original")
    app = to_layout(app)
    choose(app, "Axes of coefficients", ("source", "target", "basis"))
    choose(app, "Axes of weights of the base", ("source", "target"))
    press(app, SEND)
    assert checked(session, npz(**original)).success[0].value.startswith("Agrees with the original on 40 rows")
