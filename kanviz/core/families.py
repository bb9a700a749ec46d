"""Define FAMILIES, the table of basis functions other than B-splines: a new family is one row.

The curve of an edge is sum_m c_m f_m(x). The functions f_m of a source have parameters, a row of the layer's `knots`:
centres and a width for Gaussians, nothing for Chebyshev polynomials. Arrays are *rows, source, basis*, as for splines.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

SPLINE = "spline"
Row = Float[Tensor, "source parameter"]
Values = Float[Tensor, "rows source basis"]


@dataclass(frozen=True)
class Family:
    """A family of basis functions.

    words: what its curves are · functions: the values at x, or the slopes, of so many functions · fits: whether a row
    of so many parameters belongs to so many functions · span: from the parameters, the least and the greatest x worth
    drawing, by source · sound: whether the parameters of each source define functions.
    """

    words: str
    functions: Callable[[Tensor, Row, int, Literal[0, 1]], Values]
    fits: Callable[[int, int], bool]
    span: Callable[[Row], tuple[Tensor, Tensor]]
    sound: Callable[[Row], Tensor]


def functions(family: str, x: Float[Tensor, "rows source"], row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute the values of a family's functions at x, or their slopes."""
    return FAMILIES[family].functions(x, row, count, derivative)


# --- bells: functions of (x - centre) / width; the parameters are the centres, then the width --------------------


def _offsets(x: Tensor, row: Row) -> tuple[Tensor, Tensor]:
    """Return (x - centre) / width (rows, source, basis), and the width (source, 1)."""
    width = row[:, -1:]
    return (x[..., None] - row[:, :-1]) / width, width


def _gaussian(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    u, width = _offsets(x, row)
    values = (-u * u).exp()
    return -2 * u * values / width if derivative else values


def _sech2(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    u, width = _offsets(x, row)
    tanh = u.tanh()
    values = 1 - tanh * tanh
    return -2 * tanh * values / width if derivative else values


def _between_centres(row: Row) -> tuple[Tensor, Tensor]:
    width = row[:, -1].abs()
    low, high = row[:, :-1].amin(1), row[:, :-1].amax(1)
    return torch.where(high > low, low, low - width), torch.where(high > low, high, high + width)


# --- polynomials: p_n = (a x + b) p_{n-1} - c p_{n-2}, from p_0 = 1 and p_{-1} = 0 -------------------------------

Recurrence = Callable[[Row, int], tuple[Tensor | float, Tensor | float, Tensor | float]]


def _jacobi(row: Row, n: int) -> tuple[Tensor, Tensor, Tensor | float]:
    """Return a, b, c of the Jacobi polynomials; the parameters are alpha and beta.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 22.7.1.
    """
    a, b = row[:, 0], row[:, 1]
    if n == 1:
        return (a + b + 2) / 2, (a - b) / 2, 0.0
    s = 2 * n + a + b
    under = 2 * n * (n + a + b) * (s - 2)
    return (
        (s - 1) * s * (s - 2) / under,
        (s - 1) * (a * a - b * b) / under,
        2 * (n + a - 1) * (n + b - 1) * s / under,
    )


RECURRENCES: dict[str, Recurrence] = {
    "chebyshev": lambda row, n: (1.0 if n == 1 else 2.0, 0.0, 1.0),
    "jacobi": _jacobi,
    "power": lambda row, n: (1.0, -row[:, 0], 0.0),  # the powers (x - c)^m; the parameter is c
}


def _polynomials(recurrence: Recurrence) -> Callable[[Tensor, Row, int, Literal[0, 1]], Values]:
    """Return the function that computes the polynomials of degrees 0 to count - 1."""

    def compute(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
        values, slopes = [torch.ones_like(x)], [torch.zeros_like(x)]
        before, before_slope = torch.zeros_like(x), torch.zeros_like(x)
        for n in range(1, count):
            a, b, c = recurrence(row, n)
            value = (a * x + b) * values[-1] - c * before
            slope = a * values[-1] + (a * x + b) * slopes[-1] - c * before_slope
            before, before_slope = values[-1], slopes[-1]
            values.append(value)
            slopes.append(slope)
        return torch.stack(slopes if derivative else values, -1)

    return compute


_CHEBYSHEV, _JACOBI = _polynomials(RECURRENCES["chebyshev"]), _polynomials(RECURRENCES["jacobi"])


def _of_tanh(family: Callable[..., Values], *, clamped: bool = False) -> Callable[..., Values]:
    """Return the functions of a family at tanh(x) instead of x; clamped: at tanh of x between -1 and 1."""

    def composed(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
        u = (x.clamp(-1, 1) if clamped else x).tanh()
        found = family(u, row, count, derivative)
        if not derivative:
            return found
        slope = 1 - u * u
        return found * (slope * (x.abs() <= 1) if clamped else slope)[..., None]

    return composed


# --- waves and quotients ----------------------------------------------------------------------------------------


def _fourier(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute cos(k w x) for k = 1.., then as many sin(k w x); the parameter is w."""
    k = torch.arange(1, count // 2 + 1, dtype=x.dtype, device=x.device) * row[:, :1]
    angle = x[..., None] * k
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([-k * sin, k * cos] if derivative else [cos, sin], -1)


def _horner(coefficients: Tensor, x: Tensor) -> Tensor:
    """Compute sum_k c_k x^k; coefficients (source, power) from the constant up."""
    value = torch.zeros_like(x)
    for c in coefficients.flip(1).unbind(1):
        value = value * x + c
    return value


def _halves(row: Row) -> tuple[Tensor, Tensor]:
    """Return numerator and denominator, each from the constant up; the constant of the denominator is 0."""
    half = row.shape[1] // 2
    return row[:, :half], torch.cat([row.new_zeros(len(row), 1), row[:, half:]], 1)


def _slopes(coefficients: Tensor) -> Tensor:
    return coefficients[:, 1:] * torch.arange(1, coefficients.shape[1], dtype=coefficients.dtype)


def _divided(x: Tensor, above: Tensor, derivative: Literal[0, 1], under: Tensor, slope: Tensor) -> Values:
    """Compute P(x) / under, or its slope; above: the coefficients of P; slope: that of `under`."""
    top = _horner(above, x)
    found = (_horner(_slopes(above), x) - top / under * slope) / under if derivative else top / under
    return found[..., None]


def _quotient(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute P(x) / (1 + Q(x)), Q without a constant: the parameters are those of P, then as many of Q."""
    above, below = _halves(row)
    return _divided(x, above, derivative, 1 + _horner(below, x), _horner(_slopes(below), x))


def _quotient_abs(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute P(x) / (1 + |Q(x)|). Source: Molina et al., Pade activation units, 2020, version B."""
    above, below = _halves(row)
    q = _horner(below, x)
    return _divided(x, above, derivative, 1 + q.abs(), q.sign() * _horner(_slopes(below), x))


def _quotient_sum(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute P(x) / (1 + sum_k |q_k x^k|). Source: as above, version A."""
    above, below = _halves(row)
    size = below.abs()
    slope = x.sign() * _horner(_slopes(size), x.abs())
    return _divided(x, above, derivative, 1 + _horner(size, x.abs()), slope)


# --- units of small networks ------------------------------------------------------------------------------------


def _units(x: Tensor, row: Row, count: int, derivative: Literal[0, 1]) -> Values:
    """Compute silu(b + w x + sum_k (s_k sin(2^k x) + c_k cos(2^k x))), k = 0, 1 ..; each has a b, a w, all s, all c."""
    weights = row.unflatten(1, (count, -1))
    waves = weights.shape[2] // 2 - 1
    rates = 2.0 ** torch.arange(waves, dtype=x.dtype, device=x.device)
    angle = x[..., None] * rates
    sin, cos = angle.sin(), angle.cos()
    one = torch.ones_like(x)[..., None]
    inner = torch.einsum("rsf,smf->rsm", torch.cat([one, x[..., None], sin, cos], -1), weights)
    if not derivative:
        return torch.nn.functional.silu(inner)
    slope = torch.einsum("rsf,smf->rsm", torch.cat([0 * one, one, rates * cos, -rates * sin], -1), weights)
    share = inner.sigmoid()
    return share * (1 + inner * (1 - share)) * slope


def _fixed(low: float, high: float) -> Callable[[Row], tuple[Tensor, Tensor]]:
    return lambda row: (row.new_full((len(row),), low), row.new_full((len(row),), high))


def _period(row: Row) -> tuple[Tensor, Tensor]:
    half = math.pi / row[:, 0].abs()
    return -half, half


def _finite(row: Row) -> Tensor:
    return row.isfinite().all(1)


def _wide(row: Row) -> Tensor:
    return _finite(row) & (row[:, -1] != 0)


def _proper(row: Row) -> Tensor:
    """Say whether the weight (1 - x)^a (1 + x)^b has an integral, so that the polynomials exist."""
    return _finite(row) & (row > -1).all(1)


def _bells(parameters: int, count: int) -> bool:
    return parameters == count + 1 and count >= 1


def _exactly(wanted: int) -> Callable[[int, int], bool]:
    return lambda parameters, count: parameters == wanted and count >= 1


def _pairs(parameters: int, count: int) -> bool:
    return parameters == 1 and count >= 2 and count % 2 == 0


def _two_halves(parameters: int, count: int) -> bool:
    return parameters >= 2 and parameters % 2 == 0 and count == 1


def _even_shares(parameters: int, count: int) -> bool:
    share, left = divmod(parameters, max(count, 1))
    return left == 0 and share >= 2 and share % 2 == 0


FAMILIES = {
    "gaussian": Family("sums of Gaussians", _gaussian, _bells, _between_centres, _wide),
    "sech2": Family("sums of bells 1 - tanh^2", _sech2, _bells, _between_centres, _wide),
    "chebyshev": Family("sums of Chebyshev polynomials", _CHEBYSHEV, _exactly(0), _fixed(-1, 1), _finite),
    "jacobi": Family("sums of Jacobi polynomials", _JACOBI, _exactly(2), _fixed(-1, 1), _proper),
    "chebyshev_tanh": Family(
        "sums of Chebyshev polynomials of tanh(x)", _of_tanh(_CHEBYSHEV), _exactly(0), _fixed(-2, 2), _finite
    ),
    "chebyshev_clamped": Family(
        "sums of Chebyshev polynomials of tanh(x), constant beyond -1 and 1",
        _of_tanh(_CHEBYSHEV, clamped=True), _exactly(0), _fixed(-1.5, 1.5), _finite,
    ),
    "jacobi_tanh": Family(
        "sums of Jacobi polynomials of tanh(x)", _of_tanh(_JACOBI), _exactly(2), _fixed(-2, 2), _proper
    ),
    "power": Family("sums of powers", _polynomials(RECURRENCES["power"]), _exactly(1), _fixed(-1, 1), _finite),
    "fourier": Family("Fourier series", _fourier, _pairs, _period, _wide),
    "quotient": Family("quotients of polynomials", _quotient, _two_halves, _fixed(-3, 3), _finite),
    "quotient_abs": Family("quotients of polynomials", _quotient_abs, _two_halves, _fixed(-3, 3), _finite),
    "quotient_sum": Family("quotients of polynomials", _quotient_sum, _two_halves, _fixed(-3, 3), _finite),
    "units": Family("small neural networks", _units, _even_shares, _fixed(-2, 2), _finite),
}  # fmt: skip
