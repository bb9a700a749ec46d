"""Estimate how far rounding takes a typed formula from its exact value, by the error of each of its parts."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formulas.expression import (
    CONSTANTS,
    FUNCTIONS,
    Call,
    Chain,
    Constant,
    Name,
    Negative,
    Node,
    Number,
    Power,
)

ULP = torch.finfo(torch.float64).eps
FUNCTION_ERROR = 4  # ULPs by which a function of PyTorch may be off


def rounding(tree: Node, values: Mapping[str, Float[Tensor, " rows"]]) -> Float[Tensor, " rows"]:
    """Estimate the rounding error of the formula's value in double precision, for each row.

    Infinite where an error is as large as the distance to the end of a function's domain, and for powers of negative
    numbers whose exponent varies. Source: running error analysis, Higham, Accuracy and Stability of Numerical
    Algorithms, section 3.3; functions by differences.
    """
    like = next(iter(values.values()))
    return _value(tree, {name: value.double() for name, value in values.items()}, like.double())[1]


Pair = tuple[Tensor, Tensor]  # a value and its error


def _value(node: Node, values: Mapping[str, Tensor], like: Tensor) -> Pair:
    match node:
        case Number(value):
            return _exact(like, value)
        case Constant(name):
            return _exact(like, CONSTANTS[name])
        case Name(name):
            return values[name], ULP * values[name].abs()
        case Negative(of):
            value, error = _value(of, values, like)
            return -value, error
        case Power(base, exponent):
            one, (power, off) = _value(base, values, like), _value(exponent, values, like)
            if not _varies(exponent) and bool((power == power.round()).all()):
                return _moved(lambda u: u**power, one)
            lost = torch.where(one[0] < 0, torch.inf, 0.0)  # a negative number has no powers near a whole one
            return _moved(lambda u: u**power, one, lost + _moved(lambda u: one[0] ** u, (power, off))[1])
        case Call(function, arguments):
            return _moved(FUNCTIONS[function].torch, _value(arguments[0], values, like))
        case Chain(first, rest):
            found = _value(first, values, like)
            for operator, term in rest:
                found = _together(operator, found, _value(term, values, like))
            return found


def _varies(node: Node) -> bool:
    """Return whether a part has a variable."""
    match node:
        case Number() | Constant():
            return False
        case Name():
            return True
        case Negative(of):
            return _varies(of)
        case Power(base, exponent):
            return _varies(base) or _varies(exponent)
        case Call(_, arguments):
            return any(map(_varies, arguments))
        case Chain(first, rest):
            return _varies(first) or any(_varies(term) for _, term in rest)


def _exact(like: Tensor, value: float) -> Pair:
    whole = torch.full_like(like, value)
    return whole, ULP * whole.abs()


def _together(operator: str, one: Pair, two: Pair) -> Pair:
    (a, e), (b, f) = one, two
    match operator:
        case "+":
            value, error = a + b, e + f
        case "-":
            value, error = a - b, e + f
        case "*":
            value, error = a * b, a.abs() * f + b.abs() * e
        case _:
            value = a / b
            error = (e + value.abs() * f) / (b.abs() - f).clamp(min=0)
    return value, error + ULP * value.abs()


def _moved(function: Callable[[Tensor], Tensor], argument: Pair, more: Tensor | float = 0.0) -> Pair:
    """Return the function's value, and by how much it differs where its argument differs by its error."""
    at, error = argument
    value, step = function(at), error + 2 * ULP * at.abs()
    off = torch.maximum((function(at + step) - value).abs(), (function(at - step) - value).abs())
    off = torch.where(off.isnan() & value.isfinite(), torch.inf, off)
    return value, off + more + FUNCTION_ERROR * ULP * value.abs()
