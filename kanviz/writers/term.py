"""Record a function of one variable as a term: numbers, names, and operations that every target language has.

The functions of the model are recorded by calling them: a `Term` takes part in torch's functions and operators, and
remembers what was done to it. So base functions and primitives are written once, in `kanviz.core`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Union

import torch

Number = Union["Term", float, int]


@dataclass(frozen=True, eq=False)
class Term:
    """A term: `op` applied to terms. "number" has a value, "name" a name, the others are in OPERATIONS.

    more: `more(a, b, yes, no)` is yes where a > b, else no.

    >>> import torch
    >>> from kanviz.writers.term import name
    >>> x = name("x")
    >>> (1 - x * 2).op, (x**2).op, torch.sin(x).op
    ('sub', 'mul', 'sin')
    """

    op: str
    parts: tuple["Term", ...] = ()
    value: float = 0.0
    name: str = ""

    def __add__(self, other: Number) -> "Term":
        return _made("add", self, other)

    def __radd__(self, other: Number) -> "Term":
        return _made("add", other, self)

    def __sub__(self, other: Number) -> "Term":
        return _made("sub", self, other)

    def __rsub__(self, other: Number) -> "Term":
        return _made("sub", other, self)

    def __mul__(self, other: Number) -> "Term":
        return _made("mul", self, other)

    def __rmul__(self, other: Number) -> "Term":
        return _made("mul", other, self)

    def __truediv__(self, other: Number) -> "Term":
        return _made("div", self, other)

    def __rtruediv__(self, other: Number) -> "Term":
        return _made("div", other, self)

    def __neg__(self) -> "Term":
        return _made("neg", self)

    def __pow__(self, power: Number) -> "Term":
        return raised(self, power)

    def __rpow__(self, base: Number) -> "Term":
        return raised(term(base), self)

    def __getattr__(self, function: str) -> Callable[..., "Term"]:
        """Return a method that tensors have, such as `sqrt`."""
        if function not in RECORDED:
            raise AttributeError(function)
        return lambda *args, **how: RECORDED[function](self, *args, **how)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> "Term":
        name = func.__name__.removeprefix("special_")
        if name not in RECORDED:
            raise NotImplementedError(f"torch's {name} cannot be recorded: add it to kanviz.writers.term.RECORDED")
        return RECORDED[name](*args, **(kwargs or {}))


def term(value: Number) -> Term:
    """Return a number as a term; a term as it is."""
    return value if isinstance(value, Term) else Term("number", value=float(value))


def name(text: str) -> Term:
    """Return a variable or a parameter as a term."""
    return Term("name", name=text)


def _made(op: str, *parts: Number) -> Term:
    terms = tuple(map(term, parts))
    if all(one.op == "number" for one in terms):  # computed here: 2 * pi is a number
        values = [torch.tensor(one.value, dtype=torch.float64) for one in terms]
        return Term("number", value=float(COMPUTED[op](*values)))
    return Term(op, terms)


def where(a: Number, b: Number, yes: Number, no: Number) -> Term:
    """Return the term that is yes where a > b, else no."""
    return _made("more", a, b, yes, no)


def raised(base: Term, power: Number) -> Term:
    """Return base^power; a small whole power is products, as torch computes it."""
    power = term(power)
    if power.op != "number" or not power.value.is_integer() or abs(power.value) > 64:
        return root(base) if power.op == "number" and power.value == 0.5 else _made("pow", base, power)
    n = int(power.value)
    if n < 0:
        return 1 / raised(base, -n)
    if n == 0:
        return base * 0 + 1
    half = raised(base, n // 2) if n > 1 else base
    return base if n == 1 else half * half * base if n % 2 else half * half


def root(u: Term) -> Term:
    """Return the square root of a term."""
    return _made("sqrt", u)


def _plain(op: str) -> Callable[[Term], Term]:
    return lambda u: _made(op, u)


def _largest(a: Number, b: Number) -> Term:
    return _made("max", a, b)


def _least(a: Number, b: Number) -> Term:
    return _made("min", a, b)


def _clamp(u: Term, min: float | None = None, max: float | None = None) -> Term:
    u = u if min is None else _largest(u, min)
    return u if max is None else _least(u, max)


def _sigmoid(u: Term) -> Term:
    return 1 / (1 + _made("exp", -u))


def _softplus(u: Term) -> Term:
    return where(u, 20.0, u, _made("log1p", _made("exp", _least(u, 20.0))))  # torch's own threshold


def _gelu(u: Term, approximate: str = "none") -> Term:
    if approximate == "tanh":
        return 0.5 * u * (1 + _made("tanh", math.sqrt(2 / math.pi) * (u + 0.044715 * u * u * u)))
    return 0.5 * u * (1 + _made("erf", u * math.sqrt(0.5)))


def _leaky(u: Term, negative_slope: float = 0.01, inplace: bool = False) -> Term:
    return _largest(u, 0.0) + negative_slope * _least(u, 0.0)


def _elu(u: Term, alpha: float = 1.0, inplace: bool = False) -> Term:
    return _largest(u, 0.0) + alpha * _made("expm1", _least(u, 0.0))


def _xlogy(u: Term, v: Term) -> Term:
    there = _made("abs", u)
    return where(there, 0.0, u * _made("log", where(there, 0.0, v, 1.0)), 0.0)


def _sinc(u: Term) -> Term:
    """Return sin(pi u) / (pi u)."""
    size, angle = _made("abs", u), math.pi * u
    return where(size, 0.0, _made("sin", angle) / where(size, 0.0, angle, 1.0), 1.0)


OF_ONE: dict[str, Callable[..., Any]] = {
    "sqrt": torch.sqrt, "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p, "sin":
    torch.sin, "cos": torch.cos, "tan": torch.tan, "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "sinh":
    torch.sinh, "cosh": torch.cosh, "tanh": torch.tanh, "asinh": torch.asinh, "acosh": torch.acosh, "atanh":
    torch.atanh, "abs": torch.abs, "sign": torch.sign, "erf": torch.erf,
}  # fmt: skip
ONE_PLACE = tuple(OF_ONE)
OPERATIONS = ("add", "sub", "mul", "div", "neg", "pow", "max", "min", "more", *ONE_PLACE)

COMPUTED: dict[str, Callable[..., Any]] = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "neg": torch.neg, "pow": torch.pow,
    "max": torch.maximum, "min": torch.minimum, "more": lambda a, b, yes, no: torch.where(a > b, yes, no),
    **OF_ONE,
}  # fmt: skip

# What torch calls a function -> the term of it.
RECORDED: dict[str, Callable[..., Term]] = {
    **{op: _plain(op) for op in ONE_PLACE},
    "rsqrt": lambda u: 1 / root(u),
    "reciprocal": lambda u: 1 / u,
    "zeros_like": lambda u: u * 0,
    "ones_like": lambda u: u * 0 + 1,
    "pow": raised,
    "sigmoid": _sigmoid,
    "silu": lambda u, inplace=False: u / (1 + _made("exp", -u)),
    "softplus": _softplus,
    "gelu": _gelu,
    "relu": lambda u, inplace=False: _largest(u, 0.0),
    "leaky_relu": _leaky,
    "elu": _elu,
    "mish": lambda u, inplace=False: u * _made("tanh", _softplus(u)),
    "clamp": _clamp,
    "xlogy": _xlogy,
    "sinc": _sinc,
    "log10": lambda u: _made("log", u) / math.log(10),
    "log2": lambda u: _made("log", u) / math.log(2),
}


def recorded(function: Callable[[Any], Any]) -> Term:
    """Return a function of one tensor as a term of x."""
    found = function(name("x"))
    assert isinstance(found, Term), function
    return found


def every(terms: Sequence[Term]) -> Iterator[Term]:
    """Iterate over all terms, each once, parts first."""
    seen: set[int] = set()
    stack = [(one, False) for one in reversed(terms)]
    while stack:
        one, ready = stack.pop()
        if ready:
            yield one
        elif id(one) not in seen:
            seen.add(id(one))
            stack.append((one, True))
            stack.extend((part, False) for part in reversed(one.parts))
