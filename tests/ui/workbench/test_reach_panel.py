"""The workbench says how far a control point and an edge reach, and how each figure is known."""

import pytest

from kanviz.edit.edits import Prune
from kanviz.ui.widgets.samples import samples
from tests.ui.test_pages import opened, texts, visit


def reach_of(session):
    return visit("app.py", session, tab="Reach")


def metrics(app) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def test_a_control_point_of_the_first_layer_reaches_a_slab_that_is_exact():
    session = opened(samples()[0].title)
    app = reach_of(session)
    assert "a slab of input space" in texts(app)
    assert "(exact)" in texts(app)
    assert 0 < float(metrics(app)["Rows reached"].rstrip("%")) < 100
    assert "For each unit the control point moves, to first order." in texts(app)


def test_a_whole_edge_reaches_every_row():
    app = reach_of(opened(samples()[0].title))
    next(c for c in app.button_group if c.label == "Of what").set_value("The whole edge").run()
    assert not app.exception
    assert metrics(app)["Rows reached"] == "100%"
    assert "It reaches every row" in texts(app) or "If the edge were removed" in texts(app)


@pytest.mark.parametrize("table", [True, False])
def test_a_pruned_edge_reaches_nothing_and_a_table_is_not_needed(table):
    session = opened(samples()[0].title, table=table)
    assert "Rows reached" in metrics(reach_of(session))
    assert session.edge is not None
    session.apply(Prune((session.edge,), (0.0,)))
    assert "A pruned edge reaches nothing." in texts(reach_of(session))
