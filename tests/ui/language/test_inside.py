"""The tab "Inside": a model is there at once, units can be found and moved, and the page says what that does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.cli import parser
from kanviz.errors import UserError
from kanviz.io.language_file import from_bytes, to_bytes
from kanviz.language import Contest, Corpus, LanguageModel, SavedModel, Sizes, load
from kanviz.language.inside import curves_of
from kanviz.ui.language.inside import same_look
from kanviz.ui.language.models import SHIPPED, SHIPPED_NAME, _open, shipped
from kanviz.ui.state.inside import Inside
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.language import Language, snapshot
from kanviz.ui.state.race_run import RaceRun, Seen
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.current import KEY
from tests.language.races import race_of
from tests.language.tiny import TEXT
from tests.ui.test_pages import press, texts, visit

PAGE = "pages/language.py"


def small(kind: Any = "curves", seed: int = 0) -> SavedModel:
    model = LanguageModel(Sizes(kind, width=16, heads=2, context=16, parameters=1_500), seed=seed)
    return SavedModel(model, TEXT.name, TEXT.sha256, TEXT.source, 0, 0.0, 6.5)


def opened(saved: SavedModel | None = None) -> Session:
    session = Session()
    session.of(Inside).open(saved or small(), "small.safetensors", TEXT)
    return session


def tab(session: Session | None = None) -> AppTest:
    return visit(PAGE, session, language="Inside")


def shown(app: AppTest) -> str:
    boxes = [str(e.value) for kind in (app.success, app.warning, app.error, app.info) for e in kind]
    return "\n".join([texts(app), *(h.value for h in app.header), *boxes]).replace("\\", "")


def field(app: AppTest, label: str) -> Any:
    return next(w for kind in (app.number_input, app.text_input, app.selectbox) for w in kind if w.label == label)


def test_a_model_is_there_before_anybody_opens_one():
    app = tab()
    assert SHIPPED_NAME in shown(app)
    strongest = app.session_state[KEY].of(Inside).units(1)[0].number
    assert f"Unit {strongest}" in shown(app)
    assert "their last two characters have" in shown(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_moved_control_point_is_in_the_model_and_can_be_put_back():
    session = opened()
    app, inside = tab(session), session.of(Inside)
    unit = field(app, "Unit").value
    was = curves_of(inside.model, 1).coef[unit].detach().clone()
    assert "see here which predictions" in shown(app)
    field(app, "Control point").set_value(4).run()
    field(app, "Height").set_value(float(was[4]) + 2).run()
    assert not app.exception
    now = curves_of(inside.model, 1).coef.detach()[unit]
    assert float(now[4]) == pytest.approx(float(was[4]) + 2)
    assert torch.equal(now[:4], was[:4])
    assert inside.change().verdict in shown(app)
    assert len(app.get("plotly_chart")) == 3
    saved = from_bytes(inside.to_bytes())
    assert torch.equal(curves_of(saved.model, 1).coef[unit], now)
    assert saved.bits is None
    press(app, "Put this curve back")
    assert torch.equal(curves_of(inside.model, 1).coef[unit], was)
    assert from_bytes(inside.to_bytes()).bits == 6.5


def test_other_moves_give_other_words():
    session = opened()
    inside = session.of(Inside)
    unit = inside.units(1)[0].number
    inside.move(1, unit, [(m, 3.0) for m in range(11)])
    all_moved = shown(tab(session))
    inside.put_back(1, unit)
    inside.move(1, unit, [(10, 3.0)])
    one = shown(tab(session))
    assert re.search(r"Only \d+% of the predictions", all_moved)
    assert "Only" not in one


def test_a_text_finds_its_units_and_each_block_has_its_own():
    app = tab(opened())
    first = field(app, "Unit").options
    field(app, "Find units by a text").set_value("The cat is").run()
    assert field(app, "Unit").options != first
    next(g for g in app.button_group if g.label == "Block").set_value(0).run()
    assert not app.exception
    assert field(app, "Unit").options != first


def test_a_curve_opens_on_the_workbench_with_its_inputs():
    session = opened()
    inside = session.of(Inside)
    unit = inside.units(1)[0].number
    app = press(tab(session), "Open this curve on the workbench")
    assert not app.error
    x = inside.recorded(1).inputs[:50, unit].double()
    assert torch.allclose(session.present(x[:, None])[:, 0], inside.recorded(1).values[:50, unit].double(), atol=1e-5)
    assert session.rows_from == f"unit {unit} of block 2"


def test_pruning_is_computed_when_it_is_opened():
    session = opened()
    app = tab(session)
    assert "Without the weakest" not in shown(app)
    app.session_state["keep-inside-pruning"] = True
    app.run()
    assert session.of(Inside).pruning(1).verdict in shown(app)


def test_models_of_the_race_can_be_looked_into():
    session, file = Session(), to_bytes(small(seed=3))

    def items() -> Iterator[Seen]:
        yield Seen(race_of(curves=(2.5,), gelu=(2.6,)), 0, file)

    files = {0: file}
    job = Job(items, elsewhere=True).start()
    session.of(Language).run = RaceRun(TEXT, Contest(("curves", "gelu"), 1, 2.0), 10, job, files)
    assert job.join(600)
    app = tab(session)
    press(app, "From the race: curves, seed 0")
    assert session.of(Inside).opened.sha256 == TEXT.sha256
    assert field(app, "Unit").value == session.of(Inside).units(1)[0].number  # the strongest of the new model
    assert "From the race: curves, seed 0" in shown(app)


def test_a_model_that_is_trained_here_is_opened_at_its_end(monkeypatch: pytest.MonkeyPatch):
    started = []

    def start(corpus: Corpus, contest: Contest, seconds: float, who: object) -> RaceRun:
        started.append((corpus.name, contest.kinds, seconds))
        job = Job(lambda: iter([Seen(race_of(curves=(2.5,)))]), elsewhere=True).start()
        assert job.join(600)
        return RaceRun(corpus, contest, seconds, job, {0: to_bytes(small(seed=4))})

    monkeypatch.setattr(RaceRun, "start", staticmethod(start))
    app = press(tab(opened()), "Train one in 10 s")
    assert started == [("documentation", ("curves",), 10)]
    assert "Trained here, 10 s" in shown(app)


def test_models_without_curves_and_forged_files_are_refused_and_the_model_stays():
    session = opened()
    inside = session.of(Inside)
    with pytest.raises(UserError, match="blocks of the kind gelu"):
        inside.open(small("gelu"), "gelu", TEXT)
    damaged = bytearray(to_bytes(small()))
    damaged[-1] ^= 1
    with pytest.raises(UserError, match="checksum"):
        _open(bytes(damaged), "forged.safetensors")
    with pytest.raises(UserError, match="number from 0 to 10"):
        inside.move(1, 0, [(11, 0.0)])
    assert inside.name == "small.safetensors"


def test_a_model_file_is_opened_and_a_damaged_one_refused_on_the_page():
    session, good = opened(), to_bytes(small(seed=5))
    app = tab(session)
    for content, name in ((good, "mine.safetensors"), (good[:-1], "mine.safetensors")):
        (uploader,) = (u for u in app.file_uploader if u.key == "inside-upload")
        uploader.upload(name, content, "")
        app.run()
        assert not app.exception
        assert bool(app.error) is (content != good)
        assert session.of(Inside).name == "mine.safetensors"


def test_the_shipped_model_is_the_one_its_words_say():
    saved = shipped()
    assert saved.sha256 == snapshot("documentation").sha256
    assert saved.bits is not None
    assert saved.bits < 1.9


def test_the_same_look_elsewhere_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    command, python = same_look(1, 14)
    assert parser().parse_args(command.split()[1:]).output == "model.safetensors"
    monkeypatch.setattr("kanviz.io.language_file.load", lambda path: load_of(path))
    exec(python, {})
    printed = capsys.readouterr().out
    assert "Unit(number=14" in printed
    assert "of the predictions" in printed


def load_of(path: str) -> SavedModel:
    assert path == "model.safetensors"
    return load(Path(SHIPPED))
