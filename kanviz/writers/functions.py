"""Return every function that a network may have as terms: base functions, formulas, basis functions of the families."""

import math
from collections.abc import Callable, Sequence

from kanviz.core.engine.bases import BASE_CURVES
from kanviz.core.formulas.expression import CONSTANTS, FUNCTIONS, Call, Chain, Constant, Name, Negative, Node, Power
from kanviz.core.formulas.expression import Number as Literal
from kanviz.core.formulas.formula import exponent
from kanviz.core.formulas.parser import parse
from kanviz.core.formulas.primitives import PRIMITIVES
from kanviz.writers.term import Term, name, raised, recorded, root, term, where

X = name("x")
OPERATORS = {"+": Term.__add__, "-": Term.__sub__, "*": Term.__mul__, "/": Term.__truediv__}


def base_term(base: str) -> Term:
    """Return a base function as a term of x."""
    return recorded(BASE_CURVES[base].value)


def primitive_term(primitive: str) -> Term:
    """Return a primitive, or an expression in x, as a term of x.

    >>> from kanviz.writers.functions import primitive_term
    >>> primitive_term("sin").op, primitive_term("x^1.5 + 2").op
    ('sin', 'add')
    """
    if primitive == "J0":
        return _bessel(X)
    if primitive in PRIMITIVES:
        return recorded(PRIMITIVES[primitive].torch)
    power = exponent(primitive)
    return raised(X, power) if power is not None else _of_tree(parse(primitive, ("x",)).tree)


def _of_tree(node: Node) -> Term:
    match node:
        case Literal(value):
            return term(value)
        case Constant(constant):
            return term(CONSTANTS[constant])
        case Name():
            return X
        case Negative(of):
            return -_of_tree(of)
        case Power(base, power):
            return raised(_of_tree(base), _number(_of_tree(power)))
        case Call(function, arguments):
            found = FUNCTIONS[function].torch(_of_tree(arguments[0]))  # pyright: ignore[reportArgumentType]
            assert isinstance(found, Term)
            return found
        case Chain(first, rest):
            total = _of_tree(first)
            for operator, other in rest:
                total = OPERATORS[operator](total, _of_tree(other))
            return total


def _number(power: Term) -> Term:
    """Return the exponent -2 as a number, so that the power is products."""
    if power.op == "neg" and power.parts[0].op == "number":
        return term(-power.parts[0].value)
    return power


def _bessel(u: Term) -> Term:
    """Return J0: the mean of cos(u sin v) where u is small, its asymptotic series where it is large.

    Sources: DLMF 10.9.1 and 10.17.3; `kanviz.core.special` tells why it is exact.
    """
    large = 40.0
    size = u.abs()
    near, far = where(large, size, u, 0.0), where(large, size, large, size)
    total: Term = term(0.0)
    for k in range(24):
        total = total + (near * math.sin(math.pi * (k + 0.5) / 48)).cos()
    terms = [1.0]
    for k in range(1, 16):
        terms.append(terms[-1] * -((2 * k - 1) ** 2) / (8 * k))
    even, odd = term(0.0), term(0.0)
    step = -1 / (far * far)
    for a, b in zip(terms[-2::-2], terms[::-2], strict=True):
        even, odd = even * step + a, odd * step + b
    angle = far - math.pi / 4
    series = root(2 / (math.pi * far)) * (even * angle.cos() - odd / far * angle.sin())
    return where(large, size, total / 24, series)


# --- families: the functions of a source, as terms of x and of its parameters p0, p1 .. ---------------------------

Functions = Callable[[Term, Sequence[Term], int], list[Term]]


def _offsets(x: Term, p: Sequence[Term]) -> list[Term]:
    return [(x - centre) / p[-1] for centre in p[:-1]]


def _gaussian(x: Term, p: Sequence[Term], count: int) -> list[Term]:
    return [(-(u * u)).exp() for u in _offsets(x, p)]


def _sech2(x: Term, p: Sequence[Term], count: int) -> list[Term]:
    tanhs = [u.tanh() for u in _offsets(x, p)]
    return [1 - t * t for t in tanhs]


Recurrence = Callable[[Sequence[Term], int], tuple[Term | float, Term | float, Term | float]]


def _jacobi(p: Sequence[Term], n: int) -> tuple[Term | float, Term | float, Term | float]:
    a, b = p
    if n == 1:
        return (a + b + 2) / 2, (a - b) / 2, 0.0
    s = 2 * n + a + b
    under = 2 * n * (n + a + b) * (s - 2)
    return (s - 1) * s * (s - 2) / under, (s - 1) * (a * a - b * b) / under, 2 * (n + a - 1) * (n + b - 1) * s / under


def _polynomials(recurrence: Recurrence) -> Functions:
    """Return p_n = (a x + b) p_{n-1} - c p_{n-2} for n below the count."""

    def found(x: Term, p: Sequence[Term], count: int) -> list[Term]:
        values, before = [term(1.0)], term(0.0)
        for n in range(1, count):
            a, b, c = recurrence(p, n)
            line = x * a if isinstance(a, Term) or a != 1 else x
            line = line + b if isinstance(b, Term) or b else line
            following = line * values[-1] if n > 1 else line
            if n > 1 and (isinstance(c, Term) or c):
                following = following - c * before
            before = values[-1]
            values.append(following)
        return values

    return found


_CHEBYSHEV = _polynomials(lambda p, n: (1.0 if n == 1 else 2.0, 0.0, 1.0))
_JACOBI = _polynomials(_jacobi)


def _fourier(x: Term, p: Sequence[Term], count: int) -> list[Term]:
    angles = [x * (k * p[0]) for k in range(1, count // 2 + 1)]
    return [angle.cos() for angle in angles] + [angle.sin() for angle in angles]


def _horner(coefficients: Sequence[Term], x: Term) -> Term:
    value = coefficients[-1]
    for c in coefficients[-2::-1]:
        value = value * x + c
    return value


def _quotient(under: Callable[[Term, Sequence[Term]], Term]) -> Functions:
    """Return P(x) / (1 + `under`), of the second half of the parameters."""

    def found(x: Term, p: Sequence[Term], count: int) -> list[Term]:
        half = len(p) // 2
        return [_horner(p[:half], x) / (1 + under(x, p[half:]))]

    return found


def _units(x: Term, p: Sequence[Term], count: int) -> list[Term]:
    share = len(p) // count
    waves = share // 2 - 1
    angles = [x * 2.0**k for k in range(waves)]
    parts = [term(1.0), x, *(angle.sin() for angle in angles), *(angle.cos() for angle in angles)]
    found = []
    for m in range(count):
        inner = p[m * share]
        for part, weight in zip(parts[1:], p[m * share + 1 : (m + 1) * share], strict=True):
            inner = inner + part * weight
        found.append(inner.silu())
    return found


FAMILY_TERMS: dict[str, Functions] = {
    "gaussian": _gaussian,
    "sech2": _sech2,
    "chebyshev": _CHEBYSHEV,
    "jacobi": _JACOBI,
    "chebyshev_tanh": lambda x, p, count: _CHEBYSHEV(x.tanh(), p, count),
    "chebyshev_clamped": lambda x, p, count: _CHEBYSHEV(x.clamp(-1, 1).tanh(), p, count),
    "jacobi_tanh": lambda x, p, count: _JACOBI(x.tanh(), p, count),
    "power": _polynomials(lambda p, n: (1.0, -p[0], 0.0)),
    "fourier": _fourier,
    "quotient": _quotient(lambda x, q: x * _horner(q, x)),
    "quotient_abs": _quotient(lambda x, q: (x * _horner(q, x)).abs()),
    "quotient_sum": _quotient(lambda x, q: x.abs() * _horner([c.abs() for c in q], x.abs())),
    "units": _units,
}


def family_terms(family: str, parameters: int, count: int) -> list[Term]:
    """Return the functions of a source, as terms of x and of its parameters p0, p1 ..

    >>> from kanviz.writers.functions import family_terms
    >>> [one.op for one in family_terms("chebyshev", 0, 3)]
    ['number', 'name', 'sub']
    """
    return FAMILY_TERMS[family](X, [name(f"p{k}") for k in range(parameters)], count)
