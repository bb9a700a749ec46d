"""The search for a law from outside: the best so far is kept, the time is kept to, equal seeds give equal fronts."""

import itertools
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

import kanviz
from kanviz.core.data.dataset import Dataset
from kanviz.core.training.ending import Ending
from kanviz.errors import TableError, UserError
from kanviz.laws.search.attempt_pool import HeadStart, InTurn, Pool, Task, crew_for
from kanviz.laws.search.discover import DiscoverConfig, discoveries
from kanviz.laws.search.hints import Hints
from kanviz.laws.search.record import Discovery
from tests.laws.fake_search import FakeSearch, Plan, X, Y, rows

TRUTH = X * Y + 1
ROUGH = Plan(((X + Y, 0.3), (2.5 * X, 0.5)), spline=0.1)
FINE = Plan(((X * Y + 1.0001, 1e-4),), spline=1e-5)
EXACT = Plan(((TRUTH, None),))


def alone(seconds: float = 30.0, **settings) -> DiscoverConfig:
    return DiscoverConfig(seconds=seconds, jobs=1, **settings)


def last(search: FakeSearch, config: DiscoverConfig) -> Discovery:
    *_, found = discoveries(rows(), config, search)
    return found


def test_an_exact_law_ends_the_search(tmp_path: Path):
    found = last(FakeSearch((ROUGH, EXACT, FINE), str(tmp_path)), alone())
    assert found.best.expression == TRUTH
    assert found.exact
    assert found.stopped_because is Ending.EXACT_LAW
    assert len(found.attempts) == len(list(tmp_path.iterdir())) == 2


def test_the_front_only_gets_better_and_what_was_found_is_kept():
    states = list(discoveries(rows(), alone(), FakeSearch((FINE, ROUGH, Plan(fails=True)))))
    errors = [state.best.test_rmse for state in states]
    assert errors == sorted(errors, reverse=True)
    assert states[0].best.expression == states[-1].best.expression


def test_stopping_in_the_middle_keeps_the_best_so_far():
    stream = discoveries(rows(), alone(), FakeSearch((ROUGH, EXACT)))
    first = next(stream)
    assert isinstance(stream, Generator)
    stream.close()
    assert [entry.expression for entry in first.front] == [X + Y]
    assert not first.stopped_because


def test_an_attempt_that_fails_is_told_and_ends_nothing():
    found = last(FakeSearch((Plan(fails=True), EXACT)), alone())
    assert found.best.expression == TRUTH
    assert "this one went wrong" in found.attempts[0].failure


def test_the_search_keeps_to_its_time():
    looks = itertools.count(0, 0.2)  # seconds of a clock that goes on by a fifth at each look
    search = FakeSearch((Plan(),), endless=True)
    *_, found = discoveries(rows(), alone(seconds=0.7), search, clock=lambda: next(looks))
    assert found.stopped_because is Ending.TIME_UP
    assert found.front == ()
    with pytest.raises(UserError, match="more seconds"):
        _ = found.best


def test_a_law_at_the_level_of_the_noise_ends_the_search_when_nothing_betters_it():
    noise = Plan(((X * Y + 1.01, 0.01), (X, 0.6)), spline=0.01)
    found = last(FakeSearch((ROUGH, noise), endless=True), alone())
    assert found.stopped_because is Ending.AS_GOOD_AS_SPLINES
    assert found.best.test_rmse == pytest.approx(0.01 * found.scale.spread)
    assert len(found.attempts) < 12


def test_a_law_far_from_the_data_is_worked_on_until_everything_was_tried():
    found = last(FakeSearch((ROUGH,) * 15), alone())
    assert found.stopped_because is Ending.ALL_TRIED
    assert len(found.attempts) == 15


def test_the_shape_and_the_first_seed_are_those_asked_for():
    found = last(FakeSearch((ROUGH,)), alone(shape=[2, [1, 1], 1], seed=7))
    assert found.attempts[0].attempt == "within [2, [1, 1], 1], seed 7"


def test_progress_sees_every_state(tmp_path: Path, monkeypatch):
    seen: list[int] = []
    monkeypatch.setattr("kanviz.laws.search.discover.engine", FakeSearch((ROUGH, EXACT)))
    frame = pd.DataFrame(np.column_stack([rows().x.numpy(), rows().y.numpy()]), columns=["x", "y", "z"])
    found = kanviz.discover(frame, "z", jobs=1, progress=lambda state: seen.append(len(state.attempts)))
    assert seen == [1, 1, 1, 2]  # two laws of the first attempt, all of it, and the law that ends the search
    assert found.best.expression == TRUTH


def test_columns_may_carry_their_units_in_their_names(monkeypatch, tmp_path: Path):
    monkeypatch.setattr("kanviz.laws.search.discover.engine", FakeSearch((ROUGH,)))
    path = tmp_path / "z.csv"
    x = rows().x.numpy()
    pd.DataFrame({"x (m)": x[:, 0], "y [m]": x[:, 1], "z (m^2)": x.prod(1)}).to_csv(path, index=False)
    found = kanviz.discover(path, "z", jobs=1)
    assert (found.inputs, found.units, found.target, found.unit) == (("x", "y"), ("m", "m"), "z", "m^2")
    assert any("comes out as m" in note for note in found.best.notes)
    assert kanviz.discover(path, "z (m^2)", jobs=1).unit == "m^2"


# --- side by side -----------------------------------------------------------------------------------------------


def task(search: FakeSearch) -> Task:
    from kanviz.laws.search.problem import question_of

    return Task(search.pursuit, question_of(rows()).table)


def ladder(search: FakeSearch):
    return enumerate(search.attempts(2))


def test_processes_find_the_same_front_as_one_alone(monkeypatch):
    search = FakeSearch((Plan(ROUGH.laws, takes=0.4), FINE, Plan(((X * Y, 0.2),)), EXACT, FINE))
    monkeypatch.setattr("kanviz.laws.search.attempt_pool.HEAD_START", 0.1)
    one = last(search, alone())
    two = last(search, DiscoverConfig(seconds=1200, jobs=2))
    assert [entry.text for entry in two.front] == [entry.text for entry in one.front]
    assert two.stopped_because == one.stopped_because


@dataclass(frozen=True)
class Slow(FakeSearch):
    """Takes a while after each of its laws."""

    def pursuit(self, attempt, table, primitives, seconds: float):
        for found in super().pursuit(attempt, table, primitives, seconds):
            yield found
            time.sleep(0.1)


def test_an_attempt_that_the_head_start_cuts_off_is_made_again_as_a_whole(monkeypatch):
    monkeypatch.setattr("kanviz.laws.search.attempt_pool.HEAD_START", 0.05)
    search = Slow((Plan(ROUGH.laws), FINE))
    crew = crew_for(task(search), ladder(search), 2, 1200)
    outcomes = list(iter(lambda: crew.next(600), None))
    crew.close()
    assert {outcome.index for outcome in outcomes if outcome.whole} == {0, 1}


def test_a_pool_leaves_behind_who_does_not_stop(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("kanviz.laws.search.attempt_pool.GRACE", 0.3)
    search = FakeSearch((EXACT, Plan(takes=1200, stubborn=True)), str(tmp_path))
    pool = Pool(task(search), ladder(search), 2, 600)
    first = pool.next(600)
    assert first is not None
    assert first.index == 0
    assert pool.next(0.2) is None
    pool.close()
    assert not list(tmp_path.glob("*-slept")), "nobody waited until it had slept"


def test_a_process_that_dies_takes_no_other_attempts_with_it(monkeypatch):
    monkeypatch.setattr("kanviz.laws.search.attempt_pool.HEAD_START", 0.0)
    search = FakeSearch((ROUGH, Plan(dies=True), *(Plan(ROUGH.laws, takes=0.2),) * 4, EXACT))
    found = last(search, DiscoverConfig(seconds=1200, jobs=2))
    assert found.best.expression == TRUTH
    lost = sum("died" in tried.failure for tried in found.attempts)
    assert 1 <= lost <= 3, "itself, one beside it, and one that joblib had taken in hand"


def test_easy_laws_do_not_wait_for_other_processes(monkeypatch):
    monkeypatch.setattr("kanviz.laws.search.attempt_pool.Pool", None)
    assert last(FakeSearch((ROUGH, EXACT)), DiscoverConfig(jobs=2)).exact


def test_the_crew_is_as_large_as_pays():
    search = FakeSearch((EXACT,))
    assert isinstance(crew_for(task(search), ladder(search), 1, 60), InTurn)
    assert isinstance(crew_for(task(search), ladder(search), 2, 5), InTurn)
    assert isinstance(crew_for(task(search), ladder(search), 2, 60), HeadStart)


def test_the_same_call_runs_on_a_dask_cluster(tmp_path: Path):
    from distributed import Client, LocalCluster

    search = FakeSearch((ROUGH, FINE, Plan(ROUGH.laws, takes=0.3), EXACT), str(tmp_path))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,  # pyright: ignore
        Client(cluster) as client,
    ):
        pids = client.run(_pid)
        assert isinstance(pids, dict), "of a client that does not await"
        workers = set(pids.values())
        with joblib.parallel_config("dask"):
            found = last(search, DiscoverConfig(seconds=1200))
    assert found.best.expression == TRUTH
    ran = {int(path.name.split("-")[1]) for path in tmp_path.iterdir()}
    assert ran <= workers
    assert [entry.text for entry in found.front] == [entry.text for entry in last(search, alone()).front]


def _pid() -> int:
    import os

    return os.getpid()


# --- the door ---------------------------------------------------------------------------------------------------


def refusal(data: Dataset, **settings) -> str:
    with pytest.raises(UserError) as caught:
        list(discoveries(data, alone(**settings), FakeSearch((ROUGH,))))
    return str(caught.value)


def test_what_no_law_can_be_found_for_is_refused_in_words():
    x = rows().x.numpy()
    assert "same number" in refusal(Dataset.from_arrays(x, np.ones(len(x))))
    assert "at least 10" in refusal(Dataset.from_arrays(x[:8], x[:8, 0]))
    assert "one column" in refusal(Dataset.from_arrays(x, x))
    assert "'w'" in refusal(rows(), hints=Hints(symmetric=(("x", "w"),)))


def test_a_target_is_needed_for_a_table():
    with pytest.raises(TableError, match="which column"):
        kanviz.discover(pd.DataFrame({"a": [1.0]}))


def test_large_tables_are_thinned_and_it_is_said():
    from kanviz.laws.search.problem import MOST_HELD, MOST_LEARNED, question_of

    x = np.random.default_rng(0).uniform(size=(20_000, 1))
    question = question_of(Dataset.from_arrays(x, x[:, 0] ** 2))
    assert (len(question.table.y), len(question.table.held_y)) == (MOST_LEARNED, MOST_HELD)
    assert any("5,000 of 16,000" in note for note in question.notes)


def test_a_record_is_json():
    found = last(FakeSearch((ROUGH, FINE)), alone())
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["front"][record["best"]]["expression"] == found.best.text
    assert record["front"][-1]["constants"][0]["value"] == pytest.approx(1.0001)
    assert len(record["attempts"]) == 2
