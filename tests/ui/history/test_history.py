"""The History page: what every step did, jumps, names, two versions compared, and the steps in a zip that runs."""

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import kanviz
from kanviz.analysis.diff import diff
from kanviz.analysis.metrics import metrics
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig
from kanviz.edit.edits import FreezeEdge, MoveControlPoint, RefineGrid, Retrain
from kanviz.ui.history import version_errors, versions
from kanviz.ui.history.comparison import runs_of, two_of
from kanviz.ui.history.steps import packed_steps, row_files
from kanviz.ui.history.version_errors import judge, shift, step_effect
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.panels import number
from kanviz.ui.widgets.samples import samples
from tests.helpers import table_for
from tests.ui.changed import change
from tests.ui.test_pages import opened, press, texts, visit

PAGE = "pages/history.py"
EDGE = EdgeId(0, 0, 0)


def changed(*, table: bool = True) -> Session:
    """The first sample after three steps."""
    s = opened(samples()[0].title, table=table)
    assert s.edge is not None
    for edit in (MoveControlPoint(s.edge, 2, 9.0), FreezeEdge((s.edge,)), MoveControlPoint(s.edge, 3, -1.0)):
        s.apply(edit)
    return s


def all_train(data: Dataset) -> Dataset:
    """The same rows, none of them held out."""
    return replace(data, train=torch.arange(len(data)), test=data.test[:0])


def buttons(app) -> list[str]:
    return [button.label for button in app.button]


def test_every_step_shows_the_error_before_and_after_on_held_out_rows():
    s = changed()
    app = visit(PAGE, s)
    assert s.data is not None
    errors = [metrics(version.kan, s.data).parts["test"].rmse for version in s.opened.history.versions]
    said = texts(app)
    assert f"RMSE {number(errors[0])} → {number(errors[1])}" in said
    assert f"RMSE {number(errors[1])}, as before" in said
    assert f"RMSE {number(errors[2])} → {number(errors[3])} · current" in said
    assert "200 held-out rows" in said


def test_without_a_table_it_shows_how_far_the_outputs_moved():
    s = changed(table=False)
    app = visit(PAGE, s)
    one, two = (s.opened.history.versions[n].kan for n in (0, 1))
    assert f"outputs move by {number(shift(s, one, two))}" in texts(app)
    assert "RMSE" not in texts(app)


def test_all_rows_count_where_none_are_held_out():
    s, kan = Session(), init([1, 1])
    data = table_for(kan)
    s.open(kan, "x", data=all_train(data))
    found = judge(s, kan)
    assert found is not None
    assert found.on == "40 rows"


def test_a_click_jumps_and_what_was_undone_says_so():
    s = changed()
    app = press(visit(PAGE, s), "1 · " + _words(s, 1))
    assert s.opened.history.at == 1
    assert "undone" in texts(app)
    assert [label.startswith(":gray[") for label in buttons(app) if " · " in label] == [True, True, False, False]
    press(app, f":gray[3 · {_words(s, 3)}]")
    assert s.opened.history.at == 3


def _words(s: Session, n: int) -> str:
    from kanviz.ui.widgets.words import label, step_words

    return label(step_words(s.opened.history.versions[n], s.present), 70)


def test_naming_a_version_keeps_the_page_alive():
    s = changed()
    app = visit(PAGE, s)
    for name in ("start", "the start *now*"):
        app.text_input[0].set_value(name).run()
        assert not app.exception, [e.message for e in app.exception]
        assert str(s.opened.history.versions[3]) == name
    assert r"**3 · the start \*now\***" in buttons(app)


def test_compare_takes_a_version_and_the_one_in_hand():
    s = changed()
    app = visit(PAGE, s)
    app.button(key="compare-1").click().run()
    assert not app.exception, [e.message for e in app.exception]
    assert [app.query_params[name] for name in ("before", "after")] == ["1", "3"]
    one, three = s.opened.history.versions[1].kan, s.opened.history.versions[3].kan
    assert s.data is not None
    values = {m.label: m.value for m in app.metric}
    assert values["RMSE before"] == number(metrics(one, s.data).parts["test"].rmse)
    assert values["RMSE after"] == number(metrics(three, s.data).parts["test"].rmse)
    assert values["Outputs move by"] == number(float((one(s.data.x) - three(s.data.x)).abs().max()))
    found = diff(one, three)
    assert values["Edges bit-identical"] == f"{len(found.edges) - len(found.changed)} of {len(found.edges)}"
    press(app, "Swap")
    assert {m.label: m.value for m in app.metric}["RMSE after"] == values["RMSE before"]
    next(box for box in app.selectbox if box.label == "After").set_value(2).run()
    assert [app.query_params[name] for name in ("before", "after")] == ["3", "2"]
    assert "Edges bit-identical" in {m.label for m in app.metric}


def test_an_address_chooses_the_two_versions():
    app = visit(PAGE, changed())
    app.query_params["before"], app.query_params["after"] = "0", "0"
    app.run()
    assert "the same, bit for bit" in app.success[0].value


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("0", "2", (0, 2)), ("2", "0", (2, 0)), ("3", "0", None), ("-1", "0", None), ("0", "", None), ("x", "0", None),
        ("1" * 5_000, "0", None), ("٣", "0", None), ("0.5", "1", None), (["0", "1"], "1", None),
    ],
)  # fmt: skip
def test_only_versions_that_are_there_are_taken_from_an_address(before, after, wanted):
    assert two_of({"before": before, "after": after}, 3) == wanted
    assert two_of({}, 3) is None


def test_errors_of_all_versions_are_computed_once_and_dropped_when_the_rows_change(monkeypatch):
    s, count = Session(), 0
    kan = init([1, 1])
    data = table_for(kan)
    s.open(kan, "x", data=data)
    for n in range(499):
        s.apply(MoveControlPoint(EDGE, n % 3, 1 + n / 100))
    asked = []
    monkeypatch.setattr("kanviz.analysis.metrics.metrics", lambda kan, data: asked.append(kan) or metrics(kan, data))
    visit(PAGE, s)
    assert 10 <= len(asked) <= 12, "only those on the page"
    effects = []
    for _ in range(2):
        effects = [step_effect(s, n) for n in range(500)]
    assert len(asked) == 500
    s.jump(3)
    assert [step_effect(s, n) for n in range(500)] == effects
    assert len(asked) == 500
    s.tables.look_with(table_for(kan, seed=4), "other")
    count = len(asked)
    assert step_effect(s, 3) != effects[3]
    assert len(asked) > count


def test_long_histories_are_turned_in_pages():
    s = Session()
    s.open(init([1, 1]), "x")
    for n in range(24):
        s.apply(MoveControlPoint(EDGE, n % 3, 1 + n / 100))
    app = visit(PAGE, s)
    assert "Page 1 of 3" in texts(app)
    press(press(app, "Older"), "Older")
    assert "Page 3 of 3" in texts(app)
    press(app, "0 · Opened")
    assert s.opened.history.at == 0
    assert "**0 · Opened**" in buttons(app), "the page with the current version stays"


def test_the_narrow_list_jumps_too_and_leads_to_the_page_with_the_two_versions(monkeypatch):
    monkeypatch.setattr(versions, "version_list", versions.history_panel)
    s = changed()
    app = press(visit(PAGE, s), "2 · " + _words(s, 2))
    assert s.opened.history.at == 2
    links = [link.proto.query_string for link in app.get("page_link") if link.proto.label == "Compare"]
    assert links == ["before=2&after=3", "before=1&after=2", "before=0&after=2"]


# --- the steps to take along ------------------------------------------------------------------------------------


def run_zip(data: bytes, place: Path) -> tuple[str, kanviz.KAN]:
    """Unpack, run, and give what it said and made."""
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        zipped.extractall(place)
    (folder,) = place.iterdir()
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); import runpy; runpy.run_path('steps.py')"],
        capture_output=True, text=True, timeout=600, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, kanviz.load(folder / "changed.safetensors")


def test_the_zip_runs_as_downloaded_trainings_on_two_tables_included(tmp_path):
    s, kan = Session(), init([2, 1], seed=1)
    one, two = (all_train(table_for(kan, seed=seed)) for seed in (0, 5))
    config = TrainConfig("adam", steps=2)
    s.open(kan, "my net.pt", data=one)
    for data in (one, two):
        s.tables.look_with(data, "t")
        s.training.start(config)
        assert s.training.job is not None
        s.training.job.join(600)
        s.training.collect()
    assert [type(v.edit) for v in s.opened.history.versions[1:]] == [Retrain, Retrain]
    assert list(s.tables.fitting) == [two.digest, one.digest], "the current rows, then those a training was done on"
    said, made = run_zip(packed_steps(s.opened.history, s.tables.fitting, "my_net-steps"), tmp_path)
    assert made.digest == s.present.digest
    assert "the same, bit for bit" in said
    assert f"RMSE {metrics(s.present, two).parts['train'].rmse:.6g}" in said
    assert set(row_files(s.tables.fitting).values()) == {"start.safetensors", "rows2.safetensors"}
    s.replay(s.opened.history.recipe())
    assert s.present.digest == made.digest


def test_the_same_steps_are_the_same_zip():
    s = changed()
    assert packed_steps(s.opened.history, s.tables.fitting, "a") == packed_steps(
        s.opened.history, s.tables.fitting, "a"
    )


def test_rows_go_along_only_if_asked_for_or_needed():
    s = changed()
    app = visit(PAGE, s)
    assert "start.safetensors." in texts(app)
    assert "rows of data" not in texts(app)
    next(box for box in app.checkbox if box.label == "With the current rows").check().run()
    assert "1,000 rows of data" in texts(app)


def test_a_script_that_cannot_do_all_says_so_before_it_is_downloaded():
    s = opened(samples()[0].title)
    edit = Retrain(TrainConfig(steps=1), s.data.digest if s.data else "", 1, "ewc")
    change(s, history=s.opened.history.record(edit, RefineGrid(0, 20).apply(s.present)))
    app = visit(PAGE, s)
    assert "ends before step 1" in app.warning[0].value
    app.toggle[0].set_value(True).run()
    assert "raise SystemExit" in app.code[0].value


def test_the_script_is_shown_on_demand():
    app = visit(PAGE, changed())
    assert not app.code
    app.toggle[0].set_value(True).run()
    assert "MoveControlPoint(EdgeId(" in app.code[0].value


def test_runs_of_numbers_are_written_short():
    assert runs_of([0, 1, 2, 3, 7]) == "0–3, 7"
    assert runs_of([]) == "none"
    assert version_errors.Judged("RMSE", 1.0, 1, True).on == "1 held-out row"
