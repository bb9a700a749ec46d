"""Reads ikan's layers: silu(x) W, with Chebyshev or Jacobi polynomials of tanh(x), powers or a Fourier series added.

Source: ikan 1.3.0 on PyPI (ChebyKAN.py, JacobiKAN.py, TaylorKAN.py, FourierKAN.py). Its Chebyshev polynomials see x
between -1 and 1 only; its Jacobi polynomials follow a recurrence of its own, not the one of the textbooks.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io import questions
from kanviz.io.families.family import Family, Parts, Shapes, nothing_assumed
from kanviz.io.families.series import check_counts, fourier_coefficients, jacobi_parameters
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes

BASE = replace(questions.BASE, text="the base function added to the curves")
_OWN_JACOBI = (
    "ikan's Jacobi polynomials follow a recurrence of its own, not the usual one; they are held as sums of Chebyshev "
    "polynomials, which are the same functions."
)


def with_base(parts: Parts, layer: Layer) -> Layer:
    """Add the base weights, whose function is asked, and the bias where there is one."""
    weights = expect(parts.name("base_weight"), parts.weight("base_weight", 2), layer.targets, layer.sources)
    layer = replace(layer, base=parts.answers.choose(BASE), base_weight=weights.T.to(parts.dtype).contiguous())
    if "bias" in parts:
        bias = expect(parts.name("bias"), parts.weight("bias", 1), layer.targets)
        layer = replace(layer, bias=layer.bias + bias.to(parts.dtype))
    return layer


def _row(
    kind: str, coefficients: str, curves: Callable[[Parts, Tensor], Layer], *, orders: str = "", note: str = ""
) -> Family:
    """Make the row of a kind of layers, whose coefficients have the axes target, source, function."""

    def sizes(shapes: Shapes) -> LayerSizes | None:
        targets, sources, count = shapes[coefficients]
        return LayerSizes(sources, targets, count, 0) if shapes["base_weight"] == (targets, sources) and count else None

    def layer(parts: Parts) -> Layer:
        coef = parts.weight(coefficients, 3)
        if orders:
            check_counts(parts, orders, coef.shape[2])
        return with_base(parts, curves(parts, coef.transpose(0, 1)))

    return Family(
        name=f"ikan {kind}",
        marks={coefficients: 3, "base_weight": 2},
        parts=(coefficients, "base_weight", "bias", *([orders] if orders else [])),
        fixed=(orders,),
        sizes=sizes,
        layer=layer,
        notes=lambda layers: [note] if note else [],
    )


def _chebyshev(parts: Parts, coef: Tensor) -> Layer:
    return parts.curves(torch.empty(0), coef, family="chebyshev_clamped")


def _taylor(parts: Parts, coef: Tensor) -> Layer:
    return parts.curves(torch.zeros(1), coef, family="power")


def _jacobi(parts: Parts, coef: Tensor) -> Layer:
    a, b = jacobi_parameters(parts)
    count = coef.shape[2]
    if a + b in (0, -1) and count > 2:
        raise LoadError(
            f"With a = {a:g} and b = {b:g} ikan divides by zero, so this network has no values. Check them."
        )
    return parts.curves(torch.empty(0), coef.double() @ _as_chebyshev(count, a, b), family="chebyshev_tanh")


def _as_chebyshev(count: int, a: float, b: float) -> Tensor:
    """Write ikan's Jacobi polynomials in those of Chebyshev: (polynomial, Chebyshev polynomial)."""
    rows = torch.zeros(max(count, 2), max(count, 2), dtype=torch.float64)
    rows[0, 0] = 1
    rows[1, :2] = torch.tensor([(a - b) / 2, a + 1])
    for k in range(1, count - 1):
        s = 2 * k + a + b
        under = (s - 2) * (s - 1) * s
        by_x, by_one = 2 * k * (k + a + b) * (s - 2) / under, (s - 1) * (a * a - b * b) / under
        before = 2 * (k + a - 1) * (k + b - 1) * s / under
        rows[k + 1] = by_x * _times_x(rows[k]) + by_one * rows[k] - before * rows[k - 1]
    return rows[:count, :count]


def _times_x(row: Tensor) -> Tensor:
    """Multiply a sum of Chebyshev polynomials by x: x T_0 = T_1, and x T_n = (T_n-1 + T_n+1) / 2."""
    up, down = torch.zeros_like(row), torch.zeros_like(row)
    up[1:] = row[:-1] / 2
    up[1] += row[0] / 2
    down[:-1] = row[1:] / 2
    return up + down


def _fourier_sizes(shapes: Shapes) -> LayerSizes | None:
    two, targets, sources, count = shapes["fourier_coeffs"]
    fits = two == 2 and count and shapes["base_weight"] == (targets, sources)
    return LayerSizes(sources, targets, 2 * count, 0) if fits else None


def _fourier(parts: Parts) -> Layer:
    coef = fourier_coefficients(parts, "fourier_coeffs")
    return with_base(parts, parts.curves(torch.ones(1), coef, family="fourier"))


IKAN = (
    _row("ChebyKAN", "cheby_coeffs", _chebyshev, orders="cheby_orders"),
    _row("JacobiKAN", "jacobi_coeffs", _jacobi, note=_OWN_JACOBI),
    _row("TaylorKAN", "taylor_coeffs", _taylor),
    Family(
        name="ikan FourierKAN",
        marks={"fourier_coeffs": 4, "base_weight": 2},
        parts=("fourier_coeffs", "base_weight", "bias"),
        sizes=_fourier_sizes,
        layer=_fourier,
        notes=nothing_assumed,
    ),
)
