"""The bound of how far two networks lie apart over a box is never exceeded, and is no more than twice what is met."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kanviz.analysis.locality.difference_bound import apart
from kanviz.core.init import init
from kanviz.core.intervals.slope_bounds import SlopeBounds
from kanviz.core.kan import KAN
from kanviz.core.layer import Variable
from tests.analysis.locality.changed import change_at, changed, furthest
from tests.core.locks.helpers import points
from tests.helpers import kans, random_layer

NETWORKS = {
    "[1,5,1]": ([1, 5, 1], "zero", [(-0.9, -0.4)]),
    "[2,5,1]": ([2, 5, 1], "silu", [(-1.0, -0.4), (-1.2, -0.5)]),
    "[2,5,5,1]": ([2, 5, 5, 1], "zero", [(-1.0, -0.7), (0.2, 0.5)]),
    "[2,[2,1],1]": ([2, [2, 1], 1], "silu", [(-0.5, 0.0), (0.3, 0.6)]),
}


def exceeded(before: KAN, after: KAN, box: list, bound: tuple[float, ...], count: int, seed: int = 0) -> bool:
    """Whether some point was found at which the change is more than the bound."""
    x = points(before, box, count, seed)
    found = torch.cat([change_at(before, after, part) for part in (x, furthest(before, after, x[:200], box))])
    return bool((found > torch.tensor(bound, dtype=torch.float64)).any())


def box_of(kan: KAN, seed: int) -> list[tuple[float, float]]:
    """Some region in table units, at times a single point or far outside the grid."""
    rng = torch.Generator().manual_seed(seed)
    ends = ((3 + seed % 3) * torch.rand(len(kan.inputs), 2, generator=rng, dtype=torch.float64) - 2).sort(1).values
    if seed % 7 == 0:
        ends[:, 1] = ends[:, 0]
    scale, shift = (torch.tensor([getattr(v, p) for v in kan.inputs]).double()[:, None] for p in ("scale", "shift"))
    return [(a, b) for a, b in (ends * scale + shift).sort(1).values.tolist()]


@settings(max_examples=25)
@given(kans(), st.integers(0, 1000), st.sampled_from((1e-6, 1e-2, 1.0)))
def test_no_point_of_the_region_changes_by_more_than_the_bound(kan, seed, size):
    box, new = box_of(kan, seed), changed(kan, seed, size)
    found = apart(kan, new, tuple(box), budget=64)
    assert not exceeded(kan, new, box, found.bound, 300, seed)
    assert all(attained <= bound for attained, bound in zip(found.attained, found.bound, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [1e-3, 0.3])
def test_thirty_thousand_points_and_a_search_stay_below_the_bound(name, dtype, size):
    shape, base, box = NETWORKS[name]
    kan = init(shape, grid=30, base=base, dtype=dtype, seed=1)
    new = changed(kan, 4, size)
    found = apart(kan, new, tuple(box), budget=2048)
    assert not exceeded(kan, new, box, found.bound, 30_000)


@pytest.mark.parametrize("name", ["[1,5,1]", "[2,5,1]", "[2,[2,1],1]"])
def test_the_bound_is_near_what_is_met(name):
    shape, base, box = NETWORKS[name]
    kan = init(shape, grid=30, base=base, seed=1)
    for size in (1e-3, 0.3):
        found = apart(kan, changed(kan, 4, size), tuple(box))
        assert found.attained[0] < found.bound[0] < 2.5 * found.attained[0]


def test_a_larger_budget_gives_no_larger_bound():
    kan = init([2, 5, 1], grid=20, seed=2)
    new, box = changed(kan, 8, 0.05), ((-0.8, 0.1), (0.0, 0.9))
    bounds = [apart(kan, new, box, budget=budget).bound[0] for budget in (1, 16, 256, 4096)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] < bounds[0] / 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_networks_of_other_scaling_and_precision_are_bounded_too(dtype):
    kan = init([2, 3, 1], grid=12, inputs=(Variable("t", "K", 300.0, -20.0), Variable("p", "", 1.0, 0.1)), seed=3)
    other = replace(
        kan.to(dtype), inputs=(Variable("t", "K", 301.0, -21.0), kan.inputs[1]), outputs=(Variable("y", "", 2.0, 3.0),)
    )
    box = [(290.0, 305.0), (0.95, 1.02)]
    found = apart(kan, other, tuple(box))
    assert not exceeded(kan, other, box, found.bound, 5000)
    assert found.bound[0] < 3 * found.attained[0]


@given(st.integers(0, 2**32), st.sampled_from((1, 2, 3, 4)), st.booleans(), st.sampled_from(("zero", "linear")))
def test_no_curve_is_steeper_than_its_bound(seed, order, uniform, outside):
    rng = torch.Generator().manual_seed(seed)
    layer = random_layer(rng, 2, (1, 1), order=order, uniform=uniform, outside=outside)
    bounds = SlopeBounds.of(layer)
    low, high = (8 * torch.rand(50, 2, 2, generator=rng, dtype=torch.float64) - 4).sort(2).values.unbind(2)
    steep = bounds(low, high)
    share = torch.rand(40, 1, 1, generator=rng, dtype=torch.float64)
    x = (low + (high - low) * share.sort(0).values).flatten(0, 1)
    y = layer.activations(x).unflatten(0, (40, 50))
    rise = (y[1:] - y[:-1]).abs()
    run = x.unflatten(0, (40, 50)).diff(dim=0)[..., None]
    assert bool((rise <= steep * run + 1e-9).all())
