"""Find starts for the search of two functions: the best sums of two curves, and the best nested curves."""

import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.dictionary import CELLS, cell_means, cell_middles, dictionary
from kanviz.analysis.symbolic.polish import heights, values
from kanviz.analysis.symbolic.samples import Curves
from kanviz.analysis.symbolic.shapes import KINDS, Rows, kind_of
from kanviz.analysis.symbolic.two import Chain, Sum

SUMMED = (
    "x", "x^2", "x^3", "1/x", "1/x^2", "sqrt", "x^1.5", "log", "abs", "exp", "sin", "tanh", "gaussian", "1/(1+x^2)",
    "log(1+x^2)",
)  # fmt: skip
OUTER = ("x^2", "x^3", "1/x", "1/x^2", "sqrt", "1/sqrt(x)", "exp", "log", "sin", "tanh", "gaussian", "abs")
INNER = ("x^2", "x^3", "abs", "sqrt", "1/x", "exp", "log", "sin")
MOST = {"sin": 300, "tanh": 90, "gaussian": 120}  # starts of a function in a sum; 60 of any other
FASTEST = 40.0  # highest frequency of a wave in a sum, in radians per half range
APART = 0.02  # share of its variance that a curve must have orthogonal to the other, to count as a second one
DISTANCES = (0.003, 0.03, 0.2, 1.0, 4.0)
CENTRES = (0.0, 0.25, -0.25, 0.5, -0.5, 0.75, -0.75, 1.2, -1.2, 2.5, -2.5)
RATES = (0.7, 1.5, 3.0, 5.0)


def best_sums(curve: Curves, singles: Rows) -> Sum:
    """Return pairs to start from: the best of any two primitives, and the best second curve of each kind for `singles`.

    singles: fits of one function in SUMMED to the curve; the second curve may be too small to be found in the pairs.
    """
    rows, curves = _summed()
    weight, weighted = (part[0] for part in cell_means(curve))
    curves = curves - (curves @ weight)[:, None]
    curves = curves / ((curves**2) @ weight).sqrt().clamp(min=1e-12)[:, None]
    first, second = _best_pairs(rows, curves, weight, curves @ weighted)
    _, weighted = cell_means(_left_over(curve, singles))
    found = (curves @ weighted.T) ** 2
    companions = torch.stack([part.start + found[part].argmax(0) for _, part in rows.parts])
    owners = torch.arange(len(weighted)).expand(companions.shape)
    return Sum.of(
        rows.take(first).with_rows(singles.take(owners.flatten())),
        rows.take(second).with_rows(rows.take(companions.flatten())),
        curve,
    )


def _best_pairs(rows: Rows, curves: Tensor, weight: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return, for any two primitives, the two curves (of mean 0 and length 1) that explain most together.

    right: what each explains alone, as a correlation.
    """
    overlap = (curves * weight) @ curves.T
    apart = 1 - overlap**2
    explained = right[:, None] ** 2 + right**2 - 2 * right[:, None] * right * overlap
    explained = torch.where(apart > APART, explained / apart.clamp(min=APART), torch.zeros_like(overlap))
    first, second = [], []
    for (_, a), (_, b) in itertools.combinations_with_replacement(rows.parts, 2):
        best = int(explained[a, b].argmax())
        first.append(a.start + best // (b.stop - b.start))
        second.append(b.start + best % (b.stop - b.start))
    return torch.tensor(first), torch.tensor(second)


def _left_over(curve: Curves, singles: Rows) -> Curves:
    """Return the residual of each fit of the curve, scaled, as a curve of its own."""
    t, y, w = (part.expand(len(singles.name), -1) for part in (curve.t, curve.y, curve.w))
    value, _ = values(singles, singles.theta, t)
    value = value - (value * w).sum(1, keepdim=True)
    factor = (value * y * w).sum(1, keepdim=True) / (value * value * w).sum(1, keepdim=True)
    return Curves(t, y - factor * value, w).thin(t.shape[1])


@lru_cache(maxsize=1)
def _summed() -> tuple[Rows, Float[Tensor, "row cell"]]:
    """Return a smaller dictionary for sums."""
    known = dictionary(SUMMED)
    chosen = []
    for name, part in known.rows.parts:
        index = torch.arange(part.start, part.stop)
        if name == "sin":
            index = index[known.rows.theta[index, 0] <= FASTEST]
        every = -(-len(index) // MOST.get(name, 60))
        chosen.append(index[:: every + (every % 2 == 0)])  # odd, so that all phases occur
    index = torch.cat(chosen)
    return known.rows.take(index), known.curves[index]


class Chains(NamedTuple):
    """The curves for every start of f(alpha g + beta), sorted by f, then by g: of mean 0 and length 1 (float32)."""

    outer: Rows
    inner: Rows
    curves: Float[Tensor, "row cell"]


def best_chains(curve: Curves) -> Chain:
    """Return the best start for any two nested primitives."""
    known = _chains()
    weight, weighted = cell_means(curve)
    spread = known.curves**2 @ weight[0] - (known.curves @ weight[0]) ** 2
    found = (known.curves @ weighted[0]) ** 2 / spread.clamp(min=1e-6)
    kind = known.outer.name * len(INNER) + known.inner.name
    order = found.argsort(descending=True, stable=True)
    order = order[kind[order].argsort(stable=True)]
    fresh = torch.ones_like(order, dtype=torch.bool)
    fresh[1:] = kind[order][1:] != kind[order][:-1]
    index = order[fresh]
    return Chain.of(known.outer.take(index), known.inner.take(index), curve)


@lru_cache(maxsize=1)
def _chains() -> Chains:
    outer, inner = _few(OUTER, inside=False), _few(INNER, inside=True)
    t = torch.cat([cell_middles(), torch.tensor([-1.0, 1.0], dtype=torch.float64)])
    shape, _ = values(inner, inner.theta, t.expand(len(inner.name), -1))
    low, high = shape.min(1).values, shape.max(1).values
    pairs = torch.cartesian_prod(torch.arange(len(outer.name)), torch.arange(len(inner.name)))
    n, m = pairs.unbind(1)
    alpha, beta, _ = outer.place(outer.theta)
    alpha = 2 * alpha[n] / (high - low)[m]
    beta = beta[n] - alpha * (low + high)[m] / 2
    loose = torch.tensor([kind_of(name) in ("loc", "locp") for name in outer.names])[outer.name[n]]
    size = torch.where(loose, alpha.abs(), 1.0)
    both = Rows(outer.names, outer.name[n], outer.curve[n], torch.stack([alpha / size, beta / size], 1), outer.scale[n])
    u = torch.addcmul(both.theta[:, 1:], both.theta[:, :1], shape[m][:, :CELLS])
    curves = heights(both, u, both.scale)
    curves -= curves.mean(1, keepdim=True)
    length = curves.norm(dim=1, keepdim=True)
    good = ((length > 1e-9) & length.isfinite())[:, 0]
    return Chains(both.take(good.nonzero()[:, 0]), inner.take(m[good]), (curves / length)[good].float())


def _few(names: tuple[str, ...], *, inside: bool) -> Rows:
    """Return few starts of each primitive, sorted by kind."""
    names = tuple(sorted(names, key=lambda name: KINDS.index(kind_of(name))))
    found = [torch.tensor(list(_few_starts(name, inside=inside)), dtype=torch.float64) for name in names]
    name = torch.cat([torch.full((len(part),), n) for n, part in enumerate(found)])
    starts = torch.cat(found)
    return Rows(names, name, torch.zeros_like(name), starts[:, :2].contiguous(), starts[:, 2].contiguous())


def _few_starts(name: str, *, inside: bool) -> Iterator[tuple[float, float, float]]:
    both = (1.0, -1.0)
    if name == "sin":
        rates, phases = (20, 8) if inside else (10, 4)
        turn = 2 * math.pi if inside else math.pi
        yield from ((0.8 * (r + 1), turn * k / phases, 1.0) for r in range(rates) for k in range(phases))
        return
    match kind_of(name):
        case "loc":
            yield from ((math.log(gap), 0.0, s) for s in both for gap in DISTANCES)
        case "locp":
            yield from ((q, 0.0, 1.0) for q in CENTRES if name != "abs" or abs(q) < 1)
        case "rate":
            yield from ((s * r, 0.0, 1.0) for s in both for r in RATES)
        case _:
            yield from ((r, r * q, 1.0) for r in (1.0, 2.5, 6.0) for q in (*CENTRES[:3], 1.0, -1.0))
