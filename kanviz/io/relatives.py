"""Recognises networks related to KANs that have no B-splines, so that the refusal can name them."""

import re
from collections.abc import Iterable

from kanviz.errors import LoadError

# the last parts of the names of its weights: its description
_RELATIVES = {
    r"rbf\.grid$|spline_linear\.weight$": "fast-kan, whose edges are sums of Gaussians",
    r"cheby_?coeffs$": "ChebyKAN, whose edges are Chebyshev polynomials",
    r"fourier_?coeffs$": "FourierKAN, whose edges are Fourier series",
    r"wavelet_weights$": "Wav-KAN, whose edges are wavelets",
    r"jacobi_?coeffs$": "JacobiKAN, whose edges are Jacobi polynomials",
}


def refuse_known(names: Iterable[str]) -> None:
    """Raise a LoadError that names the related network, if it is a known one."""
    there = list(names)
    for pattern, what in _RELATIVES.items():
        if any(re.search(pattern, name, re.IGNORECASE) for name in there):
            raise LoadError(
                f"This is {what}, not B-splines; kanviz cannot show it without changing it. "
                "Train the same data here, or with pykan or efficient-kan."
            )
