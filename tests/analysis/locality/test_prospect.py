"""What a lock leaves to new rows: rows that are called settled keep their bits, whatever is learned."""

from dataclasses import replace

import pytest
import torch

from kanviz.analysis.locality.observed_change import lamps
from kanviz.analysis.locality.prospect import prospect
from kanviz.core.init import init
from kanviz.core.locks import Lock, all_but, certified_lock, data_lock
from kanviz.core.training.parameters import FreeParameters
from kanviz.errors import UserError


def network(dtype=torch.float64, **how):
    return init([2, 4, 1], **({"grid": 8, "base": "zero", "seed": 3} | how)).to(dtype)


def rows(low: float, high: float, count: int = 400, seed: int = 0):
    draws = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (high - low) * draws


def shaken(kan, lock, seed: int):
    """The network with every number that may move elsewhere."""
    free = FreeParameters.of(kan, lock=lock)
    vector = free.vector()
    return free.put(vector + torch.randn(vector.shape, generator=torch.Generator().manual_seed(seed)).to(vector.dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("outside", ["linear", "zero"])
def test_settled_rows_keep_their_bits_whatever_is_learned(dtype, outside):
    kan = network(dtype)
    kan = kan.with_layers({n: replace(layer, outside=outside) for n, layer in enumerate(kan.layers)})
    lock, x = data_lock(kan, rows(-1, 0.2)), rows(-1.3, 1.3)
    found = prospect(kan, lock, x)
    assert 0 < int(found.settled.sum()) < len(x)
    kept = torch.stack([lamps(kan, shaken(kan, lock, seed), x).kept for seed in range(5)])
    assert bool(kept[:, found.settled].all())
    assert not bool(kept.all(0)[~found.settled].all())


def test_rows_that_are_locked_are_settled_and_their_control_points_of_no_use():
    kan, x = network(), rows(-1, 0)
    found = prospect(kan, data_lock(kan, x), x)
    assert bool(found.settled.all())
    assert all(room.of_use == 0 and room.free > 0 for room in found.rooms)


def test_without_a_lock_nothing_is_settled_and_all_is_free():
    kan = network()
    found = prospect(kan, None, rows(-1, 1))
    assert not bool(found.settled.any())
    assert [room.free for room in found.rooms] == [kan.layers[0].coef.numel(), kan.layers[1].coef.numel()]


@pytest.mark.parametrize("base", ["silu", "zero"])
def test_a_bias_or_base_that_may_move_settles_nothing(base):
    kan = network(base=base)
    lock = certified_lock(kan, [(-1, 1), (-1, 1)]).lock
    x = rows(-1, 1)
    assert bool(prospect(kan, lock, x).settled.all())
    loose = replace(lock, layers=(replace(lock.layers[0], bias=~lock.layers[0].bias), lock.layers[1]))
    assert not bool(prospect(kan, loose, x).settled.any())
    loose = replace(lock, layers=(replace(lock.layers[0], base_weight=~lock.layers[0].base_weight), lock.layers[1]))
    assert bool(prospect(kan, loose, x).settled.any()) == (base == "zero")


def test_frozen_edges_count_as_locked():
    kan = network()
    kan = kan.with_layer(0, frozen=torch.ones_like(kan.layers[0].frozen))
    (first, _) = prospect(kan, None, rows(-1, 1)).rooms
    assert (first.free, first.of_use) == (0, 0)


def test_rows_beyond_the_grid_are_counted():
    kan = network()
    assert prospect(kan, None, torch.tensor([[0.0, 0.0], [0.0, 1.5], [-3.0, 0.0]])).beyond.tolist() == [
        False,
        True,
        True,
    ]


def test_a_lock_of_another_network_is_refused():
    with pytest.raises(UserError, match="does not fit layer 0"):
        prospect(network(), Lock.of(network(grid=5), held=True), rows(0, 1))
    kan = network()
    assert bool(prospect(kan, all_but(kan), rows(0, 1)).settled.all())
