"""Compute a layer with the C kernel, if it was built; it differs from torch's paths in speed only.

It is an optional extension of the package: built where there is a C compiler, absent otherwise. The environment
variable KANVIZ_INSTRUCTIONS, read once at import, limits it to "avx2" or "plain" instructions, or with "none" turns it
off.
"""

import os
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from kanviz.core.engine.checks import check_memory
from kanviz.core.engine.parts import MOST_ORDER, Kind, Parts
from kanviz.errors import LayerError

_BASES = {"zero": 0, "silu": 1, "identity": 2}


def _found() -> ModuleType | None:
    if os.environ.get("KANVIZ_INSTRUCTIONS") == "none":
        return None
    try:
        return import_module("kanviz.core.engine.native._kernel")
    except ImportError:
        return None


_kernel = _found()
instructions: str = _kernel.instructions if _kernel else "none"


def takes(x: Tensor, parts: Parts, base: str) -> bool:
    """Return whether the kernel exists, has this base function, and takes these numbers.

    They are on the CPU, of order 1 to 5, not empty, and of one dtype.
    """
    knots, coef, weight = parts
    return (
        _kernel is not None
        and base in _BASES
        and x.is_cpu
        and (x.dtype is torch.float32 or x.dtype is torch.float64)
        and x.dtype is coef.dtype is knots.dtype is weight.dtype
        and 1 <= knots.shape[1] - coef.shape[2] - 1 <= min(MOST_ORDER, coef.shape[2] - 1)
        and x.numel() > 0
        and coef.numel() > 0
    )


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """Compute the sums (rows, target) at x (rows, source)."""
    parts, by_row = _ready(parts)
    y = x.new_empty(x.shape[0], parts.coef.shape[1])
    _run(0, _side_by_side(x), parts, by_row, kind, _side_by_side(bias), y)
    return y


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Compute the gradients of x, coef, weight and bias; None for those not requested."""
    parts, by_row = _ready(parts)
    x = _side_by_side(x)
    into_x = torch.empty_like(x) if of_x else None
    into_coef = into_weight = into_bias = None
    if of_parts:
        into_coef, into_weight = torch.empty_like(parts.coef), torch.empty_like(parts.weight)
        into_bias = grad.new_empty(grad.shape[1])
    into = (into_x, into_coef, into_weight, into_bias)
    _run(1, x, parts, by_row, kind, None, _side_by_side(grad), *into)
    return into


def release() -> None:
    """Free the scratch memory that this thread reuses between calls, at most 48 MiB."""
    if _kernel is not None:
        _kernel.release()


def _side_by_side(one: Tensor) -> Tensor:
    """Return the values contiguous in memory, row by row, as a new tensor object whose memory nobody else replaces."""
    if one._is_zerotensor():
        return torch.zeros(one.shape, dtype=one.dtype)
    if not one.is_contiguous():
        check_memory(one)  # before it is copied
    return one.detach().contiguous().resolve_neg()


def _ready(parts: Parts) -> tuple[Parts, bool]:
    """Make all parts contiguous in memory.

    Coefficients may also be in the order (source, basis, target), which is fastest for the kernel; the second result
    says so.
    """
    coef = parts.coef.detach()
    by_row = coef.stride() == (coef.shape[1] * coef.shape[2], 1, coef.shape[1])
    coef = coef.resolve_neg() if by_row else _side_by_side(coef)
    return Parts(_side_by_side(parts.knots), coef, _side_by_side(parts.weight)), by_row


def _span(one: Tensor) -> tuple[int, int]:
    """Return the address of a tensor's first number, and the number of bytes in its storage from there."""
    return one.data_ptr(), int(one.untyped_storage().nbytes() - one.storage_offset() * one.element_size())


def _run(
    backward: int, x: Tensor, parts: Parts, by_row: bool, kind: Kind, bias: Tensor | None, y: Tensor,
    into_x: Tensor | None = None, into_coef: Tensor | None = None, into_weight: Tensor | None = None,
    into_bias: Tensor | None = None,
) -> None:  # fmt: skip
    assert _kernel is not None
    sources, targets, count = parts.coef.shape
    arrays = (x, *parts, bias, y, into_x, into_coef, into_weight, into_bias)
    spans = [(0, 0) if one is None else _span(one) for one in arrays]
    try:
        _kernel.run(
            backward, x.dtype == torch.float64, x.shape[0], sources, targets, count, parts.order, _BASES[kind.base],
            kind.outside == "linear", torch.get_num_threads(), by_row, *spans,
        )  # fmt: skip
    except ValueError as refusal:
        check_memory(*(one for one in arrays if one is not None))
        raise LayerError(f"The C kernel refuses this layer: {refusal}.") from None
