"""The Open page lists the KANs of a model that has several, opens one after another, and gives a block its rows."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import kanviz
from kanviz.core.module import KANLayer
from kanviz.errors import LoadError
from kanviz.io.npz import npz_bytes
from kanviz.ui.open.block_rows import replacing_lines
from kanviz.ui.state.model_file import ModelFile
from kanviz.ui.state.session import BLOCK, Session
from kanviz.ui.widgets.recording import largest_gap, recording_lines
from tests.io.test_odd_weights import EFFICIENT
from tests.ui.open.test_models import uploaded
from tests.ui.test_pages import press, texts, visit

MODELS = Path(__file__).parents[2] / "checkpoints" / "models"
GPT = MODELS / "gpt_with_kan_ffn.pt"
NUMBERS = np.load(MODELS / "gpt_with_kan_ffn.npz")


def many(count: int) -> bytes:
    """A model with so many small KANs, some of them unlike the others."""
    blocks = {f"layers.{n}.kan": KANLayer(2, 1 + n % 3, seed=n) for n in range(count)}
    state = {f"{name}.{key}": part for name, one in blocks.items() for key, part in one.state_dict().items()}
    torch.save({**state, "norm.weight": torch.ones(2)}, file := io.BytesIO())
    return file.getvalue()


def session_of(app: AppTest) -> Session:
    return app.session_state["kanviz"]


def names(app: AppTest) -> list[str]:
    """The blocks that can be opened."""
    keys = [str(b.key) for b in app.button if str(b.key).startswith("open-block-")]
    return [key.removeprefix("open-block-").removesuffix("-KANLayer") for key in keys]


def find(app: AppTest, words: str) -> None:
    next(one for one in app.text_input if one.key == "find-block").input(words).run()


def open_block(app: AppTest, name: str) -> AppTest:
    next(b for b in app.button if b.key == f"open-block-{name}-KANLayer").click().run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def drop_rows(app: AppTest, name: str, **arrays: np.ndarray) -> AppTest:
    (uploader,) = (u for u in app.file_uploader if u.key == "block-rows")
    uploader.upload(name, npz_bytes(arrays), "")
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def block() -> Session:
    """A session with the second block of the model open."""
    session = Session()
    session.open(kanviz.load(GPT, block="blocks.1.ffn"), "blocks.1.ffn of gpt", block="blocks.1.ffn")
    return session


def test_a_model_with_several_kans_is_a_list_of_them() -> None:
    app = uploaded("gpt.pt", GPT.read_bytes())
    assert not app.error
    assert names(app) == ["blocks.0.ffn", "blocks.1.ffn"]
    words = texts(app).replace("\\", "")
    assert "KANLayer, 8-16-8, grid 4, order 3, 2,096 parameters" in words
    assert "Next to blocks.1.ln1, blocks.1.attn, blocks.1.ln2" in words
    previews = session_of(app).of(ModelFile).previews(names(app))
    assert all(len(preview.curves) == 5 for preview in previews.values())


def test_a_block_of_the_list_is_open_under_its_name_with_the_numbers_of_its_file() -> None:
    app = open_block(uploaded("gpt.pt", GPT.read_bytes()), "blocks.1.ffn")
    s = session_of(app)
    assert (s.name, s.block) == ("blocks.1.ffn of gpt", "blocks.1.ffn")
    assert s.present.digest == kanviz.load(GPT, block="blocks.1.ffn").digest
    assert not s.rows_from


def test_from_an_open_block_one_returns_to_the_list_and_opens_another() -> None:
    app = open_block(uploaded("gpt.pt", GPT.read_bytes()), "blocks.1.ffn")
    press(app.switch_page("app.py").run(), "Other KANs")
    app.switch_page("pages/open.py").run()
    assert names(app) == ["blocks.0.ffn", "blocks.1.ffn"]
    open_block(app, "blocks.0.ffn")
    assert session_of(app).block == "blocks.0.ffn"


def test_the_command_line_leads_to_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANVIZ_MODEL", str(GPT))
    assert names(visit("app.py")) == ["blocks.0.ffn", "blocks.1.ffn"]


def test_the_command_line_opens_the_block_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANVIZ_MODEL", str(GPT))
    monkeypatch.setenv("KANVIZ_BLOCK", "blocks.1.ffn")
    s = session_of(visit("app.py"))
    assert (s.name, s.block) == ("blocks.1.ffn of gpt_with_kan_ffn", "blocks.1.ffn")


def test_the_field_for_files_is_empty_once_its_file_is_a_list() -> None:
    app = uploaded("gpt.pt", GPT.read_bytes())
    (field,) = (one for one in app.file_uploader if str(one.key).startswith("model-files"))
    assert field.key != "model-files"


def test_a_file_that_is_closed_is_freed() -> None:
    app = press(uploaded("gpt.pt", GPT.read_bytes()), "Close this file")
    assert not names(app)
    assert session_of(app).of(ModelFile).size == 0


def test_of_many_blocks_a_part_is_shown_and_only_its_curves_are_read() -> None:
    app = uploaded("many.pt", many(30))
    file = session_of(app).of(ModelFile)
    assert names(app) == [f"layers.{n}.kan" for n in range(12)]
    (part,) = (one for one in app.selectbox if str(one.key).startswith("blocks-shown"))
    part.select(24).run()
    assert names(app) == [f"layers.{n}.kan" for n in range(24, 30)]
    assert set(file._previews) == {f"layers.{n}.kan" for n in (*range(12), *range(24, 30))}


def test_blocks_are_found_by_a_part_of_their_name() -> None:
    app = uploaded("many.pt", many(30))
    (part,) = (one for one in app.selectbox if str(one.key).startswith("blocks-shown"))
    part.select(24).run()
    find(app, "2.KAN")
    assert names(app) == [f"layers.{n}.kan" for n in (2, 12, 22)]
    (part,) = (one for one in app.selectbox if str(one.key).startswith("blocks-shown"))
    assert part.options == ["1 to 3 of 3"]
    find(app, "nothing")
    assert not names(app)
    assert "No KAN in this file has such a name" in texts(app)


def test_a_block_that_cannot_be_read_says_why_and_the_others_open() -> None:
    file = io.BytesIO()
    state = {f"{name}.{key}": part for name in "ab" for key, part in KANLayer(2, 1).state_dict().items()}
    state["a.knots"] = state["a.knots"].flip(1)
    torch.save(state, file)
    app = uploaded("two.pt", file.getvalue())
    assert "do not ascend" in texts(app)
    open_block(app, "a")
    assert "do not ascend" in app.error[0].value
    open_block(app, "b")
    assert session_of(app).block == "b"


def test_a_tensor_is_listed_with_one_kan_only() -> None:
    layer = {f"{head}.{name}": part for head in "mn" for name, part in KANLayer(2, 1).state_dict().items()}
    torch.save({**layer, **{f"m.{name}": part for name, part in EFFICIENT.items()}}, file := io.BytesIO())
    app = uploaded("mixed.pt", file.getvalue())
    assert names(app) == ["m-efficient-kan", "n"]


def test_a_block_takes_no_rows_of_another_network_and_gives_none() -> None:
    s = block()
    s.tables.look_with(kanviz.Dataset.from_arrays(NUMBERS["x"], NUMBERS["y_block1"]), "rows.npz")
    s.open(kanviz.load(GPT, block="blocks.0.ffn"), "other", block="blocks.0.ffn")
    assert s.data is None
    s.go_back()
    assert s.data is not None
    s.open(kanviz.init([8, 8]), "own")
    assert s.data is None


def test_the_name_of_a_block_stays_with_the_work() -> None:
    s = block()
    s.look_at({"tab": "Reach"})
    assert s.opened.view == {"tab": "Reach", BLOCK: "blocks.1.ffn"}


@pytest.mark.parametrize("name", ["blocks.1.ffn", "module._orig_mod.blocks.1.ffn"])
def test_the_lines_to_copy_record_the_block(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ffn = torch.nn.Sequential(KANLayer(8, 16), KANLayer(16, 8))
    model = torch.nn.ModuleDict({"blocks": torch.nn.ModuleList([ffn, torch.nn.ModuleDict({"ffn": ffn})])})
    model.forward = lambda batch: ffn(batch)  # pyright: ignore[reportAttributeAccessIssue]
    exec(recording_lines(name), {"model": model, "batches": torch.ones(3, 5, 8)})
    assert len(kanviz.load_rows("blocks-1-ffn.npz")) == 15


def test_the_lines_to_copy_write_the_edited_block_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kan = kanviz.load(GPT, block="blocks.1.ffn")
    (tmp_path / "gpt.pt").write_bytes(GPT.read_bytes())
    kanviz.save(kan.with_layer(0, coef=2 * kan.layers[0].coef), "own.safetensors")
    exec(replacing_lines("blocks.1.ffn", "gpt.pt", "own.safetensors"))
    edited = kanviz.load("edited.pt", block="blocks.1.ffn")
    assert torch.equal(edited.layers[0].coef, 2 * kan.layers[0].coef)


def test_rows_are_opened_next_to_the_block_and_compared_with_it() -> None:
    app = visit("pages/open.py", block())
    assert any('model.get_submodule("blocks.1.ffn")' in code.value for code in app.code)
    drop_rows(app, "block1.npz", x=NUMBERS["x"], y=NUMBERS["y_block1"])
    s = session_of(app)
    assert (s.rows_from, len(s.data or ())) == ("block1.npz", 64)
    assert "gives the outputs in these rows" in app.success[0].value


def test_rows_of_another_block_are_a_warning() -> None:
    app = drop_rows(visit("pages/open.py", block()), "block0.npz", x=NUMBERS["x"], y=NUMBERS["y_block1"][::-1])
    assert "differ from those of the block by up to" in app.warning[0].value


def test_rows_that_do_not_fit_are_refused_and_nothing_changes() -> None:
    app = drop_rows(visit("pages/open.py", block()), "wide.npz", x=NUMBERS["x"][:, :3], y=NUMBERS["y_block1"])
    assert "8 inputs and 8 outputs, the file 3 inputs and 8 outputs" in app.error[0].value.replace("\\", "")
    assert session_of(app).data is None


def test_a_module_that_computes_more_than_its_kan_differs_by_a_share_of_its_range() -> None:
    kan = kanviz.load(GPT, block="blocks.1.ffn")
    x = torch.from_numpy(NUMBERS["x"])
    y = kan(x)
    exact, moved = (
        largest_gap(kan, kanviz.Dataset.from_arrays(x, y + shift * (y.amax() - y.amin()))) for shift in (0, 0.5)
    )
    assert exact < 1e-6
    assert moved >= 0.5


@pytest.mark.parametrize(
    "page", ["app.py", "pages/prune.py", "pages/history.py", "pages/formula.py", "pages/retrain.py"]
)
def test_without_rows_every_page_says_why_and_where_to_get_some(page: str) -> None:
    app = visit(page, block())
    assert "is a block inside a model, which has no table" in texts(app)
    links = [element.proto.label for element in app.get("page_link")]
    assert "Record its rows" in links


def test_a_network_of_its_own_without_rows_is_asked_for_a_table() -> None:
    s = Session()
    s.open(kanviz.init([2, 1]), "own")
    app = visit("app.py", s)
    assert "No table is loaded, so curves have no density" in texts(app)


def test_a_reader_that_fails_leaves_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LoadError("Reading this file took too long.")

    monkeypatch.setattr("kanviz.io.reading.read_previews", fail)
    app = uploaded("gpt.pt", GPT.read_bytes())
    assert names(app) == ["blocks.0.ffn", "blocks.1.ffn"]
    assert "The curves cannot be shown: Reading this file took too long" in texts(app).replace("\\", "")
