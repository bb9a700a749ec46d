"""Training under a lock leaves what it holds bit-identical: every solver, both precisions, any depth."""

import json
from dataclasses import replace

import pytest
import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.locks import Lock, all_but, data_lock, edge_lock
from kanviz.core.training.objective import Objective
from kanviz.core.training.parameters import PARTS
from kanviz.core.training.solvers.smoothing import penalty
from kanviz.core.training.solvers.working import Working
from kanviz.core.training.train import SOLVERS, TrainConfig, train, trained
from kanviz.edit.network_edits import Retrain
from kanviz.errors import TrainError, UserError
from tests.core.locks.helpers import same_bits
from tests.helpers import check_edit, digest


def peak(centre: float, inputs: int = 1) -> Dataset:
    """A Gaussian bump and the rows around it."""
    rng = torch.Generator().manual_seed(0)
    x = centre + 0.3 * (2 * torch.rand(60, inputs, generator=rng, dtype=torch.float64) - 1)
    return Dataset.from_arrays(x, torch.exp(-40 * (x - centre).square().sum(1)))


def learned(shape: list, dtype: torch.dtype, base: str) -> KAN:
    """A network that has learned a bump at -0.5."""
    kan = init(shape, grid=12, base=base, dtype=dtype)
    return trained(kan, peak(-0.5, shape[0]), TrainConfig("lbfgs", steps=4)).kan


CONFIGS = {
    "lm": TrainConfig("lm", steps=6, smooth=None),
    "race": TrainConfig("lm", steps=6, smooth=None, finest=48, starts=2),
    "lbfgs": TrainConfig("lbfgs", steps=5, follow=2),
    "mae": TrainConfig("lbfgs", steps=5, loss="mae", l1=1e-3, entropy=1e-3, smooth=1e-3),
    "adam": TrainConfig("adam", steps=15, rate=0.05, batch=20),
}


def test_every_solver_is_tried():
    assert {config.solver for config in CONFIGS.values()} == set(SOLVERS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize(("shape", "base"), [([1, 1], "zero"), ([1, 5, 1], "silu"), ([2, 3, [1, 1], 1], "silu")])
def test_locked_numbers_and_locked_rows_keep_their_bits(dtype, config, shape, base):
    kan = learned(shape, dtype, base)
    old, new = peak(-0.5, shape[0]), peak(0.5, shape[0])
    lock = data_lock(kan, old.x)
    after = trained(kan, new, replace(config, lock=lock))
    assert same_bits(kan(old.x), after.kan(old.x))
    for held, before, now in zip(lock.layers, kan.layers, after.kan.layers, strict=True):
        assert same_bits(before.knots, now.knots)
        for part in ("coef", "base_weight", "bias", "offset"):
            mask = getattr(held, part)
            assert same_bits(getattr(before, part)[mask], getattr(now, part)[mask])
    assert not after.kan.layers[-1].coef.equal(kan.layers[-1].coef)


@pytest.mark.parametrize("solver", SOLVERS)
def test_something_is_learned_under_a_lock(solver):
    kan = trained(init([1, 5, 1], grid=30, base="zero"), peak(-0.5), TrainConfig("lm", steps=30)).kan
    new = peak(0.5)
    config = TrainConfig(solver, steps=200 if solver == "adam" else 20, rate=0.02 if solver == "adam" else None)
    items = list(train(kan, new, replace(config, lock=data_lock(kan, peak(-0.5).x))))
    first, last = items[0].train_rmse, items[-1].train_rmse
    assert first is not None
    assert last is not None
    assert last < 0.2 * first


@pytest.mark.parametrize("name", ["lm", "lbfgs", "adam"])
def test_formulas_biases_and_offsets_obey_the_lock(name):
    kan = init([2, [1, 1], 1], grid=4, seed=3)
    data = peak(0.2, 2)
    kan = kan.with_layers({0: kan.layers[0].with_formula(1, 0, Formula("sin", 1.5, 0.2, 0.7, 0.1))})
    free = EdgeId(1, 0, 0)
    after = trained(kan, data, replace(CONFIGS[name], lock=all_but(kan, [free]))).kan
    assert not after.edge(free).coef.equal(kan.edge(free).coef)
    again = after.with_layer(1, coef=kan.layers[1].coef, base_weight=kan.layers[1].base_weight)
    assert digest(again) == digest(kan)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_training_under_a_lock_is_an_edit_like_any_other(config):
    kan, data = learned([2, 3, 1], torch.float64, "silu"), peak(0.5, 2)
    how = replace(config, lock=data_lock(kan, peak(-0.5, 2).x) | edge_lock(kan, [EdgeId(0, 0, 0), EdgeId(1, 2, 0)]))
    last = trained(kan, data, how)
    edit = Retrain.of(how, data, last)
    check_edit(kan, edit, data)
    assert EdgeId(0, 0, 0) not in edit.touches(kan)
    assert len(edit.touches(kan)) == 7
    assert str(edit).endswith("rows and edges locked")


def test_a_training_under_a_lock_goes_on_as_if_it_had_not_stopped():
    kan, data = learned([1, 3, 1], torch.float64, "silu"), peak(0.5)
    for config in CONFIGS.values():
        if config.loss is not None:
            continue
        how = replace(config, lock=data_lock(kan, peak(-0.5).x))
        items = list(train(kan, data, how))
        read = TrainConfig.from_json(json.loads(json.dumps(how.to_json())))
        resumed = list(train(kan, data, read, resume=items[2].state))
        assert digest(resumed[-1].kan) == digest(items[-1].kan)


def test_the_smoothing_knows_the_locked_part_of_a_curve():
    kan = init([1, 2, 1], grid=6)
    lock = data_lock(kan, [[-0.9]])
    work = Working.of(kan, PARTS, (), lock)
    shape = penalty(work)
    whole = penalty(Working.of(kan, ("coef",), ()))
    assert shape.value(work.theta) == pytest.approx(whole.value(Working.of(kan, ("coef",), ()).theta))
    step = torch.randn(len(work.theta), generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy()
    change = shape.value(work.theta + 1e-4 * step) - shape.value(work.theta - 1e-4 * step)
    assert change / 2e-4 == pytest.approx(2 * float(shape.push(work.theta) @ step), rel=1e-6)
    config = TrainConfig("lbfgs", smooth=0.5, lock=lock)
    objective = Objective.of(kan, peak(0.5), config)
    plain = replace(objective, config=replace(config, smooth=0.0))
    assert float(objective(kan) - plain(kan)) == pytest.approx(0.5 * shape.value(work.theta))


def test_what_cannot_be_trained_is_said():
    kan, data = init([1, 2, 1]), peak(0.5)
    with pytest.raises(TrainError, match="Nothing may move: every edge is frozen, locked or pruned"):
        trained(kan, data, TrainConfig(lock=Lock.of(kan, held=True)))
    with pytest.raises(UserError, match="does not fit layer 0"):
        trained(kan, data, TrainConfig(lock=Lock.of(init([1, 2, 1], grid=9), held=False)))
    with pytest.raises(TrainError, match="not a lock that kanviz wrote"):
        TrainConfig.from_json(TrainConfig().to_json() | {"lock": {"name": "x"}})
    with pytest.raises(TrainError, match="check lock"):
        TrainConfig(lock="all")  # pyright: ignore[reportArgumentType]
