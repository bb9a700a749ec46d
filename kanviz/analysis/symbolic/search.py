"""Find the closed forms most similar to sampled curves, best first; many curves in one batch."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.deeper import deeper_fits
from kanviz.analysis.symbolic.judge import Fit, candidate, constant, judged, power, tie
from kanviz.analysis.symbolic.race import best_rows
from kanviz.analysis.symbolic.samples import INDEPENDENT, QUIET, Samples, noise_level, samples
from kanviz.analysis.symbolic.shapes import DEFAULT, POWER, SAME_AS
from kanviz.core.formulas.formula import PRIMITIVES, primitive
from kanviz.core.threads import on_one_thread
from kanviz.errors import FormulaError

__all__ = [
    "INDEPENDENT", "QUIET", "Samples", "fit_formula", "noise_level", "samples", "search", "search_many", "suggest",
]  # fmt: skip

TOGETHER = 50  # curves in a batch: more would hardly be faster, and this many need less than 100 MB


@on_one_thread
def suggest(
    x: Any,
    y: Any,
    *,
    weights: Any = None,
    primitives: Sequence[str] | None = None,
    noise: float | None = None,
    most: int = 12,
    deeper: bool = True,
) -> tuple[Candidate, ...]:
    """Return closed forms c f(a x + b) + d for samples of a curve, best first.

    x, y, weights: arrays of one length. primitives: names in PRIMITIVES, x^p for a power with a fitted exponent, or
    expressions in x; None tries all. noise: accuracy of y, as a share of its standard deviation; None estimates it from
    neighbours. deeper: where no primitive fits, f may be two functions: f(g(x)) or f(x) + g(x).
    Raises FormulaError for samples that are not a curve, or when nothing fits on the whole range.

    >>> import kanviz, torch
    >>> x = torch.linspace(1.0, 3.0, 40, dtype=torch.float64)
    >>> best = kanviz.suggest(x, 3 * torch.log(x) + 1, primitives=["sin", "log", "x^2"])[0]
    >>> best.formula.primitive, round(best.formula.c, 6), best.error < 1e-6
    ('log', 3.0, True)
    """
    return search(samples(x, y, weights, noise), primitives, most, deeper=deeper)


def fit_formula(x: Any, y: Any, name: str, *, weights: Any = None, noise: float | None = None) -> Candidate:
    """Return the best c f(a x + b) + d for one chosen f: a primitive's name, x^p, or an expression in x.

    Raises FormulaError when it is not a formula, or is NaN or infinite somewhere on the range for all a and b.
    """
    return search(samples(x, y, weights, noise), (name,), 1)[0]


def search(
    points: Samples, primitives: Sequence[str] | None, most: int, *, deeper: bool = False
) -> tuple[Candidate, ...]:
    """Return the candidates for checked samples, best first. Raises FormulaError when there is none."""
    return search_many([points], primitives, most, deeper=deeper)[0]


def search_many(
    points: Sequence[Samples], primitives: Sequence[str] | None, most: int, *, deeper: bool = False
) -> tuple[tuple[Candidate, ...], ...]:
    """Return the candidates for each of many curves, best first: the same as for each of them alone.

    deeper: where no primitive comes within 3 times the noise, pairs of them are tried too.
    Raises FormulaError when a curve has no candidate.
    """
    names = DEFAULT if primitives is None else tuple(dict.fromkeys(primitives))
    for name in names:
        if name != POWER:
            primitive(name)
    deeper = deeper and primitives is None
    found: dict[int, tuple[Candidate, ...]] = {}
    for batch in _batches(points):
        for n, fits in zip(batch, _fits([points[n] for n in batch], names), strict=True):
            best = min((one.error for one in fits), default=math.inf)
            if deeper and best > max(tie(points[n]), points[n].enough):
                fits = [*fits, *deeper_fits(points[n])]
            found[n] = _answer(points[n], names, fits, most)
    return tuple(found[n] if n in found else (_unchanging(one),) for n, one in enumerate(points))


def _unchanging(points: Samples) -> Candidate:
    why = "All x are the same, so its shape is unknown." if points.still else "The curve does not vary."
    return constant(points, (why,))


def _batches(points: Sequence[Samples]) -> Iterator[list[int]]:
    """Generate groups of curves to search together: those with equally many points; constant curves are left out."""
    lengths: dict[int, list[int]] = {}
    for n, one in enumerate(points):
        if one.std > 0 and not one.still:
            lengths.setdefault(len(one.x), []).append(n)
    for same in lengths.values():
        yield from (same[at : at + TOGETHER] for at in range(0, len(same), TOGETHER))


def _answer(points: Samples, names: Sequence[str], found: list[Candidate], most: int) -> tuple[Candidate, ...]:
    if points.constant:
        notes = f"Its spread of {points.std:.2g} is negligible next to its target's; a constant fits as well."
        return (constant(points, (notes,)), *judged(found, points)[: most - 1])
    ordered = judged([*found, constant(points)] if "0" in names else found, points)
    if not ordered:
        low, high = points.range
        raise FormulaError(
            f"No choice of constants makes {names[0]} a number on the whole range from {low:.4g} to {high:.4g}; "
            "choose another function."
            if len(names) == 1
            else "None of the functions fits on the whole range; allow others."
        )
    return ordered[:most]


def _fits(points: Sequence[Samples], names: tuple[str, ...]) -> list[list[Candidate]]:
    """Return, for each curve, the best fit of the primitives that fit it best."""
    searched = tuple(dict.fromkeys(SAME_AS.get(name, name) for name in names if name != "0"))
    found: list[list[Candidate]] = [[] for _ in points]
    if not searched:
        return found
    rows, _ = best_rows(points, searched)
    alpha, beta, _ = rows.place(rows.theta)
    numbers = zip(rows.name.tolist(), rows.curve.tolist(), alpha.tolist(), beta.tolist(), strict=True)
    for (n, curve, al, be), second in zip(numbers, rows.theta[:, 1].tolist(), strict=True):
        low, high = points[curve].range
        a = 2 * al / (high - low)
        b = be - a * (low + high) / 2
        found[curve].extend(_written(points[curve], rows.names[n], a, b, second, names))
    return found


def _written(
    points: Samples, name: str, a: float, b: float, exponent: float, names: tuple[str, ...]
) -> Iterator[Candidate]:
    """Generate the candidate of a fit, if there is one; an expression is also tried exactly as it was typed."""
    if name == POWER:
        fits = [power(points, a, b, exponent, names)]
    elif name in PRIMITIVES:
        fits = [candidate(points, Fit.of(name, a, b), names)]
    else:
        both = Fit.of(name, 1.0, 0.0, as_typed=True), Fit.of(name, a, b)
        fits = [min(filter(None, (candidate(points, fit, names) for fit in both)), key=lambda c: c.score, default=None)]
    yield from (fit for fit in fits if fit is not None)
