"""Networks of polynomials, Fourier series and wavelets as their libraries name the weights and compute with them.

The formulas are those of the libraries' own code, in float64 and without anything of kanviz.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, silu

from tests.io.families import Library, Weights, _normal


def chebyshev(x: Tensor, count: int) -> Tensor:
    """T_n(x) = cos(n arccos x), as both libraries compute it."""
    return torch.cos(x.acos()[..., None] * torch.arange(count))


def jacobi(x: Tensor, count: int, a: float = 1.0, b: float = 1.0) -> Tensor:
    """The polynomials of JacobiKANLayer.py."""
    found = [torch.ones_like(x), ((a - b) + (a + b + 2) * x) / 2]
    for i in range(2, count):
        by_x = (2 * i + a + b) * (2 * i + a + b - 1) / (2 * i * (i + a + b))
        by_one = (2 * i + a + b - 1) * (a * a - b * b) / (2 * i * (i + a + b) * (2 * i + a + b - 2))
        before = (i + a - 1) * (i + b - 1) * (2 * i + a + b) / (i * (i + a + b) * (2 * i + a + b - 2))
        found.append((by_x * x + by_one) * found[-1] - before * found[-2])
    return torch.stack(found[:count], -1)


def ikan_jacobi(x: Tensor, count: int, a: float = 1.0, b: float = 1.0) -> Tensor:
    """The polynomials of ikan's JacobiKAN.py, which are others."""
    found = [torch.ones_like(x), 0.5 * (2 * (a + 1) * x + (a - b))]
    for k in range(1, count - 1):
        alpha = 2 * k * (k + a + b) * (2 * k + a + b - 2)
        beta = (2 * k + a + b - 1) * (a**2 - b**2)
        gamma = (2 * k + a + b - 2) * (2 * k + a + b - 1) * (2 * k + a + b)
        delta = 2 * (k + a - 1) * (k + b - 1) * (2 * k + a + b)
        found.append((beta + alpha * x) / gamma * found[-1] - delta / gamma * found[-2])
    return torch.stack(found[:count], -1)


def waves(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    angle = x[..., None] * torch.arange(1, count + 1)
    return angle.cos(), angle.sin()


def _meyer(x: Tensor) -> Tensor:
    v = x.abs()
    t = 2 * v - 1
    falling = torch.cos(math.pi / 2 * t**4 * (35 - 84 * t + 70 * t**2 - 20 * t**3))
    aside = torch.where(v <= 0.5, torch.ones_like(v), torch.where(v >= 1, torch.zeros_like(v), falling))
    return torch.sin(math.pi * v) * aside


def _shannon(x: Tensor) -> Tensor:
    return torch.sinc(x / math.pi) * torch.hamming_window(x.shape[-1], periodic=False, dtype=x.dtype)


PSI: dict[str, Callable[[Tensor], Tensor]] = {  # of rows, target, source
    "mexican_hat": lambda x: (x**2 - 1) * torch.exp(-0.5 * x**2),
    "morlet": lambda x: torch.cos(5.0 * x) * torch.exp(-0.5 * x**2),
    "dog": lambda x: -x * torch.exp(-0.5 * x**2),
    "meyer": _meyer,
    "shannon": _shannon,
}


def _with_base(part: Weights, x: Tensor) -> Tensor:
    return silu(x) @ part["base_weight"].T + part.get("bias", torch.zeros(1))


def _cheby(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"cheby_coeffs": _normal(rng, sources, targets, 7), "arange": torch.arange(7)}


def _cheby_computes(part: Weights, x: Tensor) -> Tensor:
    return torch.einsum("bid,iod->bo", chebyshev(x.tanh(), 7), part["cheby_coeffs"])


def _jacobi(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"jacobi_coeffs": _normal(rng, sources, targets, 5)}


def jacobi_computes(part: Weights, x: Tensor, a: float = 1.0, b: float = 1.0) -> Tensor:
    return torch.einsum("bid,iod->bo", jacobi(x.tanh(), 5, a, b), part["jacobi_coeffs"])


def _fourier(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {"fouriercoeffs": _normal(rng, 2, targets, sources, 4), "bias": _normal(rng, 1, targets)}


def _fourier_computes(part: Weights, x: Tensor) -> Tensor:
    cos, sin = waves(x, 4)
    coef = part["fouriercoeffs"]
    return torch.einsum("bik,oik->bo", cos, coef[0]) + torch.einsum("bik,oik->bo", sin, coef[1]) + part["bias"]


def _ikan(name: str, count: int, *, bias: bool = True) -> Callable[[int, int, torch.Generator], Weights]:
    def layer(sources: int, targets: int, rng: torch.Generator) -> Weights:
        found = {"base_weight": _normal(rng, targets, sources), name: _normal(rng, targets, sources, count)}
        return {**found, "bias": _normal(rng, targets)} if bias else found

    return layer


def _ikan_cheby(sources: int, targets: int, rng: torch.Generator) -> Weights:
    found = _ikan("cheby_coeffs", 6, bias=False)(sources, targets, rng)
    return {**found, "cheby_orders": torch.arange(6).double()}


def _ikan_cheby_computes(part: Weights, x: Tensor) -> Tensor:
    curves = chebyshev(x.clamp(-1, 1).tanh(), 6)
    return _with_base(part, x) + torch.einsum("bik,oik->bo", curves, part["cheby_coeffs"])


def ikan_jacobi_computes(part: Weights, x: Tensor, a: float = 1.0, b: float = 1.0) -> Tensor:
    curves = ikan_jacobi(x.tanh(), 5, a, b)
    return _with_base(part, x) + torch.einsum("bik,oik->bo", curves, part["jacobi_coeffs"])


def _taylor_computes(part: Weights, x: Tensor) -> Tensor:
    powers = x[..., None] ** torch.arange(4)
    return _with_base(part, x) + torch.einsum("bik,oik->bo", powers, part["taylor_coeffs"])


def _ikan_fourier(sources: int, targets: int, rng: torch.Generator) -> Weights:
    found = _ikan("fourier_coeffs", 3)(sources, targets, rng)
    return {**found, "fourier_coeffs": _normal(rng, 2, targets, sources, 3)}


def _ikan_fourier_computes(part: Weights, x: Tensor) -> Tensor:
    cos, sin = waves(x, 3)
    coef = part["fourier_coeffs"]
    curves = torch.einsum("bik,oik->bo", cos, coef[0]) + torch.einsum("bik,oik->bo", sin, coef[1])
    return _with_base(part, x) + curves


def _edges(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        "wavelet_weights": _normal(rng, targets, sources),
        "scale": 0.6 + torch.rand(targets, sources, generator=rng, dtype=torch.float64),
        "translation": _normal(rng, targets, sources),
    }


def _wav_kan(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        **_edges(sources, targets, rng),
        "weight1": _normal(rng, targets, sources),
        "bn.weight": _normal(rng, targets),
        "bn.bias": _normal(rng, targets),
        "bn.running_mean": _normal(rng, targets),
        "bn.running_var": 0.5 + torch.rand(targets, generator=rng, dtype=torch.float64),
        "bn.num_batches_tracked": torch.tensor(7),
    }


def _wavelets(part: Weights, x: Tensor, psi: Callable[[Tensor], Tensor]) -> Tensor:
    return (psi((x[:, None] - part["translation"]) / part["scale"]) * part["wavelet_weights"]).sum(2)


def wav_kan_computes(part: Weights, x: Tensor, wavelet: str = "mexican_hat", *, base: bool = False) -> Tensor:
    factor = 2 / (math.sqrt(3) * math.pi**0.25) if wavelet == "mexican_hat" else 1
    sums = factor * _wavelets(part, x, PSI[wavelet]) + base * silu(x) @ part["weight1"].T
    return batch_norm(sums, part["bn.running_mean"], part["bn.running_var"], part["bn.weight"], part["bn.bias"])


def _ikan_wavelets(sources: int, targets: int, rng: torch.Generator) -> Weights:
    return {
        **_edges(sources, targets, rng),
        "base_weight": _normal(rng, targets, sources),
        "bias": _normal(rng, targets),
    }


def ikan_wavelets_compute(part: Weights, x: Tensor, wavelet: str = "mexican_hat") -> Tensor:
    return _with_base(part, x) + _wavelets(part, x, PSI[wavelet])


WAVES = {
    "ChebyKAN": Library(_cheby, _cheby_computes, "{}."),
    "JacobiKAN": Library(_jacobi, jacobi_computes, "{}."),
    "FourierKAN": Library(_fourier, _fourier_computes, "{}."),
    "ikan ChebyKAN": Library(_ikan_cheby, _ikan_cheby_computes),
    "ikan JacobiKAN": Library(_ikan("jacobi_coeffs", 5), ikan_jacobi_computes),
    "ikan TaylorKAN": Library(_ikan("taylor_coeffs", 4), _taylor_computes),
    "ikan FourierKAN": Library(_ikan_fourier, _ikan_fourier_computes),
    "Wav-KAN": Library(_wav_kan, wav_kan_computes),
    "ikan WaveletKAN": Library(_ikan_wavelets, ikan_wavelets_compute),
}


def with_wavelet(name: str, wavelet: str) -> Library:
    """The library with another of its wavelets."""
    computes = {"Wav-KAN": wav_kan_computes, "ikan WaveletKAN": ikan_wavelets_compute}[name]
    return Library(WAVES[name].layer, partial(computes, wavelet=wavelet))
