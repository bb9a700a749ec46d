"""Where the search for a formula starts: each primitive's free numbers, their ranges, and a dictionary of curves.

x is mapped to t in [-1, 1], and a primitive is looked at as f(u), u = alpha t + beta, up to a factor and a shift that
least squares find. A primitive's kind says which of alpha and beta are then real, and how two free numbers (theta)
stand for them so that u never leaves the domain:

=====  =============================  ======================================================
kind   u                              theta
=====  =============================  ======================================================
lin    t                              none
loc    s t + 1 + exp(p), s = +1, -1   p, the log of the distance from the range to the pole
locp   t + q                          q
rate   r t                            r
ab     alpha t + beta                 alpha, beta
dom    between two ends               atanh of the ends' places in the domain
=====  =============================  ======================================================
"""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.formula import PRIMITIVES, Primitive, primitive

CELLS = 96
FREE = {"lin": 0, "loc": 1, "locp": 1, "rate": 1, "ab": 2, "dom": 2}
SAME_AS = {"cos": "sin", "sigmoid": "tanh", "arccos": "arcsin"}
"""Primitives that are another one with other constants: searched once, under the name on the right."""
SEARCHED = tuple(name for name, row in PRIMITIVES.items() if row.kind)
ONE_SIDED = ("softplus", "x exp(-x)")
BORDER = 1 - 1e-9


def kind_of(row: Primitive) -> str:
    """How its constants are searched; what is in no table (a typed expression) may need both."""
    return row.kind or "ab"


@dataclass(frozen=True)
class Starts:
    """Places to start from: one row each, grouped by primitive (`names`, with the rows in `slices`)."""

    names: tuple[str, ...]
    slices: tuple[slice, ...]
    theta: Float[Tensor, "row 2"]
    sign: Float[Tensor, " row"]

    def take(self, rows: list[list[int]]) -> "Starts":
        """Some rows of each primitive, by their number in the whole."""
        ends = list(itertools.accumulate((len(part) for part in rows), initial=0))
        index = torch.tensor([n for part in rows for n in part], dtype=torch.long)
        slices = tuple(slice(a, b) for a, b in itertools.pairwise(ends))
        return Starts(self.names, slices, self.theta[index], self.sign[index])


def place(row: Primitive, theta: Float[Tensor, "row 2"], sign: Float[Tensor, " row"]) -> tuple[Tensor, Tensor, Tensor]:
    """alpha and beta of each row, and their derivatives by theta: (row, alpha or beta, theta)."""
    first, second = theta.unbind(1)
    one, zero = torch.ones_like(first), torch.zeros_like(first)
    match kind_of(row):
        case "lin":
            return one, zero, _slopes(zero, zero, zero, zero)
        case "loc":
            return sign, 1 + first.exp(), _slopes(zero, zero, first.exp(), zero)
        case "locp":
            return one, first, _slopes(zero, zero, one, zero)
        case "rate":
            return first, zero, _slopes(one, zero, zero, zero)
        case "dom":
            low, high = row.domain
            middle, half = (high + low) / 2, BORDER * (high - low) / 2
            left, right = middle + half * first.tanh(), middle + half * second.tanh()
            dl, dr = half / first.cosh() ** 2 / 2, half / second.cosh() ** 2 / 2
            return (right - left) / 2, (right + left) / 2, _slopes(-dl, dr, dl, dr)
        case _:
            return first, second, _slopes(one, zero, zero, one)


def _slopes(alpha_first: Tensor, alpha_second: Tensor, beta_first: Tensor, beta_second: Tensor) -> Tensor:
    return torch.stack([alpha_first, alpha_second, beta_first, beta_second], -1).reshape(-1, 2, 2)


def bounds(row: Primitive) -> tuple[float, float]:
    """The range each free number is held in."""
    if row.name == "abs":
        return -0.98, 0.98  # without its kink it is a line
    return {"loc": (math.log(1e-9), math.log(1e4)), "locp": (-30.0, 30.0), "dom": (-11.0, 11.0)}.get(
        kind_of(row), (-300.0, 300.0)
    )


def _grid(row: Primitive) -> list[tuple[float, float, float]]:
    """Starts (theta, theta, sign) dense enough that the right one lies in the valley of the answer."""
    match kind_of(row):
        case "lin":
            return [(0.0, 0.0, 1.0)]
        case "loc":
            distances = torch.linspace(math.log(1e-4), math.log(1e3), 37).tolist()
            return [(p, 0.0, s) for s in (1.0, -1.0) for p in distances]
        case "locp":
            far = [] if row.name == "abs" else torch.logspace(0.05, 1.4, 14).tolist()
            inside = torch.linspace(-0.98, 0.98, 61).tolist()
            return [(q, 0.0, 1.0) for q in [-v for v in reversed(far)] + inside + far]
        case "rate":
            rates = torch.logspace(-2, 1.7, 30).tolist()
            return [(s * r, 0.0, 1.0) for s in (1.0, -1.0) for r in rates]
        case "dom":
            ends = [*torch.linspace(-0.96, 0.96, 21).tolist(), -0.99, 0.99, -0.999, 0.999]
            pairs = itertools.combinations(sorted(ends), 2)
            return [(math.atanh(left), math.atanh(right), 1.0) for left, right in pairs]
    if row.name == "sin":
        rates = [0.05, 0.1, 0.2, *torch.arange(0.3, 60.0, 0.3).tolist()]
        return [(r, n * math.pi / 6, 1.0) for r in rates for n in range(6)]
    if row.name == "sgn":
        return [(1.0, -c, 1.0) for c in torch.linspace(-0.995, 0.995, 2 * CELLS).tolist()]
    rates = torch.linspace(1, 45, 67).tolist() if row.name == "sinc" else torch.logspace(-1, 1.6, 26).tolist()
    signs = (1.0, -1.0) if row.name in ONE_SIDED or row.name not in PRIMITIVES else (1.0,)
    centres = torch.linspace(-1, 1, 41).tolist()
    return [(s * r, -s * r * c * (1 + 2 / r), 1.0) for s in signs for r in rates for c in centres]


@lru_cache(maxsize=32)
def dictionary(names: tuple[str, ...]) -> tuple[Starts, Tensor]:
    """All starts of these primitives and their curves at the cells' middles, each of mean 0 and length 1 (float32)."""
    theta, sign, slices, curves, at = [], [], [], [], 0
    t = cell_middles()
    for name in names:
        row = primitive(name)
        grid = torch.tensor(_grid(row), dtype=torch.float64)
        alpha, beta, _ = place(row, grid[:, :2], grid[:, 2])
        curve = row.torch(alpha[:, None] * t + beta[:, None])
        curve = curve - curve.mean(1, keepdim=True)
        length = curve.norm(dim=1, keepdim=True)
        curve = torch.where((length > 1e-12) & length.isfinite(), curve / length, torch.zeros_like(curve))
        theta.append(grid[:, :2])
        sign.append(grid[:, 2])
        curves.append(curve.float())
        slices.append(slice(at, at + len(grid)))
        at += len(grid)
    return Starts(names, tuple(slices), torch.cat(theta), torch.cat(sign)), torch.cat(curves)


def cell_middles() -> Float[Tensor, " cell"]:
    return (torch.arange(CELLS, dtype=torch.float64) + 0.5) * (2 / CELLS) - 1
