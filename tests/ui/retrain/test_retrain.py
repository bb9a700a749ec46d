"""The Retrain page: what is known and what is new, each protection, and what is said of it afterwards."""

import time
from dataclasses import replace

import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

from kanviz.analysis.locality.certificate import certify
from kanviz.analysis.locality.observed_change import lamps
from kanviz.continual.known import Known
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.training.train import TrainConfig
from kanviz.edit.edits import Retrain
from kanviz.edit.history import replay
from kanviz.errors import EditError
from kanviz.io.tables import read_table
from kanviz.ui.retrain import plan as plan_module
from kanviz.ui.retrain.before import expected
from kanviz.ui.state.session import Session
from kanviz.ui.state.training_run import Retraining
from kanviz.ui.train import run as training
from kanviz.ui.train.protections import OFFERS
from kanviz.ui.widgets.samples import rows_of, samples
from tests.helpers import not_none
from tests.ui.changed import without_rows
from tests.ui.test_pages import opened, press, texts, visit

PAGE = "pages/retrain.py"
HILLS = next(sample for sample in samples() if sample.new is not None)
NEW, TABLE = not_none(HILLS.new), not_none(HILLS.table)
PROTECTED = tuple(name for name in OFFERS if name not in ("replay", "ewc", "none"))


def ready() -> Session:
    """The sample with its new rows taken."""
    session = opened(HILLS.title)
    session.tables.take_new(rows_of(HILLS, NEW, session.present), NEW.name)
    return session


def new_rows(session: Session) -> Dataset:
    return not_none(session.tables.new_rows)[0]


def protect(app: AppTest, name: str) -> AppTest:
    next(radio for radio in app.radio if radio.label == "Protection").set_value(name).run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def retrain(session: Session, name: str, steps: int = 20) -> AppTest:
    app = protect(visit(PAGE, session), name)
    next(n for n in app.number_input if n.label == "Steps").set_value(steps).run()
    return press(app, "Retrain")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run is waited for, also on a busy machine."""
    monkeypatch.setattr(training, "MOMENT", 60)


def error(kan, data: Dataset) -> float:
    return float((kan(data.x) - data.y).square().mean().sqrt())


def test_the_sample_offers_its_new_rows_and_shows_what_they_share():
    session = opened(HILLS.title)
    app = visit(PAGE, session)
    assert not app.get("plotly_chart")
    press(app, f"Take the sample's new rows ({NEW.name})")
    assert session.tables.new_rows is not None
    assert len(new_rows(session)) == 500
    assert {m.label for m in app.metric} == {"RMSE, new rows", "RMSE, old rows", "Points shared", "Points free"}
    assert "All 500 old rows keep their predictions to the bit" in texts(app)
    assert len(app.get("plotly_chart")) == 2  # the strips, and an edge with its locked points


@pytest.mark.parametrize("name", PROTECTED)
def test_under_a_lock_new_rows_are_learned_and_every_old_bit_stays(name):
    session = ready()
    before = session.present
    app = retrain(session, name, 60)
    assert session.present is not before
    assert float(lamps(before, session.present, not_none(session.data).x).share) == 1.0
    assert error(session.present, new_rows(session)) < 0.05 < error(before, new_rows(session))
    assert "All 500 old rows keep their predictions, bit for bit" in "".join(s.value for s in app.success)
    values = {m.label: m.value for m in app.metric}
    assert values["Old outputs move by"] == "0"
    edit = session.opened.history.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert edit.config.lock is not None
    assert edit.aid == ""


@pytest.mark.parametrize(("name", "most"), [("replay", 0.05), ("ewc", 0.3)])
def test_an_aid_forgets_less_than_nothing_does_and_promises_no_bit(name, most):
    session, bare = ready(), ready()
    app = retrain(session, name)
    retrain(bare, "none")
    old = error(session.present, not_none(session.data))
    assert old < most
    assert old < error(bare.present, not_none(bare.data))
    assert not app.success
    assert "have other predictions than before" in "".join(w.value for w in app.warning)
    edit = session.opened.history.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert edit.aid == name


def test_a_retrain_under_a_lock_is_done_again_from_its_recipe_and_one_with_old_rows_is_refused_in_words():
    session = ready()
    retrain(session, "rows", 5)
    recipe, end = session.opened.history.recipe(), session.present
    session.replay(recipe)
    assert session.present.digest == end.digest
    session.undo()
    retrain(session, "ewc", 2)
    with pytest.raises(EditError, match="does not hold the old rows"):
        replay(session.opened.history.versions[0].kan, session.opened.history.recipe(), new_rows(session))


def test_undo_takes_the_whole_retraining_back():
    session = ready()
    before = session.present
    app = retrain(session, "rows", 3)
    press(app, "Undo this retraining")
    assert session.present is before
    assert "Result of the retraining" not in [h.value for h in app.header]
    press(app, "Redo")
    assert "Result of the retraining" in [h.value for h in app.header]


def test_every_edge_is_in_the_table_and_an_edge_that_changed_is_drawn():
    session = ready()
    before = session.present
    app = retrain(session, "rows", 3)
    table = next(d.value for d in app.dataframe if "max |Δφ|" in d.value.columns)
    assert len(table) == len(list(before.edges()))
    assert table["max |Δφ|"].is_monotonic_decreasing
    assert all(share == 0 for share in table["on old rows"])
    assert set(table["State"]) <= {"changed", "unchanged"}


def test_the_certificate_is_of_what_was_promised():
    session = ready()
    before = session.present
    app = retrain(session, "region", 3)
    box = not_none(session.training.retraining).region
    low, high = torch.tensor(box, dtype=torch.float64).T
    assert bool((low <= not_none(session.data).x).all() & (not_none(session.data).x <= high).all())
    assert float((low - not_none(session.data).x.amin(0)).abs().max()) < 2e-3
    found = certify(before, session.present, box=box)
    assert all(words in texts(app).replace("\\", "") for words in found.summary())
    assert {"Certificate", "Network before", "Network after"} <= {b.label for b in app.download_button}


def test_what_was_learned_counts_as_known_from_then_on():
    session = ready()
    new = new_rows(session)
    app = retrain(session, "rows", 3)
    press(app, "Add the new rows to the known rows")
    assert session.tables.new_rows is None
    assert len(not_none(session.data)) == 500 + len(new)
    assert torch.equal(not_none(session.data).rows("test")[0][-len(new.test) :], new.rows("test")[0])
    assert session.rows_from == f"{TABLE.name} + {NEW.name}"


def test_a_region_is_enough_to_know_and_is_kept():
    session = ready()
    without_rows(session)
    before = session.present
    app = visit(PAGE, session)
    radio = next(radio for radio in app.radio if radio.label == "Protection")
    assert radio.options == [OFFERS[name].title for name in ("region", "ewc", "none")]
    for field in (n for n in app.number_input if n.label.endswith(", to")):
        field.set_value(-0.1)
    app.run()
    assert "Every point of the region keeps its prediction to the bit" in texts(app)
    press(app, "Retrain")
    x = -1 + 0.9 * torch.rand(1_000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert float(lamps(before, session.present, x).share) == 1.0
    assert "points of the region keep their predictions, bit for bit" in "".join(s.value for s in app.success)


def test_a_region_that_ends_before_it_begins_is_refused_in_words():
    app = protect(visit(PAGE, ready()), "region")
    next(n for n in app.number_input if n.label.endswith(", to")).set_value(-3.0).run()
    assert not app.exception
    assert "ends before it begins" in "".join(e.value for e in app.error)


def test_rows_that_only_locked_numbers_decide_are_counted_before_anything_is_done():
    session = ready()
    session.tables.take_new(not_none(session.data), "the same rows")
    app = visit(PAGE, session)
    assert "400 of 400 new rows (100%) depend on locked numbers only" in texts(app)


def test_rows_beyond_the_grid_are_warned_of():
    session = ready()
    new = new_rows(session)
    session.tables.take_new(replace(new, x=new.x + 5), "far")
    assert "400 of 400 new rows (100%) lie beyond the grid" in texts(visit(PAGE, session))


def test_what_to_expect_never_promises_what_no_lock_holds():
    session = ready()
    data, known = new_rows(session), Known.rows(not_none(session.data), "old")
    from kanviz.analysis.locality.overlap import overlap
    from kanviz.analysis.locality.prospect import prospect

    found, ahead = overlap(session.present, known.x, data.x), prospect(session.present, None, data.x)
    for aid in ("", "replay", "ewc"):
        words = " ".join(
            expected(Retraining(session.present, data, TrainConfig(), 0, known=known, aid=aid), found, ahead)
        )
        assert "to the bit" not in words
        assert f"{found.shared:.0%}" in words


def test_the_error_on_old_rows_is_noted_at_every_step():
    session = ready()
    app = retrain(session, "none", 4)
    assert [mark[0] for mark in session.training.trail] == [0, 1, 2, 3, 4]
    assert session.training.trail[0][3] == pytest.approx(
        error(session.opened.history.versions[0].kan, not_none(session.data)), rel=1e-5
    )
    first, *_, last = (not_none(mark[3]) for mark in session.training.trail)
    assert last > 10 * first
    assert not app.exception


def test_a_run_that_goes_on_is_watched_and_can_be_taken_up_again():
    session = ready()
    known = Known.rows(not_none(session.data), "old")
    config = TrainConfig(solver="adam", steps=100_000)
    session.training.retrain(
        Retraining(session.present, new_rows(session), config, 0, known=known, promise="No protection")
    )
    while len(session.training.trail) < 3:
        time.sleep(0.005)
    app = visit(PAGE, session)
    assert "Stop and keep" in [b.label for b in app.button]
    assert {"RMSE, new rows", "RMSE, held out", "RMSE, old rows"} <= {m.label for m in app.metric}
    not_none(session.training.job).stop()
    assert not_none(session.training.job).join(600)
    app.run()
    assert "Continue" in [b.label for b in app.button]
    assert len(session.training.trail[0]) == 4


def test_a_network_that_has_changed_in_the_meantime_is_not_retrained():
    session = ready()
    known = Known.rows(not_none(session.data), "old")
    run = Retraining(session.present, new_rows(session), TrainConfig(), 0, known=known)
    retrain(session, "rows", 2)
    with pytest.raises(EditError, match="has changed since"):
        session.training.retrain(run)


def test_uploads_for_the_page_do_not_take_the_place_of_another_table():
    session = ready()
    table = read_table(b"x,y,f\n0,0,1\n0.5,0.5,2\n1,1,3\n", "small.csv")
    session.tables.upload(table, "small.csv", "old")
    assert session.tables.main is None
    app = visit(PAGE, session)
    next(g for g in app.button_group if g.label == "What it must keep").set_value("Other table").run()
    press(app, "Use these old rows")
    assert session.tables.old_rows is not None
    assert session.tables.old_rows[1] == "small.csv"
    assert "All 3 old rows keep" in texts(app)


def classes() -> Session:
    """Three kinds of rows in the plane, and a network that tells two of them apart."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(120, 2, generator=generator, dtype=torch.float64) * 2 - 1
    frame = pd.DataFrame({"u": x[:, 0], "v": x[:, 1], "kind": ["low" if a < 0 else "high" for a in x[:, 0].tolist()]})
    data = Dataset.from_frame(frame, "kind", ["u", "v"])
    kan = replace(init([2, 3, 2], seed=0, inputs=data.inputs, outputs=data.outputs), task="classification")
    session = Session()
    session.open(kan, "kinds", data=data.matching(kan))
    session.tables.take_new(data.matching(kan), "kinds")
    return session


@pytest.mark.parametrize("name", ["none", "replay"])
def test_a_network_that_tells_classes_is_retrained_and_judged_by_cross_entropy(name):
    session = classes()
    app = retrain(session, name, 3)
    assert not app.error
    assert {"Cross-entropy, new rows", "Cross-entropy, old rows"} <= {m.label for m in app.metric}


def test_a_run_that_ends_while_the_page_is_rendered_is_not_missed(monkeypatch: pytest.MonkeyPatch):
    """It is live when the page begins and has ended when the page asks again: its result must come all the same."""
    made, ended = plan_module.plan, []

    def slow(s: Session, known: Known, new: Dataset) -> Retraining | None:
        found = made(s, known, new)
        if s.training.job is not None:
            ended.append(s.training.job.live)
            s.training.job.join(60)
        return found

    monkeypatch.setattr(plan_module, "plan", slow)
    monkeypatch.setattr(training, "MOMENT", 0.0)
    session = ready()
    app = retrain(session, "rows")
    assert ended == [True]
    assert session.training.job is None
    assert "Result of the retraining" in [one.value for one in app.header]
