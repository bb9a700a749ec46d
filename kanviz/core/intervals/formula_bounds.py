"""Bound a formula over intervals, from its values at the ends and at the turning points between them."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.formula import exponent, primitive
from kanviz.core.formulas.parser import parse
from kanviz.core.intervals.expression_bounds import UNITS, expression_bounds

EXACT = torch.finfo(torch.float64).eps

_RISING_OR_FALLING = (
    "0", "x", "x^3", "x^5", "1/x", "1/x^2", "1/x^3", "1/x^4", "1/x^5", "sqrt", "x^1.5", "x^2.5", "cbrt", "1/sqrt(x)",
    "1/x^1.5", "exp", "log", "sgn", "tan", "tanh", "sigmoid", "arcsin", "arccos", "arctan", "arctanh", "erf", "sinh",
    "arcsinh", "softplus", "1/(exp(x)-1)",
)  # fmt: skip
_TURNING_AT_ZERO = (
    "x^2", "x^4", "abs", "gaussian", "cosh", "1/cosh(x)", "1/cosh(x)^2", "1/(1+x^2)", "sqrt(1+x^2)", "1/sqrt(1+x^2)",
    "log(1+x^2)", "sqrt(1-x^2)", "1/sqrt(1-x^2)",
)  # fmt: skip
TURNS: dict[str, tuple[float, ...]] = {  # turning points of a primitive; it is monotonic between them and its poles
    **dict.fromkeys(_RISING_OR_FALLING, ()),
    **dict.fromkeys(_TURNING_AT_ZERO, (0.0,)),
    "x log(x)": (math.exp(-1),),
    "x/(1+x^2)": (-1.0, 1.0),
    "x exp(-x)": (1.0,),
    "x exp(-x^2)": (-math.sqrt(0.5), math.sqrt(0.5)),
}
WAVES = {"sin": math.pi / 2, "cos": 0.0}  # x of one maximum
FADING = {"sinc": (-0.21724, 4.49), "J0": (-0.40276, 3.83)}  # least value, and an x up to which it falls from 1 at 0


def formula_bounds(
    name: str, affine: Float[Tensor, "4"], low: Float[Tensor, " box"], high: Float[Tensor, " box"], eps: float
) -> tuple[Float[Tensor, " box"], Float[Tensor, " box"]]:
    """Bound c f(a x + b) + d for x in [low, high], computed with relative precision eps.

    Infinite where the interval meets a pole or leaves the domain.
    """
    a, b, c, d = affine.double()
    ends = torch.stack([a * low, a * high])
    off = UNITS * eps * (ends.abs().amax(0) + b.abs())
    below, above = primitive_bounds(name, ends.amin(0) + b - off, ends.amax(0) + b + off, eps)
    ends = torch.stack([c * below, c * above])
    off = UNITS * eps * (ends.abs().amax(0) + d.abs())
    below, above = ends.amin(0) + d - off, ends.amax(0) + d + off
    known = below.isfinite() & above.isfinite()  # infinity times 0 is NaN
    return torch.where(known, below, -math.inf), torch.where(known, above, math.inf)


def primitive_bounds(name: str, low: Tensor, high: Tensor, eps: float = EXACT) -> tuple[Tensor, Tensor]:
    """Bound a primitive or a typed expression on [low, high]; infinite where no bound is known."""
    row = primitive(name)
    if name in WAVES:
        crest = WAVES[name]
        return -_wave(row.torch, -1, low, high, crest + math.pi), _wave(row.torch, 1, low, high, crest)
    turns = (0.0,) if name in FADING else () if exponent(name) is not None else TURNS.get(name)
    if turns is None:
        return expression_bounds(parse(name, ("x",)).tree, low, high, eps)
    values = [row.torch(low), row.torch(high)]
    for at in turns:
        there = (low <= at) & (at <= high)
        values.append(torch.where(there, row.torch(torch.full_like(low, at)), values[0]))
    found = torch.stack(values)
    below, above = found.amin(0), found.amax(0)
    if name in FADING:
        least, still = FADING[name]
        near = (low >= -still) & (high <= still)
        return torch.where(near, below, least), torch.where(near, above, 1.0)
    sound = (low >= row.domain[0]) & (high <= row.domain[1]) & below.isfinite() & above.isfinite()
    for pole in row.poles:
        sound &= (high < pole) | (low > pole)
    return torch.where(sound, below, -math.inf), torch.where(sound, above, math.inf)


def _wave(f, sign: int, low: Tensor, high: Tensor, crest: float) -> Tensor:
    """Return the greatest value of sign f on [low, high]: 1 where there is a maximum between."""
    turn = 2 * math.pi
    reaches = ((high - crest) / turn).floor() >= ((low - crest) / turn).ceil()
    return torch.where(reaches, 1.0, torch.maximum(sign * f(low), sign * f(high)))
