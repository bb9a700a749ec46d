"""The tab "Your model": a block is there at once, another opens with its rows, and the words are of its numbers."""

import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import kanviz
from kanviz.cli import main
from kanviz.errors import UserError
from kanviz.io.npz import npz_bytes
from kanviz.language.block import block_edges, block_pruning, edge_at, rows_at_ends
from kanviz.ui.language.yours import same_block
from kanviz.ui.language.yours_file import SAMPLE, SAMPLE_NAME, open_sample
from kanviz.ui.state.session import Session
from kanviz.ui.state.yours import Yours
from kanviz.ui.widgets.current import KEY
from tests.ui.language.test_inside import field, shown
from tests.ui.test_pages import press, visit

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
EFFICIENT = CHECKPOINTS / "models/efficient_kan.pt"
GPT = CHECKPOINTS / "models/gpt_with_kan_ffn.pt"
GR_KAN = CHECKPOINTS / "formats/kat_grkan.pt"
X = np.load(CHECKPOINTS / "models/efficient_kan.npz")["x"].astype(np.float64)


def opened(path: Path = EFFICIENT, rows: np.ndarray | None = X) -> Session:
    session = Session()
    yours = session.of(Yours)
    yours.take({path.name: path.read_bytes()})
    if rows is not None:
        yours.take_rows(npy(rows), "inputs.npy")
    return session


def npy(rows: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def tab(session: Session | None = None) -> AppTest:
    return visit("pages/language.py", session, language="Your model")


def give(app: AppTest, key: str, *files: tuple[str, bytes]) -> AppTest:
    (uploader,) = (one for one in app.file_uploader if one.key == key)
    for name, content in files:
        uploader.upload(name, content, "")
    app.run()
    assert not app.exception
    return app


def test_a_block_is_there_before_anybody_opens_one():
    app = tab()
    assert SAMPLE_NAME in shown(app)
    assert "1,000 recorded rows" in shown(app)
    assert re.search(r"Without the weakest \d+ of 48 edges", shown(app))
    assert "R² " in shown(app)
    assert len(app.get("plotly_chart")) == 3
    assert len(app.table) == 2


def test_a_checkpoint_and_its_inputs_are_opened_on_the_page():
    app = tab()
    give(app, "yours-files", (EFFICIENT.name, EFFICIENT.read_bytes()))
    assert "With recorded rows you see" in shown(app)
    assert "Without the weakest" not in shown(app)
    give(app, "yours-rows", ("inputs.npy", npy(X)))
    yours = app.session_state[KEY].of(Yours)
    kan = kanviz.load(EFFICIENT)
    assert yours.rows is not None
    assert torch.equal(yours.rows.x, torch.from_numpy(X))
    assert block_pruning(kan, yours.rows, 0).verdict in shown(app)
    assert "64 recorded rows from inputs.npy" in shown(app)


def test_other_rows_give_other_words():
    words = []
    for rows in (X, 40 * X):
        text = shown(tab(opened(rows=rows)))
        words.append((re.findall(r"([\d.]+)% of them are outside", text), re.findall(r"Without the weakest.*", text)))
    assert words[0][0] != words[1][0]
    assert words[0][1] != words[1][1]


def test_of_several_blocks_one_is_chosen():
    app = tab(opened(GPT, None))
    assert "block blocks.0.ffn" in shown(app)
    field(app, "Block").set_value("blocks.1.ffn").run()
    assert not app.exception
    assert "block blocks.1.ffn" in shown(app)
    assert any('model.get_submodule("blocks.1.ffn")' in code.value for code in app.code)


def test_a_layer_and_an_edge_can_be_chosen():
    app = tab(opened())
    next(group for group in app.button_group if group.label == "Layer").set_value(1).run()
    edges = field(app, "Edge")
    assert len(edges.options) == 3
    edges.set_value(2).run()
    assert not app.exception
    kan = kanviz.load(EFFICIENT)
    name = f"{kan.source_name(1, 2)} → {kan.target_name(1, 0)}"
    titles = [
        json.loads(figure.proto.spec)["layout"].get("title", {}).get("text") for figure in app.get("plotly_chart")
    ]
    assert any(name in re.sub("</?b>", "", title or "") for title in titles)


def test_the_block_opens_on_the_workbench_with_its_rows():
    session = opened()
    press(tab(session), "Open on the workbench")
    assert session.present.shape == (2, 3, 1)
    assert session.rows_from == "inputs.npy"
    assert session.data is not None
    assert torch.equal(session.data.x, torch.from_numpy(X))


def test_the_network_of_the_workbench_can_be_looked_into():
    session = opened()
    kan = kanviz.init([2, 1])
    session.open(kan, "mine", data=kanviz.Dataset.from_arrays(X, X[:, 0]).matching(kan))
    press(tab(session), "The network on the workbench: mine")
    assert session.of(Yours).opened is kan
    assert len(session.of(Yours).rows or ()) == 64


def test_a_block_without_a_grid_says_so():
    yours = (session := Session()).of(Yours)
    yours.take({GR_KAN.name: GR_KAN.read_bytes()})
    yours.take_rows(npz(x=np.random.default_rng(0).normal(size=(30, 8))), "rows.npz")
    assert "has no grid" in shown(tab(session))


def npz(**arrays: np.ndarray) -> bytes:
    return npz_bytes(arrays)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("wide.npy", npy(X[:, :1]), "2 inputs, wide.npy has 1 column"),
        ("nan.npy", npy(X * np.nan), "No row of nan.npy is complete"),
        ("empty.csv", b"", "is empty"),
        ("none.npy", npy(X[:0]), "has no rows"),
        ("objects.npy", npy(X.astype("U8")), "holds text"),
        ("wide.csv", b"a,b,c\n1,2,3\n2,3,4\n", "has 3 columns"),
    ],
)
def test_rows_that_do_not_fit_are_a_sentence_and_the_rows_before_stay(name: str, content: bytes, words: str):
    session = opened()
    app = give(tab(session), "yours-rows", (name, content))
    assert words in shown(app)
    assert session.of(Yours).rows_from == "inputs.npy"


def test_a_file_without_a_kan_is_a_sentence_and_the_block_before_stays(tmp_path: Path):
    torch.save({"weight": torch.ones(2, 2)}, tmp_path / "plain.pt")
    session = opened()
    for content in ((tmp_path / "plain.pt").read_bytes(), b"nonsense", b""):
        app = give(tab(session), "yours-files", ("plain.pt", content))
        assert app.error
        assert session.of(Yours).name == EFFICIENT.name


def test_rows_with_missing_values_are_left_out_with_a_note():
    rows = X.copy()
    rows[3, 0] = np.nan
    session = opened(rows=rows)
    assert "1 of 64 rows have missing or infinite values" in shown(tab(session))
    assert len(session.of(Yours).rows or ()) == 63


def test_a_table_of_text_gives_the_inputs():
    yours = opened(rows=None).of(Yours)
    yours.take_rows(("a,b\n" + "\n".join(f"{a},{b}" for a, b in X.tolist())).encode(), "rows.csv")
    assert yours.rows is not None
    assert torch.equal(yours.rows.x, torch.from_numpy(X))


def test_nothing_is_open_at_first():
    with pytest.raises(UserError, match="No block is open"):
        _ = Session().of(Yours).opened


def of_sample() -> tuple[Session, dict[str, bytes]]:
    open_sample((session := Session()).of(Yours))
    return session, {SAMPLE.name: SAMPLE.read_bytes()}


def of_block() -> tuple[Session, dict[str, bytes]]:
    rows = np.load(GPT.with_suffix(".npz"))
    session = opened(GPT, None)
    file = npz(x=rows["x"].astype(np.float64), y=rows["y_block0"].astype(np.float64))
    session.of(Yours).take_rows(file, "my rows.npz")
    return session, {GPT.name: GPT.read_bytes(), "my rows.npz": file}


def of_pykan() -> tuple[Session, dict[str, bytes]]:
    names = ("float32_config.yml", "float32_state")
    files = {name: (CHECKPOINTS / "pykan" / name).read_bytes() for name in names}
    yours = (session := Session()).of(Yours)
    yours.take(files)
    yours.take_rows(npy(X), "inputs.npy")
    return session, {**files, "inputs.npy": npy(X)}


@pytest.mark.parametrize("example", [of_sample, of_block, of_pykan])
def test_the_same_look_elsewhere_runs(
    example: Callable[[], tuple[Session, dict[str, bytes]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    session, files = example()
    yours = session.of(Yours)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    kan, rows = yours.opened, yours.rows
    assert rows is not None
    edge = edge_at(kan, 0, block_edges(kan, rows, 0)[0].number)
    command, python = same_block(yours, edge)
    assert not main(shlex.split(command)[1:])
    exec(python, {})
    printed = capsys.readouterr().out
    assert block_pruning(kan, rows, 0).verdict in printed
    assert str(rows_at_ends(kan, rows, edge)) in printed
