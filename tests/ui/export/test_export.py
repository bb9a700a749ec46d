"""The Export page: each form with its code, run and compared; refusals and what cannot be run, in words."""

import sys
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import Prune
from kanviz.io.predicted_columns import csv_bytes, predicted_table
from kanviz.io.tables import read_table
from kanviz.ui.export import network, rows
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.samples import samples
from kanviz.writers import runs
from kanviz.writers.targets import TARGETS
from tests.ui.test_pages import opened, press, texts, visit


def page(session: Session | None = None, to: str = "numpy") -> AppTest:
    app = visit("pages/export.py", session or opened(samples()[0].title))
    app.radio(key=network.KEY).set_value(to).run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def said(app: AppTest) -> str:
    """What the page says, without the backslashes of Markdown."""
    return texts(app).replace("\\", "")


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


@pytest.mark.parametrize("to", ["numpy", "c", "js", "onnx"])  # torch takes long to start, and is run elsewhere
def test_each_form_is_shown_run_and_compared(to: str):
    app = page(to=to)
    code = "\n".join(block.value for block in app.code)
    assert TARGETS[to].binary or "Kolmogorov-Arnold network, [2, 5, 1], 15 edges" in code
    assert metrics(app)["Rows compared"] == "2,000"
    assert 0 < float(metrics(app)["Largest gap to the network"]) < (1e-4 if TARGETS[to].single else 1e-12)
    assert f"--to {to} -o network{TARGETS[to].suffix}" in texts(app)


def test_the_code_is_that_of_the_network_as_it_is_now():
    session = opened(samples()[0].title)
    before = page(session).code[0].value
    session.apply(Prune((EdgeId(0, 0, 2),), (0.25,)))
    after = page(session).code[0].value
    assert "15 edges" in before
    assert "14 edges" in after


def test_what_cannot_be_run_here_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs.shutil, "which", lambda name: None)
    app = page(to="c")
    assert "Not checked. There is no C compiler here" in said(app)
    assert not app.metric


def test_a_difference_is_an_error_on_the_page(monkeypatch: pytest.MonkeyPatch):
    wrong = replace(TARGETS["numpy"], run=lambda code, x: runs.run_numpy(code, x) + 0.5)
    monkeypatch.setitem(TARGETS, "numpy", wrong)
    app = page()
    assert "differs from the network on 2,000 rows: largest gap 0.5" in said(app)
    assert not app.metric


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    app = page(to="onnx")
    assert any("pip install" in one.value for one in app.warning)


def test_a_large_network_is_run_when_somebody_asks():
    session = Session()
    session.open(init([40, 64, 4], seed=0), "large")
    app = page(session)
    assert not app.metric
    press(app, "Run it and compare")
    assert metrics(app)["Rows compared"] == "1,000"


def with_rows(text: str) -> AppTest:
    session = opened(samples()[0].title)
    session.tables.upload(read_table(text.encode(), "new.csv"), "new.csv", rows.SLOT)
    return page(session)


def test_new_rows_come_back_with_predictions_and_gaps_are_said():
    app = with_rows("y,x,remark\n0.5,0.25,=1+1\n-0.5,,second\n")
    found = app.dataframe[0].value
    kan = opened(samples()[0].title).present
    assert list(found.columns) == ["y", "x", "remark", "f_predicted"]
    assert float(found["f_predicted"].to_numpy()[0]) == pytest.approx(float(kan([[0.25, 0.5]])))
    assert any("1 of 2 rows" in one.value for one in app.warning)
    assert "Download 2 rows with predictions" in [getattr(one, "label", "") for one in app.get("download_button")]


def test_a_table_without_the_networks_columns_is_refused():
    app = with_rows("a,b\n1,2\n3,4\n")
    assert any("x" in one.value and "column" in one.value for one in app.error)


def test_a_text_that_a_spreadsheet_would_run_is_protected():
    whole, _, _ = predicted_table(init([1, 1]), read_table(b"x1,remark\n0.5,=1+1\n0.25,b\n", "t.csv"))
    assert b"'=1+1" in csv_bytes(whole)


def test_a_formula_needs_formulas_on_the_edges():
    assert any("15 edges of the network are still splines" in one.value for one in page(to="latex").warning)
    app = page(opened(samples()[1].title), to="sympy")
    assert "import sympy" in app.code[0].value
