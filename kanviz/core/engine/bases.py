"""Defines BASE_CURVES, the table of base functions: what each computes, and what bounds of it need; each is one row."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from kanviz.core.special import gaussian

Curve = Callable[[Tensor], Tensor]
LEAK = 0.01  # slope of torch's leaky_relu on the left
_FAR = 30.0  # exp(-30^2) is 0


@dataclass(frozen=True)
class Base:
    """A base function, as torch's activation of this name computes it by default.

    curvature: second derivative · sympy: from the sympy module and an expression · steepest, bend: at least the
    greatest |slope| and |curvature| · turns: where its minima and maxima are, each again after every `period` if that
    is not 0 · kink: jump of its slope at 0 · loses: it is a product that cancels, so its error is in units of x.
    """

    value: Curve
    slope: Curve
    curvature: Curve
    sympy: Callable[[Any, Any], Any]
    steepest: float
    bend: float
    turns: tuple[float, ...] = ()
    period: float = 0.0
    kink: float = 0.0
    loses: bool = False

    @property
    def curves(self) -> tuple[Curve, Curve, Curve]:
        """The function and its first two derivatives."""
        return self.value, self.slope, self.curvature


def _silu_curvature(x: Tensor) -> Tensor:
    s = x.sigmoid()  # silu = x s
    return s * (-x).sigmoid() * (2 + x * (1 - 2 * s))


def _density(x: Tensor) -> Tensor:
    return torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def _gelu_slope(x: Tensor) -> Tensor:
    near = x.clamp(-2 * _FAR, 2 * _FAR)
    return 0.5 * torch.special.erfc(-x / math.sqrt(2)) + near * _density(near)


def _gelu_curvature(x: Tensor) -> Tensor:
    near = x.clamp(-2 * _FAR, 2 * _FAR)
    return _density(near) * (2 - near * near)


def _gelu_tanh(x: Tensor) -> Tensor:
    return functional.gelu(x, approximate="tanh")


def _gelu_tanh_parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x within a range, tanh u of gelu_tanh = x (1 + tanh u) / 2, and the first two derivatives of u."""
    near, scale = x.clamp(-2 * _FAR, 2 * _FAR), math.sqrt(2 / math.pi)
    square = near * near
    return (
        near,
        (scale * near * (1 + 0.044715 * square)).tanh(),
        scale * (1 + 0.134145 * square),
        0.26829 * scale * near,
    )


def _gelu_tanh_slope(x: Tensor) -> Tensor:
    x, t, first, _ = _gelu_tanh_parts(x)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * first


def _gelu_tanh_curvature(x: Tensor) -> Tensor:
    x, t, first, second = _gelu_tanh_parts(x)
    return (1 - t * t) * (first + 0.5 * x * (second - 2 * t * first * first))


def _mish_slope(x: Tensor) -> Tensor:
    t, near = functional.softplus(x).tanh(), x.clamp(max=_FAR)
    return t + near * near.sigmoid() * (1 - t * t)


def _mish_curvature(x: Tensor) -> Tensor:
    x = x.clamp(max=_FAR)
    s, t = x.sigmoid(), functional.softplus(x).tanh()
    return (1 - t * t) * s * (2 + x * (1 - s - 2 * t * s))


def _ramp_slope(x: Tensor, left: float) -> Tensor:
    """Return 1 to the right of 0, `left` elsewhere."""
    return torch.where(x > 0, torch.ones_like(x), left)


def _erf_gelu(s: Any, u: Any) -> Any:
    return u * (1 + s.erf(u / s.sqrt(2))) / 2


def _tanh_gelu(s: Any, u: Any) -> Any:
    return u * (1 + s.tanh(s.sqrt(2 / s.pi) * (u + s.Rational(44715, 10**6) * u**3))) / 2


def _ramp(s: Any, u: Any) -> Any:
    return (u + s.Abs(u)) / 2


BASE_CURVES: dict[str, Base] = {
    "silu": Base(
        functional.silu, lambda x: x.sigmoid() * (1 + x * (-x).sigmoid()), _silu_curvature,
        lambda s, u: s.Function("silu", real=True)(u), 1.1, 0.5, (-1.2784645427610738,),
    ),
    "identity": Base(lambda x: x, torch.ones_like, torch.zeros_like, lambda s, u: u, 1, 0),
    "zero": Base(torch.zeros_like, torch.zeros_like, torch.zeros_like, lambda s, u: s.Integer(0), 0, 0),
    "gelu": Base(
        functional.gelu, _gelu_slope, _gelu_curvature, _erf_gelu, 1.1291, 0.798, (-0.7517915246935645,), loses=True
    ),
    "gelu_tanh": Base(
        _gelu_tanh, _gelu_tanh_slope, _gelu_tanh_curvature, _tanh_gelu, 1.1292, 0.799, (-0.7524614220710163,),
        loses=True,
    ),
    "relu": Base(
        torch.relu, lambda x: _ramp_slope(x, 0.0), torch.zeros_like, _ramp, 1, 0, kink=1.0
    ),
    "leaky_relu": Base(
        lambda x: functional.leaky_relu(x, LEAK), lambda x: _ramp_slope(x, LEAK), torch.zeros_like,
        lambda s, u: (1 + LEAK) / 2 * u + (1 - LEAK) / 2 * s.Abs(u), 1, 0, kink=1 - LEAK,
    ),
    "elu": Base(
        functional.elu, lambda x: x.clamp(max=0).exp(), lambda x: torch.where(x > 0, 0.0, x.clamp(max=0).exp()),
        lambda s, u: _ramp(s, u) + s.exp((u - s.Abs(u)) / 2) - 1, 1, 1,
    ),
    "mish": Base(
        functional.mish, _mish_slope, _mish_curvature, lambda s, u: u * s.tanh(s.log(1 + s.exp(u))), 1.0886, 0.645,
        (-1.1924312145154952,),
    ),
    "tanh": Base(
        torch.tanh, lambda x: 1 - x.tanh() ** 2, lambda x: -2 * x.tanh() * (1 - x.tanh() ** 2),
        lambda s, u: s.tanh(u), 1, 0.77,
    ),
    "sigmoid": Base(
        torch.sigmoid, lambda x: x.sigmoid() * (-x).sigmoid(),
        lambda x: x.sigmoid() * (-x).sigmoid() * (1 - 2 * x.sigmoid()), lambda s, u: 1 / (1 + s.exp(-u)), 0.25, 0.0963,
    ),
    "gaussian": Base(
        gaussian, lambda x: -2 * x.clamp(-_FAR, _FAR) * gaussian(x),
        lambda x: (4 * x.clamp(-_FAR, _FAR) ** 2 - 2) * gaussian(x), lambda s, u: s.exp(-(u**2)), 0.858, 2, (0.0,),
        loses=True,
    ),
    "sin": Base(
        torch.sin, torch.cos, lambda x: -x.sin(), lambda s, u: s.sin(u), 1, 1, (-math.pi / 2, math.pi / 2),
        period=2 * math.pi,
    ),
}  # fmt: skip


def slope_only(base: str, x: Tensor) -> Tensor:
    """Compute the base function's slope in one pass; the result is not differentiable."""
    return torch.ops.aten.silu_backward(torch.ones_like(x), x) if base == "silu" else BASE_CURVES[base].slope(x)
