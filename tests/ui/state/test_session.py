"""The session: no click is lost, training is one step of the history, refusals are words."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from kanviz.analysis.curves import edge_curve
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig, train
from kanviz.edit.edits import FreezeEdge, MoveControlPoint, Prune, Retrain
from kanviz.edit.history import replay
from kanviz.errors import EditError, TableError, UserError
from kanviz.ui.state.cache import MOST
from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.session import Session
from tests.ui.changed import change, without_rows


def rows(n=80, inputs=2, seed=0):
    x = torch.rand(n, inputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, torch.sin(3 * x[:, 0]) + x[:, -1] ** 2, seed=seed)


@pytest.fixture
def s() -> Iterator[Session]:
    session = Session()
    data = rows()
    session.open(init([2, 3, 1], inputs=data.inputs, outputs=data.outputs, seed=1), "test", data=data)
    yield session
    if session.training.job:
        session.training.job.stop()
        session.training.job.join(600)


def finish(session):
    assert session.training.job is not None
    assert session.training.job.join(600)
    assert session.training.collect()


def test_sixty_clicks_in_overlapping_threads_are_sixty_steps(s):
    edges = list(s.present.edges())

    def click(n):
        s.apply(MoveControlPoint(edges[n % len(edges)], n % 8, float(n)))

    threads = [threading.Thread(target=click, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(s.opened.history.versions) == 61
    start = s.opened.history.versions[0].kan
    for _ in range(60):
        s.undo()
    assert s.present is start
    with pytest.raises(EditError, match="nothing to undo"):
        s.undo()


def test_training_becomes_one_step_and_undo_brings_back_the_very_network(s):
    start = s.present
    s.training.start(TrainConfig(steps=5))
    finish(s)
    edit = s.opened.history.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert len(s.opened.history.versions) == 2
    assert s.training.last.train_rmse < s.training.trail[0][1]
    s.undo()
    assert s.present is start


def test_a_recorded_training_replays_to_the_same_network(s):
    s.training.start(TrainConfig(steps=4))
    finish(s)
    learned = s.present.digest
    s.replay(s.opened.history.recipe())
    assert s.present.digest == learned


def test_a_stopped_training_keeps_what_it_learned_and_replays(s):
    s.training.start(TrainConfig(steps=100_000, solver="adam"))
    while not s.training.trail or len(s.training.trail) < 5:
        time.sleep(0.005)
    s.training.job.stop()
    finish(s)
    assert s.opened.history.versions[-1].edit.steps < 100_000
    learned = s.present.digest
    s.replay(s.opened.history.recipe())
    assert s.present.digest == learned


@pytest.mark.parametrize("solver", ["auto", "lm", "lbfgs", "adam"])
def test_every_solver_can_be_paused_resumed_and_stopped(s, solver):
    s.training.start(TrainConfig(steps=100_000, solver=solver))
    s.training.job.pause()
    s.training.job.resume()
    s.training.job.stop()
    assert s.training.job.join(600)
    s.training.collect()
    assert s.training.last is None or s.present.digest == s.training.last.best.digest


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_a_run_that_goes_on_is_the_run_that_was_never_stopped(s, solver):
    config = TrainConfig(steps=12, solver=solver, smooth=None)
    start = s.present
    stream = train(start, s.data, config)
    held = [next(stream) for _ in range(5)]
    s.training.start(config)
    assert s.training.job.join(600)
    s.training.collect()
    whole, steps = s.present.digest, s.training.trail
    s.undo()
    stopped = Job(lambda: iter(held))  # a run of which only the first steps came
    stopped.latest, stopped.end = held[-1], End.BY_YOU
    s.training.job, s.training.trail = stopped, steps[:5]
    s.training.collect()
    assert s.training.can_continue
    s.training.resume()
    finish(s)
    assert s.training.trail == steps
    assert s.present.digest == whole
    assert len(s.opened.history.versions) == 2
    assert not s.training.can_continue


def test_a_stopped_run_goes_on_only_while_nothing_has_changed(s):
    s.training.start(TrainConfig(steps=100_000, solver="adam"))
    while len(s.training.trail) < 5:
        time.sleep(0.005)
    s.training.job.stop()
    finish(s)
    assert s.training.can_continue
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert not s.training.can_continue
    with pytest.raises(EditError, match="cannot go on"):
        s.training.resume()


def test_a_network_is_new_until_it_was_trained_or_edited():
    session, data = Session(), rows()
    kan = init([2, 3, 1], inputs=data.inputs, outputs=data.outputs)
    session.open(kan, "loaded", data=data)
    assert not session.opened.is_new
    session.open(kan, "made", data=data, new=True)
    assert session.opened.is_new
    session.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert not session.opened.is_new
    session.undo()
    assert session.opened.is_new
    session.go_back()
    assert not session.opened.is_new
    session.go_back()
    assert session.opened.is_new


def test_while_training_the_network_may_be_looked_at_but_not_changed(s):
    s.training.start(TrainConfig(steps=100_000, solver="adam"))
    assert s.training.live
    s.select(EdgeId(0, 1, 1))
    assert s.cache.result(edge_curve, s.present, s.edge, s.data) is not None
    for forbidden in (
        lambda: s.apply(FreezeEdge((EdgeId(0, 0, 0),))),
        s.undo,
        lambda: s.training.start(TrainConfig()),
        lambda: s.open(s.present, "other"),
    ):
        with pytest.raises(EditError, match="Training is running"):
            forbidden()


def test_a_failed_training_says_why_and_changes_nothing(s):
    start = s.present
    broken = replace(s.data, y=s.data.y * float("nan"))
    change(s, data=broken)
    s.training.start(TrainConfig(steps=5))
    finish(s)
    assert [kind for kind, _ in s.messages] == ["error"]
    assert "not a finite number" in s.messages[0][1]
    assert s.present is start


def test_what_needs_a_network_or_a_table_says_so():
    session = Session()
    with pytest.raises(UserError, match="No network is open"):
        session.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    session.open(init([2, 1]), "test")
    with pytest.raises(UserError, match="needs a table"):
        session.training.start(TrainConfig())
    with pytest.raises(TableError, match="3"):
        session.tables.look_with(rows(inputs=3), "t")


def test_opening_another_network_keeps_a_table_that_fits_and_drops_one_that_does_not(s):
    s.open(init([2, 1]), "fits")
    assert s.data is not None
    s.open(init([3, 1]), "does not")
    assert s.data is None


def test_derived_results_follow_the_network_and_the_table(s):
    count = [0]

    def make(kan, data):
        count[0] += 1
        return count[0]

    def found():
        return s.cache.result(make, s.present, s.data)

    assert [found(), found()] == [1, 1]
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert found() == 2
    s.undo()
    assert found() == 1
    s.tables.look_with(rows(seed=1), "t")
    assert found() == 3
    s.tables.look_with(rows(), "the same rows from another file")
    assert found() == 1


def test_a_saved_file_tells_the_steps_before_and_after_it_was_opened(s):
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    first = s.opened.whole_recipe()
    again = Session()
    again.open(s.present, "again", recipe=first)
    assert [str(edit) for edit in again.opened.made_by()] == ["Freeze edge 0,0,0"]
    again.apply(MoveControlPoint(EdgeId(0, 1, 1), 2, 0.5))
    whole = again.opened.whole_recipe()
    assert (whole["start"], len(whole["edits"])) == (first["start"], 2)
    assert replay(s.opened.history.versions[0].kan, whole).present.digest == again.present.digest


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"edits": 3},
        {"edits": [{"kind": "eval"}], "start": "a"},
        {"edits": [], "start": 1},
        {"edits": [], "end": "x"},
    ],
)
def test_a_forged_recipe_in_a_file_is_left_out(s, forged):
    again = Session()
    again.open(s.present, "again", recipe={"end": s.present.digest, **forged})
    assert again.opened.made_by() == []
    assert again.opened.whole_recipe() == again.opened.history.recipe()


def test_a_file_saved_with_its_rows_opens_with_them():
    from kanviz.io.native import to_bytes
    from kanviz.ui.open import home
    from kanviz.ui.widgets.samples import samples
    from tests.ui.test_pages import opened

    before, after = opened(samples()[0].title), Session()
    assert before.data is not None
    home._take(after, {"kept.safetensors": to_bytes(before.present, rows=before.data, rows_from=before.rows_from)})
    assert after.data is not None
    assert after.data.digest == before.data.digest
    assert after.rows_from == before.rows_from


def test_picked_rows_are_those_of_the_table_in_hand_and_keep_their_part(s):
    assert s.looking.picked == ()
    assert s.looking.picked_rows() is None
    s.looking.pick([7, 3, 7, 0])
    assert s.looking.picked == (0, 3, 7)
    chosen = s.looking.picked_rows()
    assert chosen.x.tolist() == s.data.x[[0, 3, 7]].tolist()
    assert {(0, 3, 7)[n] for n in chosen.test.tolist()} == {0, 3, 7} & set(s.data.test.tolist())
    assert len(chosen.train) + len(chosen.test) == 3
    s.tables.look_with(rows(seed=1), "others")
    assert s.looking.picked == ()
    assert s.looking.picked_rows() is None


def test_a_row_is_looked_at_until_the_point_leaves_it_or_the_table_goes(s):
    s.looking.take_row(4)
    assert (s.looking.row, s.looking.point) == (4, tuple(s.data.x[4].tolist()))
    s.looking.take_point((s.looking.point[0], s.looking.point[1] + 1))
    assert s.looking.row is None
    assert s.looking.point is not None
    s.looking.take_row(4)
    s.tables.look_with(rows(seed=1), "others")
    assert s.looking.row is None
    s.open(init([3, 1], seed=0), "another")
    assert s.looking.point is None


@pytest.mark.parametrize("row", [-1, 80])
def test_rows_that_are_not_there_are_refused(s, row):
    for act in (lambda: s.looking.pick([row]), lambda: s.looking.take_row(row)):
        with pytest.raises(UserError, match="the table has rows 1 to 80"):
            act()
    without_rows(s)
    with pytest.raises(UserError, match="no rows to choose from"):
        s.looking.pick([0])
    s.looking.pick([])


@pytest.mark.parametrize("values", [(1.0,), (1.0, float("nan"))])
def test_a_point_that_is_none_is_refused(s, values):
    with pytest.raises(UserError, match="each of its 2 inputs is a finite number"):
        s.looking.take_point(values)


def test_of_what_a_slider_makes_only_the_last_is_kept_and_the_rest_stays(s):
    kept = s.cache.result(object)
    found = [s.cache.latest(made, k) for k in range(100)]
    assert s.cache.latest(made, 99) is found[99]
    assert s.cache.latest(made, 98) is not found[98]
    assert s.cache.result(object) is kept


def made(_):
    return object()


def test_what_is_remembered_is_told_apart_by_value_and_kind(s):
    kinds = [1, 1.0, True, "1", None, (1,), EdgeId(0, 0, 0), EdgeId(0, 0, 1), Prune((EdgeId(0, 0, 0),), (0.5,))]
    found = [s.cache.result(made, one) for one in kinds]
    assert len(set(map(id, found))) == len(kinds)
    assert s.cache.result(made, [1]) is s.cache.result(made, (1,))
    assert s.cache.result(made, Prune((EdgeId(0, 0, 0),), (0.5,))) is found[-1]


def test_what_can_change_is_remembered_as_itself(s):
    one, other = {"a": 1}, {"a": 1}
    assert s.cache.result(made, one) is s.cache.result(made, one)
    assert s.cache.result(made, one) is not s.cache.result(made, other)


def test_old_results_are_forgotten_and_small_ones_stay_for_a_whole_history(s):
    first, small = s.cache.result(made, 0), s.cache.small(made, 0)
    for k in range(1, MOST + 1):
        s.cache.result(made, k)
        s.cache.small(made, k)
    assert s.cache.result(made, 0) is not first
    assert s.cache.small(made, 0) is small
