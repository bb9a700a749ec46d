"""Work as the session gives it and takes it back; what is sent to the browser, and what may come back from it."""

import base64
import json
import threading
import time
from collections.abc import Callable

import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.layer import EdgeId
from kanviz.core.training.train import Progress, TrainConfig
from kanviz.edit.edits import FreezeEdge, MoveControlPoint, Prune
from kanviz.errors import EditError, LoadError
from kanviz.io.project import Packed, packed, unpacked
from kanviz.io.work import Work
from kanviz.laws.search.discover import DiscoverConfig
from kanviz.ui.components.memory import SavedList, SavedWork, read_list, read_missing, read_work, work_payload
from kanviz.ui.state.jobs import Job
from kanviz.ui.state.law_search import LawSearch
from kanviz.ui.state.laws import LawSearches
from kanviz.ui.state.session import Session
from kanviz.ui.state.snapshot import go_on, snapshot, snapshots
from kanviz.ui.state.training_run import Run
from tests.helpers import not_none
from tests.io.damage import answer
from tests.laws_at_hand import R, discovery, gravity
from tests.ui.laws.test_laws import ended, searching
from tests.ui.state.test_session import finish

EDGE = EdgeId(0, 1, 2)
KEPT = SavedWork("id", "token", "name", 2, 1.7e12, "")


def rows(seed: int = 0) -> Dataset:
    x = torch.rand(60, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    return Dataset.from_arrays(x, torch.sin(3 * x[:, 0]) + x[:, 1] ** 2, seed=seed)


def at_work() -> Session:
    """Two steps, the second undone, on a network whose file told of an earlier one."""
    s, data = Session(), rows()
    kan = init([2, 3, 1], inputs=data.inputs, outputs=data.outputs, seed=1)
    recipe = {"format": 1, "start": "0" * 64, "end": kan.digest, "edits": [FreezeEdge((EDGE,)).to_json()]}
    s.open(kan, "mine", data=data, edge=EDGE, rows_from="t.csv", recipe=recipe, sample="five")
    s.apply(MoveControlPoint(EDGE, 3, 0.5))
    s.rename("better", 1)
    s.apply(Prune((EdgeId(0, 0, 0),), (0.25,)))
    s.undo()
    s.look_at({"tab": "Reach"})
    return s


def again(s: Session, *, with_rows: bool = True) -> Session:
    other = Session()
    other.restore(unpacked(packed(s.saved(with_rows=with_rows))), s.opened.id)
    return other


def wait_until(s: Session, so_far: Callable[[Progress], bool]) -> None:
    """Wait for a step of the running training at which this is true."""
    job = not_none(s.training.job)
    while job.latest is None or not so_far(job.latest):
        time.sleep(0.002)


def taken_over(s: Session) -> Work:
    """The current work, as another server would find it."""
    return unpacked(packed(not_none(snapshot(s))))


def test_a_session_takes_up_the_same_work():
    s = at_work()
    other = again(s)
    assert [v.kan.digest for v in other.opened.history.versions] == [v.kan.digest for v in s.opened.history.versions]
    assert [str(v) for v in other.opened.history.versions] == [str(v) for v in s.opened.history.versions]
    assert other.data is not None
    assert other.data.digest == rows().digest
    parts = ("name", "edge", "rows_from", "id", "view", "is_new")
    assert [getattr(other.opened, part) for part in parts] == [getattr(s.opened, part) for part in parts]
    assert other.sample == s.sample == "five"
    assert [str(edit) for edit in other.opened.made_by()] == [str(edit) for edit in s.opened.made_by()]
    assert other.opened.whole_recipe() == s.opened.whole_recipe()
    other.redo()
    s.redo()
    assert other.present.digest == s.present.digest
    other.undo()
    other.undo()
    assert other.present.digest == s.opened.history.versions[0].kan.digest
    with pytest.raises(EditError, match="nothing to undo"):
        other.undo()


def test_without_rows_the_session_says_which_table_to_load_and_still_knows_it_when_saved_again():
    s = again(at_work(), with_rows=False)
    assert s.data is None
    assert "load the table again" in s.messages[-1][1]
    assert "t.csv" in s.messages[-1][1]
    assert s.saved(with_rows=True).rows == at_work().saved(with_rows=False).rows
    s.tables.look_with(rows(), "t.csv")
    assert s.saved(with_rows=True).data is not None


def test_rows_in_hand_are_taken_if_they_are_the_same():
    same, other = at_work(), at_work()
    found = unpacked(packed(same.saved(with_rows=False)))
    same.restore(found)
    assert same.data is not None
    other.tables.look_with(rows(1), "u.csv")
    other.restore(found)
    assert other.data is None


def test_what_was_in_hand_waits_when_work_is_taken_up():
    s = at_work()
    before = s.present
    s.restore(unpacked(packed(again(at_work()).saved(with_rows=True))))
    s.go_back()
    assert s.present is before
    assert s.opened.view == {"tab": "Reach", "sample": "five"}


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_a_training_that_was_cut_off_goes_on_as_if_it_had_not_been(solver, monkeypatch):
    config, items, go_on_there = TrainConfig(solver, steps=30, smooth=None), Run.items, threading.Event()
    whole, s, other = at_work(), at_work(), Session()
    whole.training.start(config)
    finish(whole)

    def held(run, resume=None):
        for item in items(run, resume):
            yield item
            while item.step == 10 and not go_on_there.wait(0.01):
                yield None

    monkeypatch.setattr(Run, "items", held)
    s.training.start(config)
    wait_until(s, lambda latest: latest.step >= 10)
    monkeypatch.undo()
    go_on(other, taken_over(s), "id")
    go_on_there.set()
    assert other.messages[-1][1] == "Its training goes on from step 10 of 30."
    finish(other)
    assert other.present.digest == whole.present.digest
    assert [str(v) for v in other.opened.history.versions] == [str(v) for v in whole.opened.history.versions]
    assert other.training.trail == whole.training.trail
    assert not_none(s.training.job).join(600)


def test_the_best_law_of_a_search_is_kept_as_a_network_of_formulas():
    go_on_there = threading.Event()
    s = searching(go_on_there)
    (first,) = snapshots(s)
    assert s.of(LawSearches).last is not None
    assert first.id == not_none(s.of(LawSearches).last).work
    go_on_there.set()
    assert not_none(s.of(LawSearches).last).job.join(600)
    (last,) = snapshots(s)
    assert last.mark != first.mark
    assert snapshots(s)[0].mark == last.mark
    other = Session()
    go_on(other, unpacked(packed(last.work)), last.id)
    assert other.name == "Law of F from pulls.csv"
    assert other.data is not None
    torch.testing.assert_close(other.present(other.data.x), other.data.y)


def test_work_and_law_are_both_kept_and_neither_twice():
    s = at_work()
    s.of(LawSearches).last = ended().of(LawSearches).last
    work, law = snapshots(s)
    assert (work.id, law.id) == (s.opened.id, not_none(s.of(LawSearches).last).work)
    assert law.work.history.present.digest != work.work.history.present.digest
    assert snapshots(s, rows_limit=100)[1].work.data is None


def test_a_law_that_is_no_network_keeps_nothing_from_being_kept():
    s, data = at_work(), gravity()
    found = discovery(data, (sympy.besselj(1, R),))
    s.of(LawSearches).last = LawSearch(data, "t", DiscoverConfig(), Job(lambda: iter([found]), elsewhere=True).start())
    assert not_none(s.of(LawSearches).last).job.join(600)
    assert [one.id for one in snapshots(s)] == [s.opened.id]


def test_a_training_that_was_paused_waits_for_its_continue():
    s = at_work()
    s.training.start(TrainConfig("adam", steps=20_000))
    wait_until(s, lambda latest: latest.step >= 3)
    not_none(s.training.job).pause()
    other = Session()
    go_on(other, taken_over(s), "id")
    assert not other.training.live
    assert other.training.can_continue
    assert other.training.why_ended == "the server was stopped"
    assert not_none(not_none(snapshot(other)).training).last.step == not_none(other.training.last).step
    not_none(s.training.job).stop()
    not_none(s.training.job).join(600)


def test_a_training_that_goes_on_and_waits_for_its_first_step_is_not_lost(monkeypatch):
    s, other = at_work(), Session()
    s.training.start(TrainConfig("adam", steps=20_000))
    wait_until(s, lambda latest: latest.step >= 3)
    found, may_go = not_none(snapshot(s)), threading.Event()
    monkeypatch.setattr(Run, "items", lambda *_: iter(lambda: may_go.wait(0.01) or None, True))
    go_on(other, unpacked(packed(found)), "id")
    again = not_none(snapshot(other))
    assert other.training.live
    now, then = not_none(again.training), not_none(found.training)
    assert (now.last.step, now.running) == (then.last.step, True)
    assert again.history.present.digest == found.history.present.digest
    may_go.set()
    assert not_none(other.training.job).join(600)
    not_none(s.training.job).stop()
    assert not_none(s.training.job).join(600)


def test_tables_that_are_too_large_leave_what_the_training_has_learned():
    s = at_work()
    s.training.start(TrainConfig("adam", steps=20_000))
    wait_until(s, lambda latest: latest.best_step >= 3)
    found = not_none(snapshot(s, rows_limit=100))
    assert found.training is None
    assert found.data is None
    assert str(found.history.versions[-1]).startswith("Retrain: ")
    not_none(s.training.job).stop()
    not_none(s.training.job).join(600)


def test_nothing_is_taken_up_while_a_training_runs():
    s = at_work()
    found = s.saved(with_rows=True)
    s.training.start(TrainConfig(steps=2000, solver="adam"))
    try:
        with pytest.raises(EditError, match="Training is running"):
            s.restore(found)
    finally:
        assert s.training.job is not None
        s.training.job.stop()
        s.training.job.join(600)


def test_every_network_that_is_opened_is_work_of_its_own():
    s = at_work()
    first = s.work
    s.open(init([2, 1]), "other")
    assert s.work != first
    s.go_back()
    assert s.work == first


# --- to and from the browser ------------------------------------------------------------------------------------


def test_blobs_travel_once_and_are_always_named():
    found = packed(at_work().saved(with_rows=True))
    first = work_payload(KEPT, found.manifest, found.blobs, set(found.blobs))
    later = work_payload(KEPT, found.manifest, found.blobs, ())
    assert set(first["blobs"]) == set(first["needs"]) == set(later["needs"]) == set(found.blobs)
    assert later["blobs"] == {}
    assert len(json.dumps(later)) < 3_000
    back = read_work({"id": "id", "manifest": first["manifest"], "blobs": first["blobs"]})
    assert unpacked(Packed(*back[1:])).history.present.digest == at_work().present.digest


def test_what_the_browser_tells_is_taken_only_where_it_is_as_we_wrote_it():
    good = {"id": "a", "token": "t", "name": "n", "steps": 2, "when": 1.7e12, "rows": ""}
    assert read_list({"off": False, "works": [good]}) == SavedList((SavedWork("a", "t", "n", 2, 1.7e12, ""),))
    bad = [
        good | change
        for change in ({"id": ""}, {"id": 1}, {"name": "x" * 999}, {"steps": -1}, {"when": 1e300}, {"steps": "2"})
    ]
    assert read_list({"off": 1, "works": bad[:5]}) == SavedList()
    assert read_list({"off": True, "works": [bad[5], None, [], good]}).works == (
        SavedWork("a", "t", "n", 2, 1.7e12, ""),
    )
    assert len(read_list({"works": [good] * 50}).works) == 5


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "manifest", "blobs", "works", "off", "n", "token", "name", "steps", "when", "rows"]), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(ANYTHING)
def test_anything_from_the_browser_is_read_or_refused_in_words(record):
    assert isinstance(read_list(record), SavedList)
    assert isinstance(read_missing(record), set)
    answer(lambda: unpacked(Packed(*read_work(record)[1:])))


def test_a_blob_that_was_changed_in_the_browser_is_refused():
    found = packed(at_work().saved(with_rows=True))
    name = next(iter(found.blobs))
    blobs = {n: base64.b64encode(content + (b"x" if n == name else b"")).decode() for n, content in found.blobs.items()}
    _, manifest, back = read_work({"id": "id", "manifest": found.manifest, "blobs": blobs})
    with pytest.raises(LoadError, match="checksum"):
        unpacked(Packed(manifest, back))
