"""A block of any model: its edges by strength, rows at both ends, fewer edges, compared with plain computation."""

import pytest
import torch
from torch import Tensor

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import UserError
from kanviz.language.block import EdgePruning, block_edges, block_pruning, edge_at, outside_grid, rows_at_ends, whole


def network(seed: int = 0) -> KAN:
    kan = kanviz.init([3, 4, 2], seed=seed)
    chance = torch.Generator().manual_seed(seed)
    for n, layer in enumerate(kan.layers):
        kan = kan.with_layer(n, coef=torch.randn(layer.coef.shape, generator=chance, dtype=torch.float64))
    return kan


def rows(kan: KAN, count: int = 40, seed: int = 1, width: float = 1.0) -> kanviz.Dataset:
    x = width * torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return kanviz.Dataset.from_arrays(x, kan(x), test=0).matching(kan)


def by_hand(kan: KAN, x: Tensor, gone: list[tuple[int, int]]) -> float:
    """The error of the outputs without these edges of the first layer, computed edge by edge."""
    layer, outputs = kan.layers[0], kan(x)
    sums = layer.bias.expand(len(x), -1).clone()
    for i in range(layer.sources):
        for j in range(layer.targets):
            values = kan.edge(kanviz.EdgeId(0, i, j))(kan.normalise(x)[:, i])
            sums[:, j] += values.mean() if (i, j) in gone else values
    y = kan.denormalise(kan.layers[1](layer.combine(sums)))
    return float(((y - outputs) / outputs.std(0, correction=0)).square().mean().sqrt())


def test_shares_are_sorted_and_those_of_a_layer_add_up_to_one():
    kan = network()
    for layer in (0, 1):
        found = block_edges(kan, rows(kan), layer)
        assert [unit.share for unit in found] == sorted((unit.share for unit in found), reverse=True)
        assert sum(unit.share for unit in found) == pytest.approx(1)
        addresses = {edge_at(kan, layer, unit.number) for unit in found}
        assert addresses == {edge for edge in kan.edges() if edge.layer == layer}


def test_a_pruned_edge_is_not_listed():
    kan = network()
    active = kan.layers[0].active.clone()
    active[1, 2] = False
    kan = kan.with_layer(0, active=active)
    listed = [edge_at(kan, 0, unit.number) for unit in block_edges(kan, rows(kan), 0)]
    assert len(listed) == 11
    assert kanviz.EdgeId(0, 1, 2) not in listed


def test_the_share_outside_the_grid_is_that_of_the_inputs():
    kan = network()
    data = rows(kan, width=2.0)
    low, high = kan.layers[0].domain
    by_column = [((column < low[n]) | (column > high[n])).double().mean() for n, column in enumerate(data.x.T)]
    assert torch.allclose(outside_grid(kan, data, 0), torch.stack(by_column))
    assert float(outside_grid(kan, data, 0).sum()) > 0
    shares = {edge_at(kan, 0, unit.number).source: unit.outside for unit in block_edges(kan, data, 0)}
    assert shares == {n: pytest.approx(float(share)) for n, share in enumerate(by_column)}


def test_the_rows_at_both_ends_are_those_of_the_table():
    kan = network()
    data = rows(kan)
    least, greatest = rows_at_ends(kan, data, kanviz.EdgeId(0, 1, 2))
    order = data.x[:, 1].argsort().tolist()
    assert [row.number for row in least] == order[:5]
    assert [row.number for row in greatest] == order[:-6:-1]
    for row in (*least, *greatest):
        assert row.value == float(data.x[row.number, 1])
        assert row.gives == pytest.approx(
            float(kan.edge(kanviz.EdgeId(0, 1, 2))(data.x[row.number : row.number + 1, 1]))
        )


def test_equal_inputs_are_shown_once():
    kan = network()
    x = torch.tensor([[0.1, 0.2, 0.3]] * 6 + [[0.4, 0.5, 0.6]], dtype=torch.float64)
    data = kanviz.Dataset.from_arrays(x, kan(x), test=0).matching(kan)
    least, greatest = rows_at_ends(kan, data, kanviz.EdgeId(0, 0, 0))
    assert [row.number for row in least] == [0, 6]
    assert greatest[0].number == 6


def test_the_errors_are_those_of_removing_edges_one_by_one():
    kan = network()
    data = rows(kan)
    found = block_pruning(kan, data, 0, shares=(0.0, 0.25, 1.0))
    weakest = [edge_at(kan, 0, unit.number)[1:] for unit in block_edges(kan, data, 0)][::-1]
    for error, count in zip(found.weakest, (0, 3, 12), strict=True):
        assert error == pytest.approx(by_hand(kan, data.x, weakest[:count]), abs=1e-9)
    assert found.random[0] == pytest.approx((0, 0, 0))
    assert found.random[2] == pytest.approx((found.weakest[2],) * 3)  # all edges are gone in each case
    assert len(set(found.random[1])) > 1


def test_the_same_rows_give_the_same_pruning():
    kan = network()
    assert block_pruning(kan, rows(kan), 1) == block_pruning(kan, rows(kan), 1)


def test_the_verdict_is_computed_from_the_errors():
    better = EdgePruning((0.0, 0.5), (0.0, 0.1), ((0.0, 0.0), (0.4, 0.5)), 8)
    worse = EdgePruning((0.0, 0.5), (0.0, 0.45), ((0.0, 0.0), (0.4, 0.5)), 8)
    assert better.verdict.startswith("Without the weakest 4 of 8 edges the block's output is off by 10.0%")
    assert better.verdict.endswith("strength tells which edges matter.")
    assert worse.verdict.endswith("strength does not tell which edges matter.")
    assert "too few edges" in EdgePruning((0.0, 0.5), (0.0, 0.0), ((0.0,), (0.0,)), 1).verdict


def test_outputs_that_do_not_vary_are_refused():
    kan = network()
    x = torch.zeros(10, 3, dtype=torch.float64)
    with pytest.raises(UserError, match="do not vary over these rows"):
        block_pruning(kan, kanviz.Dataset.from_arrays(x, kan(x), test=0).matching(kan), 0)


def test_all_rows_are_looked_at():
    kan = network()
    data = rows(kan)
    held_out = kanviz.Dataset.from_arrays(data.x, data.y, test=0.5).matching(kan)
    assert torch.equal(whole(held_out).rows("train")[0], data.x)
