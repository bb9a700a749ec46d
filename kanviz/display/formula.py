"""Show a formula of an edge."""

import sympy
import torch

from kanviz.analysis.symbolic import written
from kanviz.core.formulas.formula import Formula
from kanviz.display import markup

POINTS = 81


def html(formula: Formula) -> str:
    """Return a formula as text, with its curve from -1 to 1, which is the usual grid of an edge."""
    x = torch.linspace(-1, 1, POINTS, dtype=torch.float64)
    picture = markup.curve(x.numpy(), formula(x).numpy(), "the curve of the formula", colour=markup.FORMULA)
    return markup.page(markup.line(markup.code(markup.literal(formula, 300))), picture)


def latex(formula: Formula) -> str:
    """Return a formula in LaTeX, its constants to six digits."""
    return rf"$\displaystyle y = {written.latex(formula.sympy(sympy.Symbol('x')), 6)}$"
