"""Refuse numbers that curves cannot be computed from, with a clear message."""

import torch
from torch import Tensor

from kanviz.core.curves.pieces import MOST_ORDER
from kanviz.core.engine.checks import PRECISIONS
from kanviz.core.torch_modes import can_be_read
from kanviz.errors import LayerError

_OFF = 0.02  # of an interval; knots that were rounded to half precision may lie so far from where they belong


def check(x: Tensor, knots: Tensor, coef: Tensor, units: int, *, by_unit: bool) -> None:
    """Raise LayerError if x and the parts of the curves do not fit: in axes, width, precision, device or layout."""
    wrong = _of_parts(knots, coef, units) or _of_x(x, coef, units, by_unit=by_unit)
    if wrong:
        raise LayerError(wrong)


def check_gradient(grad: Tensor, x: Tensor, knots: Tensor, coef: Tensor, *, by_unit: bool) -> None:
    """Raise LayerError if an incoming gradient has not x's shape, precision and device, or parts have changed."""
    check(x, knots, coef, x.shape[0 if by_unit else 1], by_unit=by_unit)
    if grad.shape != x.shape or grad.dtype is not x.dtype or grad.device != x.device or grad.layout is not x.layout:
        raise LayerError(
            f"The gradient that comes into the curves is {_kind(grad)} of shape {tuple(grad.shape)}; their values are "
            f"{_kind(x)} of shape {tuple(x.shape)}."
        )


def sound(knots: Tensor, coef: Tensor) -> bool:
    """Return whether knots ascend evenly, as far as the precision of their numbers allows; True if they have none."""
    if not can_be_read(knots) or knots.ndim != 1 or knots.numel() < 4 or not knots.numel() > coef.shape[-1]:
        return True
    exact = knots.detach().double()
    step = (exact[-1] - exact[0]) / (len(exact) - 1)
    off = (exact - exact[0] - step * torch.arange(len(exact), device=exact.device)).abs().amax()
    return bool((step > 0) & step.isfinite() & (off <= _OFF * step))


def _of_parts(knots: Tensor, coef: Tensor, units: int) -> str:
    if knots.dtype is not coef.dtype or knots.device != coef.device or knots.layout is not coef.layout:
        one, other = (f"{_kind(part)} on {part.device}, {part.layout}" for part in (knots, coef))
        return f"The curves have knots in {one} and coef in {other}. Change the whole module, with .to(...)."
    fits = knots.ndim == 1 and coef.ndim == 2 and coef.shape[0] > 0 and units % coef.shape[0] == 0
    if not fits or not 1 <= knots.shape[0] - coef.shape[1] - 1 <= min(MOST_ORDER, coef.shape[1] - 1):
        return (
            f"The parts of the curves do not fit each other: knots {tuple(knots.shape)}, coef {tuple(coef.shape)}, "
            f"{units} units. They are knots (knot) and coef (curve, basis), with order + 1 knots more than basis "
            "functions. Change them together."
        )
    if coef.dtype not in PRECISIONS:
        return f"The curves are in {_kind(coef)}; they are computed in float32 or float64. Change them, with .float()."
    if coef.layout != torch.strided:
        return f"The parts of the curves are {coef.layout}; they must be dense tensors."
    return ""


def _of_x(x: Tensor, coef: Tensor, units: int, *, by_unit: bool) -> str:
    if x.layout != torch.strided:
        return f"The curves take dense numbers, and x is {x.layout}. Give them x.to_dense()."
    if x.ndim != 2 or x.shape[0 if by_unit else 1] != units:
        where = "rows, one for each unit" if by_unit else f"value{'s' if units != 1 else ''} a row"
        return (
            f"The curves take {units} {where}, and x has shape {tuple(x.shape)}. "
            "Choose its units, or make the curves as wide as they are."
        )
    if x.device != coef.device:
        return f"The curves are on {coef.device} and x on {x.device}. Bring them together with .to(...)."
    if x.dtype is not coef.dtype:
        mine, its = _kind(coef), _kind(x)
        other = f", or change the curves with .to(torch.{its})" if x.dtype in PRECISIONS else ""
        return f"The curves are in {mine} and x in {its}. Give them x.to(torch.{mine}){other}."
    return ""


def _kind(one: Tensor) -> str:
    return str(one.dtype).removeprefix("torch.")
