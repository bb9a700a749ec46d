"""Every page under AppTest, twice over: without a network, with one, with its table; and what their buttons do."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import Layer
from kanviz.core.training.train import TrainConfig
from kanviz.ui.state.session import Session
from kanviz.ui.train import run as training
from kanviz.ui.widgets.charts import scores_of
from kanviz.ui.widgets.current import KEY
from kanviz.ui.widgets.page_table import PAGES
from kanviz.ui.widgets.panels import edge_names
from kanviz.ui.widgets.samples import open_sample, samples
from tests.helpers import not_none
from tests.ui.changed import without_rows

ROOT = Path(__file__).parents[2]
OTHERS = [page for page, _, _ in PAGES if page != "pages/open.py"]
NEED_NONE = ("app.py", *(f"pages/{page}.py" for page in ("lessons", "laws", "locality", "language")))


def opened(title: str, *, table: bool = True) -> Session:
    session = Session()
    open_sample(session, next(sample for sample in samples() if sample.title == title))
    if not table:
        without_rows(session)
    return session


def visit(page: str, session: Session | None = None, **address: str) -> AppTest:
    """The page after two runs, free of exceptions."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    for name, value in address.items():
        app.query_params[name] = value
    if session is not None:
        app.session_state[KEY] = session
    if page != "app.py":
        app.switch_page(page)
    for _ in range(2):
        app.run()
        assert not app.exception, [e.message for e in app.exception]
    return app


def press(app: AppTest, words: str) -> AppTest:
    next(b for b in app.button if b.label == words).click().run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def texts(app: AppTest) -> str:
    kinds = (app.title, app.info, app.caption, app.markdown, app.error)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


@pytest.mark.parametrize("page", [page for page in OTHERS if page not in NEED_NONE])
def test_without_a_network_every_page_says_what_to_do_next(page):
    app = visit(page)
    assert "No network is open yet" in texts(app)


def test_every_sample_is_offered():
    app = visit("pages/open.py")
    assert len([b for b in app.button if b.label == "Open"]) == len(samples()) >= 5


@pytest.mark.parametrize("table", [True, False], ids=["with table", "without"])
@pytest.mark.parametrize("page", OTHERS)
def test_every_page_shows_a_network(page, table):
    app = visit(page, opened(samples()[0].title, table=table))
    assert not app.error
    assert app.title[0].value == next(label for path, label, _ in PAGES if path == page)


@pytest.mark.parametrize("page", OTHERS)
@pytest.mark.parametrize("title", [sample.title for sample in samples()[1:]])
def test_every_sample_shows_on_every_page(page, title):
    assert not visit(page, opened(title)).error


def test_a_sample_opens_with_its_table():
    app = visit("pages/open.py")
    press(app, "Open")
    session = app.session_state[KEY]
    assert session.history is not None
    assert session.data is not None


def test_prune_then_undo_then_redo():
    session = opened(samples()[0].title)
    start, edges = session.present, len(list(session.present.edges()))
    app = visit("pages/prune.py", session)
    words = next(b.label for b in app.button if b.label.startswith("Prune "))
    press(app, words)
    assert len(list(session.present.edges())) < edges
    press(app, "Undo")
    assert session.present is start
    press(app, "Redo")
    assert len(list(session.present.edges())) < edges


def wide() -> Session:
    """A network with more edges than a person reads one by one."""
    kan = init([12, 20, 3], seed=0)
    x = torch.rand(60, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    session = Session()
    session.open(kan, "wide", data=Dataset.from_arrays(x, kan(x)).matching(kan))
    return session


@pytest.mark.parametrize("page", OTHERS)
def test_every_page_shows_a_wide_network(page):
    assert not visit(page, wide()).error


def test_of_many_edges_below_the_threshold_only_exceptions_are_listed():
    session = wide()
    app = visit("pages/prune.py", session)
    (threshold,) = (slider for slider in app.slider if "carry less than" in slider.label)
    assert (threshold.max, threshold.value) == (8.0, 0.4)  # of 240 edges in a layer each carries about 0.4 %
    below = scores_of(session, session.present).below(0.004)
    assert len(below) > 40
    above = next(edge for edge in session.present.edges() if edge not in below)
    (listed,) = (m for m in app.multiselect if "below the threshold, except" in m.label)
    assert listed.value == []
    names = edge_names(session)
    assert len(set(names.values())) == len(names)
    listed.set_value([below[0], above]).run()
    press(app, f"Prune {len(below)} edges")
    gone = [edge for edge in session.present.edges(pruned=True) if session.present.edge(edge).state == "pruned"]
    assert gone == sorted({*below[1:], above})


def test_a_formula_that_nobody_could_read_is_composed_only_when_asked_for():
    session = wide()
    app = visit("pages/formula.py", session)
    assert not app.latex
    assert "each would be written as a function" in texts(app)
    press(app, "Write it out all the same")
    assert app.latex


def test_a_page_run_again_computes_nothing_again(monkeypatch):
    session = wide()
    for page in ("app.py", "pages/prune.py"):
        app = visit(page, session)
        with monkeypatch.context() as patch:
            patch.setattr(Layer, "sums", None)
            patch.setattr(Layer, "activations", None)
            app.run()
        assert not app.exception, [e.message for e in app.exception]


def test_a_run_of_a_moment_shows_its_end_at_once(monkeypatch):
    monkeypatch.setattr(training, "MOMENT", 60)  # on a busy machine a moment may be long
    session = opened(samples()[0].title)
    app = visit("pages/train.py", session)
    next(n for n in app.number_input if n.label == "Steps").set_value(1).run()
    press(app, "Start training")
    assert "Last run: all steps done" in texts(app)
    assert [step for step, _, _ in session.training.trail] == [0, 1]


def labels(app: AppTest) -> set[str]:
    return {w.label for kind in (app.number_input, app.selectbox, app.multiselect) for w in kind}


RATE, L1, REFINE = "Learning rate", "L1: pull edges to zero", "Refine grids up to"
SMOOTH, BATCH = "Smoothing weight", "Rows in each step (0: all)"


@pytest.mark.parametrize(
    ("solver", "shown", "hidden"),
    [
        ("auto", {REFINE, "Random starts", L1}, {RATE, BATCH, SMOOTH}),
        ("lm", {REFINE, "Random starts", "Seed"}, {RATE, BATCH, SMOOTH, L1}),
        ("lbfgs", {RATE, L1, SMOOTH}, {REFINE, BATCH, "Random starts", "Seed"}),
        ("adam", {RATE, L1, SMOOTH, BATCH, "Seed"}, {REFINE, "Random starts"}),
    ],
)
def test_a_solver_shows_the_settings_that_it_looks_at(solver, shown, hidden):
    app = visit("pages/train.py", opened(samples()[0].title))
    assert app.selectbox[0].value == "auto"
    app.selectbox[0].set_value(solver).run()
    assert not app.exception, [e.message for e in app.exception]
    assert shown <= labels(app)
    assert not hidden & labels(app)


def test_the_end_of_a_run_says_what_was_picked_why_it_stopped_and_the_grid(monkeypatch):
    monkeypatch.setattr(training, "MOMENT", 60)
    session = opened(samples()[0].title)
    app = press(visit("pages/train.py", session), "Start training")
    assert session.training.last is not None
    assert session.training.last.stopped_because
    assert f"Last run: {session.training.last.stopped_because}" in texts(app)
    assert "Levenberg-Marquardt, picked: the network is small enough · grid intervals: 5" in texts(app)
    held = next(m for m in app.metric if "held out" in m.label)
    assert "had no influence" in held.help
    assert len(session.training.trail) > 2


def test_where_held_out_rows_choose_the_step_that_is_said(monkeypatch):
    monkeypatch.setattr(training, "MOMENT", 60)
    app = visit("pages/train.py", opened(samples()[0].title))
    app.selectbox[0].set_value("lbfgs").run()
    next(n for n in app.number_input if n.label == "Steps").set_value(2).run()
    press(app, "Start training")
    assert "L-BFGS · grid intervals: 5" in texts(app)
    assert "favours" in next(m for m in app.metric if "held out" in m.label).help


def test_a_new_network_is_trained_from_coarse_grids_and_a_trained_one_keeps_its_own(monkeypatch):
    monkeypatch.setattr(training, "MOMENT", 60)
    session = uploaded(measured())
    app = visit("pages/open.py", session)
    next(box for box in app.selectbox if "predict" in box.label).set_value("mass").run()
    press(app, "Create and train")
    app = visit("pages/train.py", session)
    assert session.training.run is not None
    assert (
        session.training.run.config.solver,
        session.training.run.config.finest,
        session.training.run.config.starts,
    ) == ("auto", 12, 1)
    assert session.opened.history.versions[0].kan.layers[0].grid == 3
    assert "It goes on from what the network has learned; grids stay as they are" in texts(app)
    press(app, "Undo")
    assert "A new network; grids are refined up to 12 intervals" in texts(app)


def test_a_stopped_run_offers_to_go_on():
    session = opened(samples()[0].title)
    session.training.start(TrainConfig(steps=100_000, solver="adam"))
    while len(session.training.trail) < 3:
        time.sleep(0.005)
    not_none(session.training.job).stop()
    assert not_none(session.training.job).join(600)
    app = visit("pages/train.py", session)
    steps = len(session.training.trail)
    press(app, "Continue")
    assert session.training.job is not None
    session.training.job.stop()
    assert session.training.job.join(600)
    app.run()
    assert len(session.training.trail) >= steps
    assert len(session.opened.history.versions) == 2
    press(app, "Undo")
    assert "Continue" not in [b.label for b in app.button]


def test_the_run_is_looked_at_at_least_four_times_a_second():
    assert training.TICK <= 0.25


def test_a_control_point_moves_only_when_kept():
    session = opened(samples()[0].title)
    start = session.present
    app = visit("app.py", session)
    app.number_input[0].set_value(not_none(app.number_input[0].value) + 0.5).run()
    assert session.present is start
    assert "bit-identical, 1 changed" in texts(app)
    press(app, "Keep")
    assert session.present is not start
    assert "MoveControlPoint" in type(session.opened.history.versions[-1].edit).__name__


def test_fix_and_release_a_formula():
    session = opened(samples()[0].title)
    app = visit("pages/formula.py", session)
    press(app, "Fix this formula")
    assert session.present.edge(not_none(session.edge)).state == "formula"
    press(app, "Back to its spline")
    assert session.present.edge(not_none(session.edge)).state == "spline"


def test_a_typed_formula_that_is_code_is_refused_in_words():
    app = visit("pages/formula.py", opened(samples()[0].title))
    next(t for t in app.text_input if "your own" in t.label).set_value("__import__('os').system('x')").run()
    assert not app.exception
    assert app.error


def test_training_starts_and_is_collected():
    session = opened(samples()[0].title)
    app = visit("pages/train.py", session)
    next(n for n in app.number_input if n.label == "Steps").set_value(3).run()
    press(app, "Start training")
    assert session.training.job is None or session.training.job.join(600)
    app.run()
    assert not app.exception
    assert len(session.opened.history.versions) == 2
    assert "Last run" in texts(app)


def test_hostile_names_stay_text():
    from dataclasses import replace

    session = opened(samples()[0].title)
    kan = session.present
    name = "<img src=x onerror=alert(1)> **b** $x$ [l](http://h) :red[r]"
    hostile = replace(kan, inputs=(replace(kan.inputs[0], name=name), *kan.inputs[1:]))
    other = Session()
    other.open(hostile, name)
    for page in OTHERS:
        app = visit(page, other)
        assert not [m for m in app.markdown if m.allow_html]
        assert name not in "".join(str(m.value) for m in app.markdown)


def test_a_chosen_point_survives_other_edits_of_its_edge():
    from kanviz.edit.edits import RefineGrid

    session = opened(samples()[0].title)
    app = visit("app.py", session)
    hold_point(app, session.edge, 6)
    for edit in (RefineGrid(not_none(session.edge).layer, 11), None):
        session.apply(edit) if edit else session.undo()
        app.run()
        assert not app.exception, [e.message for e in app.exception]
    assert "**Control point 6 at" in texts(app)


def hold_point(app: AppTest, edge, m: int) -> None:
    """As a click on it in the editor does."""
    app.session_state[f"point-{edge}"] = m
    app.run()


def uploaded(text: str, name: str = "measured.csv") -> Session:
    from kanviz.io.tables import read_table

    session = Session()
    session.tables.upload(read_table(text.encode(), name), name)
    return session


def measured(rows: int = 60, target: str = "") -> str:
    lines = ["length (m),mass [kg],kind"]
    lines += [f"{0.1 * n:.2f},{(7 * n) % 13},{target or 'abc'[n % 3]}" for n in range(rows)]
    return "\n".join(lines)


def test_a_table_goes_to_a_trained_network_untouched():
    session = uploaded(measured())
    app = visit("pages/open.py", session)
    assert not app.error
    next(box for box in app.selectbox if "predict" in box.label).set_value("mass").run()
    next(n for n in app.number_input if n.label == "Training steps").set_value(3).run()
    press(app, "Create and train")
    assert session.training.job is None or session.training.job.join(600)
    assert [(v.name, v.unit) for v in session.present.inputs] == [("length", "m")]
    assert [(v.name, v.unit) for v in session.present.outputs] == [("mass", "kg")]


def test_a_classifier_made_from_a_table_shows_on_every_page():
    session = uploaded(measured())
    app = visit("pages/open.py", session)
    assert next(box for box in app.selectbox if "predict" in box.label).value == "kind"  # the last column
    next(n for n in app.number_input if n.label == "Training steps").set_value(3).run()
    press(app, "Create and train")
    assert session.training.job is None or session.training.job.join(600)
    session.training.collect()
    assert session.present.task == "classification"
    assert [v.name for v in session.present.outputs] == ["a", "b", "c"]
    for page in OTHERS:
        assert not visit(page, session).error
    labels = [m.label for m in visit("app.py", session).metric]
    assert any("Accuracy" in label for label in labels)
    assert not any("RMSE" in label for label in labels)


def test_going_back_to_the_network_before():
    session = opened(samples()[0].title)
    first, rows = session.present, session.rows_from
    open_sample(session, samples()[4])
    assert session.left is not None
    app = visit("pages/open.py", session)
    press(app, next(b.label for b in app.button if b.label.startswith("Back to")))
    assert session.present is first
    assert session.rows_from == rows


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e308])
def test_a_network_with_useless_numbers_shows_on_every_page(number):
    session = opened(samples()[0].title)
    layer = session.present.layers[0]
    coef = layer.coef.clone()
    coef[not_none(session.edge).source, not_none(session.edge).target, 3] = number
    other = Session()
    other.open(session.present.with_layer(0, coef=coef), "useless", data=session.data, edge=session.edge)
    for page in OTHERS:
        visit(page, other)


@pytest.mark.parametrize("page", ["app.py", *(f"pages/{path.name}" for path in sorted((ROOT / "pages").glob("*.py")))])
def test_what_a_page_imports_first_is_light(page: str):
    """A page is painted before torch is there; and while the server imports that, no other thread may."""
    tree = ast.parse((ROOT / page).read_text(encoding="utf-8"))
    modules = sorted({node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module})
    heavy = ("torch", "sympy", "pandas", "kanviz.io", "kanviz.plots", "kanviz.core.kan")
    script = f"import sys, {', '.join(modules)}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
