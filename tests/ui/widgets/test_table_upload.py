"""Pages with a table: what was assumed is seen where it stands, and what could be otherwise can be chosen there."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kanviz.core.data.dataset import Dataset
from kanviz.io.tables import open_table
from kanviz.ui.state.session import Session
from tests.helpers import not_none
from tests.ui.test_pages import press, texts, visit

TABLES = Path(__file__).parents[2] / "tables"
PAGES = {"pages/open.py": "new-table", "pages/laws.py": "laws-table"}


def dropped(page: str, name: str, content: bytes | None = None) -> AppTest:
    """The page after a file was dropped on its uploader."""
    app = visit(page)
    (uploader,) = (u for u in app.file_uploader if u.key == PAGES[page])
    uploader.upload(name, (TABLES / name).read_bytes() if content is None else content, "")
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def chosen(app: AppTest) -> Dataset:
    """The data set of the choices on the page, as training begins with it."""
    next(n for n in app.number_input if n.label == "Training steps").set_value(1).run()
    press(app, "Create and train")
    session: Session = app.session_state["kanviz"]
    assert session.data is not None
    return session.data


def session_of(app: AppTest) -> Session:
    return app.session_state["kanviz"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("latin2.csv", "it was read as Windows-1250 (Central European)"),
        ("gbk.csv", "GBK (Chinese, simplified)"),
        ("pico.csv", "The units are in line 2"),
        ("meta_lines.csv", "Skipped 4 lines above the table"),
        ("charges.csv", "Not used as an input: ID (row numbers)"),
        ("charges.csv", "smoker is 1 for yes"),
        ("with_an_error_column.csv", "yerr (errors of y"),
        ("autompg_uci.data", "The first row looks like data"),
        ("lab.dat", "Read with tabs between the values"),
    ],
)
def test_every_note_is_seen_without_a_click(page, name, words):
    app = dropped(page, name)
    folded = [c.value for e in app.expander if e.label != "Rows" for c in e.caption]
    notes = [c.value.replace("\\", "") for c in app.caption if c.value not in folded]
    assert any(words in note for note in notes), notes


def test_a_code_for_missing_is_one_click():
    app = dropped("pages/open.py", "air.csv")
    (box,) = (c for c in app.checkbox if "means that a value is missing" in c.label)
    assert box.value
    assert box.label == "-200 means that a value is missing"
    assert any("of T (30), RH (30) and c (45)." in c.value.replace("\\", "") for c in app.caption)
    box.uncheck().run()
    assert not app.exception
    assert len(not_none(session_of(app).tables.main).frame.dropna()) == 300
    (box,) = (c for c in app.checkbox if "means that a value is missing" in c.label)
    box.check().run()
    assert len(not_none(session_of(app).tables.main).frame.dropna()) == 206


def test_lines_of_names_and_units_can_be_chosen():
    app = dropped("pages/open.py", "units_small.csv")
    (names,) = (m for m in app.multiselect if m.label.startswith("Header row"))
    (units,) = (b for b in app.selectbox if b.label == "Line with the units")
    assert (names.value, units.value) == ([1], 2)
    names.set_value([]).run()
    assert not app.exception
    assert list(not_none(session_of(app).tables.main).frame.columns) == ["x1", "x2", "x3"]
    (names,) = (m for m in app.multiselect if m.label.startswith("Header row"))
    names.set_value([1, 2]).run()
    assert list(not_none(session_of(app).tables.main).frame.columns) == ["U V", "R Ohm", "I A"]


def test_another_encoding_can_be_chosen():
    app = dropped("pages/laws.py", "latin2.csv")
    (encoding,) = (b for b in app.selectbox if b.label == "Encoding")
    assert encoding.value == "cp1250"
    encoding.set_value("cp1252").run()
    assert not app.exception
    assert list(not_none(session_of(app).tables.main).frame.columns) == ["Teplota", "Tlak", "Prùtok"]


def test_a_line_that_does_not_fit_is_refused_where_it_was_chosen():
    app = dropped("pages/open.py", "title_line.csv")
    (names,) = (m for m in app.multiselect if m.label.startswith("Header row"))
    names.set_value([1]).run()
    assert not app.exception
    assert "the header has 1 name" in texts(app)


def test_words_dates_and_errors_are_chosen_as_what_they_are():
    lit = ("no", "yes")
    rows = "".join(f"{n},{lit[n % 2]},{'nsw'[n % 3]},2024-02-{n + 1:02},{n * n},0.5\n" for n in range(24))
    app = dropped("pages/open.py", "t.csv", f"ID,lit,side,day,y,y_err\n{rows}".encode())
    (inputs,) = (m for m in app.multiselect if "Inputs" in m.label)
    assert inputs.value == ["lit"]
    assert inputs.options == ["ID", "lit (yes = 1)", "side (3 words)", "day (in days)", "y_err"]
    inputs.set_value(["lit", "side", "day"]).run()
    assert not any("side (words" in c.value for c in app.caption)
    (errors,) = (b for b in app.selectbox if b.label == "Errors of y")
    assert errors.value is None
    errors.set_value("y_err").run()
    data = chosen(app)
    assert [str(v) for v in data.inputs] == [
        "lit (yes = 1)", "side = n", "side = s", "side = w", "day (days since 2024-02-01)",
    ]  # fmt: skip
    assert data.weights is not None


def test_a_network_of_words_takes_its_columns_again():
    app = dropped("pages/open.py", "charges.csv")
    data = chosen(app)
    session = session_of(app)
    session.tables.upload(open_table(TABLES / "charges.csv"), "charges.csv")
    again = visit("pages/train.py", session)
    (inputs,) = (m for m in again.multiselect if "Inputs" in m.label)
    assert inputs.value == ["age", "bmi", "smoker"]
    press(again, "Use this table") if not again.button(key="train-use").disabled else None
    assert session.data is not None
    assert session.data.digest == data.digest


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
        ("sheet.ods", b"PK\x05\x06" + bytes(18), "zip archive"),
        ("one.csv", b"x,y\n1,2\n", "single row"),
        ("noise.bin", bytes(range(256)) * 20, "binary data"),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_a_refusal_stands_where_the_file_was_dropped(page, name, content, words):
    app = dropped(page, name, content)
    (error,) = app.error
    assert words in error.value.replace("\\", "")
    assert not any("predict" in box.label for box in app.selectbox)
    (uploader,) = (u for u in app.file_uploader if u.key == PAGES[page])
    uploader.upload("lab.dat", (TABLES / "lab.dat").read_bytes(), "")
    app.run()
    assert not app.error
    assert any("predict" in box.label for box in app.selectbox)


def test_a_refused_network_says_why_as_long_as_its_file_is_there():
    """What draws the page again, such as the list of work that the browser keeps, does not take the reason away."""
    app = visit("pages/open.py")
    (uploader,) = (u for u in app.file_uploader if u.key == "model-files")
    uploader.upload("weights.pt", b"no network", "")
    app.run()
    press(app, "Open network")
    (error,) = app.error
    app.run()
    assert [one.value for one in app.error] == [error.value]
    (uploader,) = (u for u in app.file_uploader if u.key == "model-files")
    uploader.upload("other.pt", b"no network either", "")
    app.run()
    assert not app.error
