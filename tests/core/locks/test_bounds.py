"""Bounds hold what they bound: activations over intervals, formulas, base functions; and they are tight."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kanviz.core.formulas.formula import primitive
from kanviz.core.formulas.primitives import PRIMITIVES
from kanviz.core.init import init
from kanviz.core.intervals.cells import base_bounds
from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.intervals.formula_bounds import FADING, TURNS, WAVES, formula_bounds, primitive_bounds
from kanviz.core.layer import BASES, Layer
from kanviz.core.locks.reach import reached
from kanviz.core.spline import basis
from tests.helpers import kans


def intervals(seed: int, count: int, sources: int, far: float = 6.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Intervals of every width, some of them points."""
    rng = torch.Generator().manual_seed(seed)
    low = far * (2 * torch.rand(count, sources, generator=rng, dtype=torch.float64) - 1)
    width = far * torch.rand(count, sources, generator=rng, dtype=torch.float64) ** 6
    return low, low + torch.where(torch.rand(count, sources, generator=rng) < 0.1, 0.0, width)


def inside(low: torch.Tensor, high: torch.Tensor, count: int = 60) -> torch.Tensor:
    """Points of the intervals, both ends among them: (count, *shape)."""
    share = torch.linspace(0, 1, count, dtype=torch.float64).view(-1, *(1,) * low.ndim)
    return torch.minimum(low + share * (high - low), high)


def activations(layer: Layer, x: torch.Tensor) -> torch.Tensor:
    """phi at points (count, box, source): (count, box, source, target)."""
    return layer.activations(x.flatten(0, 1)).unflatten(0, x.shape[:2])


@given(kans(dtypes=(torch.float64,), deepest=1), st.integers(0, 1000))
def test_activations_stay_within_their_bounds(kan, seed):
    layer = kan.layers[0]
    low, high = intervals(seed, 30, layer.sources)
    below, above = CurveBounds.of(layer)(low, high)
    y = activations(layer, inside(low, high))
    off = 1e-9 * (1 + y.abs())
    assert bool(((y >= below - off) & (y <= above + off)).all())


@pytest.mark.parametrize(
    ("order", "base"), [*itertools.product((1, 2, 3, 5), ("silu", "identity", "zero")), *((3, base) for base in BASES)]
)
def test_bounds_are_tight(order, base):
    layer = init([2, 3, 1], grid=6, order=order, base=base, seed=order).layers[0]
    low, high = intervals(order, 40, 2, 1.5)
    below, above = CurveBounds.of(layer)(low, high)
    seen = activations(layer, inside(low, high, 500))
    room = 2e-3 * layer.coef.abs().max() if base in ("identity", "zero") else 0.02
    within = ((low >= -1) & (high <= 1))[..., None].expand_as(below)
    assert bool(((seen.amin(0) - below)[within] < room).all())
    assert bool(((above - seen.amax(0))[within] < room).all())


@given(st.integers(0, 1000), st.sampled_from(tuple(BASES)))
def test_the_base_stays_within_its_bounds(seed, base):
    low, high = intervals(seed, 30, 1)
    below, above = base_bounds(base, low, high)
    y = BASES[base](inside(low, high, 500))
    assert bool(((y >= below - 1e-15) & (y <= above + 1e-15)).all())


@pytest.mark.parametrize("name", [*PRIMITIVES, "x^1.37", "x^-0.5", "sin(x) + x"])
def test_primitives_stay_within_their_bounds(name):
    low, high = (v[:, 0] for v in intervals(3, 400, 1, 4.0))
    below, above = primitive_bounds(name, low, high)
    y = primitive(name).torch(inside(low, high, 400))
    known = below.isfinite() & above.isfinite()
    off = 1e-12 * (1 + y.abs())
    assert bool(((y >= below - off) & (y <= above + off))[:, known].all())
    assert bool(y[:, known].isfinite().all())
    assert bool(known.any())


def test_every_primitive_has_bounds_and_those_that_rise_or_fall_say_so():
    assert {*TURNS, *WAVES, *FADING} == {*PRIMITIVES}
    for name, turns in TURNS.items():
        row = PRIMITIVES[name]
        low, high = max(row.domain[0], -3.0), min(row.domain[1], 3.0)
        marks = sorted({low, high, *(t for t in turns if low < t < high), *(p for p in row.poles if low < p < high)})
        for a, b in itertools.pairwise(marks):
            y = row.torch(torch.linspace(a + 1e-6, b - 1e-6, 1001, dtype=torch.float64))
            steps = y.diff()
            assert bool((steps >= -1e-13 * y.abs().max()).all() | (steps <= 1e-13 * y.abs().max()).all()), name


def test_a_formula_that_meets_its_pole_is_unbounded():
    affine = torch.tensor([2.0, -1.0, -3.0, 1.0], dtype=torch.float64)
    low, high = (torch.tensor(v, dtype=torch.float64) for v in ([0.0, 0.6, 0.4], [1.0, 2.0, 0.49999]))
    below, above = formula_bounds("1/x", affine, low, high, 2e-16)
    assert below.tolist()[0] == -math.inf
    assert above.tolist()[0] == math.inf
    assert [below.tolist()[1], above.tolist()[1]] == pytest.approx([-14.0, 0.0], abs=1e-9)
    assert math.isfinite(above.tolist()[2])


@given(kans(deepest=1), st.integers(0, 1000))
def test_functions_that_are_not_reached_are_zero(kan, seed):
    layer = kan.layers[0]
    low, high = intervals(seed, 3, layer.sources)
    found = reached(layer, low, high)
    x = inside(low, high).flatten(0, 1).to(kan.dtype)
    used = basis(x, layer.knots, layer.order, 0, layer.outside) != 0
    assert not bool((used.any(0) & ~found).any())


def test_what_is_unbounded_reaches_everything():
    layer = init([1, 1], outside="linear").layers[0]
    for low, high in ((-math.inf, 0.0), (math.nan, math.nan), (math.inf, math.inf)):
        assert bool(reached(layer, torch.tensor([[low]]).double(), torch.tensor([[high]]).double()).all())
