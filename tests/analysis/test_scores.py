"""Scores: shares that add up, and do not depend on how a node is scaled."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kanviz.analysis.scores import scores
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from tests.figures import small_data, small_kan


def _rows(kan: KAN, count: int = 300) -> Dataset:
    x = 2 * torch.rand(count, len(kan.inputs), generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1
    return Dataset(x, kan(x), kan.inputs, kan.outputs, torch.arange(count), torch.arange(0))


@pytest.mark.parametrize("shape", [[3, 1], [2, 5, 1], [3, 4, 4, 2], [2, [2, 2], [1, 1], 2]], ids=str)
@pytest.mark.parametrize("with_data", [True, False])
def test_shares_of_a_layer_and_of_a_column_sum_to_one(shape, with_data):
    kan = init(shape, seed=4)
    found = scores(kan, _rows(kan) if with_data else None)
    for part in (*found.layers, *found.nodes):
        assert part.sum() == pytest.approx(1.0)
        assert (part >= 0).all()


def test_shares_are_those_of_the_variance():
    kan = init([2, 1], base="zero")
    kan = kan.with_layers(
        {0: kan.layers[0].with_formula(0, 0, Formula("x", 3.0)).with_formula(1, 0, Formula("x", 1.0))}
    )
    kan = kan.with_layer(0, active=torch.zeros(2, 1, dtype=torch.bool))
    x = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]).double()
    data = Dataset(x, kan(x), kan.inputs, kan.outputs, torch.arange(4), torch.arange(0))
    found = scores(kan, data)
    assert found.of(EdgeId(0, 0, 0)) == pytest.approx(0.9)
    assert found.of(EdgeId(0, 1, 0)) == pytest.approx(0.1)
    assert [edge.id for edge in found.ranked] == [EdgeId(0, 0, 0), EdgeId(0, 1, 0)]


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e9])
def test_scores_do_not_change_when_a_hidden_node_is_rescaled(factor):
    kan = init([3, 4, 2], base="zero", outside="linear", seed=2)
    first, second = kan.layers
    coef, knots = first.coef.clone(), second.knots.clone()
    coef[:, 1] *= factor
    knots[1] *= factor
    rescaled = kan.with_layers({0: replace(first, coef=coef), 1: replace(second, knots=knots)})
    data = _rows(kan)
    torch.testing.assert_close(rescaled(data.x), kan(data.x))
    for one, two in zip(scores(kan, data).layers, scores(rescaled, data).layers, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-12)


def test_a_pruned_edge_and_one_that_reaches_no_output_carry_nothing():
    kan = init([2, 3, 1], seed=5)
    active = kan.layers[1].active.clone()
    active[2, 0] = False
    kan = kan.with_layer(1, active=active)
    found = scores(kan, _rows(kan))
    assert found.of(EdgeId(1, 2, 0)) == 0
    assert found.of(EdgeId(0, 0, 2)) == found.of(EdgeId(0, 1, 2)) == 0
    assert found.nodes[1][2] == 0
    assert found.layers[0].sum() == pytest.approx(1.0)


def test_a_constant_edge_carries_nothing():
    kan = init([2, 1], seed=5)
    coef, weight = kan.layers[0].coef.clone(), kan.layers[0].base_weight.clone()
    coef[0, 0], weight[0, 0] = 1e3, 0.0
    found = scores(kan.with_layer(0, coef=coef, base_weight=weight), _rows(kan))
    assert found.of(EdgeId(0, 0, 0)) == 0
    assert found.of(EdgeId(0, 1, 0)) == 1


def test_a_network_that_is_constant_has_no_shares():
    kan = init([2, 2, 1])
    still = kan.with_layer(1, active=torch.zeros(2, 1, dtype=torch.bool))
    found = scores(still, _rows(kan))
    assert all(not part.any() for part in (*found.layers, *found.nodes))


def test_a_product_shares_by_how_much_each_factor_moves_it():
    kan = init([2, [0, 1]], base="zero", seed=1)
    layer = kan.layers[0]
    active = torch.tensor([[True, False], [False, True]])
    coef = layer.coef.clone()
    coef[1, 1] = 5.0  # the second factor is the constant 5
    found = scores(kan.with_layer(0, active=active, coef=coef), _rows(kan))
    assert found.of(EdgeId(0, 0, 0)) == pytest.approx(1.0)
    assert found.of(EdgeId(0, 1, 1)) == 0


def test_rows_that_are_no_numbers_are_left_out():
    kan = small_kan()
    data = small_data(kan)
    whole = scores(kan, data)
    bad = data.x.clone()
    bad[data.train[0], 1] = torch.inf
    found = scores(kan, replace(data, x=bad))
    assert found.rows == whole.rows - 1
    assert np.isfinite(found.layers[0]).all()
    coef = torch.full_like(kan.layers[0].coef, torch.nan)
    lost = scores(kan.with_layer(0, coef=coef), data)
    assert lost.rows == 0
    assert not lost.layers[0].any()


def test_huge_activations_do_not_overflow():
    kan = init([2, 2, 1], base="zero", seed=3)
    huge = kan.with_layer(1, coef=kan.layers[1].coef * 1e300)
    data = _rows(kan)
    np.testing.assert_allclose(scores(huge, data).layers[0], scores(kan, data).layers[0])


@pytest.mark.parametrize("share", [0.0, 0.2, 2.0])
def test_edges_below_a_share_are_those_that_are_there_and_carry_less(share):
    kan = small_kan()
    found = scores(kan, small_data(kan))
    assert found.below(share) == [edge for edge in kan.edges() if found.of(edge) < share]


def test_the_ranking_goes_from_strong_to_weak_and_of_equals_by_address():
    found = scores(small_kan(), small_data(small_kan()))
    order = [(-edge.score, edge.id) for edge in found.ranked]
    assert order == sorted(order)
    assert all(found.of(edge.id) == edge.score for edge in found.ranked)


def test_states_and_names_come_with_the_ranking():
    found = {edge.id: edge for edge in scores(small_kan(), small_data(small_kan())).ranked}
    assert found[EdgeId(0, 0, 1)].frozen
    assert {edge.state for edge in found.values()} == {"spline", "both", "formula", "pruned"}
    assert (found[EdgeId(0, 0, 0)].source, found[EdgeId(1, 0, 0)].target) == ("width", "force")
