"""Define how a primitive is searched: its free numbers, their ranges, and the starts of the search.

x is mapped to t in [-1, 1], and a primitive is evaluated as f(u), u = alpha t + beta, up to a factor and a shift that
least squares find. A primitive's kind determines which of alpha and beta are free, and how two free numbers (theta)
represent them so that u never leaves the domain:

=====  ============================  ======================================================
kind   u                             theta
=====  ============================  ======================================================
lin    t                             none
loc    s t + 1 + exp(p), s = +1, -1  p, the log of the distance from the range to the pole
locp   t + q                         q
rate   r t                           r
ab     alpha t + beta                alpha, beta
half   exp(q) (s t + 1 + exp(p))     p as in loc, and q, the log of the rate
dom    between two ends              atanh of the ends' places in the domain
pow    as loc, f(u) = u^n            p as in loc, and the exponent n
=====  ============================  ======================================================
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.core.formulas.formula import PRIMITIVES, primitive

POWER = "x^p"
"""A power whose exponent is fitted too: searched like a primitive, offered as x^1.37."""
FREE = {"lin": 0, "loc": 1, "locp": 1, "rate": 1, "half": 2, "pow": 2, "dom": 2, "ab": 2}
KINDS = tuple(FREE)
SAME_AS = {"cos": "sin", "sigmoid": "tanh", "arccos": "arcsin"}
"""Primitives that are another one with other constants: searched once, under the name on the right."""
SEARCHED = tuple(name for name, row in PRIMITIVES.items() if row.kind)
DEFAULT = (*SEARCHED, POWER, *SAME_AS)
ONE_SIDED = ("softplus", "x exp(-x)")
WAVES = ("sinc", "J0")
VALLEYS = {"lin": 1, "loc": 4, "locp": 4, "rate": 4, "half": 6, "pow": 10, "dom": 5, "ab": 6}
BORDER = 1 - 1e-9
Start = tuple[float, float, float]
DISTANCE = (math.log(1e-9), math.log(1e4))


def kind_of(name: str) -> str:
    """Return how its constants are searched; a typed expression, which is in no table, may need both."""
    if name == POWER:
        return "pow"
    row = PRIMITIVES.get(SAME_AS.get(name, name))
    return (row and row.kind) or "ab"


@dataclass(frozen=True)
class Rows:
    """Fits in work: for each its primitive (`name`, an index into `names`, ascending), its curve, and its theta.

    names: sorted by kind · scale: s of the table above; half the domain's width for dom.
    """

    names: tuple[str, ...]
    name: Int[Tensor, " row"]
    curve: Int[Tensor, " row"]
    theta: Float[Tensor, "row 2"]
    scale: Float[Tensor, " row"]

    def take(self, index: Int[Tensor, " part"]) -> "Rows":
        """Return some rows, in the order of the index, which must keep equal names together."""
        return Rows(self.names, self.name[index], self.curve[index], self.theta[index], self.scale[index])

    def with_rows(self, other: "Rows") -> "Rows":
        """Return these rows and others of the same primitives; names are no longer sorted."""
        parts = zip(
            (self.name, self.curve, self.theta, self.scale), (other.name, other.curve, other.theta, other.scale),
            strict=True,
        )  # fmt: skip
        return Rows(self.names, *(torch.cat(pair) for pair in parts))

    def at(self, theta: Float[Tensor, "row 2"]) -> "Rows":
        """Return the same rows with other free numbers."""
        return replace(self, theta=theta)

    @cached_property
    def parts(self) -> tuple[tuple[str, slice], ...]:
        """The primitives that have rows, each with its slice of the rows."""
        ends = [0, *torch.bincount(self.name, minlength=len(self.names)).cumsum(0).tolist()]
        return tuple((name, slice(a, b)) for name, a, b in zip(self.names, ends, ends[1:], strict=False) if b > a)

    @cached_property
    def kinds(self) -> tuple[tuple[str, slice], ...]:
        """The same by kind."""
        grouped = itertools.groupby(self.parts, lambda part: kind_of(part[0]))
        found = [(kind, list(parts)) for kind, parts in grouped]
        return tuple((kind, slice(parts[0][1].start, parts[-1][1].stop)) for kind, parts in found)

    def place(self, theta: Float[Tensor, "row 2"]) -> tuple[Tensor, Tensor, Tensor]:
        """Return alpha and beta of each row, and their derivatives by theta: (row, alpha or beta, theta)."""
        alpha, beta = torch.ones_like(self.scale), torch.zeros_like(self.scale)
        by_theta = theta.new_zeros(len(theta), 2, 2)
        for kind, part in self.kinds:
            _place(kind, theta[part], self.scale[part], alpha[part], beta[part], by_theta[part])
        return alpha, beta, by_theta

    def bounds(self) -> tuple[Float[Tensor, "row 2"], Float[Tensor, "row 2"]]:
        """Return the limits of each free number."""
        table = torch.tensor([_bounds(name) for name in self.names], dtype=torch.float64)[self.name]
        return table[..., 0], table[..., 1]


def _place(kind: str, theta: Tensor, scale: Tensor, alpha: Tensor, beta: Tensor, by_theta: Tensor) -> None:
    """Fill in alpha, beta and their derivatives for rows of one kind."""
    first, second = theta.unbind(1)
    match kind:
        case "loc" | "pow":
            alpha[:], beta[:] = scale, 1 + first.exp()
            by_theta[:, 1, 0] = first.exp()
        case "locp":
            beta[:] = first
            by_theta[:, 1, 0] = 1
        case "rate":
            alpha[:] = first
            by_theta[:, 0, 0] = 1
        case "half":
            rate, gap = second.exp(), first.exp()
            alpha[:], beta[:] = scale * rate, rate * (1 + gap)
            by_theta[:, 1, 0], by_theta[:, 0, 1], by_theta[:, 1, 1] = rate * gap, alpha, beta
        case "dom":
            half = BORDER * scale / 2
            left, right = half * first.tanh(), half * second.tanh()
            dl, dr = half / first.cosh() ** 2, half / second.cosh() ** 2
            alpha[:], beta[:] = right - left, right + left
            by_theta[:, 0, 0], by_theta[:, 1, 0], by_theta[:, 0, 1], by_theta[:, 1, 1] = -dl, dl, dr, dr
        case "ab":
            alpha[:], beta[:] = first, second
            by_theta[:, 0, 0] = by_theta[:, 1, 1] = 1


def _bounds(name: str) -> tuple[tuple[float, float], tuple[float, float]]:
    if name == "abs":
        return (-0.98, 0.98), (0.0, 0.0)  # without its kink it is a line
    table = {
        "lin": ((0.0, 0.0), (0.0, 0.0)),
        "loc": (DISTANCE, (0.0, 0.0)),
        "locp": ((-30.0, 30.0), (0.0, 0.0)),
        "rate": ((-300.0, 300.0), (0.0, 0.0)),
        "half": (DISTANCE, (math.log(1e-3), math.log(300.0))),
        "pow": (DISTANCE, (-8.0, 8.0)),
        "dom": ((-11.0, 11.0), (-11.0, 11.0)),
        "ab": ((-300.0, 300.0), (-300.0, 300.0)),
    }
    return table[kind_of(name)]


def starts(name: str) -> Float[Tensor, "valley start 3"]:
    """Return starts (theta, theta, scale), dense enough that one of them leads to the best fit.

    They are in groups; each group contributes its best start, so that several minima survive. Short groups are padded.
    """
    found = _waves() if name in WAVES else _stretches(list(_starts(name)), VALLEYS[kind_of(name)])
    longest = max(map(len, found))
    return torch.tensor([part + part[-1:] * (longest - len(part)) for part in found], dtype=torch.float64)


def _stretches(found: list[Start], count: int) -> list[list[Start]]:
    ends = torch.linspace(0, len(found), count + 1).round().long().tolist()
    return [found[a:b] for a, b in itertools.pairwise(ends)]


def _starts(name: str) -> Iterator[Start]:
    near, both = _spaced(math.log(1e-4), math.log(1e3), 128), (1.0, -1.0)
    match kind_of(name):
        case "lin":
            yield 0.0, 0.0, 1.0
        case "loc":
            yield from ((p, 0.0, s) for s in both for p in near)
        case "pow":
            falls = (-5.5, -4.5, -3.5, -2.6, -1.7, -1.25, -0.75, -0.3)
            exponents = (*falls, 0.25, 0.4, 0.7, 0.9, 1.1, 1.25, 1.75, 2.25, 2.75, 3.5, 4.5, 5.5)
            yield from ((p, n, s) for s in both for n in exponents for p in near[::4])
        case "half":
            yield from ((p, q, s) for s in both for q in _spaced(-2, 3.5, 24) for p in near[::5])
        case "locp":
            far = [] if name == "abs" else torch.logspace(0.05, 1.4, 28).tolist()
            yield from ((q, 0.0, 1.0) for q in [*(-v for v in reversed(far)), *_spaced(-0.98, 0.98, 121), *far])
        case "rate":
            rates = torch.logspace(-2, 1.7, 128).tolist()
            yield from ((s * r, 0.0, 1.0) for s in both for r in rates)
        case "dom":
            ends = sorted([*_spaced(-0.96, 0.96, 21), -0.99, 0.99, -0.999, 0.999])
            wide = primitive(name).domain[1]
            yield from ((math.atanh(a), math.atanh(b), wide) for a, b in itertools.combinations(ends, 2))
        case _:
            yield from _two_number_starts(name)


def _two_number_starts(name: str) -> Iterator[Start]:
    if name == "sin":
        rates = [0.05, 0.1, 0.2, *torch.arange(0.3, 60.0, 0.3).tolist()]
        yield from ((r, n * math.pi / 6, 1.0) for r in rates for n in range(6))
    elif name == "sgn":
        yield from ((1.0, -c, 1.0) for c in torch.linspace(-0.995, 0.995, 200).tolist())
    else:
        signs = (1.0, -1.0) if name in ONE_SIDED or name not in PRIMITIVES else (1.0,)
        rates, sides = torch.logspace(-1, 1.6, 22).tolist(), (_spaced(-1, 0, 16), _spaced(1 / 15, 1, 15))
        yield from ((s * r, s * c * (r + 2), 1.0) for side in sides for s in signs for r in rates for c in side)


def _waves() -> list[list[Start]]:
    """Return starts of waves: slow ones by their place on the wave, fast ones by their frequency."""
    slow, fast = torch.arange(0.3, 6.0, 0.3).tolist(), torch.arange(6.0, 30.0, 0.6).tolist()
    places = _spaced(-13, 13, 75)
    return [
        *_stretches([(r, q, 1.0) for q in places for r in slow if abs(q) < r + 8], 7),
        *_stretches([(r, q, 1.0) for r in fast for q in _spaced(-r - 8, r + 8, 2 * round((r + 8) / 0.6))], 14),
    ]


def _spaced(low: float, high: float, count: int) -> list[float]:
    return torch.linspace(low, high, count, dtype=torch.float64).tolist()
