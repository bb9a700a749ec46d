"""Refuse arguments that a layer cannot compute, with a clear message, where `torch.nn.Linear` refuses them too."""

import torch
from torch import Tensor

from kanviz.core.engine.parts import Parts
from kanviz.errors import LayerError

MOST_ORDER = 10  # on any path; a layer has at least as many basis functions
PRECISIONS = (torch.float32, torch.float64)
_NAMES = ("knots", "coef", "base_weight")


def check(x: Tensor, parts: Parts, bias: Tensor) -> None:
    """Raise LayerError if x and the parts of a layer do not fit: in axes, width, precision, device or layout."""
    if not (_fit(x, *parts) and bias.shape == parts.coef.shape[1:2] and _alike(bias, x)):
        raise LayerError(_of_parts(parts, bias) or _of_x(x, parts))


def check_gradient(grad: Tensor, x: Tensor, parts: Parts) -> None:
    """Raise LayerError if an incoming gradient has not the sums' shape, precision and device, or parts have changed."""
    wanted = (x.shape[0], parts.coef.shape[1])
    if not _fit(x, *parts):
        raise LayerError(_of_parts(parts) or _of_x(x, parts))
    if grad.shape != wanted or not _alike(grad, x):
        raise LayerError(
            f"The gradient that comes into the layer is {_kind(grad)} of shape {tuple(grad.shape)}; the sums are "
            f"{_kind(x)} of shape {wanted}."
        )


def _fit(x: Tensor, knots: Tensor, coef: Tensor, weight: Tensor) -> bool:
    """Return whether x and the parts fit each other; written out for speed, since every call of a layer needs it."""
    if coef.ndim != 3 or knots.ndim != 2 or x.ndim != 2:
        return False
    sources, targets, count = coef.shape
    rows, more = knots.shape
    dtype, layout, device = x.dtype, x.layout, x.device
    return (
        1 <= more - count - 1 <= min(MOST_ORDER, count)
        and rows == sources == x.shape[1]
        and weight.shape == (sources, targets)
        and dtype in PRECISIONS
        and layout is torch.strided
        and dtype is coef.dtype is knots.dtype is weight.dtype
        and layout is coef.layout is knots.layout is weight.layout
        and device == coef.device == knots.device == weight.device
    )


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.dtype is other.dtype and one.layout is other.layout and one.device == other.device


def check_memory(*numbers: Tensor) -> None:
    """Raise LayerError for tensors whose memory was freed, as `untyped_storage().resize_(0)` does."""
    for one in numbers:
        last = 1 + sum((n - 1) * step for n, step in zip(one.shape, one.stride(), strict=True))
        room = one.untyped_storage().nbytes() - one.storage_offset() * one.element_size()
        if one.numel() and last * one.element_size() > room and not one._is_zerotensor():
            raise LayerError(
                f"A tensor of shape {tuple(one.shape)} has no memory behind it any more: its storage was resized to "
                f"{one.untyped_storage().nbytes()} bytes. Fill the layer's parameters before it is called."
            )


def _of_parts(parts: Parts, bias: Tensor | None = None) -> str:
    """Describe what is wrong with the layer itself; empty if nothing is."""
    named = dict(zip(_NAMES, parts, strict=True)) | ({} if bias is None else {"bias": bias})
    shapes = ", ".join(f"{name} {tuple(one.shape)}" for name, one in named.items())
    for what, found in (
        ("precisions", {name: _kind(one) for name, one in named.items()}),
        ("devices", {name: str(one.device) for name, one in named.items()}),
        ("layouts", {name: str(one.layout) for name, one in named.items()}),
    ):
        if len(set(found.values())) > 1:
            listed = ", ".join(f"{name} {kind}" for name, kind in found.items())
            return f"The parts of the layer have different {what}: {listed}. Change the whole layer, with .to(...)."
    fit = [one.ndim for one in parts] == [2, 3, 2]
    if fit:
        sources, targets, count = parts.coef.shape
        fit = (
            parts.knots.shape[0] == sources
            and parts.weight.shape == (sources, targets)
            and (bias is None or bias.shape == (targets,))
            and 1 <= parts.order <= min(MOST_ORDER, count)
        )
    if not fit:
        return (
            f"The parts of the layer do not fit each other: {shapes}. They are knots (source, knot), coef (source, "
            "target, basis), base_weight (source, target) and bias (target), with order + 1 knots more than basis "
            "functions. Change them together."
        )
    if parts.coef.dtype not in PRECISIONS:
        return f"The layer is in {_kind(parts.coef)}; it computes in float32 or float64. Change it, with .float()."
    if parts.coef.layout != torch.strided:
        return f"The parts of the layer are {parts.coef.layout}; they must be dense tensors."
    return ""


def _of_x(x: Tensor, parts: Parts) -> str:
    """Describe what is wrong with x, for a valid layer."""
    width = parts.coef.shape[0]
    if x.layout != torch.strided:
        return f"The layer takes dense numbers, and x is {x.layout}. Give it x.to_dense()."
    if x.ndim != 2 or x.shape[1] != width:
        return (
            f"The layer takes {width} value{'s' if width != 1 else ''} a row, and x has shape {tuple(x.shape)}. "
            "Choose its columns, or make the layer as wide as they are."
        )
    if x.device != parts.coef.device:
        return f"The layer is on {parts.coef.device} and x on {x.device}. Bring them together with .to(...)."
    mine, its = _kind(parts.coef), _kind(x)
    other = f", or change the layer with .to(torch.{its})" if x.dtype in PRECISIONS else ""
    return f"The layer is in {mine} and x in {its}. Give it x.to(torch.{mine}){other}."


def _kind(one: Tensor) -> str:
    return str(one.dtype).removeprefix("torch.")
