"""Under a certified lock every point of the region keeps its prediction bit for bit, however it is attacked."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.core.layer import Variable
from kanviz.core.locks import certified_lock, data_lock
from kanviz.core.training.train import TrainConfig, trained
from kanviz.errors import UserError
from tests.core.locks.helpers import attacked, climbed, points, same_bits
from tests.helpers import kans

BLOCK = 100_000


@given(kans(), st.integers(0, 1000))
def test_points_of_the_region_keep_their_bits_whatever_the_free_numbers_become(kan, seed):
    rng = torch.Generator().manual_seed(seed)
    ends = (4 * torch.rand(len(kan.inputs), 2, generator=rng, dtype=torch.float64) - 2).sort(1).values
    scale, shift = (
        torch.tensor([getattr(v, part) for v in kan.inputs]).double()[:, None] for part in ("scale", "shift")
    )
    box = [tuple(row) for row in (ends * scale + shift).sort(1).values.tolist()]
    lock = certified_lock(kan, box, budget=16).lock
    new = attacked(kan, lock, seed=seed)
    x = points(kan, box, 300, seed)
    assert same_bits(kan(x), new(x))


NETWORKS = {
    "[1,5,1] G=30": ([1, 5, 1], 30, "zero", [(-0.9, -0.4)]),
    "[1,5,1] G=200": ([1, 5, 1], 200, "silu", [(0.1, 0.3)]),
    "[2,5,1]": ([2, 5, 1], 30, "silu", [(-1.0, -0.4), (-1.2, -0.5)]),
    "[2,5,5,1]": ([2, 5, 5, 1], 30, "zero", [(-1.0, -0.7), (0.2, 0.5)]),
    "[2,[2,1],1]": ([2, [2, 1], 1], 20, "silu", [(-0.5, 0.0), (0.3, 0.6)]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_hundred_thousand_points_and_a_search_find_no_violation(name, dtype):
    shape, grid, base, box = NETWORKS[name]
    kan = init(shape, grid=grid, base=base, dtype=dtype, seed=1)
    lock = certified_lock(kan, box).lock
    new = attacked(kan, lock)
    assert [layer.free > 0 for layer in lock.capacity(kan)] == [True] * len(kan.layers)
    x = points(kan, box, BLOCK)
    assert same_bits(kan(x), new(x))
    found = climbed(kan, x[:400], box)
    assert same_bits(kan(found), new(found))
    wider = [(a - 0.5, b + 0.5) for a, b in box]
    assert not same_bits(kan(points(kan, wider, 1000)), new(points(kan, wider, 1000)))
    assert (data_lock(kan, x) | lock) == lock


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("path", ["native", "dense", "local"])
def test_every_way_to_compute_a_layer_keeps_the_region(dtype, path, monkeypatch):
    from kanviz.core import engine

    if path == "native" and engine.native.instructions == "none":
        pytest.skip("the C kernel was not built here")
    box = [(-0.75, -0.25), (0.0, 0.5)]
    kan = init([2, 4, 3, 1], grid=40, dtype=dtype, seed=2)
    new = attacked(kan, certified_lock(kan, box).lock)
    monkeypatch.setattr(engine, "chosen", lambda *_: path)
    x = points(kan, box, 20_000)
    assert same_bits(kan(x), new(x))


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_the_region_keeps_its_bits_through_a_training(solver):
    rng = torch.Generator().manual_seed(0)

    def peak(centre: float) -> Dataset:
        x = centre + 0.3 * (2 * torch.rand(60, 2, generator=rng, dtype=torch.float64) - 1)
        return Dataset.from_arrays(x, torch.exp(-40 * (x - centre).square().sum(1)))

    kan = trained(init([2, 4, 1], grid=16, base="zero"), peak(-0.5), TrainConfig("lbfgs", steps=10)).kan
    box = [(-0.8, -0.2)] * 2
    config = TrainConfig(solver, steps=20 if solver == "adam" else 6, lock=certified_lock(kan, box).lock)
    after = trained(kan, peak(0.5), config).kan
    x = points(kan, box, 20_000)
    assert not after.layers[1].coef.equal(kan.layers[1].coef)
    assert same_bits(kan(x), after(x))


def test_five_peaks_on_a_square_are_learned_one_after_another_and_all_kept():
    """What networks forget by default (pykan's issue 227): corners share coordinates, the last has none of its own."""
    kan, lock, seen = init([2, 5, 1], grid=30, base="zero", noise=0.1), None, []
    for n, centre in enumerate([(-0.6, -0.6), (-0.6, 0.6), (0.6, -0.6), (0.6, 0.6), (0.0, 0.0)]):
        box = [(c - 0.1, c + 0.1) for c in centre]
        x = points(kan, box, 600, n)
        y = torch.exp(-300 * (x - torch.tensor(centre, dtype=torch.float64)).square().sum(1))
        config = TrainConfig("lm", steps=40, smooth=1e-5, lock=lock)
        kan = trained(kan, Dataset.from_arrays(x[:300], y[:300]), config).kan
        assert float((kan(x[300:])[:, 0] - y[300:]).square().mean().sqrt()) < 0.03
        seen.append((box, kan))
        region = certified_lock(kan, box).lock
        lock = region if lock is None else lock | region
        if n == 1:
            assert lock.capacity(kan)[1].share < 0.7
    for box, then in seen:
        x = points(kan, box, 20_000, 7)
        assert same_bits(then(x), kan(x))


def test_the_reach_of_a_single_sum_is_exact():
    """Nodes of the first layer are sums over different inputs: their intervals are what sampling finds."""
    kan = init([2, 5, 1], grid=10)
    box = [(-0.6, 0.1), (0.2, 0.9)]
    found = certified_lock(kan, box)
    x = torch.cartesian_prod(*(torch.linspace(a, b, 600, dtype=torch.float64) for a, b in box))
    nodes = kan.layers[0](x)
    assert torch.allclose(found.reached[1][0], nodes.amin(0), atol=2e-3)
    assert torch.allclose(found.reached[1][1], nodes.amax(0), atol=2e-3)
    assert found.boxes == 1


def test_smaller_boxes_free_more():
    kan = init([2, 5, 5, 1], grid=30, seed=3)
    box = [(-0.9, -0.2), (0.1, 0.8)]
    coarse, fine = (certified_lock(kan, box, budget=budget) for budget in (1, 4096))
    assert (coarse.lock | fine.lock) == coarse.lock
    assert fine.lock.capacity(kan)[2].free > coarse.lock.capacity(kan)[2].free


def test_the_region_is_in_table_units_and_may_be_turned_round():
    inputs = (Variable("t", "K", 300.0, -20.0), Variable("p", "bar", 1.0, 0.1))
    kan = init([2, 3, 1], grid=20, inputs=inputs)
    box = [(285.0, 295.0), (0.95, 1.0)]
    found = certified_lock(kan, box)
    new = attacked(kan, found.lock)
    x = points(kan, box, 5000)
    assert same_bits(kan(x), new(x))
    assert torch.allclose(found.reached[0], torch.tensor([[0.25, -0.5], [0.75, 0.0]]).double())
    assert found.lock.origin == "every number that points with t 285 to 295, p 0.95 to 1 can use"


def test_a_formula_without_bounds_locks_all_that_follows():
    kan = init([1, 2, 1], grid=12)
    kan = kan.with_layers({0: kan.layers[0].with_formula(0, 1, Formula("1/x"))})
    near, far = certified_lock(kan, [(-0.1, 0.3)]), certified_lock(kan, [(0.4, 0.5)])
    assert near.lock.layers[1].coef[1].all()
    assert not far.lock.layers[1].coef[1].all()
    assert not near.lock.layers[1].coef[0].all()


def test_a_wide_network_says_where_nothing_is_left():
    kan = init([3, 12, 12, 12, 1], grid=4, noise=3.0)
    found = certified_lock(kan, [(-1.0, 1.0)] * 3, budget=64)
    assert 3 in found.exhausted(kan)
    assert not certified_lock(init([1, 2, 1], grid=30), [(0.0, 0.1)]).exhausted(init([1, 2, 1], grid=30))


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ([(0.0, 1.0)], "The region needs a least and a greatest value for each of the 2 inputs."),
        ([(0.0, 1.0), (2.0, 1.0)], "The region of x2 goes from 2 to 1; give finite numbers, the least first."),
        (
            [(0.0, 1.0), (0.0, float("inf"))],
            "The region of x2 goes from 0 to inf; give finite numbers, the least first.",
        ),
    ],
)
def test_a_region_that_is_none_is_refused(box, said):
    with pytest.raises(UserError) as refusal:
        certified_lock(init([2, 2, 1]), box)
    assert str(refusal.value) == said
