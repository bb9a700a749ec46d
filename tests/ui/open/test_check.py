"""The Open page compares the open network with its original, and shows lines that make the file for it."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import kanviz
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from kanviz.core.module import KANLayer
from kanviz.edit import MoveControlPoint
from kanviz.io.original import read_original
from kanviz.ui.open.check import lines_for
from kanviz.ui.state.session import Session
from tests.io.test_efficient_kan import open_weights, reference, weights
from tests.ui.test_pages import texts, visit

MODELS = Path(__file__).parents[2] / "checkpoints" / "models"
X = np.random.default_rng(0).uniform(-0.9, 0.9, (30, 2))


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def opened(kan: KAN) -> Session:
    session = Session()
    session.open(kan, "network")
    return session


def checked(session: Session, content: bytes, name: str = "original.npz") -> AppTest:
    app = visit("pages/open.py", session)
    uploader(app).upload(name, content, "")
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def uploader(app: AppTest):
    return next(u for u in app.file_uploader if u.key == "check-file")


def words(app: AppTest) -> str:
    return texts(app).replace("\\", "")


def test_without_a_network_there_is_nothing_to_check():
    assert not [u for u in visit("pages/open.py").file_uploader if u.key == "check-file"]


def test_a_network_that_agrees_is_praised_and_nothing_else():
    app = checked(opened(kanviz.load(MODELS / "efficient_kan.pt")), (MODELS / "efficient_kan.npz").read_bytes())
    assert not app.error
    assert app.success[0].value.startswith("Agrees with the original on 64 rows")
    assert "Assumed when the file was opened" not in words(app)


def test_a_wrong_base_function_is_caught():
    state = weights(2, 3, 1)
    app = checked(opened(open_weights(state)), npz(x=X, y=reference(state, X, torch.nn.functional.gelu)))
    assert app.error[0].value.startswith("Differs from the original")
    assert "silu is assumed" in words(app)
    assert "The 5 rows with the largest gaps" in words(app)
    assert len(app.dataframe[-1].value) == 5


def test_rows_are_listed_with_numbers_from_1_and_their_inputs():
    kan = kanviz.init([2, 2], inputs=[Variable("row"), Variable("row 2")])
    y = kan(X).numpy().copy()
    y[4, 1] += 1
    listed = checked(opened(kan), npz(x=X, y=y)).dataframe[-1].value
    assert listed["row"].tolist() == [5]
    assert listed[["x0", "x1"]].to_numpy().tolist() == [X[4].tolist()]
    assert listed["original1"].tolist() == [y[4, 1]]


def test_the_network_as_it_is_now_is_checked():
    kan = kanviz.init([2, 1])
    session = opened(kan)
    session.apply(MoveControlPoint(kanviz.EdgeId(0, 0, 0), 3, 5.0))
    app = checked(session, npz(x=X, y=kan(X).numpy()))
    assert app.error
    assert "1 step after it was opened" in words(app)
    session.undo()
    app.run()
    assert not app.error
    assert app.success


def test_a_table_is_taken_and_says_what_was_assumed():
    kan = kanviz.init([2, 1])
    lines = [f"{a!r},{b!r},{c!r}" for (a, b), (c,) in zip(X.tolist(), kan(X).tolist(), strict=True)]
    app = checked(opened(kan), "\n".join(["u,v,w", *lines]).encode(), "original.csv")
    assert app.success
    assert "u and v of the table are taken as x1 and x2." in words(app)


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (npz(x=X), "original.npz", "no array y"),
        (npz(x=X[:, :1], y=X[:, :1]), "original.npz", "The inputs must have 2 columns"),
        (npz(x=X, y=X[:5, :1]), "original.npz", "30 rows of inputs and 5 of outputs"),
        (b"", "original.csv", "is empty"),
        (b"a,b\n1,2\n", "original.csv", "The table has 2 columns"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_until_it_is_removed(content: bytes, name: str, why: str):
    app = checked(opened(kanviz.init([2, 1])), content, name)
    assert why in words(app)
    app.run()
    assert why in words(app)
    uploader(app).clear()
    app.run()
    assert why not in words(app)


# --- the lines --------------------------------------------------------------------------------------------------


def made_by(lines: str, model: torch.nn.Module, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Run the lines as their reader would, with a model of that name."""
    monkeypatch.chdir(folder)
    exec(lines, {"model": model})
    return (folder / "original.npz").read_bytes()


@pytest.mark.parametrize(
    ("shape", "ranges", "dtype"),
    [
        ([2, 3, 1], [(-1.0, 1.0)], torch.float32),
        ([2, 3, 1], [(-1.0, 1.0)], torch.float64),
        ([2, 1], [(-1.0, 1.0), (2.0, 30.0)], torch.float32),
        ([9, 2], [(float(n), 2.0 * n + 1) for n in range(9)], torch.float32),
    ],
)
def test_the_lines_run_and_their_file_shows_that_the_network_is_the_model(
    shape: list[int], ranges: list[tuple[float, float]], dtype: torch.dtype, tmp_path: Path, monkeypatch
):
    layers = [KANLayer(a, b, seed=a).to(dtype) for a, b in pairwise(shape)]
    for source, (low, high) in enumerate(ranges if len(ranges) > 1 else []):
        layers[0].knots.data[source] = torch.linspace(low, high, layers[0].knots.shape[1])
    model = torch.nn.Sequential(*layers)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    kan = kanviz.load(tmp_path / "model.pt")
    lines = lines_for(kan)
    found = read_original(kan, made_by(lines, model, tmp_path, monkeypatch), "original.npz")
    assert len(lines.splitlines()) <= 13
    assert found.x.dtype == found.y.dtype == np.dtype(str(dtype).removeprefix("torch."))
    assert kanviz.check(kan, found.x, found.y).agrees
    grid = kan.layers[0].knots[:, 3], kan.layers[0].knots[:, -4]
    inside = (found.x >= grid[0].numpy()) & (found.x <= grid[1].numpy())
    assert 0 < inside.mean() < 1


def test_the_page_shows_the_lines_for_the_open_network():
    kan = kanviz.init([2, 1])
    assert lines_for(kan) in [code.value for code in visit("pages/open.py", opened(kan)).code]
