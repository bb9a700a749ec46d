"""The Open page takes a torch model made of KANLayers."""

import io

import torch
from streamlit.testing.v1 import AppTest

from kanviz.core.module import KANLayer
from kanviz.ui.state.session import Session
from tests.ui.test_pages import press, visit


def uploaded(name: str, content: bytes) -> AppTest:
    """Return the page after a file was dropped on it and opened."""
    app = visit("pages/open.py")
    (uploader,) = (u for u in app.file_uploader if u.key == "model-files")
    uploader.upload(name, content, "")
    app.run()
    press(app, "Open network")
    return app


def test_a_model_of_layers_is_on_the_workbench_with_its_numbers() -> None:
    model, file = torch.nn.Sequential(KANLayer(2, 3, base="zero"), KANLayer(3, 1)), io.BytesIO()
    torch.save(model.state_dict(), file)
    app = uploaded("model.pt", file.getvalue())
    assert not app.error
    session: Session = app.session_state["kanviz"]
    x = torch.linspace(-2, 2, 10).reshape(5, 2)
    assert torch.equal(session.present(x), model(x))
