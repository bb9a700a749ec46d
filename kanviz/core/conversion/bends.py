"""Define BENDS: for each family, an upper bound of |f''''| of its functions on intervals.

A cubic through four points of a curve is off by at most this bound times a power of the interval's width, so the bound
tells how fine a grid must be. Intervals are *piece, source*, bounds *piece, source, basis*.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.families import RECURRENCES, Recurrence, Row

Ends = Float[Tensor, "piece source"]
Bound = Float[Tensor, "piece source basis"]
Bend = Callable[[Ends, Ends, Row, int], Bound]
FOURTH = 4
# at least the largest derivatives: 2 to 4 of tanh as multiples of 1 - tanh^2 and at all, and 1 to 4 of silu
TANH = ((2.0, 0.77), (4.0, 2.0), (24.0, 4.1))
SILU = (1.1, 0.5, 0.31, 0.5)


def _largest(curve: Callable[[Tensor], Tensor], low: Tensor, high: Tensor, turns: Sequence[float]) -> Tensor:
    """Return the largest |curve| between low and high; turns: the places, 0 or above, where it or its mirror turns."""
    found = torch.maximum(curve(low).abs(), curve(high).abs())
    for place in {*turns, *(-place for place in turns)}:
        inside = (low <= place) & (place <= high)
        found = torch.where(inside, found.maximum(curve(found.new_tensor(place)).abs()), found)
    return found


def _offsets(low: Ends, high: Ends, row: Row) -> tuple[Tensor, Tensor, Tensor]:
    """Return the ends as (x - centre) / width, and the width."""
    width = row[:, -1:].abs()
    return (low[..., None] - row[:, :-1]) / width, (high[..., None] - row[:, :-1]) / width, width


def _gaussian(low: Ends, high: Ends, row: Row, count: int) -> Bound:
    """Bound exp(-u^2): its fourth derivative turns at the roots of the fifth Hermite polynomial."""
    first, last, width = _offsets(low, high, row)
    turns = [0.0, *(math.sqrt((5 + sign * math.sqrt(10)) / 2) for sign in (-1, 1))]
    return _largest(lambda u: (16 * u**4 - 48 * u**2 + 12) * (-u * u).exp(), first, last, turns) / width**FOURTH


def _sech2(low: Ends, high: Ends, row: Row, count: int) -> Bound:
    """Bound 1 - t^2 with t = tanh u: d/du is (1 - t^2) d/dt, so the derivatives are polynomials in t."""
    first, last, width = _offsets(low, high, row)
    turns = [0.0, *(math.sqrt((960 + sign * math.sqrt(960**2 - 4 * 720 * 272)) / 1440) for sign in (-1, 1))]
    fourth = _largest(lambda t: (1 - t**2) * (16 - 120 * t**2 + 120 * t**4), first.tanh(), last.tanh(), turns)
    return fourth / width**FOURTH


def _polynomial(recurrence: Recurrence) -> Bend:
    """Return the bound for polynomials: the sizes of the terms of their Taylor series about the middle, which ends."""

    def bound(low: Ends, high: Ends, row: Row, count: int) -> Bound:
        series, half = _taylor(recurrence, (low + high) / 2, row, count), (high - low) / 2
        return torch.stack([_derivative(one, FOURTH, half) for one in series], -1)

    return bound


def _taylor(recurrence: Recurrence, middle: Ends, row: Row, count: int) -> list[Float[Tensor, "piece source power"]]:
    """Return, for each polynomial, the coefficients of the powers of t in it at middle + t."""
    one = torch.zeros(*middle.shape, count, dtype=middle.dtype)
    one[..., 0] = 1
    series, before = [one], torch.zeros_like(one)
    for n in range(1, count):
        a, b, c = recurrence(row, n)
        last = series[-1]
        times_t = torch.nn.functional.pad(last[..., :-1], (1, 0))
        a, b, c = _column(a), _column(b), _column(c)
        series.append((a * middle[..., None] + b) * last + a * times_t - c * before)
        before = last
    return series


def _chain(outer: Sequence[Tensor], inner: Sequence[Tensor]) -> Tensor:
    """Bound the fourth derivative of g(h(x)) by bounds of the derivatives 1 to 4 of g and of h.

    Source: the formula of Faa di Bruno.
    """
    g1, g2, g3, g4 = outer
    h1, h2, h3, h4 = inner
    return g4 * h1**4 + 6 * g3 * h1**2 * h2 + g2 * (4 * h1 * h3 + 3 * h2**2) + g1 * h4


def _of_tanh(recurrence: Recurrence, *, clamped: bool = False) -> Bend:
    """Return the bound for polynomials of tanh(x); clamped: constant beyond -1 and 1, which `corners` names."""

    def bound(low: Ends, high: Ends, row: Row, count: int) -> Bound:
        first, last = low.tanh(), high.tanh()
        near = torch.where(low * high <= 0, 0.0, torch.minimum(low.abs(), high.abs())).tanh()
        slope = 1 - near * near  # the largest on the interval; the others are multiples of it
        inner = [slope, *((most * slope).clamp(max=limit) for most, limit in TANH)]
        series, half = _taylor(recurrence, (first + last) / 2, row, count), (last - first) / 2
        found = torch.stack([_chain([_derivative(one, k, half) for k in range(1, 5)], inner) for one in series], -1)
        outside = (low >= 1) | (high <= -1) if clamped else torch.zeros_like(low, dtype=torch.bool)
        return torch.where(outside[..., None], 0.0, found)

    return bound


def _units(low: Ends, high: Ends, row: Row, count: int) -> Bound:
    """Bound silu(b + w x + sum of waves) by the largest derivatives of silu, and those of the waves."""
    weights = row.unflatten(1, (count, -1))
    waves = weights.shape[2] // 2 - 1
    size = torch.hypot(weights[..., 2 : 2 + waves], weights[..., 2 + waves :])
    rates = 2.0 ** torch.arange(waves, dtype=row.dtype)
    inner = [(size * rates**k).sum(-1) for k in range(1, 5)]
    inner[0] = inner[0] + weights[..., 1].abs()
    return _chain([row.new_tensor(most) for most in SILU], inner).expand(len(low), -1, -1)


def _column(value: Tensor | float) -> Tensor | float:
    return value[:, None] if isinstance(value, Tensor) else value


def _derivative(series: Float[Tensor, "*curve power"], order: int, half: Tensor) -> Tensor:
    """Bound a derivative of sum_k s_k t^k for |t| up to `half`."""
    found = torch.zeros_like(half)
    for k in range(order, series.shape[-1]):
        found = found + series[..., k].abs() * math.perm(k, order) * half ** (k - order)
    return found


def _fourier(low: Ends, high: Ends, row: Row, count: int) -> Bound:
    k = torch.arange(1, count // 2 + 1, dtype=row.dtype) * row[:, :1]
    return (k**FOURTH).repeat(1, 2).expand(len(low), -1, -1)


def _series(coefficients: Float[Tensor, "source power"], middle: Ends) -> Float[Tensor, "piece source power"]:
    """Return the coefficients of the powers of t in sum_k c_k (middle + t)^k."""
    found = torch.zeros(*middle.shape, coefficients.shape[1], dtype=middle.dtype)
    for c in coefficients.flip(1).unbind(1):
        found = found * middle[..., None] + torch.nn.functional.pad(found[..., :-1], (1, 0))
        found[..., 0] += c
    return found


def _below(row: Row) -> Float[Tensor, "source power"]:
    """Return the denominator without its constant, from the constant up."""
    return torch.nn.functional.pad(row[:, row.shape[1] // 2 :], (1, 0))


def _divided(under: Callable[[Tensor, Row], Tensor]) -> Bend:
    """Return the bound for P / D: of P = D f, differentiated k times, follows f^(k) from the derivatives below it.

    under: the series of D, from the middles of the intervals and the parameters. No bound (inf) where D may be 0.
    """

    def bound(low: Ends, high: Ends, row: Row, count: int) -> Bound:
        middle, half = (low + high) / 2, (high - low) / 2
        above, below = _series(row[:, : row.shape[1] // 2], middle), under(middle, row)
        least = below[..., 0].abs() - _derivative(torch.cat([0 * below[..., :1], below[..., 1:]], -1), 0, half)
        found: list[Tensor] = []
        for k in range(FOURTH + 1):
            size = _derivative(above, k, half)
            for j in range(1, k + 1):
                size = size + math.comb(k, j) * _derivative(below, j, half) * found[k - j]
            found.append(torch.where(least > 0, size / least.clamp(min=1e-300), torch.inf))
        return found[FOURTH][..., None]

    return bound


def _plain(middle: Tensor, row: Row) -> Tensor:
    series = _series(_below(row), middle)
    series[..., 0] += 1
    return series


def _absolute(middle: Tensor, row: Row) -> Tensor:
    """Return the series of 1 + |Q|, where Q does not change its sign: `breaks` are the ends of such intervals."""
    series = _series(_below(row), middle)
    series = torch.where(series[..., :1] < 0, -series, series)
    series[..., 0] += 1
    return series


def _sizes(middle: Tensor, row: Row) -> Tensor:
    """Return the series of 1 + sum_k |q_k x^k|, on one side of 0."""
    sizes = _below(row).abs()
    flipped = sizes * torch.tensor([(-1.0) ** k for k in range(sizes.shape[1])], dtype=sizes.dtype)
    series = torch.where((middle < 0)[..., None], _series(flipped, middle), _series(sizes, middle))
    series[..., 0] += 1
    return series


BENDS: dict[str, Bend] = {
    "gaussian": _gaussian,
    "sech2": _sech2,
    **{family: _polynomial(recurrence) for family, recurrence in RECURRENCES.items()},
    "chebyshev_tanh": _of_tanh(RECURRENCES["chebyshev"]),
    "chebyshev_clamped": _of_tanh(RECURRENCES["chebyshev"], clamped=True),
    "jacobi_tanh": _of_tanh(RECURRENCES["jacobi"]),
    "units": _units,
    "fourier": _fourier,
    "quotient": _divided(_plain),
    "quotient_abs": _divided(_absolute),
    "quotient_sum": _divided(_sizes),
}


def corners(family: str, row: list[float]) -> list[float]:
    """List the places where the functions of one source are not smooth, or have a pole.

    Where Q or 1 + Q is 0, by `numpy.roots`; the signs of the terms of a sum change at 0.
    """
    half = len(row) // 2
    if family == "chebyshev_clamped":
        return [-1.0, 1.0]
    if family == "quotient_sum":
        return [0.0] if any(row[half::2]) else []  # an even power has no corner
    if family not in ("quotient", "quotient_abs"):
        return []
    constant = 1.0 if family == "quotient" else 0.0
    roots = np.roots([*row[half:][::-1], constant])
    return sorted({float(root.real) for root in roots if abs(root.imag) <= 1e-6 * max(1.0, abs(root))})
