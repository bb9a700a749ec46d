"""Old rows remembered: mixed in, or by an anchor that every solver feels in the same way."""

import math
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.forgetting import anchor, with_replay
from kanviz.core.training.parameters import FreeParameters
from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.working import Working
from kanviz.core.training.train import SOLVERS, TrainConfig, train, trained
from kanviz.errors import TableError, TrainError
from tests.helpers import close, digest, kans, rows_for, table_for

HOW = {name: TrainConfig(solver=name, steps=15, smooth=1e-8) for name in SOLVERS}


def peak(low: float, high: float, rows: int = 120) -> Dataset:
    """A Gaussian bump in the middle of an interval; the scaling is that of the whole line."""
    x = torch.linspace(low, high, rows, dtype=torch.float64)[:, None]
    data = Dataset.from_arrays(x, torch.exp(-40 * (x - (low + high) / 2) ** 2), test=0)
    kan = init([1, 1])
    return replace(data, inputs=kan.inputs, outputs=kan.outputs)


def rmse(kan: KAN, data: Dataset) -> float:
    return float((kan(data.x) - data.y).square().mean().sqrt())


OLD, NEW = peak(-1, 0), peak(-0.2, 1)


def learned(dtype: torch.dtype = torch.float64) -> KAN:
    kan = init([1, 2, 1], grid=8, seed=3)
    return trained(kan, OLD, TrainConfig(solver="lm", steps=20)).kan.to(dtype)


# --- replay ---------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 0.95), st.integers(2, 60), st.integers(2, 60), st.integers(0, 5))
def test_replay_mixes_in_the_share_asked_for_and_nothing_else(share, new_rows, old_rows, seed):
    kan = init([2, 1])
    new, old = table_for(kan, new_rows, 1), table_for(kan, old_rows, 2)
    mixed = with_replay(new, old, share, seed)
    added = mixed.x[len(new) :]
    assert len(added) == max(1, round(share * len(new.train) / (1 - share)))
    assert torch.equal(mixed.x[: len(new)], new.x)
    assert torch.equal(mixed.test, new.test)
    assert set(mixed.train.tolist()) == set(new.train.tolist()) | set(range(len(new), len(mixed)))
    known = [row.tolist() for row in old.rows("train")[0]]
    times = [sum(row == one for one in added.tolist()) for row in known]
    assert sum(times) == len(added), "only training rows of the old table"
    assert max(times) - min(times) <= 1
    assert mixed.digest == with_replay(new, old, share, seed).digest


def test_replay_finds_columns_by_name_and_refuses_other_tables():
    one = Dataset.from_arrays([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0], test=0, inputs=["a", "b"])
    two = Dataset.from_arrays([[20.0, 10.0], [40.0, 30.0]], [1.0, 2.0], test=0, inputs=["b", "a"])
    assert with_replay(one, two).x[2:].tolist() == [[10.0, 20.0], [30.0, 40.0]]
    assert with_replay(one, two).notes == ("2 of 4 training rows are old ones.",)
    other = Dataset.from_arrays([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0], test=0)
    with pytest.raises(TableError, match=r"inputs x1 and x2 .*, the new ones a and b"):
        with_replay(one, other)
    for share in (0.0, 1.0, -1.0, math.nan):
        with pytest.raises(TableError, match="above 0 and below 1"):
            with_replay(one, two, share)


@pytest.mark.parametrize("solver", SOLVERS)
def test_with_replay_less_is_forgotten(solver):
    kan = learned()
    bare, mixed = (trained(kan, data, HOW[solver]).kan for data in (NEW, with_replay(NEW, OLD)))
    assert rmse(mixed, OLD) < rmse(bare, OLD)


# --- the anchor -----------------------------------------------------------------------------------------------------


def _all_slopes(kan: KAN, x: torch.Tensor) -> torch.Tensor:
    """Derivative of every output by every number that may move, by autograd: (row, output, number)."""
    free = FreeParameters.of(kan)

    def outputs(theta: torch.Tensor) -> torch.Tensor:
        return free.put(theta).run(kan.normalise(x))

    return torch.autograd.functional.jacobian(outputs, free.vector())  # pyright: ignore[reportReturnType]


def _weights(found: Anchor, kan: KAN) -> torch.Tensor:
    """The anchor's weights in the order of the free parameters."""
    masks = FreeParameters.of(kan).masks
    return torch.cat([held[p][m] for held, part in zip(found.weights, masks, strict=True) for p, m in part.items()])


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.parametrize("shape", [[2, [1, 1], 3], [2, 2]])
def test_weights_are_half_the_curvature_of_the_old_rows_loss(task, shape):
    kan = replace(init(shape, grid=3, seed=1), task=task)
    x = rows_for(kan, 9)
    slopes, y = _all_slopes(kan, x), kan(x)
    if task == "regression":
        wanted = slopes.square().mean((0, 1))
    else:
        p = y.softmax(1)
        scores = slopes - torch.einsum("rc,rcn->rn", p, slopes)[:, None]  # of log p_c
        wanted = 0.5 * torch.einsum("rc,rcn->n", p, scores.square()) / len(x)
    assert close(_weights(anchor(kan, x), kan), wanted, 1e-12)


@given(kans(dtypes=(torch.float64,)), st.floats(0, 100))
def test_the_tether_of_the_matrix_solver_is_the_penalty_of_the_objective(kan, strength):
    x = rows_for(kan, 6)
    try:
        held = anchor(kan, x, strength)
    except TrainError:
        assert not kan(x).isfinite().all() or kan.layers[0].formulas
        reject()
    free = FreeParameters.of(kan)
    theta = free.vector() + torch.linspace(-1, 1, free.count, dtype=torch.float64)
    theta.requires_grad_(True)
    penalty = held.penalty(free.put(theta))
    assume(penalty.item() < 1e150)  # beyond, the square of its slope is no number
    work = Working.of(free.put(theta.detach()), ("coef", "base_weight", "bias", "affine"), ())
    tether = Tether.of(held, work)
    assert tether.value(work.theta) == pytest.approx(penalty.item(), rel=1e-9, abs=1e-12)
    if free.count:
        (slope,) = torch.autograd.grad(penalty, theta)
        assert np.linalg.norm(tether.slope(work.theta)) == pytest.approx(float(slope.norm()), rel=1e-9, abs=1e-12)
    assert float(held.penalty(kan)) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", SOLVERS)
def test_an_anchor_without_strength_is_no_anchor_to_the_bit(solver, dtype):
    kan = learned(dtype)
    loose = anchor(kan, OLD.x, strength=0.0)
    plain, held = (trained(kan, NEW, HOW[solver], anchor=one).kan for one in (None, loose))
    assert digest(plain) == digest(held)
    assert digest(plain) != digest(kan)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_very_strong_anchor_lets_nothing_old_rows_need_move(solver, dtype):
    kan = learned(dtype)
    held = anchor(kan, OLD.x, strength=1e10)
    last = trained(kan, NEW, HOW[solver], anchor=held)
    after = last.kan if solver == "adam" else last.state.kan  # Adam's steps do not shrink with the slope
    assert (after(OLD.x) - kan(OLD.x)).abs().max() < 1e-3
    for now, then, weights in zip(after.layers, kan.layers, held.weights, strict=True):
        moved = (now.coef - then.coef).double().square() * weights["coef"]
        assert moved.max() < 1e-9


@pytest.mark.parametrize(("solver", "smooth"), [("lm", 1e-8), ("lm", None), ("lbfgs", 1e-8)])
def test_the_stronger_the_anchor_the_less_is_forgotten_and_the_less_is_learned(solver, smooth):
    kan = learned()
    config = TrainConfig(solver=solver, steps=20, smooth=smooth)
    after = [trained(kan, NEW, config, anchor=anchor(kan, OLD.x, s)).kan for s in (0.0, 0.1, 10.0, 1e6)]
    old, new = ([rmse(one, data) for one in after] for data in (OLD, NEW))
    assert old[0] > old[1] > old[2] >= old[3] * 0.999
    assert new[0] < new[2] < new[3] * 1.001
    assert old[3] < 0.02 < old[0]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_training_with_an_anchor_goes_on_bit_for_bit(solver):
    kan = learned()
    held, config = anchor(kan, OLD.x), HOW[solver]
    items = list(islice(train(kan, NEW, config, anchor=held), 8))
    again = list(islice(train(kan, NEW, config, resume=items[4].state), 3))
    assert [digest(item.kan) for item in again] == [digest(item.kan) for item in items[5:]]
    with pytest.raises(TrainError, match="another anchor"):
        next(train(kan, NEW, config, resume=items[4].state, anchor=anchor(kan, NEW.x)))


def test_frozen_edges_stay_and_pruned_ones_weigh_nothing():
    kan = init([2, 2, 1], grid=4)
    active = kan.layers[0].active.clone()
    active[0, 1] = False
    kan = kan.with_layer(0, active=active)
    found = anchor(kan, rows_for(kan))
    assert not found.weights[0]["coef"][0, 1].any()
    assert not found.weights[0]["base_weight"][0, 1]
    assert found.weights[0]["coef"][0, 0].any()
    data, config = table_for(kan), replace(HOW["lm"], frozen=(EdgeId(0, 0, 0),))
    after = trained(kan, data, config, anchor=found).state.kan
    assert torch.equal(after.layers[0].coef[0], kan.layers[0].coef[0])
    assert not torch.equal(after.layers[0].coef[1], kan.layers[0].coef[1])


def test_what_an_anchor_cannot_hold_is_refused_in_words():
    kan = learned()
    held = anchor(kan, OLD.x)
    with pytest.raises(TrainError, match="network of another shape"):
        next(train(init([1, 2, 1], grid=9), NEW, HOW["lm"], anchor=held))
    with pytest.raises(TrainError, match="other grids"):
        next(train(kan.with_layer(0, knots=kan.layers[0].knots * 2), NEW, HOW["lm"], anchor=held))
    for more in ({"finest": 20}, {"starts": 1}, {"follow": 2}):
        with pytest.raises(TrainError, match="set finest, starts and follow to 0"):
            next(train(kan, NEW, replace(HOW["lm"], **more), anchor=held))
    for strength in (-1.0, math.nan, math.inf):
        with pytest.raises(TrainError, match="0 or a positive number"):
            anchor(kan, OLD.x, strength)
    with pytest.raises(TrainError, match="no old rows"):
        anchor(kan, OLD.x[:0])
    with pytest.raises(TrainError, match="not a finite number"):
        anchor(kan.with_layer(0, coef=kan.layers[0].coef * torch.nan), OLD.x)
