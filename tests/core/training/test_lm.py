"""Levenberg-Marquardt: its Jacobian is autograd's, it only goes down, the data choose smoothing, grids and knots."""

import math
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import basis
from kanviz.core.training.ending import Ending
from kanviz.core.training.objective import SMOOTH, Objective
from kanviz.core.training.parameters import PARTS, FreeParameters
from kanviz.core.training.solvers import chosen
from kanviz.core.training.solvers.gauss_newton import Problem, Rows
from kanviz.core.training.solvers.grid_growth import _tail_knots, finer, heavy_tailed, laid_out, refined
from kanviz.core.training.solvers.jacobian import forward, jacobian, squares
from kanviz.core.training.solvers.numpy_splines import Grid
from kanviz.core.training.solvers.smoothing import TAILS, Ladder, criterion, penalty
from kanviz.core.training.solvers.working import Working
from kanviz.core.training.train import Progress, TrainConfig, train, trained
from kanviz.edit.edits import FixFormula
from kanviz.errors import TrainError
from tests.core.training.test_train import classes, hello, new
from tests.helpers import close, digest, kans, random_knots, rows_for, table_for


def uniform(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def product(rows: int = 300, noise: float = 0.0, seed: int = 0) -> Dataset:
    x = uniform(rows, 2, seed)
    noisy = noise * torch.randn(rows, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    y = 3 * x[:, 0] * x[:, 1]
    return Dataset.from_arrays(x, y / y.std() + noisy, test=0)


# --- the Jacobian ---------------------------------------------------------------------------------------------


def listed(work: Working) -> np.ndarray:
    """Where the free numbers stand in the solver's vector, in the order of `FreeParameters`."""
    names = ("coef", "base_weight", "bias", "offset", "affine")
    places = [layer.places[name] for layer in work.layers for name in names]
    whole = np.concatenate([np.arange(place.start, place.stop) for place in places])
    return whole[np.isin(whole, work.free)]


@given(kans(dtypes=(torch.float64,)))
def test_the_jacobian_is_that_of_autograd(kan):
    free = FreeParameters.of(kan)
    x = kan.normalise(rows_for(kan, 12))
    by_autograd = torch.autograd.functional.jacobian(lambda theta: free.put(theta).run(x), free.vector())
    work = Working.of(kan, PARTS, ())
    sweeps, y = forward(work, x.numpy().T.copy())
    seeds = np.eye(len(y))[:, :, None] * np.ones(12)
    ours = torch.from_numpy(jacobian(work, sweeps, seeds)[listed(work)]).permute(2, 1, 0)
    assert close(torch.from_numpy(y.T.copy()), kan.run(x), 1e-10)
    assert close(ours, torch.as_tensor(by_autograd), 1e-8)
    by_square = np.square(jacobian(work, sweeps, seeds)).sum((1, 2))
    np.testing.assert_allclose(squares(work, sweeps, seeds), by_square, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 99), st.integers(1, 5), st.booleans(), st.sampled_from(["zero", "linear"]))
def test_the_fast_basis_is_that_of_the_layers(seed, order, uniform, outside):
    rng = torch.Generator().manual_seed(seed)
    knots = random_knots(rng, 2, 4, order, uniform=uniform)
    x = 4 * torch.randn(30, 2, generator=rng, dtype=torch.float64)
    grid = Grid.of(knots.numpy(), order, outside)
    assert grid.even == uniform
    values, slopes = grid.basis(x.numpy().T.copy(), slope=True)
    assert slopes is not None
    for found, derivative in ((values, 0), (slopes, 1)):
        expected = basis(x, knots, order, derivative, outside)
        assert close(torch.from_numpy(found).permute(2, 0, 1), expected, 1e-11)


@given(kans(dtypes=(torch.float64,)))
def test_opening_a_network_and_closing_it_changes_no_bit(kan):
    assert digest(Working.of(kan, PARTS, ()).network(torch.float64)) == digest(kan)


@pytest.mark.parametrize("kind", ["regression", "classes"])
def test_rows_in_blocks_give_the_system_of_all_rows_together(kind, monkeypatch):
    data = classes() if kind == "classes" else hello()
    kan = new([2, 3, 2] if kind == "classes" else [2, 3, 1], data)
    problem = problem_of(kan, data)
    whole = problem.system(problem.at(problem.work))
    monkeypatch.setattr("kanviz.core.training.solvers.gauss_newton.BLOCK", 1)
    monkeypatch.setattr("kanviz.core.training.solvers.gauss_newton.TABLE", 1)
    parted = problem_of(kan, data)
    assert len(parted.blocks) > 1
    blocks = parted.system(parted.at(parted.work))
    assert blocks.curvature == pytest.approx(whole.curvature, rel=1e-9, abs=1e-12)
    assert blocks.slope == pytest.approx(whole.slope, rel=1e-9, abs=1e-12)


def problem_of(kan: KAN, data: Dataset) -> Problem:
    rows = Rows.of(Objective.of(kan, data, TrainConfig()), kan)
    return Problem(rows, Working.of(kan, PARTS, ()))


@pytest.mark.parametrize("kind", ["regression", "classes"])
def test_the_slope_is_that_of_the_objective(kind):
    data = classes() if kind == "classes" else hello()
    kan = new([2, 3, 2] if kind == "classes" else [2, [1, 1], 1], data)
    if kind == "classes":
        kan = replace(kan, outputs=tuple(replace(v, shift=0.3, scale=2.0 + j) for j, v in enumerate(kan.outputs)))
    problem = problem_of(kan, data)
    system = problem.system(problem.at(problem.work))
    free = FreeParameters.of(kan)
    theta = free.vector().requires_grad_(True)
    value = Objective.of(kan, data, TrainConfig(smooth=0.0))(free.put(theta))
    (slope,) = torch.autograd.grad(value, theta)
    assert system.loss == pytest.approx(value.item())
    ours = np.zeros(len(problem.work.vector))
    ours[problem.work.free] = system.slope
    assert close(torch.from_numpy(ours[listed(problem.work)]), slope, 1e-10)


# --- steps ----------------------------------------------------------------------------------------------------


@given(kans())
def test_a_step_never_raises_the_loss(kan):
    data = table_for(kan)
    try:
        items = list(islice(train(kan, data, TrainConfig("lm", steps=4, smooth=0.0)), 5))
    except TrainError:  # nothing may move, or too steep to begin with
        reject()
    losses = [item.train_loss for item in items]
    assert all(math.isfinite(loss) for loss in losses)
    slack = 1 + (1e-12 if kan.dtype == torch.float64 else 1e-3)
    assert all(after <= before * slack + 1e-12 for before, after in pairwise(losses))


def test_a_formula_near_its_pole_never_gives_a_loss_that_is_no_number():
    x = torch.linspace(0.001, 1, 60, dtype=torch.float64)[:, None]
    kan = FixFormula(EdgeId(0, 0, 0), Formula("log")).apply(init([1, 2, 1], low=0, high=1))
    data = Dataset.from_arrays(x, 3 * (x - 0.0005).log(), test=0)
    items = list(train(replace(kan, inputs=(replace(kan.inputs[0], name="x1"),)), data, TrainConfig("lm", steps=15)))
    assert all(math.isfinite(item.train_loss) for item in items)
    assert items[-1].train_loss < items[0].train_loss


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_numbers_that_are_none_are_refused_before_the_first_step(value):
    data = hello(30)
    kan = new([2, 2, 1], data).with_layer(0, bias=torch.full((2,), value, dtype=torch.float64))
    with pytest.raises(TrainError, match=r"not a finite number|leads to a finite loss"):
        list(train(kan, data, TrainConfig("lm", steps=2)))


@pytest.mark.parametrize("config", [TrainConfig("lm", steps=30), TrainConfig.for_new(2)])
def test_a_product_is_learned_in_a_few_steps(config):
    data = product()
    last = trained(new([2, 5, 1], data, grid=3), data, replace(config, steps=40))
    assert last.solver == "lm"
    assert last.train_rmse is not None
    assert last.train_rmse <= 2e-2


def test_a_trained_network_whose_target_moves_is_back_in_three_steps():
    data = product()
    kan = trained(new([2, 5, 1], data, grid=3), data, TrainConfig.for_new(2)).kan
    moved = replace(data, y=data.y + 0.05 * torch.sin(2 * data.x[:, :1] + data.x[:, 1:]))
    items = list(islice(train(kan, moved, TrainConfig.for_trained()), 4))
    assert min(item.train_rmse or 1.0 for item in items) <= 2e-3
    assert {item.grids for item in items} == {tuple(layer.grid for layer in kan.layers)}


def test_a_restart_smooths_where_rows_have_noise_and_steps_far_where_they_have_none():
    started = []
    for data in (product(300, 0.3), product(1000)):
        kan = trained(new([2, 5, 1], data, grid=3), data, TrainConfig.for_new(2)).kan
        item = list(islice(train(kan, data, TrainConfig.for_trained()), 2))[-1]
        assert item.state.saved is not None
        started.append(float(item.state.saved.numbers["smooth"] or 0))
    assert started[0] > 1e-5
    assert started[1] == SMOOTH


def test_more_numbers_than_rows_still_learn():
    data = product(40)
    last = trained(new([2, 9, 1], data, grid=5), data, TrainConfig("lm", steps=20))
    assert last.train_rmse is not None
    assert last.train_rmse <= 1e-2


# --- smoothing and grids ------------------------------------------------------------------------------------


@given(kans(dtypes=(torch.float64,), deepest=2))
def test_degrees_of_freedom_lie_between_none_and_all(kan):
    problem = problem_of(kan, table_for(kan))
    system = problem.system(problem.at(problem.work))
    assume(len(problem.work.free) and system.finite)
    shape, theta = penalty(problem.work, 0.03), problem.work.theta
    ladder = Ladder(problem.rows, system, shape, theta)
    dofs = [choice.dof for choice in map(ladder.at, (1e-6, 1e-2, 1e2)) if not math.isnan(choice.dof)]
    assert all(0 <= dof <= len(theta) for dof in dofs)
    assert all(after <= before + 1e-3 for before, after in pairwise(dofs))


def test_the_ladder_promises_what_a_full_step_brings():
    data = product(100, 0.1)
    problem = problem_of(trained(new([2, 3, 1], data), data, TrainConfig("lm", steps=8)).kan, data)
    point = problem.at(problem.work)
    system, shape, theta = problem.system(point), penalty(problem.work, 0.03), problem.work.theta
    ladder = Ladder(problem.rows, system, shape, theta)
    for smooth in (1e-8, 1e-5, 1e-2):
        matrix = system.curvature + 2 * smooth * shape.matrix
        inverse = np.linalg.pinv(matrix, hermitian=True)
        step = -inverse @ (system.slope + 2 * smooth * shape.push(theta))
        promised = ladder.at(smooth)
        assert promised.dof == pytest.approx(float(np.trace(inverse @ system.curvature)), abs=0.05)
        loss = system.loss + system.slope @ step + step @ system.curvature @ step / 2
        assert promised.loss == pytest.approx(float(loss), rel=1e-2)


def test_a_fit_with_more_freedom_than_half_the_rows_is_never_chosen():
    rows = Rows(np.zeros((1, 10)), np.zeros((1, 10)), False, np.ones((1, 1)), np.zeros((1, 1)))
    assert criterion(rows, 1e-9, 5.1) == math.inf
    assert criterion(rows, 1.0, 2.0) > criterion(rows, 1.0, 1.0) > 1.0


def test_noise_is_smoothed_and_a_clean_function_is_not():
    noisy, clean = product(300, 0.3), product(300)
    smooth = [last_of(data).state.saved for data in (noisy, clean)]
    chosen_by_data = [float(saved.numbers["smooth"] or 0) for saved in smooth if saved]
    assert chosen_by_data[0] > 100 * chosen_by_data[1]
    truth = product(1000, seed=5)
    found = last_of(noisy).best
    error = float(((found(truth.x) - truth.y / truth.y.std() * 1.0) ** 2).mean().sqrt())
    assert error <= 0.15


def last_of(data: Dataset) -> Progress:
    return list(train(new([2, 5, 1], data, grid=3), data, TrainConfig.for_new(2)))[-1]


def test_a_grid_is_refined_only_while_the_criterion_falls():
    items = list(train(new([2, 5, 1], product(300, 0.3), grid=3), product(300, 0.3), TrainConfig.for_new(2)))
    assert items[-1].stopped_because is Ending.FINER_DOES_NOT_PAY
    assert items[-1].best.layers[0].grid <= items[-1].kan.layers[0].grid <= 12
    criteria = [item.criterion for item in items if item.criterion is not None]
    assert items[items[-1].best_step].criterion == min(criteria)
    fine = list(train(new([2, 5, 1], product(1000), grid=3), product(1000), TrainConfig.for_new(2)))[-1]
    assert fine.best.layers[0].grid == 12


@pytest.mark.parametrize("tails", [False, True])
@given(seed=st.integers(0, 50))
def test_a_finer_grid_keeps_the_curves(tails, seed):
    x = uniform(200, 2, seed).mul(2.5).exp() if tails else uniform(200, 2, seed)
    data = Dataset.from_arrays(x, x.sum(1), test=0)
    kan = new([2, 3, 1], data, grid=3, seed=seed)
    rows = kan.normalise(data.x).numpy().T.copy()
    kan = laid_out(kan, rows)
    problem = problem_of(kan, data)
    point = problem.at(problem.work)
    fine = finer(point, rows, refined(problem.work, [True, False], 6))
    assert [layer.grid for layer in fine.layers] == [6, 3]
    assert close(fine.run(kan.normalise(data.x)), kan.run(kan.normalise(data.x)), 1e-9)
    assert refined(problem.work, [True, True], 5) == [False, False]


def test_knots_lie_at_even_normal_scores_of_heavy_tailed_inputs_alone():
    x = uniform(500, 2)
    x[:, 1] = torch.exp(torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    data = Dataset.from_arrays(x, x.sum(1), test=0)
    kan = new([2, 3, 1], data, grid=6)
    rows = kan.normalise(data.x).numpy().T.copy()
    assert [heavy_tailed(column) for column in rows] == [False, True]
    knots = laid_out(kan, rows).layers[0].knots
    assert close(knots[0], kan.layers[0].knots[0])
    variable = kan.inputs[1]
    widths = (knots[1, 3:-3] * variable.scale + variable.shift).log().diff()
    assert widths.max() <= 2 * widths.min()
    assert not heavy_tailed(np.repeat([0.0, 1.0], 50))
    plain = Dataset.from_arrays(x[:, :1], x[:, 0], test=0)
    small = new([1, 1], plain)
    assert laid_out(small, small.normalise(plain.x).numpy().T.copy()) is small


@pytest.mark.parametrize("cells", [3, 12, 100])
@pytest.mark.parametrize("side", [-1, 1])
def test_knots_of_values_shared_by_many_rows_ascend_and_stay_between_the_least_and_the_greatest(cells, side):
    few = np.sort(np.exp(3 * uniform(40, 1)[:, 0].numpy()))
    values = side * np.concatenate([few, np.full(900, few[-1])])
    knots = _tail_knots(values, cells)
    assert (knots[0], knots[-1]) == (values.min(), values.max())
    assert np.diff(knots).min() > 0.5e-3 * np.ptp(values) / cells


def test_curves_of_heavy_tailed_inputs_do_not_swing_beyond_the_outermost_rows():
    rng = torch.Generator().manual_seed(0)
    x, beyond = (torch.exp(torch.randn(n, 2, generator=rng, dtype=torch.float64)) for n in (1000, 4000))

    def truth(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0].log() * x[:, 1].sqrt()

    data = Dataset.from_arrays(x, truth(x), test=0)
    last = trained(new([2, 5, 1], data, grid=3), data, TrainConfig.for_new(2))
    assert last.state.saved is not None
    assert float(last.state.saved.numbers["smooth"] or 0) >= TAILS
    assert float((last.kan(beyond)[:, 0] - truth(beyond)).square().mean().sqrt()) <= 0.1 * float(truth(beyond).std())


def test_a_layer_with_a_frozen_edge_keeps_its_grid():
    data = product()
    config = TrainConfig.for_new(2, frozen=(EdgeId(0, 1, 2),))
    kan = new([2, 5, 1], data, grid=3)
    last = list(train(kan, data, config))[-1]
    assert last.kan.layers[0].grid == 3
    assert last.kan.layers[1].grid > 3
    assert last.kan.edge((0, 1, 2)).coef.equal(kan.edge((0, 1, 2)).coef)
    assert last.kan.edge((0, 1, 2)).knots.equal(kan.edge((0, 1, 2)).knots)


# --- starts, choice -----------------------------------------------------------------------------------------


def test_the_best_of_several_starts_goes_on():
    data = hello()
    kan = new([2, 2, 2, 1], data, grid=3)
    items = list(islice(train(kan, data, TrainConfig("lm", steps=9, starts=3)), 4))
    losses = [item.train_loss for item in items]
    assert losses[3] <= losses[2] <= losses[1] < losses[0]
    alone = list(islice(train(kan, data, TrainConfig("lm", steps=9, starts=1)), 2))
    assert alone[1].train_loss > losses[1]


@pytest.mark.parametrize(
    ("shape", "rows", "config", "solver"),
    [
        ([2, 5, 1], 200, TrainConfig("auto"), "lm"),
        ([2, 5, 1], 200, TrainConfig("auto", l1=1e-3), "lbfgs"),
        ([2, 5, 1], 200, TrainConfig("auto", loss="mae"), "lbfgs"),
        ([2, 60, 20, 1], 200, TrainConfig("auto"), "lbfgs"),
        ([2, 5, 1], 200, TrainConfig("auto", batch=32), "adam"),
        ([2, 60, 60, 1], 20_000, TrainConfig("auto"), "adam"),
        ([2, 5, 1], 200, TrainConfig("lbfgs"), "lbfgs"),
    ],
)
def test_auto_picks_by_size_loss_and_what_holds_back(shape, rows, config, solver):
    data = hello(rows)
    kan = new(shape, data)
    how = chosen(Objective.of(kan, data, config), kan)
    assert how.solver == solver
    assert (how.batch is not None) == (solver == "adam")


def test_what_was_picked_is_said():
    data = hello(50)
    assert next(train(new([2, 2, 1], data), data, TrainConfig("auto", steps=1))).solver == "lm"


@pytest.mark.parametrize("how", [{"l1": 1e-3}, {"entropy": 1e-3}, {"loss": "mae"}])
def test_what_is_no_sum_of_squares_is_refused_in_words(how):
    data = hello(20)
    with pytest.raises(TrainError, match="Choose L-BFGS"):
        next(train(new([2, 1], data), data, TrainConfig("lm", **how)))


def test_classes_are_learned():
    data = classes()
    last = trained(new([2, 3, 2], data, grid=3), data, TrainConfig.for_new(2))
    x, y = data.rows("test")
    assert float((last.kan(x).argmax(1) == y.argmax(1)).double().mean()) >= 0.9
