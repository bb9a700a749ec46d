"""Compute a layer with torch's differentiable operations: the reference and the fallback of the fast paths.

Differentiable to any order (`basis` has its own derivatives), in every argument except the knots; works under vmap.
"""

import torch
from torch import Tensor

from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.engine.parts import Kind, Parts
from kanviz.core.spline import basis


def sums(x: Tensor, parts: Parts, bias: Tensor, kind: Kind) -> Tensor:
    """Compute the sums (rows, target) from x (rows, source)."""
    table = basis(x, parts.knots, parts.order, 0, kind.outside)
    return torch.einsum("rsm,stm->rt", table, parts.coef) + BASE_CURVES[kind.base].value(x) @ parts.weight + bias


def gradients(grad: Tensor, x: Tensor, parts: Parts, kind: Kind) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the gradients of x, coef, weight and bias from the incoming gradient (rows, target)."""
    table, slope = (basis(x, parts.knots, parts.order, d, kind.outside) for d in (0, 1))
    base, base_slope = BASE_CURVES[kind.base].curves[:2]
    of_x = (torch.einsum("rt,stm->rsm", grad, parts.coef) * slope).sum(-1) + grad @ parts.weight.T * base_slope(x)
    return of_x, torch.einsum("rt,rsm->stm", grad, table), base(x).T @ grad, grad.sum(0)


def second(
    along: tuple[Tensor, Tensor, Tensor, Tensor], grad: Tensor, x: Tensor, parts: Parts, kind: Kind
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the gradients of `gradients` by (grad, x, coef, weight); along: the incoming gradients of its results."""
    to_x, to_coef, to_weight, to_bias = along
    table, slope, bend = (basis(x, parts.knots, parts.order, d, kind.outside) for d in (0, 1, 2))
    base, base_slope, curvature = (f(x) for f in BASE_CURVES[kind.base].curves)
    moved = to_x[..., None] * slope
    of_grad = (
        torch.einsum("rsm,stm->rt", moved, parts.coef)
        + (to_x * base_slope) @ parts.weight
        + torch.einsum("rsm,stm->rt", table, to_coef)
        + base @ to_weight
        + to_bias
    )
    own, other = (torch.einsum("rt,stm->rsm", grad, coef) for coef in (parts.coef, to_coef))
    of_x = (
        to_x * ((own * bend).sum(-1) + grad @ parts.weight.T * curvature)
        + (other * slope).sum(-1)
        + grad @ to_weight.T * base_slope
    )
    return of_grad, of_x, torch.einsum("rt,rsm->stm", grad, moved), (to_x * base_slope).T @ grad
