"""Represent a typed formula as a tree of values, evaluate it, and convert it to SymPy.

`FUNCTIONS` is the only table of functions that users may type: each function is one row.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from kanviz.errors import FormulaError

if TYPE_CHECKING:
    import sympy

INF = math.inf
ABOVE_ZERO = 5e-324  # the smallest positive double: lower bound of values that are positive and never 0
CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Number:
    """A number; `span` is the position of a node in the typed text (start, end)."""

    value: float
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Constant:
    """A named constant: pi or e."""

    name: str
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Name:
    """A variable."""

    name: str
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Negative:
    of: "Node"
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Chain:
    """A sum (+ and -) or a product (* and /), read from left to right; flat, so that a long sum is not deep."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Power:
    base: "Node"
    exponent: "Node"
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Call:
    """A function of FUNCTIONS, by its name there, and its arguments."""

    function: str
    arguments: tuple["Node", ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


Node: TypeAlias = Number | Constant | Name | Negative | Chain | Power | Call


@dataclass(frozen=True)
class Function:
    """A function of one number in PyTorch and SymPy, with the domain where it is real and the range of its values.

    `sympy` takes the sympy module and an expression. `ends`: whether the ends of the domain belong to it.
    `increasing`: the function never falls, so its values between two arguments are between its values at the two.
    `copies`: how often the SymPy expression contains its argument. `turns`: its turning points (maxima and minima), as
    one point and the distance to the next; `poles`: its poles in the same form.
    """

    torch: Callable[[Tensor], Tensor]
    sympy: Callable[[Any, Any], Any]
    domain: tuple[float, float] = (-INF, INF)
    ends: bool = True
    values: tuple[float, float] = (-INF, INF)
    increasing: bool = False
    copies: int = 1
    turns: tuple[float, float] | None = None
    poles: tuple[float, float] | None = None


def _cbrt(u: Tensor) -> Tensor:
    return u.sign() * u.abs() ** (1 / 3)


def _log_to(base: int) -> Callable[[Any, Any], Any]:
    return lambda s, u: s.log(u) / s.log(base)


FUNCTIONS: dict[str, Function] = {
    "sin": Function(torch.sin, lambda s, u: s.sin(u), values=(-1, 1), turns=(math.pi / 2, math.pi)),
    "cos": Function(torch.cos, lambda s, u: s.cos(u), values=(-1, 1), turns=(0, math.pi)),
    "tan": Function(torch.tan, lambda s, u: s.tan(u), increasing=True, poles=(math.pi / 2, math.pi)),
    "asin": Function(torch.asin, lambda s, u: s.asin(u), (-1, 1), increasing=True),
    "acos": Function(torch.acos, lambda s, u: s.acos(u), (-1, 1), values=(0, math.pi), turns=(2, INF)),  # it only falls
    "atan": Function(torch.atan, lambda s, u: s.atan(u), values=(-math.pi / 2, math.pi / 2), increasing=True),
    "sinh": Function(torch.sinh, lambda s, u: s.sinh(u), increasing=True),
    "cosh": Function(torch.cosh, lambda s, u: s.cosh(u), values=(1, INF), turns=(0, INF)),
    "tanh": Function(torch.tanh, lambda s, u: s.tanh(u), values=(-1, 1), increasing=True),
    "asinh": Function(torch.asinh, lambda s, u: s.asinh(u), increasing=True),
    "acosh": Function(torch.acosh, lambda s, u: s.acosh(u), (1, INF), values=(0, INF), increasing=True),
    "atanh": Function(torch.atanh, lambda s, u: s.atanh(u), (-1, 1), ends=False, increasing=True),
    "exp": Function(torch.exp, lambda s, u: s.exp(u), values=(ABOVE_ZERO, INF), increasing=True),
    "log": Function(torch.log, lambda s, u: s.log(u), (0, INF), ends=False, increasing=True),
    "log10": Function(torch.log10, _log_to(10), (0, INF), ends=False, increasing=True),
    "log2": Function(torch.log2, _log_to(2), (0, INF), ends=False, increasing=True),
    "log1p": Function(torch.log1p, lambda s, u: s.log(1 + u), (-1, INF), ends=False, increasing=True),
    "expm1": Function(torch.expm1, lambda s, u: s.exp(u) - 1, values=(-1, INF), increasing=True),
    "sqrt": Function(torch.sqrt, lambda s, u: s.sqrt(u), (0, INF), values=(0, INF), increasing=True),
    "cbrt": Function(_cbrt, lambda s, u: s.sign(u) * s.Abs(u) ** s.Rational(1, 3), increasing=True, copies=2),
    "abs": Function(torch.abs, lambda s, u: s.Abs(u), values=(0, INF), turns=(0, INF)),
    "sign": Function(torch.sign, lambda s, u: s.sign(u), values=(-1, 1), increasing=True),
    "sigmoid": Function(torch.sigmoid, lambda s, u: 1 / (1 + s.exp(-u)), values=(ABOVE_ZERO, 1), increasing=True),
    "softplus": Function(
        torch.nn.functional.softplus, lambda s, u: s.log(1 + s.exp(u)), values=(ABOVE_ZERO, INF), increasing=True
    ),
    "silu": Function(
        torch.nn.functional.silu,
        lambda s, u: u / (1 + s.exp(-u)),
        values=(-0.2785, INF),
        copies=2,
        turns=(-1.2784645427610738, INF),
    ),
    "relu": Function(torch.relu, lambda s, u: (u + s.Abs(u)) / 2, values=(0, INF), increasing=True, copies=2),
    "gaussian": Function(
        lambda u: torch.exp(-u * u), lambda s, u: s.exp(-(u**2)), values=(ABOVE_ZERO, 1), turns=(0, INF)
    ),
    "erf": Function(torch.erf, lambda s, u: s.erf(u), values=(-1, 1), increasing=True),
    "sinc": Function(lambda u: torch.sinc(u / math.pi), lambda s, u: s.sinc(u), values=(-0.2173, 1)),
}
OTHER_NAMES = {
    "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "sgn": "sign", "Abs": "abs", "gauss": "gaussian",
}  # fmt: skip


def evaluate(tree: Node, values: Mapping[str, Any]) -> Any:
    """Compute the formula's value: a tensor, of the tensors' common shape, if a value is a tensor; else a float.

    Where the formula is not real or not finite, the value is nan or inf. Raises FormulaError for a missing variable.
    """
    tensors = [v for v in values.values() if isinstance(v, Tensor)]
    found = _value(tree, {name: _floating(value) for name, value in values.items()})
    if not tensors:
        return float(found)
    shape = torch.broadcast_shapes(*(t.shape for t in tensors))
    return found.to(_floating(tensors[0]).dtype).expand(shape)


def _floating(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        return _scalar(value)
    return value if value.is_floating_point() else value.double()


def _scalar(value: float) -> Tensor:
    return torch.tensor(float(value), dtype=torch.float64)


def _value(node: Node, values: Mapping[str, Tensor]) -> Tensor:
    match node:
        case Number(value):
            return _scalar(value)
        case Constant(name):
            return _scalar(CONSTANTS[name])
        case Name(name):
            return _bound(name, values)
        case Negative(of):
            return -_value(of, values)
        case Power(base, exponent):
            return _value(base, values) ** _value(exponent, values)
        case Call(function, arguments):
            return FUNCTIONS[function].torch(_value(arguments[0], values))
        case Chain(first, rest):
            total = _value(first, values)
            for operator, term in rest:
                other = _value(term, values)
                match operator:
                    case "+":
                        total = total + other
                    case "-":
                        total = total - other
                    case "*":
                        total = total * other
                    case _:
                        total = total / other
            return total


def to_sympy(tree: Node, symbols: Mapping[str, "sympy.Expr"]) -> "sympy.Expr":
    """Convert the formula to a SymPy expression; whole numbers stay exact, others are floats of double precision.

    Raises FormulaError if its constants combine to something infinite, such as 1/sin(pi).
    """
    import sympy

    found = _expression(tree, symbols, sympy)
    if found.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise FormulaError("The constants of the formula cancel to a division by zero; write it without that part.")
    return found


def _expression(node: Node, symbols: Mapping[str, Any], s: Any) -> Any:
    match node:
        case Number(value):
            return s.Integer(int(value)) if value == int(value) and abs(value) < 1e15 else s.Float(value, 17)
        case Constant(name):
            return s.pi if name == "pi" else s.E
        case Name(name):
            return _bound(name, symbols)
        case Negative(of):
            return _chain("*", [s.Integer(-1), _expression(of, symbols, s)], s)
        case Power(base, exponent):
            return _power(_expression(base, symbols, s), _expression(exponent, symbols, s), s)
        case Call(function, arguments):
            return _call(FUNCTIONS[function], _expression(arguments[0], symbols, s), s)
        case Chain(first, rest):
            terms = [_expression(first, symbols, s)]
            for operator, term in rest:
                other = _expression(term, symbols, s)
                if operator == "-":
                    other = _chain("*", [s.Integer(-1), other], s)
                terms.append(_power(other, s.Integer(-1), s) if operator == "/" else other)
            return _chain(rest[0][0], terms, s)


def _chain(operator: str, terms: list[Any], s: Any) -> Any:
    kind = s.Add if operator in "+-" else s.Mul
    return kind(*terms, evaluate=not _deep(terms, s))


def _call(function: Function, argument: Any, s: Any) -> Any:
    """Apply a function; a constant that is not simple becomes a float, since SymPy takes long to find its sign."""
    if argument.is_number and (argument.has(s.Float) or argument.count_ops() > 3):
        with suppress(TypeError):  # SymPy: not real; PyTorch: real, because of rounding
            return s.Float(float(function.torch(_scalar(float(argument)))), 17)
    if not _deep([argument], s):
        return function.sympy(s, argument)
    place = s.Dummy()
    return _filled(function.sympy(s, place), place, argument)


def _filled(expression: Any, place: Any, argument: Any) -> Any:
    """Replace the placeholder by the argument, without simplifying."""
    if expression == place:
        return argument
    if not expression.has(place):
        return expression
    return expression.func(*(_filled(part, place, argument) for part in expression.args), evaluate=False)


def _deep(parts: list[Any], s: Any) -> bool:
    """Return whether SymPy must not simplify at once; with a few nested functions that can take minutes."""
    return any(len(part.atoms(s.Function)) > 2 for part in parts)


def _power(base: Any, exponent: Any, s: Any) -> Any:
    """Compute base ** exponent; a power of whole numbers with very many digits becomes a float."""
    if base.is_Rational and exponent.is_Rational and abs(exponent) > 16:
        base = s.Float(base, 17)
    return s.Pow(base, exponent, evaluate=not _deep([base, exponent], s))


def _bound(name: str, table: Mapping[str, Any]) -> Any:
    if name not in table:
        raise FormulaError(f"The formula needs a value for {name}; give it one.")
    return table[name]
