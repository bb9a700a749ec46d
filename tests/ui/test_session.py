"""The session: no click is lost, training is one step of the history, refusals are words."""

import threading
import time
from dataclasses import replace

import pytest
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import TrainConfig, train
from kanviz.edit.edits import FreezeEdge, MoveControlPoint, Retrain
from kanviz.edit.history import replay
from kanviz.errors import EditError, TableError, UserError
from kanviz.ui.state.jobs import End, Job
from kanviz.ui.state.session import Session


def rows(n=80, inputs=2, seed=0):
    x = torch.rand(n, inputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, torch.sin(3 * x[:, 0]) + x[:, -1] ** 2, seed=seed)


@pytest.fixture
def s():
    session = Session()
    data = rows()
    session.open(init([2, 3, 1], inputs=data.inputs, outputs=data.outputs, seed=1), "test", data=data)
    yield session
    if session.job:
        session.job.stop()
        session.job.join(20)


def finish(session):
    assert session.job is not None
    assert session.job.join(60)
    assert session.collect()


def test_sixty_clicks_in_overlapping_threads_are_sixty_steps(s):
    edges = list(s.present.edges())

    def click(n):
        s.apply(MoveControlPoint(edges[n % len(edges)], n % 8, float(n)))

    threads = [threading.Thread(target=click, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(s.opened.versions) == 61
    start = s.opened.versions[0].kan
    for _ in range(60):
        s.undo()
    assert s.present is start
    with pytest.raises(EditError, match="nothing to undo"):
        s.undo()


def test_training_becomes_one_step_and_undo_brings_back_the_very_network(s):
    start = s.present
    s.train(TrainConfig(steps=5))
    finish(s)
    edit = s.opened.versions[-1].edit
    assert isinstance(edit, Retrain)
    assert len(s.opened.versions) == 2
    assert s.last_run.train_rmse < s.trail[0][1]
    s.undo()
    assert s.present is start


def test_a_recorded_training_replays_to_the_same_network(s):
    s.train(TrainConfig(steps=4))
    finish(s)
    learned = s.present.digest
    s.replay(s.opened.recipe())
    assert s.present.digest == learned


def test_a_stopped_training_keeps_what_it_learned_and_replays(s):
    s.train(TrainConfig(steps=100_000, solver="adam"))
    while not s.trail or len(s.trail) < 5:
        time.sleep(0.005)
    s.job.stop()
    finish(s)
    assert s.opened.versions[-1].edit.steps < 100_000
    learned = s.present.digest
    s.replay(s.opened.recipe())
    assert s.present.digest == learned


@pytest.mark.parametrize("solver", ["auto", "lm", "lbfgs", "adam"])
def test_every_solver_can_be_paused_resumed_and_stopped(s, solver):
    s.train(TrainConfig(steps=100_000, solver=solver))
    s.job.pause()
    s.job.resume()
    s.job.stop()
    assert s.job.join(60)
    s.collect()
    assert s.last_run is None or s.present.digest == s.last_run.best.digest


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_a_run_that_goes_on_is_the_run_that_was_never_stopped(s, solver):
    config = TrainConfig(steps=12, solver=solver, smooth=None)
    start = s.present
    stream = train(start, s.data, config)
    held = [next(stream) for _ in range(5)]
    s.train(config)
    assert s.job.join(60)
    s.collect()
    whole, steps = s.present.digest, s.trail
    s.undo()
    stopped = Job(lambda: iter(held))  # a run of which only the first steps came
    stopped.latest, stopped.end = held[-1], End.BY_YOU
    s.job, s.trail = stopped, steps[:5]
    s.collect()
    assert s.can_continue
    s.resume()
    finish(s)
    assert s.trail == steps
    assert s.present.digest == whole
    assert len(s.opened.versions) == 2
    assert not s.can_continue


def test_a_stopped_run_goes_on_only_while_nothing_has_changed(s):
    s.train(TrainConfig(steps=100_000, solver="adam"))
    while len(s.trail) < 5:
        time.sleep(0.005)
    s.job.stop()
    finish(s)
    assert s.can_continue
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert not s.can_continue
    with pytest.raises(EditError, match="cannot go on"):
        s.resume()


def test_a_network_is_new_until_it_was_trained_or_edited():
    session, data = Session(), rows()
    kan = init([2, 3, 1], inputs=data.inputs, outputs=data.outputs)
    session.open(kan, "loaded", data=data)
    assert not session.is_new
    session.open(kan, "made", data=data, new=True)
    assert session.is_new
    session.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert not session.is_new
    session.undo()
    assert session.is_new
    session.go_back()
    assert not session.is_new
    session.go_back()
    assert session.is_new


def test_while_training_the_network_may_be_looked_at_but_not_changed(s):
    s.train(TrainConfig(steps=100_000, solver="adam"))
    assert s.training
    s.select(EdgeId(0, 1, 1))
    assert s.derived("answer", lambda: 42) == 42
    for change in (
        lambda: s.apply(FreezeEdge((EdgeId(0, 0, 0),))),
        s.undo,
        lambda: s.train(TrainConfig()),
        lambda: s.open(s.present, "other"),
    ):
        with pytest.raises(EditError, match="Training is running"):
            change()


def test_a_failed_training_says_why_and_changes_nothing(s):
    start = s.present
    broken = replace(s.data, y=s.data.y * float("nan"))
    s.data = broken
    s.train(TrainConfig(steps=5))
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
        session.train(TrainConfig())
    with pytest.raises(TableError, match="3"):
        session.take_data(rows(inputs=3), "t")


def test_opening_another_network_keeps_a_table_that_fits_and_drops_one_that_does_not(s):
    s.open(init([2, 1]), "fits")
    assert s.data is not None
    s.open(init([3, 1]), "does not")
    assert s.data is None


def test_derived_results_follow_the_network_and_the_table(s):
    count = [0]

    def make():
        count[0] += 1
        return count[0]

    assert [s.derived("n", make), s.derived("n", make)] == [1, 1]
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    assert s.derived("n", make) == 2
    s.undo()
    assert s.derived("n", make) == 1
    s.take_data(rows(seed=1), "t")
    assert s.derived("n", make) == 3


def test_a_saved_file_tells_the_steps_before_and_after_it_was_opened(s):
    s.apply(FreezeEdge((EdgeId(0, 0, 0),)))
    first = s.whole_recipe()
    again = Session()
    again.open(s.present, "again", recipe=first)
    assert [str(edit) for edit in again.made_by] == ["Freeze edge 0,0,0"]
    again.apply(MoveControlPoint(EdgeId(0, 1, 1), 2, 0.5))
    whole = again.whole_recipe()
    assert (whole["start"], len(whole["edits"])) == (first["start"], 2)
    assert replay(s.opened.versions[0].kan, whole).present.digest == again.present.digest


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
    assert again.made_by == []
    assert again.whole_recipe() == again.opened.recipe()


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
    assert s.picked == ()
    assert s.picked_rows() is None
    s.pick([7, 3, 7, 0])
    assert s.picked == (0, 3, 7)
    chosen = s.picked_rows()
    assert chosen.x.tolist() == s.data.x[[0, 3, 7]].tolist()
    assert {(0, 3, 7)[n] for n in chosen.test.tolist()} == {0, 3, 7} & set(s.data.test.tolist())
    assert len(chosen.train) + len(chosen.test) == 3
    s.take_data(rows(seed=1), "others")
    assert s.picked == ()
    assert s.picked_rows() is None


def test_a_row_is_looked_at_until_the_point_leaves_it_or_the_table_goes(s):
    s.take_row(4)
    assert (s.row, s.point) == (4, tuple(s.data.x[4].tolist()))
    s.take_point((s.point[0], s.point[1] + 1))
    assert s.row is None
    assert s.point is not None
    s.take_row(4)
    s.take_data(rows(seed=1), "others")
    assert s.row is None
    s.open(init([3, 1], seed=0), "another")
    assert s.point is None


@pytest.mark.parametrize("row", [-1, 80])
def test_rows_that_are_not_there_are_refused(s, row):
    for act in (lambda: s.pick([row]), lambda: s.take_row(row)):
        with pytest.raises(UserError, match="the table has rows 1 to 80"):
            act()
    s.data = None
    with pytest.raises(UserError, match="no rows to choose from"):
        s.pick([0])
    s.pick([])


@pytest.mark.parametrize("values", [(1.0,), (1.0, float("nan"))])
def test_a_point_that_is_none_is_refused(s, values):
    with pytest.raises(UserError, match="each of its 2 inputs is a finite number"):
        s.take_point(values)


def test_of_what_a_slider_makes_only_the_last_is_kept_and_the_rest_stays(s):
    kept = s.derived("kept", object)
    found = [s.latest("moved", object, k) for k in range(100)]
    assert s.latest("moved", object, 99) is found[99]
    assert s.latest("moved", object, 98) is not found[98]
    assert s.derived("kept", object) is kept
