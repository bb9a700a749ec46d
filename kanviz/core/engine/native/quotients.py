"""Compute learned quotients of polynomials with the C kernel; it differs from torch's operations in speed only."""

import torch
from torch import Tensor

from kanviz.core.engine import native
from kanviz.core.engine.checks import check_memory
from kanviz.errors import LayerError

COEFFICIENTS = 10  # of a unit: those of x^0 .. x^5 above, then those of x^1 .. x^4 below


def takes(x: Tensor, coef: Tensor) -> bool:
    """Return whether the kernel exists and takes these numbers: on the CPU, not empty, both of one dtype."""
    return (
        hasattr(native._kernel, "run_quotients")  # no kernel, or one that was built before it had quotients
        and x.is_cpu
        and coef.is_cpu
        and (x.dtype is torch.float32 or x.dtype is torch.float64)
        and x.dtype is coef.dtype
        and x.numel() > 0
    )


def forward(x: Tensor, coef: Tensor) -> Tensor:
    """Compute each unit's quotient at x (rows, unit); coef (10, unit)."""
    x = native._side_by_side(x)
    y = torch.empty_like(x)
    _run(0, x, coef, y)
    return y


def backward(
    grad: Tensor, x: Tensor, coef: Tensor, *, of_x: bool, of_coef: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Compute the gradients of x and coef from the incoming gradient; None for one that is not requested."""
    x = native._side_by_side(x)
    into_x = torch.empty_like(x) if of_x else None
    into_coef = torch.empty(coef.shape, dtype=coef.dtype) if of_coef else None
    _run(1, x, coef, native._side_by_side(grad), into_x, into_coef)
    return into_x, into_coef


def _run(
    backward: int, x: Tensor, coef: Tensor, y: Tensor, into_x: Tensor | None = None, into_coef: Tensor | None = None
) -> None:
    assert native._kernel is not None
    arrays = (x, native._side_by_side(coef), y, into_x, into_coef)
    spans = [(0, 0) if one is None else native._span(one) for one in arrays]
    wide = x.dtype == torch.float64
    try:
        native._kernel.run_quotients(backward, wide, *x.shape, torch.get_num_threads(), *spans)
    except ValueError as refusal:
        check_memory(*(one for one in arrays if one is not None))
        raise LayerError(f"The C kernel refuses these quotients: {refusal}.") from None
