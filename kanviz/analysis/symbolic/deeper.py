"""Find closed forms for a curve that no primitive fits: f(g(x)), f(x) + g(x), f(x) g(x), and polynomials."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.judge import judged
from kanviz.analysis.symbolic.pairs import SUMMED, best_chains, best_sums
from kanviz.analysis.symbolic.polish import polish
from kanviz.analysis.symbolic.polynomial import polynomials
from kanviz.analysis.symbolic.product import products
from kanviz.analysis.symbolic.race import best_rows
from kanviz.analysis.symbolic.samples import Curves, Samples
from kanviz.analysis.symbolic.shapes import Rows
from kanviz.analysis.symbolic.spelled import Line, Spell, chain, pair_bits, total
from kanviz.analysis.symbolic.two import Chain, Sum

LOOKS = ((48, 8, 90), (48, 8, 50), (96, 15, 20), (192, 30, 7))
"""Samples, steps, and then how many pairs go on."""
FEWEST = 20  # points: with fewer, any two functions fit
SINGLES = 4  # fits of one function that get a second one
LAST_LOOK, LAST_STEPS = 2_000, 15

Pair = Chain | Sum


def search_deeper(points: Samples, most: int) -> tuple[Candidate, ...]:
    """Return candidates of two functions, and polynomials, best first, as expressions in x.

    None for a constant curve, one with fewer than FEWEST points, or one that no candidate fits on the whole range.
    """
    return judged(deeper_fits(points), points)[:most]


def deeper_fits(points: Samples) -> list[Candidate]:
    """Return the same candidates unsorted, and without their rivals."""
    if points.constant or points.still or len(points.x) < FEWEST:
        return []
    return [*_chains_and_sums(points), *products(points), *polynomials(points)]


def _chains_and_sums(points: Samples) -> list[Candidate]:
    curve = Curves.of([points], LAST_LOOK)
    look = curve.thin(LOOKS[0][0])
    singles, left = best_rows([points], SUMMED)
    singles = singles.take(left.argsort()[:SINGLES].sort().values)
    return [
        *_written(_polished(best_chains(look), curve, points), points, chain),
        *_written(_polished(best_sums(curve.thin(LOOKS[-1][0]), singles), curve, points), points, total),
    ]


def bits(model: Pair) -> Float[Tensor, " row"]:
    """Return the complexity of every pair, in bits."""
    partner = model.partner
    nested = isinstance(model, Chain)
    return torch.tensor(
        [
            pair_bits(model.first.names[n], partner.names[m], nested=nested)
            for n, m in zip(model.first.name.tolist(), partner.name.tolist(), strict=True)
        ],
        dtype=torch.float64,
    )


def _polished(model: Pair, curve: Curves, points: Samples) -> Pair:
    """Return the best few pairs, each at its local minimum."""
    for samples, steps, kept in LOOKS:
        look = curve.thin(samples)
        model = model.on(look)
        theta, left = polish(model, model.theta, steps)
        model = model.at(theta)
        model = model.take(_promising(model, left, points, samples, kept))
    model = model.on(curve)
    return model.at(polish(model, model.theta, LAST_STEPS)[0])


def _promising(model: Pair, left: Tensor, points: Samples, seen: int, most: int) -> Int[Tensor, " chosen"]:
    """Return the most promising rows with a finite residual; see `judge.description`."""
    count = min(points.independent, seen)
    cost = count * (left + points.floor**2).log() + 2 * math.log(2) * bits(model)
    order = cost.nan_to_num(torch.inf).argsort(stable=True)
    return order[left[order].isfinite()][:most].sort().values


def _written(model: Pair, points: Samples, one: Spell) -> Iterator[Candidate]:
    low, high = points.range
    half, middle = (high - low) / 2, (high + low) / 2

    def lines(rows: Rows) -> list[Line]:
        alpha, beta, _ = rows.place(rows.theta)
        return _pairs(alpha / half, beta - alpha / half * middle)

    second = lines(model.second)
    first = _pairs(*model.first.theta.unbind(1)) if isinstance(model, Chain) else lines(model.first)
    for row, at in enumerate(model.place.tolist()):
        names = model.first.names[int(model.first.name[row])], model.second.names[int(model.second.name[at])]
        found = one(points, names, first[row], second[at])
        if found is not None:
            yield found


def _pairs(first: Tensor, second: Tensor) -> list[Line]:
    return list(zip(first.tolist(), second.tolist(), strict=True))
