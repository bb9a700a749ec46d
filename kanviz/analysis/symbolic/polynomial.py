"""Fit polynomials to a curve that no few functions describe: by least squares, with the lowest sufficient degree."""

import torch

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.judge import Fit, candidate, tie
from kanviz.analysis.symbolic.samples import Samples

DEGREES = range(3, 8)
PER_DEGREE = 1.5  # bits
DIGITS = 15


def polynomials(points: Samples) -> list[Candidate]:
    """Return polynomials of degree 3 and more as expressions in x, up to the first that fits the curve."""
    found = []
    root = points.w.sqrt()
    scale = float(points.x.abs().max()) or 1.0
    for degree in DEGREES:
        table = (points.x / scale)[:, None] ** torch.arange(degree + 1)
        solution = torch.linalg.lstsq(table * root[:, None], (points.y * root)[:, None]).solution[:, 0]
        factors = [float(v) / scale**n for n, v in enumerate(solution)]
        one = candidate(points, Fit(_written(factors), 1.0, 0.0, degree - 1, 2 + PER_DEGREE * degree), ())
        if one is not None:
            found.append(one)
            if one.error <= tie(points):
                break
    return found


def _written(factors: list[float]) -> str:
    """Write the powers from the first on; the constant is part of the formula."""
    text = ""
    for n, factor in enumerate(factors):
        if n and factor:
            sign = "-" if factor < 0 else "+" if text else ""
            text += f"{sign}{abs(factor):.{DIGITS}g}*x" + (f"^{n}" if n > 1 else "")
    return text or "x"
