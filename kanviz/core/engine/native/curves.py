"""Compute learned functions of single units with the C kernel; it differs from torch's operations in speed only."""

import torch
from torch import Tensor

from kanviz.core.engine import native
from kanviz.core.engine.checks import check_memory
from kanviz.core.engine.parts import MOST_ORDER
from kanviz.errors import LayerError

MOST_CELLS = 2**20


def takes(x: Tensor, knots: Tensor, coef: Tensor) -> bool:
    """Return whether the kernel exists and takes these numbers: on the CPU, not empty, of one dtype, order 1 to 5."""
    return (
        hasattr(native._kernel, "run_curves")  # no kernel, or one that was built before it had curves
        and x.is_cpu
        and (x.dtype is torch.float32 or x.dtype is torch.float64)
        and x.dtype is coef.dtype is knots.dtype
        and 1 <= knots.shape[0] - coef.shape[1] - 1 <= min(MOST_ORDER, coef.shape[1] - 1)
        and coef.shape[1] <= MOST_CELLS
        and x.numel() > 0
        and coef.numel() > 0
    )


def forward(x: Tensor, knots: Tensor, coef: Tensor, *, by_unit: bool) -> Tensor:
    """Compute each unit's curve at x, (unit, rows) if `by_unit`, else (rows, unit).

    The result lies in memory as x does, so that neither is copied.
    """
    x, by_row = _in_order(x, by_unit=by_unit)
    y = torch.empty_like(x)
    _run(0, (x, by_row), (knots, coef), (y, by_row), by_unit=by_unit)
    return y


def backward(
    grad: Tensor, x: Tensor, knots: Tensor, coef: Tensor, *, by_unit: bool, of_x: bool, of_coef: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Compute the gradients of x and coef from the incoming gradient; None for one that is not requested."""
    (x, by_row), (grad, grad_by_row) = _in_order(x, by_unit=by_unit), _in_order(grad, by_unit=by_unit)
    into_x = torch.empty_like(x) if of_x else None
    into_coef = torch.empty(coef.shape, dtype=coef.dtype) if of_coef else None
    _run(1, (x, by_row), (knots, coef), (grad, grad_by_row), into_x, into_coef, by_unit=by_unit)
    return into_x, into_coef


def _in_order(one: Tensor, *, by_unit: bool) -> tuple[Tensor, bool]:
    """Return the values without gaps in memory, as a new tensor object, and whether they lie row by row there."""
    if one.is_contiguous() or not one.T.is_contiguous() or one._is_zerotensor():
        return native._side_by_side(one), not by_unit
    return one.detach().resolve_neg(), by_unit


def _run(
    backward: int, x: tuple[Tensor, bool], parts: tuple[Tensor, Tensor], y: tuple[Tensor, bool],
    into_x: Tensor | None = None, into_coef: Tensor | None = None, *, by_unit: bool,
) -> None:  # fmt: skip
    assert native._kernel is not None
    knots, coef = map(native._side_by_side, parts)
    (curves, count), (units, rows) = coef.shape, x[0].shape if by_unit else reversed(x[0].shape)
    arrays = (x[0], knots, coef, y[0], into_x, into_coef)
    spans = [(0, 0) if one is None else native._span(one) for one in arrays]
    try:
        native._kernel.run_curves(
            backward, coef.dtype == torch.float64, rows, units, curves, count, knots.shape[0] - count - 1,
            torch.get_num_threads(), x[1], y[1], *spans,
        )  # fmt: skip
    except ValueError as refusal:
        check_memory(*(one for one in arrays if one is not None))
        raise LayerError(f"The C kernel refuses these curves: {refusal}.") from None
