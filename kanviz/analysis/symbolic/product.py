"""Fit products of two functions to a curve: f(x) (g(x) + e), such as a damped wave.

For given inner numbers of f and g the rest is a linear fit, so all pairs of a small dictionary are compared by matrix
products; the best few are moved to their local minimum by Gauss-Newton (variable projection, Golub & Pereyra 1973).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.judge import Fit, tie
from kanviz.analysis.symbolic.samples import Samples
from kanviz.analysis.symbolic.spelled import Short, shortest, signed, word

LOOK, POLISH = 96, 240  # points for the comparison, and for the polish
MOST_PAIRS, STEPS = 10, 25
JOINED = 1.0  # bits of the product sign
SMALL = 1e-9  # of the largest eigenvalue: regularises columns that are nearly parallel
Curve = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Family:
    """Curves f(x; p) with one inner number p, and starts for p.

    text: the expression with {p} for the number · slope: df/dp · bits: complexity.
    """

    text: str
    curve: Curve
    slope: Curve
    bits: float
    starts: Callable[[float, float], Sequence[float]]


def _rates(low: float, high: float) -> list[float]:
    half = (high - low) / 2
    return [sign * r / half for r in torch.logspace(-1, 1.2, 18).tolist() for sign in (1, -1)]


def _widths(low: float, high: float) -> list[float]:
    half = (high - low) / 2
    return [(r / half) ** 2 for r in torch.logspace(-0.3, 0.8, 10).tolist()]


def _zeros(low: float, high: float) -> list[float]:
    half, middle = (high - low) / 2, (high + low) / 2
    return [0.0, *(middle + half * v for v in torch.linspace(-0.95, 0.95, 20).tolist())]


def _outside(low: float, high: float) -> list[float]:
    half = (high - low) / 2
    away = [half * v for v in (0.02, 0.1, 0.4, 1.0, 3.0)]
    return [0.0] * (low > 0 or high < 0) + [low - v for v in away]


ENVELOPES = (
    Family("exp({p}*x)", lambda x, p: torch.exp(p * x), lambda x, p: x * torch.exp(p * x), 2.0, _rates),
    Family(
        "exp(-{p}*x^2)", lambda x, p: torch.exp(-p * x * x), lambda x, p: -x * x * torch.exp(-p * x * x), 3.0, _widths
    ),
    Family("(x - {p})", lambda x, p: x - p, lambda x, p: -torch.ones_like(x), 1.0, _zeros),
    Family("(x - {p})^2", lambda x, p: (x - p) ** 2, lambda x, p: -2 * (x - p), 2.0, _zeros),
    Family("1/(x - {p})", lambda x, p: 1 / (x - p), lambda x, p: (x - p) ** -2, 2.0, _outside),
    Family("sqrt(x - {p})", lambda x, p: torch.sqrt(x - p), lambda x, p: -0.5 * torch.rsqrt(x - p), 2.5, _outside),
)


def _waves(low: float, high: float) -> list[float]:
    half = (high - low) / 2
    return [w / half for w in torch.arange(0.4, 60.0, 0.4).tolist()]


@dataclass(frozen=True)
class Partner:
    """The other factor: columns g_k(x; q) that enter linearly, besides f itself; and their slopes by q."""

    columns: tuple[Curve, ...]
    slopes: tuple[Curve, ...]
    bits: float
    starts: Callable[[float, float], Sequence[float]]
    written: Callable[[float, Sequence[float], Short], str]


def _wave(q: float, factors: Sequence[float], short: Short) -> str:
    size, phase = math.hypot(*factors), math.atan2(factors[0], factors[1])
    return f"{word(short(size, 0.0))}*cos({word(short(q, 0.0))}*x{signed(short(-phase, 1.0))})"


def _one(text: str) -> Callable[[float, Sequence[float], Short], str]:
    return lambda q, factors, short: f"{word(factors[0])}*{text.format(q=word(short(q, 1.0)))}"


PARTNERS = (
    Partner(
        (lambda x, q: torch.sin(q * x), lambda x, q: torch.cos(q * x)),
        (lambda x, q: x * torch.cos(q * x), lambda x, q: -x * torch.sin(q * x)),
        2.0, _waves, _wave,
    ),
    Partner(
        (lambda x, q: torch.exp(q * x),), (lambda x, q: x * torch.exp(q * x),), 2.0, _rates, _one("exp({q}*x)")
    ),
    Partner((lambda x, q: torch.log(x - q),), (lambda x, q: 1 / (q - x),), 2.5, _outside, _one("log(x - {q})")),
    Partner(
        (lambda x, q: torch.exp(-q * x * x),), (lambda x, q: -x * x * torch.exp(-q * x * x),), 3.0, _widths,
        _one("exp(-{q}*x^2)"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """f and g with their inner numbers, and the share of the variance that they leave unexplained."""

    family: Family
    partner: Partner
    p: float
    q: float
    left: float = math.inf


def products(points: Samples) -> list[Candidate]:
    """Return the products of two functions that fit the curve best, as expressions in x."""
    low, high = points.range
    look, fine = _thin(points, LOOK), _thin(points, POLISH)
    pairs = [pair for family in ENVELOPES for partner in PARTNERS for pair in _best(look, family, partner, low, high)]
    pairs = sorted((pair for pair in pairs if math.isfinite(pair.left)), key=lambda pair: pair.left)[:MOST_PAIRS]
    found = [_candidate(points, _polished(fine, pair)) for pair in pairs]
    return [one for one in found if one is not None]


Thin = tuple[Float[Tensor, " point"], Float[Tensor, " point"], Float[Tensor, " point"]]


def _thin(points: Samples, most: int) -> Thin:
    index = torch.linspace(0, len(points.x) - 1, min(most, len(points.x))).round().long()
    w = points.w[index] / points.w[index].sum()
    y = points.y[index]
    y = y - y @ w
    return points.x[index], y / ((y * y) @ w).sqrt().clamp(min=1e-300), w


def _best(look: Thin, family: Family, partner: Partner, low: float, high: float) -> list[Pair]:
    """Return the two best starts of a family and a partner."""
    x, y, w = look
    p = torch.tensor(family.starts(low, high), dtype=torch.float64)
    q = torch.tensor(partner.starts(low, high), dtype=torch.float64)
    f = family.curve(x, p[:, None])
    g = torch.stack([column(x, q[:, None]) for column in partner.columns] + [torch.ones(len(q), len(x))], 0).double()
    good_f, good_g = f.isfinite().all(1), g.isfinite().all(2).all(0)
    f, g, p, q = f[good_f], g[:, good_g], p[good_f], q[good_g]
    if not len(p) or not len(q):
        return []
    f = f / ((f * f) @ w).sqrt()[:, None]
    count = len(g)
    normal = torch.einsum("fn,agn,bgn->fgab", f * f * w, g, g)
    mean = torch.einsum("fn,agn->fga", f * w, g)
    right = torch.einsum("fn,agn->fga", f * w * y, g)
    normal = normal - mean[..., :, None] * mean[..., None, :]  # y has mean 0
    largest = normal.diagonal(dim1=-2, dim2=-1).amax(-1)[..., None, None]
    solution = torch.linalg.solve(normal + SMALL * largest * torch.eye(count, dtype=torch.float64), right[..., None])
    left = 1 - (right * solution[..., 0]).sum(-1)
    order = left.flatten().argsort()[:2].tolist()
    return [Pair(family, partner, float(p[n // len(q)]), float(q[n % len(q)]), float(left.flatten()[n])) for n in order]


def _columns(x: Tensor, pair: Pair) -> Tensor:
    f = pair.family.curve(x, _number(pair.p))
    return torch.stack([*(f * column(x, _number(pair.q)) for column in pair.partner.columns), f, torch.ones_like(f)], 1)


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _factors(look: Thin, pair: Pair) -> tuple[Tensor, Tensor]:
    """Return the factors of the linear fit, and its weighted residual."""
    x, y, w = look
    table, root = _columns(x, pair), w.sqrt()
    if not bool(table.isfinite().all()):
        return torch.zeros(table.shape[1], dtype=torch.float64), torch.full_like(y, torch.inf)
    solution = _least_squares(table * root[:, None], (y * root)[:, None])[:, 0]
    return solution, (y - table @ solution) * root


def _least_squares(table: Float[Tensor, "point column"], wanted: Float[Tensor, "point curve"]) -> Tensor:
    scale = table.abs().amax(0).clamp(min=1e-300)
    return torch.linalg.lstsq(table / scale, wanted, driver="gelsd").solution / scale[:, None]


def _slopes(look: Thin, pair: Pair, factors: Tensor) -> Float[Tensor, "point 2"]:
    """Return the derivatives of the residual by p and q, with the factors refitted.

    To first order, for a small residual. Source: Kaufman, BIT 15 (1975).
    """
    x, _, w = look
    p, q, partner = _number(pair.p), _number(pair.q), pair.partner
    *own, coefficients, _ = factors
    g = coefficients + sum(k * column(x, q) for k, column in zip(own, partner.columns, strict=True))
    along = sum(k * slope(x, q) for k, slope in zip(own, partner.slopes, strict=True))
    moved = torch.stack([pair.family.slope(x, p) * g, pair.family.curve(x, p) * along], 1) * w.sqrt()[:, None]
    if not bool(moved.isfinite().all()):
        return torch.full_like(moved, torch.inf)
    table = _columns(x, pair) * w.sqrt()[:, None]
    return table @ _least_squares(table, moved) - moved


def _polished(look: Thin, pair: Pair) -> Pair:
    """Move the pair to its local minimum, by damped Gauss-Newton in p and q."""
    damping = 1e-3
    factors, rest = _factors(look, pair)
    pair = replace(pair, left=float(rest @ rest))
    for _ in range(STEPS):
        slopes = _slopes(look, pair, factors)
        if not bool(slopes.isfinite().all()):
            break
        normal, right = slopes.T @ slopes, -slopes.T @ rest
        normal = normal + torch.diag(normal.diagonal() * damping + 1e-300)
        step = torch.linalg.lstsq(normal, right[:, None], driver="gelsd").solution[:, 0].tolist()
        trial = replace(pair, p=pair.p + step[0], q=pair.q + step[1])
        now, new = _factors(look, trial)
        left = float(new @ new)
        if left < pair.left:
            gain = 1 - left / pair.left
            pair, factors, rest, damping = replace(trial, left=left), now, new, damping / 5
            if gain < 1e-6:
                break
        else:
            damping *= 8
            if damping > 1e6:
                break
    return pair


def _candidate(points: Samples, pair: Pair) -> Candidate | None:
    """Return the pair as an expression, without the term of f alone where it is not needed."""
    solution, _ = _factors(_thin(points, len(points.x)), pair)
    *factors, coefficients, _ = solution.tolist()
    size = max(map(abs, factors), default=0.0)
    if not size > 0:
        return None
    factors = [v / size for v in factors]
    span = points.range[1] - points.range[0]
    bits = pair.family.bits + pair.partner.bits + JOINED

    def spell(short: Short, extra: float) -> Fit:
        outside = pair.family.text.format(p=word(short(pair.p, 0.0 if "exp" in pair.family.text else span)))
        inside = pair.partner.written(pair.q, factors, short) + signed(short(extra, 1.0))
        text = f"{outside}*({inside})".replace("- -", "+ ").replace("--", "")
        return Fit(text, 1.0, 0.0, 3 + (extra != 0), bits + (extra != 0))

    plain = shortest(points, lambda short: spell(short, 0.0))
    if plain is not None and plain.error <= tie(points):
        return plain
    whole = shortest(points, lambda short: spell(short, coefficients / size))
    return min((one for one in (plain, whole) if one is not None), key=lambda one: one.score, default=None)
