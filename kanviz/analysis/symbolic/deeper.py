"""Closed forms of two functions for a curve that no single primitive follows: f(g(x)), and f(x) + g(x)."""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.candidate import Candidate, simplest
from kanviz.analysis.symbolic.judge import Fit, complexity_of, judged
from kanviz.analysis.symbolic.pairs import best_chains, best_sums
from kanviz.analysis.symbolic.polish import polish
from kanviz.analysis.symbolic.samples import Curves, Samples
from kanviz.analysis.symbolic.shapes import FREE, Rows, kind_of
from kanviz.analysis.symbolic.spelled import Short, affine, shortest, spelled
from kanviz.analysis.symbolic.two import Chain, Two, free_outside
from kanviz.core.formula import primitive

LOOKS = ((48, 8, 80), (64, 8, 40), (96, 15, 16), (192, 40, 7))
"""Samples, steps, and then how many pairs go on."""
LAST_LOOK, LAST_STEPS = 2_000, 15
JOINED = 1.0  # bits of a plus sign, or of one function inside another
NESTED = 4.0  # bits more for a special function inside a special function
PLAIN = ("x", "x^2", "x^3", "x^4", "1/x", "1/x^2", "sqrt", "x^1.5", "1/sqrt(x)", "abs")
LARGEST_SHIFT = 30.0  # exp(x + shift) becomes e^shift exp(x) up to here
LARGEST_SHARE = 1e6
DEGREES = {"x^2": 2.0, "x^3": 3.0, "abs": 1.0, "sqrt": 0.5, "1/x": -1.0}
"""Inner functions with g(k u) = k^degree g(u) for k > 0."""

Line = tuple[float, float]
Spell = Callable[[Samples, tuple[str, str], Line, Line], Candidate | None]


def search_deeper(points: Samples, most: int) -> tuple[Candidate, ...]:
    """Candidates of two functions, best first: f(g(x)), and sums f(x) + g(x), as expressions in x.

    None for a curve that does not vary, or that no two functions follow on the whole range.
    """
    found = fits_of_two(points)
    return judged(found, points)[:most] if found else ()


def fits_of_two(points: Samples) -> list[Candidate]:
    """The same, in no order and without what is said of rivals."""
    if points.constant or points.still:
        return []
    curve = Curves.of([points], LAST_LOOK)
    look = curve.thin(LOOKS[0][0])
    return [
        *_written(_polished(best_chains(look), curve, points), points, _chain),
        *_written(_polished(best_sums(look), curve, points), points, _sum),
    ]


def bits(model: Two) -> Float[Tensor, " row"]:
    """Complexity of every pair."""
    partner = model.partner
    nested = isinstance(model, Chain)
    return torch.tensor(
        [
            pair_bits(model.first.names[n], partner.names[m], nested=nested)
            for n, m in zip(model.first.name.tolist(), partner.name.tolist(), strict=True)
        ],
        dtype=torch.float64,
    )


def pair_bits(first: str, second: str, *, nested: bool) -> float:
    both_special = nested and first not in PLAIN and second not in PLAIN
    return complexity_of(first) + complexity_of(second) + JOINED + (NESTED if both_special else 0.0)


def _polished(model: Two, curve: Curves, points: Samples) -> Two:
    """The best few of the pairs, each at its valley's floor."""
    for samples, steps, kept in LOOKS:
        look = curve.thin(samples)
        model = model.on(look)
        theta, left = polish(model, model.theta, steps)
        model = model.at(theta)
        model = model.take(_promising(model, left, points, samples, kept))
    model = model.on(curve)
    return model.at(polish(model, model.theta, LAST_STEPS)[0])


def _promising(model: Two, left: Tensor, points: Samples, seen: int, most: int) -> Int[Tensor, " chosen"]:
    """The most promising rows that leave something finite; see `judge.description`."""
    count = min(points.independent, seen)
    cost = count * (left + points.floor**2).log() + 2 * math.log(2) * bits(model)
    order = cost.nan_to_num(torch.inf).argsort(stable=True)
    return order[left[order].isfinite()][:most].sort().values


def _written(model: Two, points: Samples, one: Spell) -> Iterator[Candidate]:
    low, high = points.range
    half, middle = (high - low) / 2, (high + low) / 2

    def lines(rows: Rows) -> list[tuple[float, float]]:
        alpha, beta, _ = rows.place(rows.theta)
        return list(zip((alpha / half).tolist(), (beta - alpha / half * middle).tolist(), strict=True))

    second = lines(model.second)
    first = model.first.theta.tolist() if isinstance(model, Chain) else lines(model.first)
    for row, at in enumerate(model.place.tolist()):
        names = model.first.names[int(model.first.name[row])], model.second.names[int(model.second.name[at])]
        found = one(points, names, tuple(first[row]), second[at])
        if found is not None:
            yield found


def _chain(points: Samples, names: tuple[str, str], outside: Line, inside: Line) -> Candidate | None:
    """f(alpha g(a x + b) + beta), as few of the four numbers as f and g need."""
    (f, g), (alpha, beta), (a, b) = names, outside, inside
    if g in DEGREES:
        alpha, a, b = alpha * abs(a) ** DEGREES[g], math.copysign(1.0, a), b / abs(a)
    elif g == "log":
        beta, a, b = beta + alpha * math.log(abs(a)), math.copysign(1.0, a), b / abs(a)
    elif g == "exp" and abs(b) < LARGEST_SHIFT:
        alpha, b = alpha * math.exp(b), 0.0
    elif g == "sin":
        g, b, sign = wave(b)
        alpha *= sign
    f, (alpha, beta) = _outside(f, alpha, beta)
    size = float(primitive(g).torch(a * points.x + b).abs().max())
    largest, free = float(points.x.abs().max()), FREE[kind_of(g)] + int(sum(free_outside(f)))

    def spell(short: Short) -> Fit:
        name = spelled(f, affine(short(alpha, 0.0), spelled(g, "x"), short(beta, abs(alpha) * size)))
        return Fit(name, short(a, 0.0), short(b, abs(a) * largest), free, pair_bits(f, g, nested=True))

    return shortest(points, spell)


def _outside(f: str, alpha: float, beta: float) -> tuple[str, Line]:
    """The same outer function up to a factor and a shift, with plain numbers where it can be."""
    match kind_of(f):
        case "rate":
            return f, (alpha, 0.0)
        case "loc" | "locp" if alpha:
            alpha, beta = math.copysign(1.0, alpha), beta / abs(alpha)
            return f, (1.0, beta * alpha) if kind_of(f) == "locp" or f.startswith("1/x^2") or f == "1/x" else (
                alpha,
                beta,
            )
    if alpha < 0 and primitive(f).symmetry:
        alpha, beta = -alpha, -beta
    if f == "sin":
        f, beta, _ = wave(beta)
    return f, (alpha, beta)


def wave(shift: float) -> tuple[str, float, float]:
    """sin(u + shift) as a sign times sin or cos of u and a shift of at most pi/4."""
    rest = math.remainder(shift, math.pi)
    sign = -1.0 if round((shift - rest) / math.pi) % 2 else 1.0
    if abs(rest) <= math.pi / 4:
        return "sin", rest, sign
    quarter = math.copysign(math.pi / 2, rest)
    return "cos", rest - quarter, math.copysign(sign, quarter * sign)


def _sum(points: Samples, names: tuple[str, str], first: Line, second: Line) -> Candidate | None:
    """f(a x + b) + k g(a' x + b')."""
    largest = float(points.x.abs().max())
    f, a, b = simplest(names[0], *first, ("sin", "cos"), largest)
    g, a2, b2 = simplest(names[1], *second, ("sin", "cos"), largest)

    def spell(short: Short) -> Fit | None:
        ends = tuple((short(p, 0.0), short(q, abs(p) * largest)) for p, q in ((a, b), (a2, b2)))
        share = _share(points, (f, g), ends)
        if share is None:
            return None
        one, other = (spelled(name, affine(p, "x", q)) for name, (p, q) in zip((f, g), ends, strict=True))
        share = short(share, 0.0)
        name = f"{one} {'-' if share < 0 else '+'} {affine(abs(share), other, 0.0)}"
        return Fit(name, 1.0, 0.0, FREE[kind_of(f)] + FREE[kind_of(g)] + 1, pair_bits(*names, nested=False))

    return shortest(points, spell)


def _share(points: Samples, names: tuple[str, str], lines: Sequence[Line]) -> float | None:
    """The factor of the second function over that of the first, by least squares."""
    first, second = (primitive(name).torch(a * points.x + b) for name, (a, b) in zip(names, lines, strict=True))
    first, second = first - first @ points.w, second - second @ points.w
    heavy = first * points.w
    size = heavy @ first
    overlap = (heavy @ second) / size
    apart = second - overlap * first
    factor = (apart * points.w) @ points.y / ((apart * points.w) @ apart)
    share = float(factor / ((heavy @ points.y) / size - overlap * factor))
    return share if math.isfinite(share) and 0 < abs(share) < LARGEST_SHARE else None
