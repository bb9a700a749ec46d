"""From samples of a curve to the closed forms that look like it, best first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.candidate import Candidate, range_warnings, simplest
from kanviz.analysis.symbolic.polish import Curve, best_starts, correlations, polish
from kanviz.analysis.symbolic.shapes import FREE, SAME_AS, SEARCHED, Starts, dictionary, kind_of, place
from kanviz.core.formula import PRIMITIVES, Formula, primitive
from kanviz.errors import FormulaError

QUIET = 1e-7  # the smallest noise believed in, as a share of the standard deviation
INDEPENDENT = 240  # points of a smooth curve that count as independent at most
FIRST_LOOK, SECOND_LOOK, LAST_LOOK = 128, 256, 2_000  # samples used for every start, for two, and for the best one
BLOCKS = 5
ROUNDING = 8 * 2.2e-16  # a shift below this many parts of what it is added to is 0
MISFIT = 0.05  # a share of the spread that is plainly not followed
CANCELLING = 1e3  # a factor this much larger than the curve's spread makes a formula the limit of a simpler one
DEFAULT = (*SEARCHED, *SAME_AS)


@dataclass(frozen=True)
class Samples:
    """Points of a curve sorted by x (float64), weights that sum to 1, and what is known about them.

    noise: what the curve cannot be trusted below, as a share of its standard deviation · reach: the range a formula
    should hold on, which may be wider than the data's · scale: what a standard deviation is compared with before a
    curve is called constant, in units of y.
    """

    x: Float[Tensor, " sample"]
    y: Float[Tensor, " sample"]
    w: Float[Tensor, " sample"]
    noise: float
    reach: tuple[float, float]
    scale: float = 0.0

    @property
    def mean(self) -> float:
        return float(self.y @ self.w)

    @property
    def std(self) -> float:
        return float((((self.y - self.mean) ** 2) @ self.w).sqrt())

    @property
    def range(self) -> tuple[float, float]:
        return float(self.x[0]), float(self.x[-1])

    @property
    def constant(self) -> bool:
        """Whether it varies by next to nothing: rounding, or too little for its target to notice."""
        return self.std <= max(1e-12 * float(self.y.abs().max()), 1e-6 * self.scale, 1e-300)


def suggest(
    x: Any,
    y: Any,
    *,
    weights: Any = None,
    primitives: Sequence[str] | None = None,
    noise: float | None = None,
    most: int = 12,
) -> tuple[Candidate, ...]:
    """Closed forms c f(a x + b) + d for samples of a curve, best first.

    x, y, weights: arrays of one length. primitives: names out of PRIMITIVES or expressions in x; None tries all.
    noise: how far y cannot be trusted, as a share of its standard deviation; None estimates it from neighbours.
    Raises FormulaError for samples that are not a curve, or when nothing fits on the whole range.
    """
    return search(samples(x, y, weights, noise), primitives, most)


def fit_formula(x: Any, y: Any, name: str, *, weights: Any = None, noise: float | None = None) -> Candidate:
    """The best c f(a x + b) + d for one chosen f: a primitive's name, or an expression in x.

    Raises FormulaError when it is not a formula, or not a number on the whole range for any a and b.
    """
    return search(samples(x, y, weights, noise), (name,), 1)[0]


def samples(x: Any, y: Any, weights: Any = None, noise: float | None = None) -> Samples:
    """Checked, sorted samples; points of weight 0 are left out."""
    x, y = (torch.as_tensor(v, dtype=torch.float64).detach().reshape(-1) for v in (x, y))
    w = torch.ones_like(x) if weights is None else torch.as_tensor(weights, dtype=torch.float64).reshape(-1)
    if not len(x) == len(y) == len(w):
        raise FormulaError(f"A curve needs as many x as y and weights; got {len(x)}, {len(y)} and {len(w)}.")
    if bool((w < 0).any()) or not bool(w.isfinite().all()):
        raise FormulaError("Weights must be numbers of at least 0.")
    order = x.argsort(stable=True)
    order = order[w[order] > 0]
    x, y, w = x[order], y[order], w[order]
    if not len(x):
        raise FormulaError("There is no point to fit a formula to.")
    if not bool(x.isfinite().all() and y.isfinite().all()):
        raise FormulaError("The curve holds values that are not numbers; no formula can be fitted to it.")
    w = w / w.sum()
    sigma = noise_level(x, y) if noise is None else noise
    return Samples(x, y, w, max(sigma, QUIET), (float(x[0]), float(x[-1])))


def noise_level(x: Float[Tensor, " sample"], y: Float[Tensor, " sample"]) -> float:
    """How far points lie from the cubic through their four neighbours: noise as a share of y's standard deviation."""
    spread = float(y.std(correction=0))
    if len(x) < 8 or spread == 0:
        return QUIET
    near = x.unfold(0, 5, 1)
    middle, others, values = near[:, 2], near[:, [0, 1, 3, 4]], y.unfold(0, 5, 1)
    gap = middle[:, None] - others
    weight = torch.ones_like(gap)
    for i in range(4):
        for k in range(4):
            if i != k:
                weight[:, i] *= gap[:, k] / (others[:, i] - others[:, k])
    off = values[:, 2] - (weight * values[:, [0, 1, 3, 4]]).sum(1)
    off = off / (1 + (weight**2).sum(1)).sqrt()
    off = off[off.isfinite()].abs()
    return float(off.median()) / 0.6745 / spread if len(off) >= 4 else QUIET


def search(points: Samples, primitives: Sequence[str] | None, most: int) -> tuple[Candidate, ...]:
    """The candidates for checked samples, best first."""
    names = DEFAULT if primitives is None else tuple(dict.fromkeys(primitives))
    for name in names:
        primitive(name)
    low, high = points.range
    still = high - low <= 1e-12 * max(abs(low), abs(high))
    if points.std == 0 or still:
        why = "All x are the same, so nothing can be told about its shape." if still else "The curve does not vary."
        return (_constant(points, (why,)),)
    found = _fits(points, names)
    if points.constant:
        said = f"Its spread of {points.std:.2g} is next to nothing beside its target's; a constant does as well."
        return (_constant(points, (said,)), *found[: most - 1])
    if "0" in names:
        found = [*found, _constant(points, ())]
    if not found:
        raise FormulaError(
            f"No choice of constants makes {names[0]} a number on the whole range from {low:.4g} to {high:.4g}; "
            "choose another function."
            if len(names) == 1
            else "None of the functions fits on the whole range; allow others."
        )
    found.sort(key=lambda c: c.score)
    return tuple(_with_rivals(_without_limits(found, points), points)[:most])


def _without_limits(found: list[Candidate], points: Samples) -> list[Candidate]:
    """Leaves out 3e8 cos(1e-5 x) - 3e8 where x^2 fits as well, whichever scores better: it is x^2 in disguise."""
    limits = [_degenerate(one.formula, points) for one in found]
    sound = [one.error for one, limit in zip(found, limits, strict=True) if not limit]
    best = min(sound, default=math.inf) - _tie(points)
    return [one for one, limit in zip(found, limits, strict=True) if not limit or one.error < best]


def _degenerate(formula: Formula, points: Samples) -> bool:
    """Whether its constants are out of all proportion to the curve: far out on a tail, or a tiny piece of it."""
    size = abs(formula.c) / points.std
    row = primitive(formula.primitive)
    if size * float(row.torch(formula.a * points.x + formula.b).abs().max()) > CANCELLING:
        return True
    width = abs(formula.a) * (points.range[1] - points.range[0])
    return _free(formula.primitive) == 2 and not (1 / CANCELLING < size < CANCELLING and width > 0.02)


def _tie(points: Samples) -> float:
    """Errors (shares of the spread) that differ by less than this do not tell two formulas apart."""
    return max(3 * points.noise, 1e-6)


def _constant(points: Samples, warnings: tuple[str, ...]) -> Candidate:
    error = 0.0 if points.std == 0 else 1.0
    return Candidate(Formula("0", 1.0, 0.0, 0.0, points.mean), points.std, error, 1 - error, 0.0, 0.0, warnings)


def _fits(points: Samples, names: tuple[str, ...]) -> list[Candidate]:
    """The best fit of every primitive that has one."""
    searched = tuple(dict.fromkeys(SAME_AS.get(name, name) for name in names if name != "0"))
    if not searched:
        return []
    low, high = points.range
    middle, half = (high + low) / 2, (high - low) / 2
    curve = Curve((points.x - middle) / half, (points.y - points.mean) / points.std, points.w)
    starts, curves = dictionary(searched)
    starts = best_starts(starts, correlations(curve, curves), BLOCKS)
    starts = _as_typed(starts, middle, half)
    starts, loss = polish(starts, _thin(curve, FIRST_LOOK), 8)
    starts = starts.take([_lowest(loss, part, 2) for part in starts.slices])
    starts, loss = polish(starts, _thin(curve, SECOND_LOOK), 40)
    starts = starts.take([_lowest(loss, part, 1) for part in starts.slices])
    starts, loss = polish(starts, _thin(curve, LAST_LOOK), 12)
    found = []
    for name, part in zip(starts.names, starts.slices, strict=True):
        fits = [_candidate(points, name, a, b, names) for a, b in _constants(starts, loss, part, name, middle, half)]
        fits = [fit for fit in fits if fit is not None]
        if fits:
            found.append(min(fits, key=lambda fit: fit.score))
    return found


def _as_typed(starts: Starts, middle: float, half: float) -> Starts:
    """One more start for every expression: just as it was typed."""
    rows = [list(range(part.start, part.stop)) for part in starts.slices]
    theta, sign = [starts.theta], [starts.sign]
    for n, name in enumerate(starts.names):
        if name not in PRIMITIVES:
            rows[n].append(sum(map(len, theta)))
            theta.append(torch.tensor([[half, middle]], dtype=torch.float64))
            sign.append(torch.ones(1, dtype=torch.float64))
    return replace(starts, theta=torch.cat(theta), sign=torch.cat(sign)).take(rows)


def _lowest(loss: Tensor, part: slice, count: int) -> list[int]:
    return (part.start + loss[part].argsort()[:count]).tolist()


def _thin(curve: Curve, most: int) -> Curve:
    """Evenly chosen samples by rank, so that they stay dense where the data are."""
    if len(curve.t) <= most:
        return curve
    index = torch.linspace(0, len(curve.t) - 1, most).round().long()
    t, y, w = curve.t[index], curve.y[index], curve.w[index]
    w = w / w.sum()
    y = y - y @ w
    return Curve(t, y / ((y**2) @ w).sqrt().clamp(min=1e-300), w)


def _constants(
    starts: Starts, loss: Tensor, part: slice, name: str, middle: float, half: float
) -> list[tuple[float, float]]:
    """a and b, for x as it is, of a primitive's best row; an expression is also tried just as it was typed."""
    best = _lowest(loss, part, 1)[0]
    alpha, beta, _ = place(primitive(name), starts.theta[best : best + 1], starts.sign[best : best + 1])
    a = float(alpha) / half
    fitted = (a, float(beta) - a * middle)
    return [fitted] if name in PRIMITIVES else [fitted, (1.0, 0.0)]


def _candidate(points: Samples, name: str, a: float, b: float, names: tuple[str, ...]) -> Candidate | None:
    """The fit with these constants inside, c and d by least squares; None where it is not a number throughout."""
    largest = float(points.x.abs().max())
    as_typed = name not in PRIMITIVES and (a, b) == (1.0, 0.0)
    name, a, b = simplest(name, a, b, names, largest)
    row = primitive(name)
    value = row.torch(a * points.x + b)
    between = row.torch(a * torch.linspace(*points.range, 200, dtype=torch.float64) + b)
    if not bool(value.isfinite().all() and between.isfinite().all()):
        return None
    mean = float(value @ points.w)
    size = float((value - mean) ** 2 @ points.w)
    if size <= 1e-30 * max(1.0, mean * mean):
        return None
    c = float((value - mean) * (points.y - points.mean) @ points.w) / size
    d = points.mean - c * mean
    b = 0.0 if abs(b) < ROUNDING * abs(a) * largest else b
    d = 0.0 if abs(d) < ROUNDING * float(points.y.abs().max()) else d
    formula = Formula(name, a, b, c, d)
    rmse = float((((formula(points.x) - points.y) ** 2) @ points.w).sqrt())
    error = rmse / points.std
    if not math.isfinite(error):
        return None
    count = min(len(points.x), INDEPENDENT)
    free = 0 if as_typed else _free(name)
    score = count * math.log(error**2 + points.noise**2) + free * math.log(count) + 2 * math.log(2) * row.complexity
    warnings = tuple(range_warnings(formula, points.range, points.reach))
    return Candidate(formula, rmse, error, 1 - error**2, row.complexity, score, warnings)


def _with_rivals(found: list[Candidate], points: Samples) -> list[Candidate]:
    """Those that fit as well as the best are told of each other; those that do not fit are told so."""
    limit = found[0].error + _tie(points)
    close = [c for c in found if c.error <= min(limit, MISFIT)]
    said = []
    for one in found:
        free = _free(one.formula.primitive)
        names = [c.formula.primitive for c in close if c is not one] if one in close else []
        rivals = tuple(name for name in names if _free(name) <= free)
        if rivals:
            listed = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
            warning = f"The range is too short, or too noisy, to tell it from {listed}."
            one = replace(one, rivals=rivals, warnings=(*one.warnings, warning))
        elif one.error > MISFIT and one.formula.primitive != "0":
            warning = f"It does not follow the curve: it misses {one.error:.0%} of its spread."
            one = replace(one, warnings=(*one.warnings, warning))
        said.append(one)
    return said


def _free(name: str) -> int:
    return FREE[kind_of(primitive(SAME_AS.get(name, name)))]


def search_many(points, primitives, most):  # until h-edges is merged
    return tuple(search(p, primitives, most) for p in points)
