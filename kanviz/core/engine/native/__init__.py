"""The C kernel of a layer, where it was built: chosen at import, told apart from torch's path by speed alone.

It is an optional extension of the package: installed where there is a compiler for C, absent otherwise. The environment
variable KANVIZ_INSTRUCTIONS, read once, keeps it to "avx2" or "plain" instructions, or with "none" unused.
"""

import os
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from kanviz.core.engine.parts import MOST_ORDER, Kind, Parts

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
    """Whether the kernel is there and made for these numbers: on the CPU, order 1 to 5, not empty."""
    return (
        _kernel is not None
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.float64)
        and 1 <= parts.order <= MOST_ORDER
        and parts.coef.shape[2] > parts.order
        and x.numel() > 0
        and parts.coef.numel() > 0
    )


def forward(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """The sums at x (rows, source): (rows, target)."""
    parts, by_row = _ready(parts)
    y = x.new_empty(x.shape[0], parts.coef.shape[1])
    _run(0, x.contiguous(), parts, by_row, kind, bias.contiguous(), y)
    return y


def backward(
    grad: Tensor, x: Tensor, parts: Parts, kind: Kind, *, of_x: bool, of_parts: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Gradients of x, coef, weight and bias; None for those not asked for."""
    parts, by_row = _ready(parts)
    x = x.contiguous()
    into_x = torch.empty_like(x) if of_x else None
    into_coef = into_weight = into_bias = None
    if of_parts:
        into_coef, into_weight = torch.empty_like(parts.coef), torch.empty_like(parts.weight)
        into_bias = grad.new_empty(grad.shape[1])
    into = (into_x, into_coef, into_weight, into_bias)
    _run(1, x, parts, by_row, kind, None, grad.contiguous(), *into)
    return into


def release() -> None:
    """Free the scratch memory that this thread keeps for its next call, at most 48 MiB."""
    if _kernel is not None:
        _kernel.release()


def _ready(parts: Parts) -> tuple[Parts, bool]:
    """Everything side by side in memory, coefficients as their shape says or, as the kernel likes best, (source, basis,
    target).
    """
    coef = parts.coef
    by_row = coef.stride() == (coef.shape[1] * coef.shape[2], 1, coef.shape[1])
    if not by_row:
        coef = coef.contiguous()
    return Parts(parts.knots.contiguous(), coef, parts.weight.contiguous()), by_row


def _run(
    backward: int, x: Tensor, parts: Parts, by_row: bool, kind: Kind, bias: Tensor | None, y: Tensor,
    into_x: Tensor | None = None, into_coef: Tensor | None = None, into_weight: Tensor | None = None,
    into_bias: Tensor | None = None,
) -> None:  # fmt: skip
    assert _kernel is not None
    knots, coef, weight = parts
    sources, targets, count = coef.shape
    addresses = [0 if one is None else one.data_ptr() for one in (bias, y, into_x, into_coef, into_weight, into_bias)]
    _kernel.run(
        backward, x.dtype == torch.float64, x.shape[0], sources, targets, count, knots.shape[1] - count - 1,
        _BASES[kind.base], kind.outside == "linear", torch.get_num_threads(), by_row, x.data_ptr(), knots.data_ptr(),
        coef.data_ptr(), weight.data_ptr(), *addresses,
    )  # fmt: skip
