"""The Train page asks what must not be lost: known rows of another table, or a region, kept by any protection."""

import re
from dataclasses import replace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.analysis.locality.observed_change import lamps
from kanviz.continual.protection import SMOOTH
from kanviz.core.data.dataset import Dataset
from kanviz.edit.edits import Retrain
from kanviz.io.tables import read_table
from kanviz.ui.retrain.keep import NOTHING, OTHER, REGION, ROWS, known_tables
from kanviz.ui.state.session import Session
from kanviz.ui.state.training_run import Retraining, Run
from kanviz.ui.train import run as training
from kanviz.ui.train.protections import OFFERS
from kanviz.ui.widgets.samples import rows_of, samples
from tests.helpers import not_none
from tests.ui.changed import without_rows
from tests.ui.test_pages import measured, opened, press, texts, uploaded, visit

PAGE = "pages/train.py"
HILLS = next(sample for sample in samples() if sample.new is not None)
NEW, TABLE = not_none(HILLS.new), not_none(HILLS.table)
KEEP = "What must not be lost"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run is waited for, also on a busy machine."""
    monkeypatch.setattr(training, "MOMENT", 60)


def on_new_rows() -> Session:
    """The sample, whose table has been replaced by rows that its network has not seen."""
    session = opened(HILLS.title)
    session.tables.look_with(rows_of(HILLS, NEW, session.present), NEW.name)
    return session


def rows_before(session: Session) -> Dataset:
    return not_none(session.tables.before)[0]


def groups(app: AppTest) -> dict:
    return {group.label: group for group in app.button_group}


def keep(app: AppTest, source: str) -> AppTest:
    groups(app)[KEEP].set_value(source).run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def protect(app: AppTest, name: str) -> AppTest:
    next(radio for radio in app.radio if radio.label == "Protection").set_value(name).run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def train(app: AppTest, steps: int) -> AppTest:
    next(n for n in app.number_input if n.label == "Steps").set_value(steps).run()
    return press(app, "Start training")


def button(app: AppTest, label: str):
    return next(b for b in app.button if b.label == label)


def test_nothing_is_kept_unless_it_is_asked_for():
    session = on_new_rows()
    app = visit(PAGE, session)
    assert groups(app)[KEEP].value == NOTHING
    assert "Protection" not in [radio.label for radio in app.radio]
    train(app, 1)
    assert type(session.training.run) is Run
    assert session.training.run.config.lock is None


def test_a_network_that_learns_other_rows_is_said_to_forget_and_one_that_goes_on_is_not():
    warning = "may be lost"
    assert warning not in texts(visit(PAGE, opened(HILLS.title)))
    app = visit(PAGE, on_new_rows())
    assert warning in texts(app)
    assert warning not in texts(keep(app, ROWS))


def test_a_new_network_has_nothing_to_lose_and_is_not_asked():
    session = uploaded(measured())
    app = visit("pages/open.py", session)
    next(box for box in app.selectbox if "predict" in box.label).set_value("mass").run()
    press(app, "Create and train")
    session.undo()
    assert session.opened.is_new
    assert KEEP not in groups(visit(PAGE, session))


@pytest.mark.parametrize("source", [ROWS, REGION])
def test_under_a_lock_every_bit_of_what_is_known_stays(source):
    session = on_new_rows()
    before, old = session.present, rows_before(session)
    app = keep(visit(PAGE, session), source)
    train(app, 5)
    known = not_none(session.training.retraining).known.x
    assert session.present.digest != before.digest
    assert torch.equal(session.present(known), before(known))
    assert len(known) == (len(old) if source == ROWS else 2_000)
    assert torch.equal(session.present(old.x), before(old.x))  # a region is proposed around the known rows
    assert "keep their predictions, bit for bit" in "".join(s.value for s in app.success)
    edit = session.opened.history.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert edit.config.lock is not None
    assert edit.config.smooth == SMOOTH


@pytest.mark.parametrize("name", ["replay", "ewc"])
def test_replay_and_elastic_weights_forget_less_and_promise_no_bit(name):
    def error(kan, data) -> float:
        return float((kan(data.x) - data.y).square().mean().sqrt())

    session, bare = on_new_rows(), on_new_rows()
    old = rows_before(session)
    app = train(protect(keep(visit(PAGE, session), ROWS), name), 5)
    train(visit(PAGE, bare), 5)
    assert error(session.present, old) < error(bare.present, old)
    edit = session.opened.history.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert edit.aid == name
    assert "have other predictions than before" in "".join(w.value for w in app.warning)


def test_the_same_run_as_on_the_retrain_page():
    one, two = on_new_rows(), opened(HILLS.title)
    two.tables.take_new(not_none(one.data), NEW.name)
    train(keep(visit(PAGE, one), ROWS), 3)
    app = visit("pages/retrain.py", two)
    next(n for n in app.number_input if n.label == "Steps").set_value(3).run()
    press(app, "Retrain")
    assert one.present.digest == two.present.digest
    assert one.training.trail == two.training.trail


def test_what_it_costs_is_said_before_it_begins():
    session = on_new_rows()
    app = keep(visit(PAGE, session), ROWS)
    said = "".join(info.value for info in app.info)
    assert "All 500 old rows keep their predictions to the bit" in said
    assert "rows to learn depend on numbers that may move" in said
    assert re.search(r"\b[\d,]+ of 285 control points may move", said)
    app = keep(visit(PAGE, opened(HILLS.title)), REGION)
    said = "".join(info.value for info in app.info)
    assert "400 of 400 rows to learn (100%) depend on locked numbers only" in said


def test_the_protections_are_those_that_can_keep_it():
    app = keep(visit(PAGE, on_new_rows()), ROWS)
    offered = next(radio for radio in app.radio if radio.label == "Protection")
    assert offered.options == [OFFERS[name].title for name in ("rows", "region", "replay", "ewc")]
    offered = next(radio for radio in keep(app, REGION).radio if radio.label == "Protection")
    assert offered.options == [OFFERS[name].title for name in ("region", "ewc")]


def test_settings_that_move_grids_are_not_asked_where_grids_must_stay():
    app = keep(visit(PAGE, on_new_rows()), ROWS)
    grids = {"Refine grids up to", "Random starts"}
    assert not grids & {n.label for n in app.number_input}
    assert groups(app)["Smoothing"].value == "Fixed"
    assert next(n for n in app.number_input if n.label == "Smoothing weight").value == SMOOTH
    protect(app, "ewc")
    assert not grids & {n.label for n in app.number_input}
    assert groups(app)["Smoothing"].value == "By the data"
    protect(app, "replay")
    assert grids <= {n.label for n in app.number_input}


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("name", ["rows", "ewc"])
def test_every_solver_trains_under_a_protection(name, solver):
    session = on_new_rows()
    app = protect(keep(visit(PAGE, session), ROWS), name)
    next(box for box in app.selectbox if box.label == "Solver").set_value(solver).run()
    train(app, 2)
    assert not app.error
    assert isinstance(session.training.run, Retraining)
    assert len(session.training.trail[-1]) == 4
    assert "RMSE, old rows" in {m.label for m in app.metric}


# --- which rows are known -------------------------------------------------------------------------------------------


def test_the_table_in_use_is_never_among_the_known_ones():
    session = opened(HILLS.title)
    assert known_tables(session) == {}
    session.tables.look_with(rows_of(HILLS, NEW, session.present), NEW.name)
    assert list(known_tables(session)) == [TABLE.name]


def test_the_table_in_use_is_the_same_however_it_is_split():
    session = opened(HILLS.title)
    data = not_none(session.data)
    session.tables.look_with(replace(data, train=data.test, test=data.train), "split otherwise")
    assert session.tables.before is not None
    assert known_tables(session) == {}


def test_a_table_that_was_learned_earlier_is_known_and_a_step_that_was_undone_is_not():
    session = on_new_rows()
    train(visit(PAGE, session), 1)
    new = not_none(session.data)
    session.tables.look_with(rows_before(session), TABLE.name)
    session.tables.before = None
    assert {name: data.digest for name, data in known_tables(session).items()} == {"rows of step 1": new.digest}
    session.undo()
    assert known_tables(session) == {}


def test_a_table_of_a_file_is_known_once_it_was_taken():
    session = opened(HILLS.title)
    session.tables.upload(read_table(b"x,y,f\n0,0,1\n0.5,0.5,2\n1,1,3\n", "small.csv"), "small.csv", "old")
    app = keep(visit(PAGE, session), ROWS)
    assert button(app, "Start training").disabled
    press(app, "Use these old rows")
    assert next(box for box in app.selectbox if box.label == "Rows that it knows").options == ["small.csv", OTHER]
    assert "All 3 old rows keep" in "".join(info.value for info in app.info)
    assert not button(app, "Start training").disabled


def test_the_table_in_use_taken_as_known_is_refused_in_words():
    session = opened(HILLS.title)
    session.tables.take_old(not_none(session.data), "hills again")
    app = keep(visit(PAGE, session), ROWS)
    assert "is the table in use, which is learned in any case" in texts(app)
    assert button(app, "Start training").disabled


def test_without_a_table_to_learn_nothing_begins():
    session = on_new_rows()
    without_rows(session)
    app = keep(visit(PAGE, session), REGION)
    assert "Load a table first" in texts(app)
    assert button(app, "Start training").disabled


def test_a_region_that_ends_before_it_begins_is_refused_and_the_page_goes_on():
    app = keep(visit(PAGE, on_new_rows()), REGION)
    next(n for n in app.number_input if n.label.endswith(", to")).set_value(-3.0).run()
    assert "ends before it begins" in "".join(e.value for e in app.error)
    assert button(app, "Start training").disabled
    assert "Predicted against measured" in [h.value for h in app.header]


def test_another_network_forgets_which_table_was_in_use_before():
    session = on_new_rows()
    assert session.tables.before is not None
    session.open(session.present, "another")
    assert session.tables.before is None


def test_a_protected_training_is_done_again_from_its_recipe():
    session = on_new_rows()
    train(keep(visit(PAGE, session), ROWS), 2)
    end = session.present
    session.replay(session.opened.history.recipe())
    assert session.present.digest == end.digest
    assert float(lamps(session.opened.history.versions[0].kan, end, rows_before(session).x).share) == 1.0
