"""The Formula page explains, compares and shows before anything is kept."""

import pytest

import kanviz
from kanviz.ui.state.edge_search import EdgeSearch
from kanviz.ui.state.extractions import Extractions
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.samples import samples
from tests.helpers import not_none
from tests.ui.test_pages import opened, press, texts, visit

PAGE = "pages/formula.py"


def tables(app, column: str) -> list:
    return [frame.value for frame in app.dataframe if column in frame.value.columns]


def alone(session):
    """The page, with a search for each edge alone begun."""
    app = visit(PAGE, session)
    next(c for c in app.button_group if c.label == "How").set_value("Each alone").run()
    return press(app, "Find formulas")


def test_why_a_candidate_ranks_where_it_does_adds_up():
    app = visit(PAGE, opened(samples()[0].title))
    (why,) = tables(app, "Longer than the shortest by")
    total = why["Misses"] + why["Numbers"] + why["Function"]
    assert (total - total.min()).to_numpy() == pytest.approx(why["Longer than the shortest by"].to_numpy())
    assert why["Longer than the shortest by"][0] == 0
    assert "is trusted to" in texts(app)


def test_formulas_network_and_data_stand_side_by_side_before_anything_is_kept():
    session = opened(samples()[0].title)
    start = session.present
    app = alone(session)
    assert session.of(EdgeSearch).job is not None
    assert not_none(session.of(EdgeSearch).job).join(600)
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    (compared,) = tables(app, "Largest error")
    assert list(compared.iloc[:, 0]) == ["with these formulas", "network now"]
    assert session.present is start
    press(app, next(b.label for b in app.button if b.label.startswith("Fix ") and b.label != "Fix this formula"))
    assert session.present is not start


def test_a_search_for_formulas_can_be_stopped():
    session = opened(samples()[0].title)
    app = alone(session)
    assert session.of(EdgeSearch).job is not None
    not_none(session.of(EdgeSearch).job).stop()
    assert not_none(session.of(EdgeSearch).job).join(600)
    assert not app.run().exception


def test_structure_is_a_hint_with_its_residual():
    app = visit(PAGE, opened(samples()[0].title))
    assert "These are hints, not proofs" in texts(app)
    (pairs,) = tables(app, "Sum: residual")
    assert (pairs["Sum: residual"] >= 0).all()


def test_without_a_table_structure_is_not_judged():
    app = visit(PAGE, opened(samples()[0].title, table=False))
    assert "No table is loaded, so nothing is known of which inputs act together" in texts(app)


def test_a_network_of_formulas_can_be_taken_along_as_a_function():
    session = opened(next(sample.title for sample in samples() if "fitted" in sample.file.stem))
    app = visit(PAGE, session)
    forms = next(c for c in app.button_group if c.label == "As")
    forms.set_value("Python").run()
    assert not app.exception
    space: dict = {}
    exec(app.code[0].value, space)
    x = session.data.x if session.data is not None else None
    assert x is not None
    found = space["law"](*x.T.numpy())
    assert found == pytest.approx(session.present(x)[:, 0].numpy(), abs=1e-6)


def test_all_edges_together_become_a_law_that_can_be_kept_and_undone():
    session = opened(next(sample.title for sample in samples() if "unpruned" in sample.file.stem))
    start = session.present
    app = visit(PAGE, session)
    next(n for n in app.number_input if n.label == "Seconds at most").set_value(600).run()  # a busy machine has them
    press(app, "Read all edges together")
    assert session.of(Extractions).current is not None
    assert not_none(session.of(Extractions).current).job.join(600)
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    found = not_none(session.of(Extractions).current).found
    assert found is not None
    assert found.best.law is not None
    assert "Ended because" in texts(app)
    (compared,) = tables(app, "Largest error")
    assert list(compared.iloc[:, 0]) == ["this formula", "network now"]
    assert session.present is start
    press(app, "Keep this")
    assert session.present is not start
    assert not any(bool(layer.active.any()) for layer in session.present.layers)
    assert session.of(Extractions).current is None, "what was found counts for the network before"
    session.undo()
    assert session.present is start
    assert session.of(Extractions).current is not None


def test_reading_together_is_stopped_and_the_best_so_far_stays():
    session = opened(next(sample.title for sample in samples() if "unpruned" in sample.file.stem))
    press(visit(PAGE, session), "Read all edges together")
    running = session.of(Extractions).current
    assert running is not None
    while running.found is None and running.job.live:
        pass
    session.of(Extractions).stop()
    assert running.job.join(600)
    app = visit(PAGE, session)
    assert "Stopped by you" in texts(app) or "Ended because" in texts(app)
    assert running.found is not None
    assert running.found.front


def of_formulas() -> Session:
    session = Session()
    session.open(kanviz.from_formula("exp(sin(pi*x)) + y", {"x": (-1, 1), "y": (-1, 1)}), "f")
    return session


def test_a_formula_gets_a_spline_and_stays():
    session = of_formulas()
    press(visit(PAGE, session), "Add a spline")
    assert session.present.edge(not_none(session.edge)).state == "both"
    assert "Add a spline" not in [b.label for b in visit(PAGE, session).button]


def test_a_network_of_formulas_gets_splines_everywhere_and_stays_the_formula():
    session = of_formulas()
    start = session.present
    app = press(visit(PAGE, session), "Add splines to all edges")
    assert all(bool(layer.active.all()) for layer in session.present.layers)
    assert kanviz.compose(session.present).text() == kanviz.compose(start).text()
    assert "Add splines to all edges" not in [b.label for b in app.button]


def test_a_network_of_splines_is_not_offered_more():
    assert "Add splines to all edges" not in [b.label for b in visit(PAGE, opened(samples()[0].title)).button]
