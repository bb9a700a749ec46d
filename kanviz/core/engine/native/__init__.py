"""The C kernel of a layer, where it was built: chosen at import, told apart from torch's path by speed alone.

It is an optional extension of the package: installed where there is a compiler for C, absent otherwise. The environment
variable KANVIZ_INSTRUCTIONS, read once, keeps it to "avx2" or "plain" instructions, or with "none" unused.
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


def takes(x: Tensor, parts: Parts) -> bool:
    """Whether the kernel is there and made for these numbers: on the CPU, order 1 to 5, not empty, of one precision."""
    knots, coef, weight = parts
    return (
        _kernel is not None
        and x.is_cpu
        and (x.dtype is torch.float32 or x.dtype is torch.float64)
        and x.dtype is coef.dtype is knots.dtype is weight.dtype
        and 1 <= knots.shape[1] - coef.shape[2] - 1 <= min(MOST_ORDER, coef.shape[2] - 1)
        and x.numel() > 0
        and coef.numel() > 0
    )


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """Compute the sums at x (rows, source): (rows, target)."""
    parts, by_row = _ready(parts)
    y = x.new_empty(x.shape[0], parts.coef.shape[1])
    _run(0, _side_by_side(x), parts, by_row, kind, _side_by_side(bias), y)
    return y


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Compute the gradients of x, coef, weight and bias; None for those not asked for."""
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
    """Free the scratch memory that this thread keeps for its next call, at most 48 MiB."""
    if _kernel is not None:
        _kernel.release()


def _side_by_side(one: Tensor) -> Tensor:
    """The numbers themselves in memory, row by row, as a tensor of our own: nobody gives it other memory meanwhile."""
    if one._is_zerotensor():
        return torch.zeros(one.shape, dtype=one.dtype)
    if not one.is_contiguous():
        check_memory(one)  # before it is copied
    return one.detach().contiguous().resolve_neg()


def _ready(parts: Parts) -> tuple[Parts, bool]:
    """Everything side by side in memory, coefficients as their shape says or, as the kernel likes best, (source, basis,
    target).
    """
    coef = parts.coef.detach()
    by_row = coef.stride() == (coef.shape[1] * coef.shape[2], 1, coef.shape[1])
    coef = coef.resolve_neg() if by_row else _side_by_side(coef)
    return Parts(_side_by_side(parts.knots), coef, _side_by_side(parts.weight)), by_row


def _span(one: Tensor) -> tuple[int, int]:
    """Where a tensor's numbers begin, and how many bytes there are from there on."""
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
