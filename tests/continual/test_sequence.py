"""Tasks learned in turn: what every policy keeps, and what the record says of it."""

import json
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.continual.policy import POLICIES, Policy
from kanviz.continual.retention import Retention
from kanviz.continual.sequence import learn_in_turn, learned_in_turn
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.locks import edge_lock
from kanviz.core.training.train import SOLVERS, TrainConfig
from kanviz.errors import TableError, TrainError, UserError

CENTRES = (-0.6, 0.0, 0.6)
SHORT = {name: TrainConfig(name, steps=8, smooth=1e-6) for name in SOLVERS}


def peak(centre: float, inputs: int = 1, rows: int = 60, wide: float = 0.25) -> Dataset:
    """A Gaussian bump and the rows around it."""
    rng = torch.Generator().manual_seed(round(100 * centre) + 500)
    x = centre + wide * (2 * torch.rand(rows, inputs, generator=rng, dtype=torch.float64) - 1)
    return Dataset.from_arrays(x, torch.exp(-60 * (x - centre).square().sum(1)))


TASKS = [peak(c) for c in CENTRES]


def network(shape: tuple = (1, 2, 1), dtype: torch.dtype = torch.float64, base: str = "zero") -> KAN:
    return init(list(shape), grid=20, base=base, noise=0.1, dtype=dtype)


def found(name: str, solver: str = "lm", kan: KAN | None = None, **settings) -> Retention:
    return learned_in_turn(kan or network(), TASKS, Policy(name, **settings), SHORT[solver]).found


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("base", ["zero", "silu"])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", ["lock", "certified"])
def test_under_a_lock_every_old_prediction_keeps_its_bits(name, solver, base, dtype):
    run = found(name, solver, network(dtype=dtype, base=base))
    assert run.bits == 1
    assert run.end == run.own
    assert run.forgetting == run.backward_transfer == 0


@pytest.mark.parametrize("name", ["lock", "certified"])
def test_a_lock_is_paid_with_control_points(name):
    run = found(name)
    assert all(list(free) == sorted(free, reverse=True) for free in run.free)
    assert all(free[0] < points for free, points in zip(run.free, run.points, strict=True))
    assert run.points == (2 * 23, 2 * 23)


def test_without_a_policy_what_was_learned_is_lost_and_with_replay_less_of_it():
    bare, mixed, held = found("none"), found("replay"), found("ewc", strength=10.0)
    assert bare.gained > 0.1
    assert bare.bits < 0.5
    assert bare.free == tuple((n, n, n) for n in bare.points)
    assert mixed.forgetting < bare.forgetting / 3
    assert held.forgetting < bare.forgetting
    assert bare.backward_transfer < mixed.backward_transfer


def test_the_matrix_has_the_error_on_every_task_after_every_turn():
    items = [item for item in learn_in_turn(network(), TASKS, Policy(), SHORT["lm"]) if item.done]
    assert [item.task for item in items] == [0, 1, 2]
    for turn, item in enumerate(items):
        assert item.found.matrix.shape == (3, turn + 1)
        for task, data in enumerate(TASKS):
            x, y = data.rows("test")
            error = float((item.kan(x) - y).square().mean().sqrt())
            assert item.found.errors[task][turn] == pytest.approx(error, rel=1e-9)


def test_every_step_is_an_item_and_no_task_begins_before_the_one_before_is_over():
    items = list(learn_in_turn(network(), TASKS[:2], Policy("replay"), TrainConfig("adam", steps=3)))
    assert [(v.task, v.progress.step, v.done) for v in items if v.progress] == [
        (task, step, step == 3) for task in (0, 1) for step in (0, 1, 2, 3)
    ]
    assert [v.found.turns for v in items] == [0, 0, 0, 1, 1, 1, 1, 2]


def test_the_same_seed_gives_the_same_run():
    batches = TrainConfig("adam", steps=4, batch=16)
    one, two, other = (
        learned_in_turn(network(), TASKS, Policy("replay", share=0.3), batches, seed) for seed in (0, 0, 1)
    )
    assert one.kan.digest == two.kan.digest != other.kan.digest
    assert one.found == two.found


def test_a_network_with_nothing_left_to_move_learns_no_more_and_says_so():
    whole = ((-1.0, 1.0),)
    run = found("certified", kan=network((1, 1)), boxes=(whole, whole, whole))
    assert run.full == 2
    assert run.free == ((0, 0, 0),)
    assert run.bits == 1
    assert run.errors[1][1] == run.errors[1][0]


def test_a_lock_given_with_the_settings_holds_too():
    kan = network()
    held = replace(SHORT["lm"], lock=edge_lock(kan, [EdgeId(0, 0, 0)]))
    last = learned_in_turn(kan, TASKS, Policy("lock"), held)
    assert torch.equal(last.kan.layers[0].coef[0, 0], kan.layers[0].coef[0, 0])
    assert not torch.equal(last.kan.layers[0].coef[0, 1], kan.layers[0].coef[0, 1])


def test_a_grid_refined_for_the_first_task_is_counted_as_it_is_then():
    finer = TrainConfig("lm", steps=60, smooth=None, finest=40)
    last = learned_in_turn(network((1, 1)), TASKS[:2], Policy("lock"), finer)
    assert last.found.points == (last.kan.layers[0].coef.shape[2],)
    assert last.found.points > (23,)
    assert last.found.bits == 1


def test_two_inputs_with_the_regions_given_hold_on_points_never_seen():
    tasks = [peak(-0.5, 2, 120), peak(0.5, 2, 120)]
    boxes = tuple(((c - 0.25, c + 0.25),) * 2 for c in (-0.5, 0.5))
    done = [
        item
        for item in learn_in_turn(network((2, 2, 1)), tasks, Policy("certified", boxes=boxes), SHORT["lm"])
        if item.done
    ]
    x = -0.5 + 0.25 * (2 * torch.rand(5_000, 2, generator=torch.Generator().manual_seed(9), dtype=torch.float64) - 1)
    assert torch.equal(done[0].kan(x), done[1].kan(x))


# --- what does not fit ----------------------------------------------------------------------------------------------


def test_tasks_that_do_not_fit_are_refused_in_words():
    kan, data = network(), TASKS[0]
    with pytest.raises(TableError, match="no task to learn"):
        learned_in_turn(kan, [])
    with pytest.raises(TableError, match="Task 2 has no held-out rows"):
        learned_in_turn(kan, [data, Dataset.from_arrays(data.x, data.y, test=0)])
    with pytest.raises(TableError, match="Task 1 was read for classification"):
        learned_in_turn(kan, [replace(data, task="classification")])
    with pytest.raises(TrainError, match="3 tasks and 1 regions"):
        learned_in_turn(kan, TASKS, Policy("certified", boxes=(((0.0, 1.0),),)))
    kan = replace(kan, task="classification", outputs=(Variable("a"),))
    with pytest.raises(TableError, match="Task 1 does not have the classes a"):
        learned_in_turn(kan, [replace(data, task="classification")])


def test_classes_are_counted_by_the_share_that_is_wrong():
    x = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    sides = torch.stack([(x[:, 0] < 0), (x[:, 0] >= 0)], 1).double()
    names = (Variable("left"), Variable("right"))
    rows = torch.arange(40)
    whole = Dataset(
        x, sides, (Variable("x"),), names, rows[rows % 4 > 0], rows[rows % 4 == 0], "classification"
    )  # fmt: skip
    kan = replace(network((1, 2), base="silu"), outputs=names, task="classification")
    run = learned_in_turn(kan, [whole, whole], Policy(), SHORT["lbfgs"]).found
    assert run.own == (0.0, 0.0)
    assert run.guess == (0.5, 0.5)


@pytest.mark.parametrize(
    "wrong", [{"name": "hope"}, {"share": 0.0}, {"share": 1}, {"strength": -1.0}, {"strength": math.nan}]
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(TrainError):
        Policy(**wrong)


# --- the record -----------------------------------------------------------------------------------------------------


def retention(errors) -> Retention:
    count, turns = len(errors), len(errors[0])
    kept = tuple(tuple(1.0 if j >= i else math.nan for j in range(turns)) for i in range(count))
    names = tuple(f"t{n}" for n in range(count))
    return Retention(Policy(), names, "m", (1.0,) * count, errors, kept, (9,), ((9,) * turns,))


def test_the_measures_are_those_of_the_papers():
    run = retention(((0.1, 0.05, 0.4), (1.0, 0.2, 0.1), (1.0, 1.0, 0.3)))
    assert run.own == (0.1, 0.2, 0.3)
    assert run.end == (0.4, 0.1, 0.3)
    assert run.gained == pytest.approx(0.8)
    assert run.forgetting == pytest.approx((0.35 + 0.0) / 2)
    assert run.backward_transfer == pytest.approx((-0.3 + 0.1) / 2)
    alone = retention(((0.1,),))
    assert all(math.isnan(value) for value in (alone.forgetting, alone.backward_transfer, alone.bits))


@given(st.data())
def test_forgetting_is_never_less_than_what_backward_transfer_lost(data):
    count = data.draw(st.integers(2, 5))
    error = st.floats(0, 10)
    rows = data.draw(st.lists(st.lists(error, min_size=count, max_size=count), min_size=count, max_size=count))
    run = retention(tuple(map(tuple, rows)))
    assert run.forgetting >= 0
    assert run.forgetting >= -run.backward_transfer - 1e-12


@pytest.mark.parametrize("name", POLICIES)
def test_json_there_and_back_is_the_same_run(name):
    kan = network((1, 1))
    boxes = tuple(((c - 0.25, c + 0.25),) for c in CENTRES)
    run = found(name, kan=kan, boxes=boxes)
    text = json.dumps(run.to_json(), allow_nan=False)
    again = Retention.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.policy == run.policy
    assert again.errors == run.errors


def test_a_damaged_record_is_refused():
    good = found("lock", kan=network((1, 1))).to_json()
    for wrong in (
        None, [], {}, good | {"errors": [[0.1]]}, good | {"kept": 3}, good | {"free": [[1, 2]]}, good | {"full": -1},
        good | {"tasks": [1, 2, 3]}, good | {"policy": {"name": "hope"}}, good | {"guess": [True, 1.0, 1.0]},
        good | {"errors": [[1.0, 2.0], [1.0], [1.0]]}, good | {"tasks": []}, good | {"points": [0.5]},
    ):  # fmt: skip
        with pytest.raises(UserError, match="run it again"):
            Retention.from_json(wrong)
