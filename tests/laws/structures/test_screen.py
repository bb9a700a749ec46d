"""Which structures describe the rows: found under the right outside, and known from those that do not."""

import math

import numpy as np
import pytest

from kanviz.laws.fitting.network_fit import Task
from kanviz.laws.fitting.pruning import curves, pruned
from kanviz.laws.structures.nested import nested
from kanviz.laws.structures.screen import Rows, Target, screened
from kanviz.laws.structures.structure import Structure, structures
from kanviz.laws.structures.target_transform import OUTERS, possible


def rows(law, inputs=2, count=600, low=-1.0, high=1.0, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x, held = rng.uniform(-1, 1, (inputs, count)), rng.uniform(-1, 1, (inputs, count // 4))
    scaled = [(v + 1) / 2 * (high - low) + low for v in (x, held)]
    y, held_y = law(*scaled[0]), law(*scaled[1])
    y = y + noise * y.std() * rng.standard_normal(count)
    return Rows(x, y, held, held_y)


@pytest.mark.parametrize("name", list(OUTERS))
def test_taking_the_outside_off_and_putting_it_on_gives_the_target_back(name):
    import torch

    from kanviz.core.formulas.formula import primitive

    y = np.linspace(0.05, 0.9, 40)
    assert name in possible(y)
    u = torch.from_numpy(OUTERS[name].inverse(y))
    np.testing.assert_allclose(primitive(name).torch(u).numpy(), y, rtol=1e-12)


def test_an_outside_that_the_target_does_not_allow_is_not_tried():
    assert {"exp", "sqrt", "1/x", "x^2"}.isdisjoint(possible(np.array([-1.0, 0.5, 2.0])))
    assert "tanh" not in possible(np.array([0.2, 1.0]))


@pytest.mark.parametrize(
    ("law", "low", "outer", "structure"),
    [
        (lambda x, y: np.exp(np.sin(np.pi * x) + y**2), -1, "exp", Structure((0, 1))),
        (lambda x, y: x * np.sin(3 * y), -1, "x", Structure((), (((0,), (1,)),))),
        (lambda x, y: np.sqrt(x**2 + y**2), -1, "sqrt", Structure((0, 1))),
        (lambda x, y: 1 / (1 + x**2 + y**2), -1, "1/x", Structure((0, 1))),
    ],
)
def test_the_right_structure_is_among_the_best_and_goes_on_falling(law, low, outer, structure):
    r = rows(law, low=low)
    found = screened(r, list(structures(2)), r.outers, 0, math.inf)
    right = next(one for one in found if (one.target.outer, one.structure) == (outer, structure))
    assert right.falling
    assert right.error < 10 * found[0].error
    assert right.error < 2e-5


def test_a_hidden_node_is_found_where_sums_and_products_do_not_do():
    r = rows(lambda x, y: np.exp(-((x - y) ** 2)) + y, low=-2, high=2)
    plain = screened(r, list(structures(2)), ["x"], 0, math.inf)
    deep = screened(r, list(nested(2)), ["x"], 0, math.inf)
    assert deep[0].error < plain[0].error / 10


def test_negative_targets_are_turned_round():
    r = rows(lambda x, y: -np.exp(x + y))
    assert "exp" in r.outers
    target = Target.of(r, "exp")
    fit = target.task.fitted(Structure((0, 1)).network(2), steps=20)
    assert fit is not None
    whole = target.whole(fit.kan)
    import torch

    gap = whole(torch.from_numpy(r.held_x.T.copy()))[:, 0].numpy() - r.held_y
    assert np.abs(gap).max() < 1e-3


def test_pruning_leaves_the_curves_that_matter():
    r = rows(lambda x, y: x * np.exp(y))
    task = Task.of(r.x, r.y / r.y.std(), r.held_x, r.held_y / r.y.std())
    fit = task.fitted(Structure((0, 1), (((0,), (1,)),)).network(2), steps=30)
    assert fit is not None
    left = pruned(task, fit, noisy=False)
    assert {edge[1:] for edge in curves(left)} == {(0, 1), (1, 2)}
    assert left.held < 5e-3


def test_noise_stops_the_error_from_falling():
    r = rows(lambda x, y: np.exp(x) + y**2, noise=0.05)
    assert not screened(r, [Structure((0, 1))], ["x"], 0, math.inf)[0].falling


def test_in_noise_an_outside_is_fitted_in_the_targets_own_units():
    r = rows(lambda x, y: 1 / (0.2 + x**2 + y**2), noise=0.02)
    found = screened(r, [Structure((0, 1))], ["1/x"], 0, math.inf)[0]
    assert found.noisy
    assert found.target.as_layer
    assert found.size == 3
    taken_off = Target.of(r, "1/x")
    fit = taken_off.task.fitted(Structure((0, 1)).network(2), steps=20)
    assert fit is not None
    assert found.error < taken_off.error(fit)


def test_a_network_with_its_outside_on_gives_the_target_in_its_own_units():
    import torch

    r = rows(lambda x, y: -np.exp(x + y))
    off = Target.of(r, "exp")
    fit = off.task.fitted(Structure((0, 1)).network(2), steps=20)
    assert fit is not None
    on, kan = off.with_layer(r, fit.kan)
    x = torch.from_numpy(r.held_x.T.copy())
    torch.testing.assert_close(on.whole(kan)(x), off.whole(fit.kan)(x), rtol=1e-9, atol=1e-9)
    there = on.task.fitted(kan, steps=0)
    assert there is not None
    assert on.error(there) == pytest.approx(off.error(fit), rel=1e-3)


def test_errors_that_do_not_fall_without_noise_are_the_splines_own():
    r = rows(lambda x, y: np.exp(x) + y**2)
    found = screened(r, [Structure((0, 1))], ["x"], 0, math.inf)[0]
    assert not found.noisy
