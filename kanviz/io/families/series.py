"""Reads ChebyKAN, JacobiKAN and FourierKAN: sums of polynomials of tanh(x), and Fourier series.

Sources: github.com/SynodicMonth/ChebyKAN, ChebyKANLayer.py; github.com/SpaceLearner/JacobiKAN, JacobiKANLayer.py;
github.com/GistNoesis/FourierKAN, fftKAN.py.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.families.family import Family, Parts, Shapes, nothing_assumed
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

A = Question("a", "the number a of its Jacobi polynomials", assumed=1.0)
B = Question("b", "the number b of its Jacobi polynomials", assumed=1.0)


def check_counts(parts: Parts, name: str, count: int) -> None:
    """Refuse degrees or frequencies that are stored and are not 0, 1, 2 ..."""
    if name not in parts:
        return
    whole = parts.opened.others.get(parts.head + name)
    found = parts.weight(name, 1) if whole is None else whole.read()
    if not torch.equal(found.double(), torch.arange(count).double()):
        raise LoadError(f"{parts.name(name)} is not 0 to {count - 1}, so what the layer computes is not known.")


def jacobi_parameters(parts: Parts) -> tuple[float, float]:
    """Return a and b, which no file says. Raises LoadError where they define no polynomials."""
    a, b = parts.answers.number(A), parts.answers.number(B)
    if not (a > -1 and b > -1):
        raise LoadError(f"a = {a:g} and b = {b:g} define no Jacobi polynomials: both must be above -1.")
    return a, b


def _sizes(name: str) -> Callable[[Shapes], LayerSizes | None]:
    def sizes(shapes: Shapes) -> LayerSizes | None:
        sources, targets, count = shapes[name]
        return LayerSizes(sources, targets, count, 0) if sources * targets * count else None

    return sizes


def _chebyshev(parts: Parts) -> Layer:
    coef = parts.weight("cheby_coeffs", 3)
    check_counts(parts, "arange", coef.shape[2])
    return parts.curves(torch.empty(0), coef, family="chebyshev_tanh")


def _jacobi(parts: Parts) -> Layer:
    knots = torch.tensor(jacobi_parameters(parts), dtype=torch.float64)
    return parts.curves(knots, parts.weight("jacobi_coeffs", 3), family="jacobi_tanh")


def _fourier_sizes(shapes: Shapes) -> LayerSizes | None:
    two, targets, sources, count = shapes["fouriercoeffs"]
    return LayerSizes(sources, targets, 2 * count, 0) if two == 2 and sources * targets * count else None


def fourier_coefficients(parts: Parts, name: str) -> Tensor:
    """Return cosines, then sines, of a tensor with the axes two, target, source, frequency: (source, target, basis)."""
    coef = parts.weight(name, 4)
    expect(parts.name(name), coef, 2, *coef.shape[1:])
    return torch.cat([coef[0], coef[1]], 2).transpose(0, 1)


def _fourier(parts: Parts) -> Layer:
    coef = fourier_coefficients(parts, "fouriercoeffs")
    bias = expect(parts.name("bias"), parts.weight("bias", 2), 1, coef.shape[1])[0] if "bias" in parts else None
    return parts.curves(torch.ones(1), coef, bias=bias, family="fourier")


CHEBYKAN = Family(
    name="ChebyKAN",
    marks={"cheby_coeffs": 3},
    without=("base_weight", "cheby_orders"),
    parts=("cheby_coeffs", "arange"),
    fixed=("arange",),
    sizes=_sizes("cheby_coeffs"),
    layer=_chebyshev,
    notes=nothing_assumed,
)
JACOBIKAN = Family(
    name="JacobiKAN",
    marks={"jacobi_coeffs": 3},
    without=("base_weight",),
    parts=("jacobi_coeffs",),
    sizes=_sizes("jacobi_coeffs"),
    layer=_jacobi,
    notes=nothing_assumed,
)
FOURIERKAN = Family(
    name="FourierKAN",
    marks={"fouriercoeffs": 4},
    parts=("fouriercoeffs", "bias"),
    sizes=_fourier_sizes,
    layer=_fourier,
    notes=nothing_assumed,
)
