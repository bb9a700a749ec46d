"""Every way to compute a layer gives the same curves, slopes and gradients as scipy and as torch's own operations."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import kanviz
from kanviz.core import engine
from kanviz.core.engine import PATHS, Kind, Parts, native, reference
from kanviz.core.spline import uniform_knots
from tests.helpers import DTYPES, random_knots

WAYS: list[engine.Path] = [path for path in PATHS if path != "native" or native.instructions != "none"]
SCIPY = {torch.float64: 1e-12, torch.float32: 3e-6}  # of the largest value; at 100 intervals ten times as much


def layer(rng: torch.Generator, sources: int, targets: int, grid: int, order: int, *, even: bool, dtype) -> Parts:
    """Random numbers; uneven knots have intervals of 0.1 to 1.1, even ones lie on [-1, 1]."""
    knots = uniform_knots(-1, 1, grid, order, sources)
    if not even:
        knots = random_knots(rng, sources, grid, order, uniform=False)
    coef = torch.randn(sources, targets, grid + order, generator=rng, dtype=torch.float64)
    weight = torch.randn(sources, targets, generator=rng, dtype=torch.float64)
    return Parts(knots.to(dtype), coef.to(dtype), weight.to(dtype))


def points(rng: torch.Generator, parts: Parts, rows: int, *, beyond: float = 0.3) -> Tensor:
    """Rows over each source's knots and `beyond` their width past them."""
    low, high = parts.knots[:, 0], parts.knots[:, -1]
    share = (1 + 2 * beyond) * torch.rand(rows, len(low), generator=rng, dtype=torch.float64).to(low.dtype) - beyond
    return low + (high - low) * share


def slopes_of(parts: Parts, x: Tensor, kind: Kind, path) -> tuple[Tensor, Tensor]:
    """Values of single curves, and their derivatives by the backward pass: (rows) at the one source's points."""
    x = x.clone().requires_grad_(True)
    y = engine.sums(x, parts, torch.zeros(1, dtype=x.dtype), kind, path)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach()[:, 0], slope[:, 0]


def by_scipy(parts: Parts, x: Tensor, outside: str, derivative: int) -> Tensor:
    """The one curve of `parts`, by scipy, past the ends as `outside` says."""
    order, knots, coef = parts.order, parts.knots[0].double().numpy(), parts.coef[0, 0].double().numpy()
    at = x[:, 0].double()
    if outside == "zero":
        at = torch.where(at == knots[-1], np.nextafter(knots[-1], knots[0]), at)  # the end belongs to the curve
        # scipy's curve lives where a full set of functions does: add some that are zero
        ahead = np.arange(1, order + 1)
        knots = np.concatenate([knots[0] - ahead[::-1], knots, knots[-1] + ahead])
        curve = scipy.interpolate.BSpline(knots, np.pad(coef, order), order, extrapolate=False)
        return torch.from_numpy(curve(at.numpy(), nu=derivative)).nan_to_num(0.0)
    low, high = float(knots[order]), float(knots[-1 - order])
    curve = scipy.interpolate.BSpline(knots, coef, order)
    near = at.clamp(low, high)
    rate = torch.from_numpy(curve(torch.where(at >= high, np.nextafter(high, low), near).numpy(), nu=1))
    return rate if derivative else torch.from_numpy(curve(near.numpy())) + (at - near) * rate


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("outside", ["zero", "linear"])
@pytest.mark.parametrize("order", range(1, 6))
def test_values_and_slopes_are_scipys_on_knots_borders_and_beyond(path, dtype, outside, order):
    rng = torch.Generator().manual_seed(order)
    for grid, even in product((5, 100), (True, False)):
        parts = layer(rng, 1, 1, grid, order, even=even, dtype=dtype)
        parts = parts._replace(weight=torch.zeros_like(parts.weight))
        knots = parts.knots[0]
        x = torch.cat([points(rng, parts, 300)[:, 0], knots, knots[:1] - 1, knots[-1:] + 1])[:, None]
        value, slope = slopes_of(parts, x, Kind("zero", outside), path)
        step, wanted, rate = float(knots.diff().min()), by_scipy(parts, x, outside, 0), by_scipy(parts, x, outside, 1)
        tolerance = SCIPY[dtype] * (10 if grid == 100 and dtype == torch.float32 else 1)
        largest = max(1.0, float(wanted.abs().max()))
        assert (value - wanted).abs().max() <= tolerance * largest
        assert (slope - rate).abs().max() <= 10 * tolerance * largest / step


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("order", range(2, 6))
def test_second_derivatives_are_scipys(path, dtype, order):
    rng = torch.Generator().manual_seed(order)
    for grid, even in product((5, 100), (True, False)):
        parts = layer(rng, 1, 1, grid, order, even=even, dtype=dtype)
        parts = parts._replace(weight=torch.zeros_like(parts.weight))
        x = points(rng, parts, 300)
        if order > 2:  # at order 2 it jumps there
            x = torch.cat([x, parts.knots.T[1:-1]])
        x.requires_grad_(True)
        y = engine.sums(x, parts, torch.zeros(1, dtype=dtype), Kind("zero", "zero"), path)
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), x)
        wanted, step = by_scipy(parts, x.detach(), "zero", 2), float(parts.knots.diff().min())
        tolerance = SCIPY[dtype] * (10 if grid == 100 and dtype == torch.float32 else 1)
        largest = max(1.0, float(parts.coef.abs().max()))
        assert (bend[:, 0] - wanted).abs().max() <= 10 * tolerance * largest / step**2


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("outside", ["zero", "linear"])
def test_at_order_1_the_slope_on_a_knot_is_the_next_intervals(path, outside):
    coef = torch.tensor([[[0.0, 1.0, 3.0, 2.0, 2.0]]]).double()
    parts = Parts(uniform_knots(0, 4, 4, 1), coef, torch.zeros(1, 1).double())
    x = torch.tensor([[0.0], [1.0], [2.0], [3.0]]).double()
    _, slope = slopes_of(parts, x, Kind("zero", outside), path)
    assert torch.allclose(slope, torch.tensor([1.0, 2.0, -1.0, 0.0]).double(), atol=1e-13)


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_repeated_knots_are_scipys(path, dtype):
    knots = torch.tensor([[0, 0, 0, 0, 1, 2, 2, 3.5, 4, 4, 4, 4]], dtype=dtype)
    rng = torch.Generator().manual_seed(0)
    parts = Parts(knots, torch.randn(1, 1, 8, generator=rng).to(dtype), torch.zeros(1, 1, dtype=dtype))
    x = torch.cat([torch.linspace(0, 4, 57), torch.tensor([-1.0, 5.0])]).to(dtype)[:, None]
    value, _ = slopes_of(parts, x, Kind("zero", "zero"), path)
    assert (value - by_scipy(parts, x, "zero", 0)).abs().max() <= 2 * SCIPY[dtype]


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("outside", ["zero", "linear"])
@pytest.mark.parametrize("order", range(1, 6))
def test_a_grid_without_width_is_the_references(path, outside, order):
    """One source has all knots of its grid in one place, the other an ordinary grid."""
    rng = torch.Generator().manual_seed(order)
    knots = torch.arange(-order, order + 3).double().repeat(2, 1)
    knots[0, order : order + 3] = 0.5
    knots[0, order + 3 :] += 1.0
    coef, weight = (torch.randn(*shape, generator=rng).double() for shape in ((2, 3, order + 2), (2, 3)))
    x = torch.tensor([-9.0, -0.7, 0.0, 0.5, 0.8, 1.5, 9.0]).double()[:, None].repeat(1, 2)
    numbers = [part.requires_grad_(True) for part in (x, coef, weight, torch.zeros(3).double())]
    parts, kind = Parts(knots, *numbers[1:3]), Kind("silu", outside)
    found = engine.sums(numbers[0], parts, numbers[3], kind, path)
    wanted = reference.sums(numbers[0], parts, numbers[3], kind)
    pairs = zip(*(torch.autograd.grad(one.sum(), numbers) for one in (found, wanted)), strict=True)
    for one, other in [(found, wanted), *pairs]:
        assert (one - other).abs().max() <= 1e-12 * max(1.0, float(other.detach().abs().max()))


@pytest.mark.parametrize("path", WAYS)
@given(
    seed=st.integers(0, 2**32), order=st.integers(1, 5), grid=st.integers(1, 40), sources=st.integers(1, 40),
    targets=st.integers(1, 70), rows=st.integers(1, 700), even=st.booleans(), wide=st.booleans(), by_row=st.booleans(),
    base=st.sampled_from(("silu", "identity", "zero")), outside=st.sampled_from(("zero", "linear")),
)  # fmt: skip
def test_every_way_gives_the_references_values_and_gradients(
    path, seed, order, grid, sources, targets, rows, even, wide, by_row, base, outside
):
    dtype = torch.float64 if wide else torch.float32
    rng = torch.Generator().manual_seed(seed)
    parts = layer(rng, sources, targets, grid, order, even=even, dtype=dtype)
    coef = parts.coef.transpose(1, 2).contiguous().transpose(1, 2) if by_row else parts.coef  # as KANLayer has it
    numbers = [points(rng, parts, rows), coef, parts.weight, torch.randn(targets, generator=rng).to(dtype)]
    x, coef, weight, bias = (part.requires_grad_(True) for part in numbers)
    kind, parts = Kind(base, outside), Parts(parts.knots, coef, weight)
    grad = torch.randn(rows, targets, generator=rng).to(dtype)
    wanted = reference.sums(x, parts, bias, kind)
    found = engine.sums(x, parts, bias, kind, path)
    pairs = [(found, wanted)]
    pairs += zip(
        torch.autograd.grad(found, (x, coef, weight, bias), grad),
        torch.autograd.grad(wanted, (x, coef, weight, bias), grad),
        strict=True,
    )
    for one, other in pairs:
        size = max(1.0, float(other.detach().abs().max()))
        tolerance = (1e-12 if wide else 5e-5) * (1 + order) ** 2
        assert float((one - other).detach().abs().max()) <= tolerance * size


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("outside", ["zero", "linear"])
@pytest.mark.parametrize("even", [True, False])
def test_gradients_and_their_gradients_pass_gradcheck(path, outside, even):
    rng = torch.Generator().manual_seed(3)
    parts = layer(rng, 2, 3, 4, 3, even=even, dtype=torch.float64)
    numbers = [points(rng, parts, 5), parts.coef, parts.weight, torch.randn(3, generator=rng).double()]
    inputs = tuple(part.requires_grad_(True) for part in numbers)

    def sums(x, coef, weight, bias):
        return engine.sums(x, Parts(parts.knots, coef, weight), bias, Kind("silu", outside), path)

    assert torch.autograd.gradcheck(sums, inputs)
    assert torch.autograd.gradgradcheck(sums, inputs)


@pytest.mark.parametrize("path", WAYS)
def test_transforms_of_torch_func_go_through(path):
    torch.manual_seed(0)
    module = kanviz.KANLayer(3, 4, dtype=torch.float64, path=path)
    parameters = {name: value.detach() for name, value in module.named_parameters() if value.numel()}
    x = torch.randn(6, 3).double()

    def run(parameters, x):
        return torch.func.functional_call(module, parameters, (x,))

    jacobian = torch.func.vmap(torch.func.jacrev(run, argnums=1), in_dims=(None, 0))(parameters, x[:, None])
    by_hand = torch.stack([torch.autograd.functional.jacobian(lambda row: module(row), row[None]) for row in x])
    assert torch.allclose(jacobian.squeeze(), by_hand.squeeze(), atol=1e-12)
    slopes = torch.func.grad(lambda parameters, x: run(parameters, x).sin().sum())
    by_row = torch.func.vmap(slopes, in_dims=(None, 0))(parameters, x)["coef"]
    assert by_row.shape == (6, *module.coef.shape)
    assert torch.allclose(by_row.sum(0), slopes(parameters, x)["coef"])
    many = {name: torch.stack([value, 2 * value]) for name, value in parameters.items()}
    both = torch.func.vmap(run, in_dims=(0, None))(many, x)
    assert torch.allclose(both[1], 2 * module(x), atol=1e-12)
    twice = torch.func.jacrev(torch.func.jacrev(lambda row: run(parameters, row[None]).sum()))(x[0])
    by_hand = torch.autograd.functional.hessian(lambda row: module(row[None]).sum(), x[0])
    assert isinstance(by_hand, Tensor)
    assert torch.allclose(twice, by_hand, atol=1e-11)


COMPILED = """
import kanviz, torch
torch.manual_seed(1)
for outside in ("zero", "linear"):
    layer = kanviz.KANLayer(3, 4, dtype=torch.float64, outside=outside)
    x = torch.randn(7, 3, dtype=torch.float64)
    torch.compile(layer, backend="aot_eager", fullgraph=True)(x).sin().sum().backward()
    gradient, layer.coef.grad = layer.coef.grad, None
    layer(x).sin().sum().backward()
    assert torch.allclose(gradient, layer.coef.grad, atol=1e-12)
"""


def test_a_compiled_layer_is_the_same_layer_in_one_graph():
    # in a process of its own: the shape checks of the tests cannot be compiled
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_knots_without_a_width_carry_no_curve():
    knots = torch.zeros(1, 9)
    for path in WAYS:
        parts = Parts(knots, torch.ones(1, 1, 5), torch.zeros(1, 1))
        y = engine.sums(torch.tensor([[0.5], [-2.0]]), parts, torch.zeros(1), Kind("silu", "zero"), path)
        assert y.tolist() == [[0], [0]], path


@pytest.mark.skipif("native" not in WAYS, reason="no C kernel was built here")
def test_two_threads_compute_the_same_bits():
    rng = torch.Generator().manual_seed(5)
    parts = layer(rng, 40, 50, 7, 3, even=True, dtype=torch.float32)
    x, bias, kind = points(rng, parts, 900), torch.zeros(50), Kind("silu", "zero")
    grad = torch.randn(900, 50, generator=rng)
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            into = native.backward(grad, x, parts, kind, of_x=True, of_parts=True)
            results.append((native.forward(x, parts, bias, kind), *into))
        finally:
            torch.set_num_threads(1)
    assert all(torch.equal(one, two) for one, two in zip(*results, strict=True))


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize(("base", "outside"), [*product(("silu", "identity", "zero"), ("zero", "linear"))])
def test_what_is_infinite_or_huge_gives_the_same_by_every_way(path, dtype, even, base, outside):
    rng, kind = torch.Generator().manual_seed(1), Kind(base, outside)
    most = torch.finfo(dtype).max
    x = torch.tensor(
        [float("nan"), float("inf"), float("-inf"), most, -most, 1e-3 * most, 1e30, -1e30, 90, -90, -720, 0.2]
    )
    for order in range(1, 6):
        parts = layer(rng, 1, 1, 6, order, even=even, dtype=dtype)
        parts = parts._replace(coef=parts.coef.abs())  # so that no sum overflows but by x
        at = x.to(dtype)[:, None].requires_grad_(True)
        wanted = reference.sums(at, parts, torch.zeros(1, dtype=dtype), kind)
        (rate,) = torch.autograd.grad(wanted.sum(), at)
        value, slope = slopes_of(parts, at.detach(), kind, path)
        far = wanted.detach()[:, 0].abs() > 1e-4 * most  # the last digits before overflow are each way's own
        close = torch.isclose(value, wanted.detach()[:, 0], rtol=1e-4, atol=1e-4, equal_nan=True)
        assert bool((close | far).all()), (order, value, wanted)
        same = torch.isclose(slope, rate[:, 0], rtol=1e-4, atol=1e-3, equal_nan=True)
        assert bool(same[1:].all()), (order, slope, rate)  # of what is no number, the value says it
        if (base, outside) == ("zero", "zero"):
            assert value[1:3].tolist() == [0, 0]


def test_what_is_not_a_number_stays_in_its_row():
    for path in WAYS:
        module = kanviz.KANLayer(2, 3, path=path)
        x = torch.zeros(5, 2)
        x[2, 1] = float("nan")
        y = module(x)
        assert y[2].isnan().all()
        assert y[[0, 1, 3, 4]].isfinite().all(), path


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_training_goes_the_same_way_by_every_path(dtype):
    x = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)).to(dtype) * 2 - 1
    y = (x[:, :1] * x[:, 1:]).sin()
    losses = {}
    for path in WAYS:
        model = torch.nn.Sequential(*(kanviz.KANLayer(a, b, dtype=dtype, path=path) for a, b in ((2, 5), (5, 1))))
        steps = torch.optim.Adam(model.parameters(), lr=0.02)
        losses[path] = []
        for _ in range(30):
            steps.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            steps.step()
            losses[path].append(loss.item())
    first = torch.tensor(losses[WAYS[0]])
    for path in WAYS[1:]:
        assert torch.allclose(torch.tensor(losses[path]), first, rtol=1e-9 if dtype == torch.float64 else 1e-3)


SCRIPT = """
import json, torch, kanviz
from kanviz.core.engine import native
torch.manual_seed(0)
x = torch.randn(300, 5, requires_grad=True)
out = {"instructions": native.instructions}
for name, dtype in (("float", torch.float32), ("double", torch.float64)):
    for outside in ("zero", "linear"):
        layer = kanviz.KANLayer(5, 21, grid=30, dtype=dtype, outside=outside)
        y = layer(x.to(dtype))
        y.sin().sum().backward()
        out[name + outside] = [part.double().sum().item() for part in (y, layer.coef.grad.abs(), x.grad)]
print(json.dumps(out))
"""
NEEDS = {
    "avx512": {"avx512f", "avx512dq", "avx512vl", "avx512bw", "avx2", "fma"},
    "avx2": {"avx2", "fma"},
    "plain": set(),
}


def best_up_to(wanted: str) -> str:
    """The instructions that the kernel takes where it may use these: the first from them on that this processor has."""
    flags = set(Path("/proc/cpuinfo").read_text().split()) if Path("/proc/cpuinfo").exists() else set()
    ladder = list(NEEDS)[list(NEEDS).index(wanted) :]
    return next(name for name in ladder if NEEDS[name] <= flags)


def sums_by(wanted: str, script: str) -> dict[str, Any]:
    """What the script prints where the kernel is kept to these instructions."""
    environment = {**os.environ, "KANVIZ_INSTRUCTIONS": wanted}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sums_by_torch() -> dict[str, Any]:
    return sums_by("none", SCRIPT)


@pytest.mark.skipif("native" not in WAYS, reason="no C kernel was built here")
@pytest.mark.parametrize("wanted", NEEDS)
def test_every_instruction_set_runs_and_agrees_with_torch_alone(wanted, sums_by_torch):
    found = sums_by(wanted, SCRIPT)
    assert found["instructions"] == best_up_to(wanted)
    for name, numbers in found.items():
        if name != "instructions":
            assert numbers == pytest.approx(sums_by_torch[name], rel=1e-4), name
    if found["instructions"] != wanted:
        pytest.skip(f"this processor has no {wanted}: the kernel ran as {found['instructions']}")


def test_without_a_kernel_torch_alone_is_said(sums_by_torch):
    assert sums_by_torch["instructions"] == "none"


def test_a_way_that_cannot_be_gone_is_said():
    x = torch.zeros(1, 2)
    parts = Parts(uniform_knots(-1, 1, 2, 6, 2).float(), torch.zeros(2, 1, 8), torch.zeros(2, 1))
    with pytest.raises(RuntimeError, match="C kernel"):
        engine.sums(x, parts, torch.zeros(1), Kind("silu", "zero"), "native")
    assert engine.sums(x, parts, torch.zeros(1), Kind("silu", "zero")).shape == (1, 1)
