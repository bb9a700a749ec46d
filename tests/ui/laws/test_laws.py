"""The Laws page: what it asks, what it shows while a search lasts and afterwards, and that stopping keeps the best."""

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
import sympy
import torch
from streamlit.testing.v1 import AppTest

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.training.ending import Ending
from kanviz.errors import UserError
from kanviz.laws.search.discover import DiscoverConfig
from kanviz.laws.search.hints import Hints
from kanviz.ui.laws.law import open_law
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.law_search import LawSearch, Rows
from kanviz.ui.state.laws import LawSearches
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.page_table import PAGES
from tests.helpers import not_none
from tests.laws_at_hand import LAWS, R, discovery, gravity, search
from tests.ui.test_pages import press, texts, uploaded, visit

PAGE = "pages/laws.py"


def searching(go_on: threading.Event, data: Dataset | None = None) -> Session:
    """A session in which a search has begun that ends when it may go on."""
    data = data or gravity()
    session = Session()
    job = Job(lambda: search(data, go_on), elsewhere=True)
    session.of(LawSearches).last = LawSearch(data, "pulls.csv", DiscoverConfig(), job.start())
    while job.latest is None:
        time.sleep(0.01)
    return session


def ended(data: Dataset | None = None) -> Session:
    go_on = threading.Event()
    go_on.set()
    session = searching(go_on, data)
    assert session.of(LawSearches).last is not None
    assert not_none(session.of(LawSearches).last).job.join(600)
    return session


def latex(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in app.latex)


def test_without_a_network_it_asks_for_a_table():
    app = visit(PAGE)
    assert "A table of numbers with column names" in texts(app)
    (start,) = (b for b in app.button if b.label == "Find the law")
    assert start.disabled


def test_a_table_is_all_it_needs(monkeypatch):
    started = []
    monkeypatch.setattr(LawSearches, "start", lambda self, *given: started.append(given))
    app = visit(PAGE, uploaded("a (m),b,c\n" + "\n".join(f"{k}.5,{k % 7},{k * k}" for k in range(40))))
    next(n for n in app.number_input if n.label == "Seconds").set_value(30).run()
    next(m for m in app.multiselect if "does not have" in m.label).set_value(["sin", "x^2"]).run()
    next(m for m in app.multiselect if "change places" in m.label).set_value(["a", "b"]).run()
    next(t for t in app.text_input if "Shape" in t.label).set_value("[2, [1, 1], 1]").run()
    press(app, "Find the law")
    ((data, name, config),) = started
    assert ([v.name for v in data.inputs], data.target, data.inputs[0].unit, name) == (
        ["a", "b"],
        "c",
        "m",
        "measured.csv",
    )
    assert config == DiscoverConfig([2, [1, 1], 1], 30.0, hints=Hints(("sin", "x^2"), (), False, (("a", "b"),)))


def answers(app: AppTest) -> list:
    """What is chosen on the page, as the person sees it."""
    return [
        *(next(b for b in app.selectbox if "predict" in b.label).value,),
        *(m.value for m in app.multiselect if "Inputs" in m.label),
        *(app.slider[0].value, next(n for n in app.number_input if "split" in n.label).value),
    ]


@pytest.mark.parametrize("page", [PAGE, "pages/open.py"])
def test_what_was_chosen_of_a_table_stays_while_another_page_is_looked_at(page):
    table = uploaded("a (m),b,c,d\n" + "\n".join(f"{k}.5,{k}.25,{k * k},{k % 2}" for k in range(40)))
    app = visit(page, table)
    next(b for b in app.selectbox if "predict" in b.label).set_value("b").run()
    next(m for m in app.multiselect if "Inputs" in m.label).set_value(["d", "a"]).run()
    app.slider[0].set_value(35).run()
    next(n for n in app.number_input if "split" in n.label).set_value(7).run()
    if page == PAGE:
        next(m for m in app.multiselect if "change places" in m.label).set_value(["a", "d"]).run()
    chosen = answers(app)
    assert chosen[:2] == ["b", ["d", "a"]]
    assert chosen[-2:] == [35, 7]
    app.switch_page("pages/train.py").run()
    app.run()
    app.switch_page(page).run()
    assert not app.exception
    assert answers(app) == chosen
    assert len(chosen) == 4 + (page == PAGE)


def test_another_table_of_the_same_name_is_asked_about_anew():
    table = uploaded("a,b\n" + "\n".join(f"{k}.5,{k}.25" for k in range(40)))
    app = visit(PAGE, table)
    next(b for b in app.selectbox if "predict" in b.label).set_value("a").run()
    app.switch_page("pages/train.py").run()
    other = uploaded("a,b\n" + "\n".join(f"{'xy'[k % 2]}{k},{k}.25" for k in range(40)))
    table.tables.upload(not_none(other.tables.main), table.tables.main_name)
    app.switch_page(PAGE).run()
    assert not app.exception
    assert next(b for b in app.selectbox if "predict" in b.label).value == "b"


def test_answers_that_make_no_sense_are_refused_in_words():
    app = visit(PAGE, uploaded("a,b\n" + "\n".join(f"{k},{k * k}" for k in range(40))))
    next(t for t in app.text_input if "Shape" in t.label).set_value("__import__('os')").run()
    assert not app.exception
    assert "pykan's width" in app.error[0].value.replace("\\", "")
    (start,) = (b for b in app.button if b.label == "Find the law")
    assert start.disabled


def test_the_rows_of_the_open_network_are_offered():
    session = Session()
    data = gravity()
    session.open(init([3, 1], inputs=data.inputs, outputs=data.outputs), "three", data=data, rows_from="pulls.csv")
    app = visit(PAGE, session)
    assert "pulls\\.csv: 64 rows to learn from, 16 held out" in texts(app)
    assert not next(b for b in app.button if b.label == "Find the law").disabled


def test_while_it_lasts_the_best_so_far_is_shown_and_stopping_keeps_it():
    go_on = threading.Event()
    session = searching(go_on)
    app = visit(PAGE, session)
    assert "0.85" in latex(app)
    assert "The best so far has an error of" in texts(app)
    press(app, "Stop and keep the best so far")
    assert session.of(LawSearches).last is not None
    assert not_none(session.of(LawSearches).last).job.join(600)
    app.run()
    assert not app.exception
    assert "stopped by you" in texts(app)
    assert "0.85" in latex(app)
    assert "Take it with you" in texts(app)
    assert not go_on.is_set()


def test_other_pages_say_that_a_search_is_running():
    go_on = threading.Event()
    session = searching(go_on)
    assert "A search for a law is under way" in texts(visit("app.py", session))
    go_on.set()
    assert session.of(LawSearches).last is not None
    assert not_none(session.of(LawSearches).last).job.join(600)
    assert "A search for a law is under way" not in texts(visit("app.py", session))


def test_the_law_in_hand_is_shown_with_error_constants_and_doubts():
    session = ended()
    app = visit(PAGE, session)
    assert "\\frac{m_{1} \\, m_{2}}{r^{2}}" in latex(app)
    assert "All numbers in it are exact" in texts(app) or "all numbers in it are exact" in texts(app)
    assert "F in N, m\\_1 in kg, m\\_2 in kg, r in m" in texts(app)
    other = discovery(gravity()).front[1]
    next(b for b in app.selectbox if b.label == "Law").set_value(other.text).run()
    assert not app.exception, [e.message for e in app.exception]
    assert session.of(LawSearches).chosen == other.text
    assert "this is not yet a law of these rows" in app.warning[0].value
    assert "It bends the wrong way" in app.warning[1].value
    values = {m.label: m.value for m in app.metric}
    assert values["Held-out RMSE"] == f"{other.test_rmse:.3g} N"
    errors = [frame.value for frame in app.dataframe if "Standard error" in frame.value.columns]
    assert str(errors[0].at[0, "Standard error"]).startswith("± ")


def test_every_form_of_the_law_can_be_copied():
    app = visit(PAGE, ended())
    forms = next(c for c in app.button_group if "As" in c.label)
    assert app.code[0].value == "F = \\frac{m_{1} \\, m_{2}}{r^{2}}"
    forms.set_value("SymPy").run()
    assert app.code[0].value == "m_1*m_2/r**2"
    forms = next(c for c in app.button_group if "As" in c.label)
    forms.set_value("Python").run()
    space: dict = {}
    exec(app.code[0].value, space)
    assert space["law"](2.0, 3.0, 2.0) == 1.5


def test_law_network_and_data_stand_side_by_side_when_the_network_fits():
    data = gravity()
    session = ended(data)
    alone = visit(PAGE, session)
    assert "Against the data" in texts(alone)
    session.open(init([3, 1], inputs=data.inputs, outputs=data.outputs), "three")
    app = visit(PAGE, session)
    assert "Law, network and data" in texts(app)
    (compared,) = (frame.value for frame in app.dataframe if "Largest error" in frame.value.columns)
    assert list(compared.iloc[:, 0]) == ["this law", "open network"]
    session.open(init([2, 1]), "another")
    assert "other columns" in texts(visit(PAGE, session))


@pytest.mark.parametrize("entry", discovery(gravity()).front, ids=lambda entry: entry.text)
@pytest.mark.parametrize("page", [page for page, _, _ in PAGES])
def test_every_page_shows_a_law_that_was_opened_as_a_network(page, entry):
    session = ended()
    assert session.of(LawSearches).last is not None
    open_law(session, not_none(session.of(LawSearches).last), entry)
    assert not visit(page, session).error


def test_the_law_in_hand_opens_as_a_network_with_its_rows_and_the_one_before_waits():
    data = gravity()
    session = ended(data)
    session.open(init([2, 1]), "its forebear")
    search = session.of(LawSearches).last
    session.of(LawSearches).chosen = discovery(data).front[-1].text
    app = press(visit(PAGE, session), "Open as a network")
    assert app.title[0].value == "Workbench"
    assert [t.value.replace("\\", "") for t in app.toast] == [
        "The law is open as a network; its forebear waits on the Open page."
    ]
    assert session.present.shape_text == "[3, 0+1×]"
    torch.testing.assert_close(session.present(data.x), data.y)
    assert session.data is not None
    assert session.data.digest == data.digest
    assert (session.name, session.rows_from) == ("Law of F from pulls.csv", "pulls.csv")
    assert session.of(LawSearches).last is search
    session.go_back()
    assert session.name == "its forebear"


def test_a_law_does_not_open_while_a_training_runs():
    session, go_on = ended(), threading.Event()
    training: Job[Any] = Job(lambda: iter(lambda: go_on.wait(0.02) or None, True), elsewhere=True)
    session.training.job = training.start()
    app = visit(PAGE, session)
    assert next(b for b in app.button if b.label == "Open as a network").disabled
    training.stop()
    go_on.set()


def test_a_law_that_is_no_network_is_refused_in_words():
    data = gravity()
    session = ended(data)
    assert session.of(LawSearches).last is not None
    found = discovery(data, (sympy.besselj(1, R),))
    search = LawSearch(data, "t", DiscoverConfig(), Job(lambda: iter([found]), elsewhere=True).start())
    assert search.job.join(600)
    session.of(LawSearches).last = search
    app = press(visit(PAGE, session), "Open as a network")
    assert "besselj, which is no function that an edge can have" in app.error[0].value
    assert session.history is None


def test_a_search_that_goes_wrong_says_so_and_keeps_what_it_had():
    data = gravity()

    def broken():
        yield discovery(data, LAWS[:-1], Ending.RUNNING)
        raise UserError("The search ended unexpectedly.")

    session = Session()
    session.of(LawSearches).last = LawSearch(data, "t", DiscoverConfig(), Job(broken, elsewhere=True).start())
    assert not_none(session.of(LawSearches).last).job.join(600)
    app = visit(PAGE, session)
    assert "ended unexpectedly" in app.error[0].value
    assert "0.85" in latex(app)


def test_hostile_column_names_stay_text():
    name = "<img src=x onerror=alert(1)> **b** $x$ :red[r]"
    go_on = threading.Event()
    go_on.set()
    data = gravity()
    session = ended(data)
    found = replace(discovery(data), target=name, unit=name, notes=(name,))
    session.of(LawSearches).last = LawSearch(
        data, name, DiscoverConfig(), Job(lambda: iter([found]), elsewhere=True).start()
    )
    assert not_none(session.of(LawSearches).last).job.join(600)
    app = visit(PAGE, session)
    assert not [m for m in app.markdown if m.allow_html]
    assert name not in texts(app)


def test_a_search_refuses_before_it_starts():
    session = Session()
    with pytest.raises(UserError, match="symmetric"):
        session.of(LawSearches).start(gravity(), "t", DiscoverConfig(hints=Hints(symmetric=(("a", "b"),))))
    with pytest.raises(UserError, match="shape"):
        session.of(LawSearches).start(gravity(), "t", DiscoverConfig([2, 1]))
    assert session.of(LawSearches).last is None


def test_rows_travel_whole():
    data = gravity()
    assert Rows.of(data).data().digest == data.digest


def test_another_search_ends_the_one_before(monkeypatch):
    endless = threading.Event()
    session = searching(endless)
    first = session.of(LawSearches).last
    monkeypatch.setattr(LawSearch, "start", staticmethod(lambda *given: "the new one"))
    session.of(LawSearches).start(gravity(), "t", DiscoverConfig())
    assert first is not None
    assert first.job.join(600)
    assert session.of(LawSearches).last == "the new one"


def test_all_laws_can_be_taken_along_as_json():
    found = json.loads(json.dumps(discovery(gravity()).to_json(), allow_nan=False))
    assert [entry["expression"] for entry in found["front"]][-1] == "m_1*m_2/r**2"
