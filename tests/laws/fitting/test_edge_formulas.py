"""Formulas on all edges of a fitted network: the functions that are there, and what a product leaves open."""

import math
from dataclasses import replace

import numpy as np
import torch

from kanviz.core.formulas.formula import Formula
from kanviz.core.layer import EdgeId
from kanviz.laws.fitting.edge_formulas import formulated
from kanviz.laws.fitting.fix_product_constant import without_constant
from kanviz.laws.fitting.network_fit import Task
from kanviz.laws.fitting.pruning import curves_of
from kanviz.laws.structures.structure import Structure


def task(law, count=500, seed=0):
    rng = np.random.default_rng(seed)
    x, held = rng.uniform(-1, 1, (2, count)), rng.uniform(-1, 1, (2, count // 4))
    y, held_y = law(*x), law(*held)
    return Task.of(x, (y - y.mean()) / y.std(), held, (held_y - y.mean()) / y.std())


def fitted(law, structure):
    t = task(law)
    fit = t.fitted(structure.network(2), steps=20)
    for _ in range(2):
        assert fit is not None
        fit = t.fitted(t.refined(fit), steps=12)
    assert fit is not None
    return t, fit


def test_the_functions_that_are_there_are_found_and_the_error_falls_to_rounding():
    t, fit = fitted(lambda x, y: np.sin(3 * x) + np.exp(y), Structure((0, 1)))
    best = formulated(t, fit, None, math.inf)[0]
    assert best.fit.held < 1e-12
    names = {name for layer in best.fit.kan.layers for _, _, name in layer.formulas}
    assert names <= {"sin", "cos", "exp"}
    assert not curves_of(best.fit.kan)


def test_only_allowed_functions_are_used():
    t, fit = fitted(lambda x, y: np.sin(x) + y, Structure((0, 1)))
    for way in formulated(t, fit, ("x", "x^2", "x^3"), math.inf):
        assert {name for layer in way.fit.kan.layers for _, _, name in layer.formulas} <= {"x", "x^2", "x^3"}


def test_nothing_is_found_when_there_is_no_time():
    t, fit = fitted(lambda x, y: x + y, Structure((0, 1)))
    assert formulated(t, fit, None, -math.inf) == []


def test_a_constant_moves_from_a_factor_to_the_sum_beside_the_product():
    _, fit = fitted(lambda x, y: x * y**2 + np.sin(y), Structure((0, 1), (((0,), (1,)),)))
    layer = fit.kan.layers[0].with_formula(0, 1, Formula("x", 1.0, 0.0, 2.0, 0.7))
    active = layer.active.clone()
    active[0, 1] = False
    kan = fit.kan.with_layers({0: replace(layer, active=active)})
    plain = without_constant(kan, EdgeId(0, 0, 1))
    assert plain is not None
    formula = plain.layers[0].formula(0, 1)
    assert formula is not None
    assert formula.d == 0
    assert float(plain.layers[0].bias[1]) == 0
    x = torch.rand(50, 2, dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(plain(x), kan(x), rtol=0, atol=1e-12)


def test_without_a_sum_beside_the_product_the_constant_stays():
    kan = Structure((), (((0,), (1,)),)).network(2)
    layer = kan.layers[0].with_formula(0, 0, Formula("x", 1.0, 0.0, 2.0, 0.7))
    active = layer.active.clone()
    active[0, 0] = False
    assert without_constant(kan.with_layers({0: replace(layer, active=active)}), EdgeId(0, 0, 0)) is None
