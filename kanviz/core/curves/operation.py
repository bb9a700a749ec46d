"""Compute the curves of units by the C kernel or by torch's own operations, which agree up to rounding."""

import warnings

import torch
from torch import Tensor

from kanviz.core.curves import plain
from kanviz.core.curves.checks import check, check_gradient
from kanviz.core.engine import HALVES
from kanviz.core.engine.checks import check_memory
from kanviz.core.engine.native import curves as native
from kanviz.core.torch_modes import (
    TracerWarning,
    forward_mode,
    has_numbers,
    is_autocast,
    is_tracing,
    is_transforming,
    recorded,
    without_autocast,
)


def values(x: Tensor, knots: Tensor, coef: Tensor, units: int, *, by_unit: bool) -> Tensor:
    """Compute each unit's curve at x: (unit, rows) if `by_unit`, else (rows, unit), to the same shape.

    knots (knot), evenly spaced · coef (curve, basis): control points; `units / curves` neighbouring units have one
    curve. In float32 or float64; curves of half precision are computed in float32 and rounded once; under autocast
    curves in float32 take x of any precision and return float32. Raises LayerError where the numbers do not fit.
    """
    if is_autocast():
        with without_autocast(x.device):
            return values(x.to(coef.dtype) if x.dtype in HALVES else x, knots, coef, units, by_unit=by_unit)
    if x.dtype in HALVES and knots.dtype is x.dtype is coef.dtype:
        return values(x.float(), knots.float(), coef.float(), units, by_unit=by_unit).to(x.dtype)
    if is_tracing():
        with warnings.catch_warnings():  # ignore the warning that sizes are constants of the trace
            warnings.simplefilter("ignore", TracerWarning)
            check(x, knots, coef, units, by_unit=by_unit)
            return plain.values(x, knots, coef, by_unit=by_unit)
    check(x, knots, coef, units, by_unit=by_unit)
    if recorded() or is_transforming() or forward_mode() or not all(map(has_numbers, (x, knots, coef))):
        return plain.values(x, knots, coef, by_unit=by_unit)
    if native.takes(x, knots, coef):
        return _Values.apply(x, knots, coef, by_unit)  # pyright: ignore[reportReturnType]
    check_memory(x, knots, coef)
    return plain.values(x, knots, coef, by_unit=by_unit)


class _Values(torch.autograd.Function):
    """The kernel as a function for autograd, which saves only its arguments."""

    @staticmethod
    def forward(ctx, x: Tensor, knots: Tensor, coef: Tensor, by_unit: bool) -> Tensor:  # pyright: ignore
        ctx.save_for_backward(x, knots, coef)
        ctx.by_unit = by_unit
        return native.forward(x, knots, coef, by_unit=by_unit)

    @staticmethod
    def backward(ctx, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        x, knots, coef = ctx.saved_tensors
        of_x, _, of_coef, _ = ctx.needs_input_grad
        check_gradient(grad, x, knots, coef, by_unit=ctx.by_unit)
        if torch.is_grad_enabled() or not native.takes(x, knots, coef) or not has_numbers(grad):
            into_x, into_coef = _plain_gradients(grad, x, knots, coef, ctx.by_unit)
        else:
            into_x, into_coef = native.backward(grad, x, knots, coef, by_unit=ctx.by_unit, of_x=of_x, of_coef=of_coef)
        return into_x if of_x else None, None, into_coef if of_coef else None, None


def _plain_gradients(grad: Tensor, x: Tensor, knots: Tensor, coef: Tensor, by_unit: bool) -> tuple[Tensor | None, ...]:
    """Compute the gradients of x and coef by torch's operations, so that they are differentiable again."""
    again = torch.is_grad_enabled()
    with torch.enable_grad(), without_autocast(x.device):
        inputs = [one if one.requires_grad else one.detach().requires_grad_(True) for one in (x, coef)]
        y = plain.values(inputs[0], knots, inputs[1], by_unit=by_unit)
        return torch.autograd.grad(y, inputs, grad, create_graph=again)
