"""Describe the curves of a layer cell by cell: polynomials, curvature, continuation beyond the grid; bound the base."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from kanviz.core.engine import BASE_CURVES
from kanviz.core.layer import Layer
from kanviz.core.polynomials import cell_polynomials

UNRESOLVED = 1e6  # distance from 0 above which the turns of a periodic function are not located


def polynomials(layer: Layer) -> Tensor:
    """Compute the polynomials of all cells in their local coordinates, (source, target, cell, power)."""
    order = layer.order
    table = torch.from_numpy(cell_polynomials(np.ascontiguousarray(layer.knots.double().numpy()), order))
    coef = torch.where(layer.active[..., None], layer.coef, 0.0).double()
    windows = torch.nn.functional.pad(coef, (order, order)).unfold(2, order + 1, 1)
    return torch.einsum("stcr,scrp->stcp", windows, table)


def bends(powers: Tensor) -> Tensor:
    """Bound |second derivative| in the local coordinate, per cell."""
    return _derivative_bound(powers, 2)


def slopes(powers: Tensor) -> Tensor:
    """Bound |first derivative| in the local coordinate, per cell."""
    return _derivative_bound(powers, 1)


def _derivative_bound(powers: Tensor, times: int) -> Tensor:
    """Return the greatest absolute Bernstein coefficient of the derivative; the derivative never exceeds it."""
    degree = powers.shape[-1] - 1 - times
    if degree < 0:
        return torch.zeros_like(powers[..., 0])
    terms = [math.perm(p + times, times) * powers[..., p + times] for p in range(degree + 1)]
    found = [
        sum((math.comb(i, p) / math.comb(degree, p) * terms[p] for p in range(i + 1)), torch.zeros_like(terms[0]))
        for i in range(degree + 1)
    ]
    return torch.stack(found).abs().amax(0)


def doubled(table: Tensor, how: Callable[[Tensor, Tensor], Tensor]) -> tuple[Tensor, ...]:
    """Combine 1, 2, 4, 8 ... neighbours along the last axis, starting at each entry; a table for each."""
    levels, step = [table], 1
    while 2 * step <= table.shape[-1]:
        levels.append(how(levels[-1][..., :-step], levels[-1][..., step:]))
        step *= 2
    return tuple(levels)


def borders(layer: Layer, inner: Tensor, powers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the borders of the grid, with the value and slope of the splines there; both 0 for outside="zero"."""
    border = torch.stack([inner[:, 0], inner[:, -1]])
    if layer.outside == "zero":
        nothing = powers.new_zeros(2, *powers.shape[:2])
        return border, nothing, nothing
    width = inner.diff(dim=1)
    slopes = powers[..., 1:] * torch.arange(1, powers.shape[-1])
    first = (width > 0).double().argmax(1)
    last = width.shape[1] - 1 - (width.flip(1) > 0).double().argmax(1)
    s = torch.arange(len(inner))
    start, end = powers[s, :, first, 0], powers[s, :, last].sum(-1)
    rising = slopes[s, :, first, 0] / width[s, first, None], slopes[s, :, last].sum(-1) / width[s, last, None]
    return border, torch.stack([start, end]), torch.stack(rising)


def base_bounds(base: str, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return the least and greatest value of the base function on [low, high]."""
    curve = BASE_CURVES[base]
    ends = torch.stack([curve.value(x) for x in (low, high)])
    below, above = ends.amin(0), ends.amax(0)
    for at in curve.turns:
        extreme, meets = curve.value(low.new_tensor(at)), _meets(low, high, at, curve.period)
        below = torch.where(meets, torch.minimum(below, extreme), below)
        above = torch.where(meets, torch.maximum(above, extreme), above)
    return below, above


def _meets(low: Tensor, high: Tensor, at: float, period: float) -> Tensor:
    """Say which intervals hold the place `at`, or with a period one of its repetitions; far from 0 all may."""
    if not period:
        return (low <= at) & (at <= high)
    first = at + period * torch.ceil((low - at) / period)
    return (first <= high) | (high - low >= period) | (low.abs().maximum(high.abs()) > UNRESOLVED)
