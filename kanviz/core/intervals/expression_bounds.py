"""Bound a typed expression over many intervals at once, rounding included."""

import math
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.expression import (
    CONSTANTS,
    FUNCTIONS,
    INF,
    Call,
    Chain,
    Constant,
    Function,
    Name,
    Negative,
    Node,
    Number,
    Power,
)

UNITS = 256  # units in the last place: assumed error of one step
Bounds = tuple[Float[Tensor, " box"], Float[Tensor, " box"]]


def expression_bounds(tree: Node, low: Tensor, high: Tensor, eps: float) -> Bounds:
    """Bound an expression in one variable for values in [low, high], computed with relative precision eps.

    Infinite where it may not be a finite number. Source: Moore, Interval Analysis (1966), with every step widened.
    """
    most = torch.finfo(torch.float32 if eps > 1e-10 else torch.float64).max / 4

    def wider(below: Tensor, above: Tensor) -> Bounds:
        off = UNITS * eps * torch.maximum(below.abs(), above.abs()) + torch.finfo(torch.float32).tiny
        below, above = below - off, above + off
        known = (below.abs() < most) & (above.abs() < most)
        return torch.where(known, below, -INF), torch.where(known, above, INF)

    def bounds(node: Node) -> Bounds:
        match node:
            case Number(value):
                return low.new_full(low.shape, value), low.new_full(low.shape, value)
            case Constant(name):
                return low.new_full(low.shape, CONSTANTS[name]), low.new_full(low.shape, CONSTANTS[name])
            case Name():
                return low, high
            case Negative(of):
                below, above = bounds(of)
                return -above, -below
            case Power(base, exponent):
                return wider(*_power(bounds(base), bounds(exponent)))
            case Call(function, arguments):
                return wider(*_call(FUNCTIONS[function], *bounds(arguments[0])))
            case Chain(first, rest):
                steps = ((sign, bounds(term)) for sign, term in rest)
                return reduce(lambda found, step: wider(*_STEPS[step[0]](found, step[1])), steps, bounds(first))

    return bounds(tree)


def _unbounded(sound: Tensor, below: Tensor, above: Tensor) -> Bounds:
    """Return the bounds where they are valid, infinite bounds elsewhere."""
    sound = sound & ~below.isnan() & ~above.isnan()
    return torch.where(sound, below, -INF), torch.where(sound, above, INF)


def _corners(values: list[Tensor]) -> Bounds:
    found = torch.stack(values)
    return _unbounded(~found.isnan().any(0), found.amin(0), found.amax(0))


def _plus(a: Bounds, b: Bounds) -> Bounds:
    return a[0] + b[0], a[1] + b[1]


def _minus(a: Bounds, b: Bounds) -> Bounds:
    return a[0] - b[1], a[1] - b[0]


def _times(a: Bounds, b: Bounds) -> Bounds:
    return _corners([x * y for x in a for y in b])


def _over(a: Bounds, b: Bounds) -> Bounds:
    sound = (b[0] > 0) | (b[1] < 0)
    return _unbounded(sound, *_corners([x / torch.where(sound, y, 1.0) for x in a for y in b]))


_STEPS = {"+": _plus, "-": _minus, "*": _times, "/": _over}


def _power(base: Bounds, exponent: Bounds) -> Bounds:
    """Bound powers of a positive base, and whole powers of any base."""
    n = float(exponent[0].flatten()[0]) if exponent[0].numel() else 1.0
    constant = bool(((exponent[0] == n) & (exponent[1] == n)).all())
    if not constant or n != int(n):
        return _unbounded(base[0] > 0, *_corners([b.clamp(min=0) ** e for b in base for e in exponent]))
    ends = [b**n for b in base]
    crosses = (base[0] <= 0) & (base[1] >= 0)
    if n > 0 and n % 2 == 0:
        ends.append(torch.where(crosses, 0.0, ends[0]))
    return _unbounded(~crosses | torch.tensor(n >= 0), *_corners(ends))


def _call(function: Function, low: Tensor, high: Tensor) -> Bounds:
    least, most = function.domain
    sound = (low >= least) & (high <= most)
    values = [function.torch(end.clamp(least, most)) for end in (low, high)]
    if function.poles is not None:
        sound = sound & (_next(function.poles, low) > high)
    if function.turns is not None:
        for later in (0, 1):
            turn = _next(function.turns, low, later)
            values.append(torch.where(turn <= high, function.torch(turn.clamp(low, high)), values[0]))
    elif not function.increasing:
        values = [low.new_full(low.shape, value) for value in function.values]
    return _unbounded(sound, *_corners(values))


def _next(places: tuple[float, float], low: Tensor, later: int = 0) -> Tensor:
    """Return the first of evenly spaced points at or after `low`, or with `later` the one after it."""
    first, step = places
    if step == math.inf:
        return torch.where(low <= first, first, INF) if not later else torch.full_like(low, INF)
    return first + step * (((low - first) / step).ceil() + later)
