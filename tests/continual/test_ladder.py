"""Every rung says of itself what is true: where bits are kept, where they drift, and where a network forgets."""

import io
import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from kanviz.continual.ladder import Step, climb
from kanviz.continual.learned import Learned
from kanviz.continual.learners import ByAdam, Learner, Trained, network
from kanviz.continual.mlp import mlp
from kanviz.continual.outcome import to_csv
from kanviz.continual.peaks import LINE, PLACES, tasks
from kanviz.continual.rungs import RUNGS, rung_of
from kanviz.continual.verdict import Verdict, verdict
from kanviz.errors import UserError


@cache
def ran(number: int, *switches: str) -> tuple[Learned, Verdict]:
    """A rung's own network after all tasks: as it should hold, or with these switches."""
    rung = rung_of(number).failing(*switches) if switches else rung_of(number)
    *_, last = climb(rung, alone=True)
    assert last.outcome.finished
    assert last.verdict is not None
    return last.outcome.methods[0], last.verdict


def small(number: int):
    rung = rung_of(number)
    return replace(rung, setting=replace(rung.setting, rows=20, points=12, steps=3))


@pytest.mark.parametrize("number", [1, 3, 4, 5, 6])
def test_a_rung_that_should_hold_keeps_every_bit_and_learns_every_task(number: int):
    one, found = ran(number)
    assert found.holds, found.text
    assert one.kept == (rung_of(number).setting.points,) * 4
    assert one.drift == 0
    for task, line in enumerate(one.errors):
        assert np.isnan(line[:task]).all()
        assert (line[task:] == line[task]).all()
    assert max(one.own) < 0.03


def test_side_by_side_only_points_that_share_a_control_point_with_the_newer_rows_drift():
    one, found = ran(2)
    assert found.kind == "drifts"
    assert 0.5 < one.kept_share < 1
    assert one.reach <= 4  # cells under one control point of a cubic
    assert one.drift < 3e-3
    assert one.old_now == pytest.approx(one.old_then, abs=1e-3)


@pytest.mark.parametrize(
    ("number", "switch"),
    [
        (1, "coarse"), (1, "base"), (2, "coarser"), (3, "decay"), (3, "base"), (3, "coarse"), (4, "shared"),
        (4, "depth"), (4, "square"), (4, "diagonal"), (5, "unlocked"), (6, "unlocked"),
    ],
)  # fmt: skip
def test_what_breaks_locality_makes_it_forget(number: int, switch: str):
    one, found = ran(number, switch)
    assert found.kind == "forgets", found.text
    assert one.old_now > one.old_then + 0.03
    assert one.kept_share <= 0.3


def test_an_optimiser_that_keeps_its_state_drifts_where_nobody_looks():
    one, found = ran(3, "momentum")
    assert found.kind == "drifts"
    assert one.kept_share == 0
    assert 0 < one.drift < 0.02


def test_a_full_lock_holds_and_learns_no_more():
    one, found = ran(5, "full")
    assert found.kind == "exact"
    assert found.missed
    assert not found.holds
    assert one.free[-1] < 0.1


def test_locked_rows_say_nothing_of_the_points_between_them():
    one, found = ran(6, "rows")
    assert found.kind != "exact"
    assert 0.5 < one.kept_share < 1


def test_a_lock_leaves_ever_less_room():
    one, _ = ran(5)
    assert list(one.free) == sorted(one.free, reverse=True)
    assert 0 < one.free[-1] < one.free[0] < 1


def test_traps_are_put_together():
    rung = rung_of(3).failing("decay", "momentum")
    assert (rung.setting.kept, rung.setting.decay, rung.failing_with) == (True, 0.01, ("momentum", "decay"))


def test_switches_that_exclude_each_other_or_are_none_are_refused():
    with pytest.raises(UserError, match="exclude each other; choose one of shared, depth, square and diagonal"):
        rung_of(4).failing("depth", "square")
    with pytest.raises(UserError, match="Rung 5 has no switch 'decay'; it has unlocked and full"):
        rung_of(5).failing("decay")
    with pytest.raises(UserError, match="rungs 1 to 6; there is no 7"):
        rung_of(7)


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.title)
def test_every_rung_has_its_number_and_a_usual_way_to_fail(rung):
    assert rung is rung_of(rung.number)
    assert rung.failing().failing_with == rung.usual
    assert rung.failing().setting != rung.setting


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("number", [1, 3, 5, 6])
def test_old_predictions_keep_their_bits_when_looked_at_by_hand(number: int, dtype: torch.dtype):
    setting = replace(rung_of(number).setting, steps=10, rows=60, points=40)
    tables = tasks(setting.where, setting.rows, setting.points, 1)
    kan = network(setting, 1).to(dtype)
    one: Learner = (ByAdam if setting.solver == "adam" else Trained)(setting, kan)
    then = []
    for task, table in enumerate(tables):
        start = one(table.x)
        one = one.learned(task, tables)
        then.append(one(table.x))
        assert not torch.equal(start, then[-1])  # it did learn something
    assert all(torch.equal(one(table.x), values) for table, values in zip(tables, then, strict=True))


def _steps(seed: int) -> list[Step]:
    return list(climb(small(5), seed))


def test_every_method_is_seen_task_by_task_and_equal_seeds_give_equal_numbers():
    one, two, other = _steps(0), _steps(0), _steps(1)
    names = ["KAN", "KAN, no lock", "KAN, replay", "KAN, EWC", "MLP"]
    assert [step.done for step in one] == list(range(26))
    assert {step.total for step in one} == {25}
    assert [step.method for step in one[1:]] == [name for name in names for _ in range(5)]
    assert [method.name for method in one[-1].outcome.methods] == names
    assert [step.outcome.finished for step in one] == [False] * 25 + [True]
    for a, b, c in zip(one[-1].outcome.methods, two[-1].outcome.methods, other[-1].outcome.methods, strict=True):
        assert np.array_equal(a.errors, b.errors, equal_nan=True)
        assert not np.array_equal(a.errors, c.errors, equal_nan=True)
        assert len(a.predictions) == 5
        assert all(values.shape == one[-1].outcome.target.shape for values in a.predictions)


def test_stopped_in_the_middle_it_says_what_it_has_seen():
    stream = climb(small(1), alone=True)
    assert next(stream).verdict is None
    first = next(stream)
    assert first.verdict is not None
    assert first.verdict.kind == "open"
    second = next(stream)
    assert second.outcome.methods[0].old_points == 12
    assert not second.outcome.finished


def test_the_perceptron_has_as_many_numbers_learns_every_peak_and_forgets():
    s = rung_of(1).setting
    tables = tasks(s.where, s.rows, s.points, 0)
    one = mlp(1, 63, tables, 0)
    assert abs(one.numbers - 63) <= 2
    x, y = tables[0].rows("test")
    for task in range(3):
        one = one.learned(task, tables)
        held, truth = tables[task].rows("test")
        assert float((one(held) - truth).square().mean().sqrt()) < 0.05
    assert float((one(x) - y).square().mean().sqrt()) > 0.1


def test_the_outcome_as_rows_csv_and_json():
    outcome = _steps(0)[-1].outcome
    rows = outcome.to_rows()
    again = pd.read_csv(io.StringIO(to_csv([outcome, outcome])))
    assert list(again["method"]) == 2 * [method.name for method in outcome.methods]
    assert again.at[0, "old_error_now"] == pytest.approx(rows[0]["old_error_now"])
    assert math.isnan(again.at[0, "reach_cells"])
    record = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
    assert record["methods"][0]["errors"][1][0] is None
    assert record["methods"][0]["errors"][0][4] == outcome.methods[0].errors[0, 4]
    assert record["methods"][0]["verdict"] == verdict(outcome.methods[0], outcome.spread).text
    assert to_csv([]) == ""


@pytest.mark.parametrize("name", PLACES)
def test_tasks_lie_in_their_regions_and_show_parts_of_one_function(name: str):
    place = PLACES[name]
    tables = tasks(place, 30, 20, 3)
    for task, table in enumerate(tables):
        low, high = (torch.tensor(ends) for ends in zip(*place.region(task), strict=True))
        assert bool(((table.x >= low) & (table.x <= high)).all())
        assert torch.equal(table.y, place.target(table.x))
        assert set(table.train.tolist()).isdisjoint(table.test.tolist())
    centres = torch.tensor(place.centres, dtype=torch.float64)
    assert torch.allclose(place.target(centres), torch.tensor(float(place.inputs if place.additive else 1)).double())
    both = tables[0].joined(tables[1])
    assert torch.equal(both.rows("train")[0], torch.cat([table.rows("train")[0] for table in tables[:2]]))
    assert torch.equal(both.rows("test")[1], torch.cat([table.rows("test")[1] for table in tables[:2]]))


def test_separated_regions_are_four_cells_apart():
    place, grid = PLACES["separated"], rung_of(1).setting.grid
    assert (LINE[1] - LINE[0] - 2 * place.half) * grid / 2 >= 4 - 1e-9
