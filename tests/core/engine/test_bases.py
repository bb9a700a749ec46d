"""Every base function is torch's, with its own derivatives and bounds, on every way to compute a layer."""

import math

import pytest
import torch
from torch import Tensor, nn

import kanviz
from kanviz.core import engine
from kanviz.core.engine import BASE_CURVES, Kind, Parts, reference
from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.spline import uniform_knots

TORCH: dict[str, nn.Module] = {
    "silu": nn.SiLU(), "identity": nn.Identity(), "gelu": nn.GELU(), "gelu_tanh": nn.GELU(approximate="tanh"),
    "relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(), "elu": nn.ELU(), "mish": nn.Mish(), "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
}  # fmt: skip
EVERY = pytest.mark.parametrize("base", list(BASE_CURVES))


def points(dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.cat([torch.linspace(-12, 12, 1001), torch.tensor([-1e4, 1e4])]).to(dtype)


@pytest.mark.parametrize("base", list(TORCH))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_base_function_computes_what_torchs_activation_does(base: str, dtype: torch.dtype) -> None:
    x = points(dtype)
    assert torch.equal(BASE_CURVES[base].value(x), TORCH[base](x))


@EVERY
@pytest.mark.parametrize("derivative", [1, 2])
def test_a_derivative_is_that_of_the_function_before_it(base: str, derivative: int) -> None:
    x = points().requires_grad_(True)
    curves = BASE_CURVES[base].curves
    before = curves[derivative - 1](x)
    rate = torch.autograd.grad(before.sum(), x)[0] if before.requires_grad else torch.zeros_like(x)
    found = curves[derivative](x).detach()
    smooth = torch.ones_like(x, dtype=torch.bool) if base not in ("relu", "leaky_relu", "elu") else x.detach() != 0
    assert (found - rate)[smooth].abs().max() < 1e-9


@EVERY
def test_slope_and_curvature_stay_within_their_bounds_and_nearly_reach_them(base: str) -> None:
    x, curve = torch.linspace(-8, 8, 16_001, dtype=torch.float64), BASE_CURVES[base]
    steepest, bend = float(curve.slope(x).abs().max()), float(curve.curvature(x).abs().max())
    assert curve.steepest - 0.002 <= steepest <= curve.steepest
    assert curve.bend - 0.002 <= bend <= curve.bend


@EVERY
def test_the_turns_are_where_the_slope_is_zero(base: str) -> None:
    curve = BASE_CURVES[base]
    for at in curve.turns:
        assert abs(float(curve.slope(torch.tensor(at, dtype=torch.float64)))) < 1e-15


@EVERY
@pytest.mark.parametrize("path", ["dense", "local", None])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_every_way_has_every_base_function(base: str, path: engine.Path | None, dtype: torch.dtype) -> None:
    rng = torch.Generator().manual_seed(3)
    parts = Parts(uniform_knots(-1, 1, 6, 3, 3, dtype), torch.randn(3, 2, 9, generator=rng).to(dtype),
                  torch.randn(3, 2, generator=rng).to(dtype))  # fmt: skip
    x = (4 * torch.randn(40, 3, generator=rng)).to(dtype)
    kind = Kind(base, "linear")
    at = x.clone().requires_grad_(True)
    wanted = reference.sums(at, parts, torch.zeros(2, dtype=dtype), kind)
    (rate,) = torch.autograd.grad(wanted.sum(), at)
    found = x.clone().requires_grad_(True)
    value = engine.sums(found, parts, torch.zeros(2, dtype=dtype), kind, path)
    (slope,) = torch.autograd.grad(value.sum(), found)
    tolerance = 1e-4 if dtype is torch.float32 else 1e-11
    assert torch.allclose(value, wanted, rtol=tolerance, atol=tolerance)
    assert torch.allclose(slope, rate, rtol=tolerance, atol=tolerance)


@EVERY
def test_a_kan_layer_has_every_base_function(base: str) -> None:
    layer = kanviz.KANLayer(2, 3, base=base, dtype=torch.float64)
    x = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    again = kanviz.KANLayer(2, 3, dtype=torch.float64)
    again.load_state_dict(layer.state_dict())
    assert torch.equal(again(x), layer(x))


@EVERY
def test_a_formula_of_base_functions_computes_what_the_network_does(base: str) -> None:
    kan = kanviz.init([2, 2, 1], base=base, seed=1)
    for n, layer in enumerate(kan.layers):
        weight = torch.linspace(-1, 1.5, layer.base_weight.numel(), dtype=torch.float64).reshape(
            layer.base_weight.shape
        )
        kan = kan.with_layer(n, coef=torch.zeros_like(layer.coef), base_weight=weight)
    rows = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    formula = kanviz.compose(kan, kanviz.Dataset.from_arrays(rows.numpy(), kan(rows).numpy(), test=0))
    assert formula.gap.largest < 1e-9


@pytest.mark.parametrize("base", ["relu", "leaky_relu"])
def test_bounds_hold_around_a_kink_between_two_borders_of_a_piece(base: str) -> None:
    kan = kanviz.init([1, 1], grid=3, base=base, seed=0)
    layer = kan.with_layer(0, coef=torch.zeros(1, 1, 6, dtype=torch.float64),
                           base_weight=torch.full((1, 1), -3.0, dtype=torch.float64)).layers[0]  # fmt: skip
    low = torch.tensor([[-0.01], [-0.001], [-0.3], [0.0]], dtype=torch.float64)
    high = torch.tensor([[0.02], [0.011], [0.9], [1e-3]], dtype=torch.float64)
    below, above = CurveBounds.of(layer)(low, high)
    x = low + torch.linspace(0, 1, 401, dtype=torch.float64)[:, None, None] * (high - low)
    y = layer.activations(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    assert bool(((y >= below - 1e-12) & (y <= above + 1e-12)).all())
    assert math.isfinite(float(above.max()))
