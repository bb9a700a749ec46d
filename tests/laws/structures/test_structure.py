"""Structures: what they read, what they are as networks, and what a shape leaves room for."""

import pytest
import torch

from kanviz.laws.structures.nested import nested
from kanviz.laws.structures.structure import Bounds, Structure, structures


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_no_structure_is_tried_twice_and_the_plain_sum_comes_first(count):
    found = list(structures(count))
    assert len(set(found)) == len(found)
    assert found[0] == Structure(tuple(range(count)))


@pytest.mark.parametrize("count", [2, 3])
def test_every_structure_is_a_network_of_as_many_curves_as_it_says(count):
    for one in [*structures(count), *nested(count)]:
        kan = one.network(count, seed=3)
        assert sum(int(layer.active.sum()) for layer in kan.layers) == one.size
        assert kan(torch.zeros(4, count)).isfinite().all()


def test_a_network_reads_no_input_that_its_structure_leaves_out():
    kan = Structure((), (((0,), (2,)),)).network(3, seed=0)
    x = torch.rand(20, 3, dtype=torch.float64) * 2 - 1
    moved = x.clone()
    moved[:, 1] += 0.5
    assert torch.equal(kan(x), kan(moved))


def test_the_seed_draws_the_curves():
    one = Structure((0, 1))
    assert one.network(2, 1).digest == one.network(2, 1).digest != one.network(2, 2).digest


@pytest.mark.parametrize(
    ("shape", "products", "inside"),
    [
        ((), 2, True),
        ((2, 1), 0, False),
        ((2, 1, 1), 0, True),
        ((2, 2, 1), 1, True),
        ((2, (0, 1)), 1, False),
        ((2, (1, 1), 1), 1, True),
        ((3, 2, (1, 1), 1), 2, True),
    ],
)
def test_a_shape_bounds_products_and_hidden_nodes(shape, products, inside):
    bounds = Bounds.of(shape)
    assert (bounds.products, bounds.nested, bounds.outside) == (products, inside, inside)
