"""Random laws with float constants, as hypothesis draws them."""

import sympy
import torch
from hypothesis import strategies as st

from kanviz.laws.expressions.template import Rows

X, Y = sympy.Symbol("x", real=True), sympy.Symbol("y", real=True)
INPUTS = (X, Y)
FUNCTIONS = (sympy.sin, sympy.cos, sympy.exp, sympy.tanh, sympy.atan, sympy.Abs, sympy.cosh)
floats = st.floats(0.1, 3.0).flatmap(lambda v: st.sampled_from([sympy.Float(v, 15), sympy.Float(-v, 15)]))


def laws(depth: int = 3) -> st.SearchStrategy[sympy.Expr]:
    """Sums, products, squares, roots and functions of the inputs, a float constant at every turn."""
    leaves = st.builds(lambda k, s: k * s, floats, st.sampled_from(INPUTS))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda a, b, k: a + b + k, inner, inner, floats),
            st.builds(lambda a, b, k: k * a * b, inner, inner, floats),
            st.builds(lambda f, a, k, s: k * f(a + s), st.sampled_from(FUNCTIONS), inner, floats, floats),
            st.builds(lambda a, k: (a + k) ** 2, inner, floats),
            st.builds(lambda a, k: k * sympy.sqrt(a**2 + abs(k)), inner, floats),
            st.builds(lambda a, k: sympy.log(abs(k) * a**2 + 1), inner, floats),
            st.builds(lambda a, k: k / (a**2 + abs(k)), inner, floats),
        ),
        max_leaves=depth,
    )


def rows(law: sympy.Expr, count: int = 200, noise: float = 0.0, seed: int = 0) -> Rows:
    """Rows in the square from -1 to 1, and the law's values there with noise added (not scaled)."""
    rng = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(count, 2, generator=rng, dtype=torch.float64) - 1
    y = Rows(INPUTS, x, x[:, 0]).values(law)
    return Rows(INPUTS, x, y + noise * torch.randn(count, generator=rng, dtype=torch.float64))
