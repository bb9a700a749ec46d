"""Measures how often the right primitive is found for a curve, and how long that takes: prints tables, asserts nothing.

    python benchmarks/recovery_edges.py [--edges 500] [--points 1000] [--seed 0] [--pykan 5]

Random edges: a random primitive on a random interval of its own axis, random affine maps inside and outside, and noise
as a share of the spread. An edge is identifiable when no other primitive with no more constants comes as close to it
as max(3 noise, 1e-6) of its spread. For the others ("ambiguous") the table counts how often the right one is first, or
among the rivals that the first one names.
Pairs: curves of two functions, one inside the other or summed.
Law edges: the one-variable functions inside the laws of the recovery targets, on their ranges there.
pykan: its own sweep (kan.utils.fit_params over its library, as in suggest_symbolic) on the first edges of its library.
"""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.analysis.symbolic import Candidate, search_many, suggest
from kanviz.analysis.symbolic.samples import Samples, samples
from kanviz.analysis.symbolic.shapes import FREE, POWER, SAME_AS, SEARCHED, kind_of
from kanviz.core.formulas.formula import Formula, exponent, primitive

STRETCH = {
    "loc": (0.05, 6.0), "locp": (-3.0, 3.0), "rate": (-4.0, 4.0), "half": (0.05, 4.0), "pow": (0.05, 6.0),
    "ab": (-4.0, 4.0), "dom": (-0.97, 0.97), "lin": (-3.0, 3.0),
}  # fmt: skip
WIDER = {"sin": (-8.0, 8.0), "sinc": (-8.0, 8.0), "J0": (-8.0, 8.0), "tan": (-1.4, 1.4)}
NOISES = (0.0, 1e-3, 1e-2)
LAWS = (
    ("exp(sin(pi x) + y^2)", "sin", Formula("sin", math.pi), (-1, 1)),
    ("exp(sin(pi x) + y^2)", "x^2", Formula("x^2"), (-1, 1)),
    ("exp(sin(pi x) + y^2)", "exp", Formula("exp"), (-1, 2)),
    ("x/y as exp(log x - log y)", "log", Formula("log"), (0.5, 2)),
    ("x/y with a product node", "1/x", Formula("1/x"), (0.5, 2)),
    ("sqrt(x^2 + y^2)", "sqrt", Formula("sqrt"), (0.0005, 4.5)),
    ("1/(1 + x^2 + y^2)", "1/x", Formula("1/x", 1, 1), (0, 8)),
    ("exp(-theta^2/2)/sqrt(2 pi)", "gaussian", Formula("gaussian", 0.5**0.5, 0, 0.398942280401), (-3, 3)),
    ("exp(-theta^2/(2 sigma^2))/...", "1/x^2", Formula("1/x^2", 1, 0, -0.5), (0.5, 2)),
    ("1 + a sin(theta)", "sin", Formula("sin"), (0, 2 * math.pi)),
    ("(1 - a)/sqrt(1 - b^2)", "1/sqrt(1-x^2)", Formula("1/sqrt(1-x^2)"), (-0.9, 0.9)),
    ("(a + b)/(1 + a b)", "arctanh", Formula("arctanh"), (-0.9, 0.9)),
    ("(a + b)/(1 + a b)", "tanh", Formula("tanh"), (-2.9, 2.9)),
    ("1 + a + 2 sqrt(a) cos(delta)", "sqrt", Formula("sqrt"), (0.1, 1)),
    ("1 + a + 2 sqrt(a) cos(delta)", "cos", Formula("cos"), (0, 2 * math.pi)),
    ("c sqrt(a^2 + b^2)/(4 pi)", "sqrt", Formula("sqrt", 1, 0, 1 / (4 * math.pi)), (0.08, 2)),
    ("log(x + 1) + log(x^2 + 1)", "log", Formula("log", 1, 1), (0, 2)),
    ("log(x + 1) + log(x^2 + 1)", "log(1+x^2)", Formula("log(1+x^2)"), (0, 2)),
    ("sin(x) + sin(y^2)", "sin", Formula("sin"), (0, 4)),
    ("2 sin(x) cos(y)", "cos", Formula("cos"), (-2, 2)),
)


PAIRS = (
    ("sin(x^2)", (-2, 3)), ("sin(1/x)", (0.2, 2)), ("exp(sin(x))", (-3, 3)), ("log(sin(x))", (0.3, 2.8)),
    ("sqrt(1.25 + cos(x))", (0, 6.2)), ("1/(2 + cos(x))", (0, 6.2)), ("tanh(x^3)", (-1.5, 1.5)),
    ("exp(-abs(x))", (-2, 3)), ("exp(sqrt(x))", (0, 4)), ("log(x + 1) + log(1 + x^2)", (0, 2)),
    ("x + sin(2*x)", (-4, 4)), ("x^2 + x^3", (-2, 2)), ("x^2 + 1/x", (0.3, 3)), ("exp(-x) + exp(-4*x)", (0, 3)),
    ("sin(x) + 0.3*sin(3*x)", (0, 6)), ("x + gaussian(3*x)", (-2, 2)), ("sqrt(x) + sin(4*x)", (0.1, 4)),
)  # fmt: skip


@dataclass(frozen=True)
class Edge:
    """A curve with a known truth: the primitive's family, and the points with their noise."""

    family: str
    formula: Formula
    x: Tensor
    y: Tensor

    @property
    def error(self) -> float:
        """The distance of the points from the truth, as a share of their spread."""
        return float((self.formula(self.x) - self.y).square().mean().sqrt() / self.y.std(correction=0))


def random_edge(rng: torch.Generator, points: int, noise: float) -> Edge:
    """Sample a random primitive on a random range; noise is sampled last, so that its levels share the same curves."""

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))

    names = (*SEARCHED, POWER)
    family = names[int(torch.randint(len(names), (), generator=rng))]
    low, high = WIDER.get(family) or STRETCH[kind_of(family)]
    width = draw(0.2, 1.0) * (high - low)
    start = draw(low, high - width)
    first, length = draw(-3, 3), draw(0.5, 6)
    a = width / length
    outside = math.copysign(math.exp(draw(-2, 2)), draw(-1, 1)), draw(-3, 3)
    name = family if family != POWER else f"x^{round(math.copysign(draw(0.2, 4), draw(-1, 1)), 3)!r}"
    formula = Formula(name, a, start - a * first, *outside)
    x = first + length * torch.rand(points, generator=rng, dtype=torch.float64)
    y = formula(x)
    y = y + noise * y.std(correction=0) * torch.randn(points, generator=rng, dtype=torch.float64)
    straight = family == "abs" and not start < 0 < start + width
    return Edge("x" if straight else family, formula, x, y)


def family(one: Candidate) -> str:
    name = one.formula.primitive
    return POWER if exponent(name) is not None and name not in SEARCHED else SAME_AS.get(name, name)


def rank(found: Sequence[Candidate], name: str) -> int:
    """Return the place of a primitive among the candidates, from 1; a large number when it is missing."""
    names = [family(one) for one in found]
    return names.index(name) + 1 if name in names else 99


def identifiable(edge: Edge, points: Samples, found: Sequence[Candidate]) -> bool:
    limit = edge.error + max(3 * points.noise, 1e-6)
    return all(
        one.error > limit for one in found if family(one) != edge.family and one.free <= FREE[kind_of(edge.family)]
    )


def named(found: Sequence[Candidate], name: str) -> bool:
    """Say whether the primitive is first, or among the rivals that the first one names."""
    rivals = [one for one in found[1:] if one.formula.primitive in found[0].rivals]
    return name in (family(found[0]), *(family(one) for one in rivals))


def random_edges(count: int, points: int, seed: int) -> None:
    print(f"{count} random edges, {points} points, {len(SEARCHED) + 1} primitives, seed {seed}")
    print("   noise   first   top 3  identifiable  first of these  ambiguous  first or named    error  ms each")
    for noise in NOISES:
        rng = torch.Generator().manual_seed(seed)
        edges = [random_edge(rng, points, noise) for _ in range(count)]
        begun = time.thread_time()
        curves = [samples(edge.x, edge.y) for edge in edges]
        answers = search_many(curves, None, 40)
        spent = time.thread_time() - begun
        places = [rank(found, edge.family) for edge, found in zip(edges, answers, strict=True)]
        clear = [identifiable(*each) for each in zip(edges, curves, answers, strict=True)]
        sure = [place == 1 for place, one in zip(places, clear, strict=True) if one]
        told = [named(a, e.family) for e, a, one in zip(edges, answers, clear, strict=True) if not one]
        error = sorted(found[0].error for found in answers)[count // 2]
        print(
            f"{noise:8.0e} {places.count(1) / count:7.1%} {sum(p <= 3 for p in places) / count:7.1%} {len(sure):13d} "
            f"{sum(sure) / max(len(sure), 1):15.1%} {len(told):10d} {sum(told) / max(len(told), 1):15.1%} "
            f"{error:8.1e} {1e3 * spent / count:8.1f}"
        )
        for title, wanted in (("identifiable", True), ("ambiguous", False)):
            wrong = [
                f"{e.family}->{family(a[0])} {a[0].error:.0e} ({p})"
                for e, a, p, one in zip(edges, answers, places, clear, strict=True)
                if p > 1 and one is wanted
            ]
            print(f"         missed, {title}: {', '.join(wrong[:16])}")


def alone(points: int, seed: int) -> None:
    """Measure the CPU time of a single curve, and of a hundred in one call."""
    rng = torch.Generator().manual_seed(seed)
    edges = [random_edge(rng, points, 0.0) for _ in range(100)]
    each = []
    for edge in edges[:30]:
        begun = time.thread_time()
        suggest(edge.x, edge.y)
        each.append(time.thread_time() - begun)
    begun = time.thread_time()
    search_many([samples(edge.x, edge.y) for edge in edges], None, 12)
    spent = time.thread_time() - begun
    print(
        f"\nCPU seconds: one edge alone {sorted(each)[15]:.3f} (worst {max(each):.3f}); 100 edges at once {spent:.2f}"
    )


def law_edges(points: int) -> None:
    print("\nedges of the recovery laws")
    print(f"{'law':34} {'edge':>14} {'noise 0':>8} {'1e-3':>6} {'1e-2':>6}   found at 1e-2 (rivals)")
    rng = torch.Generator().manual_seed(1)
    for law, name, formula, (low, high) in LAWS:
        places: list[int] = []
        found: Sequence[Candidate] = []
        for noise in NOISES:
            x = low + (high - low) * torch.rand(points, generator=rng, dtype=torch.float64)
            y = formula(x)
            y = y + noise * y.std() * torch.randn(points, generator=rng, dtype=torch.float64)
            found = suggest(x, y)
            places.append(rank(found, SAME_AS.get(name, name)))
        best = found[0]
        print(
            f"{law:34} {name:>14} {places[0]:8d} {places[1]:6d} {places[2]:6d}   "
            f"{best.formula} ({', '.join(best.rivals[:4])})"
        )


def pairs(points: int) -> None:
    """Search formulas of curves of two functions, which no single primitive fits."""
    print("\ncurves of two functions\n" + f"{'truth':>26} {'error 0':>8} {'1e-2':>7} {'s':>6}   found without noise")
    rng = torch.Generator().manual_seed(2)
    for law, (low, high) in PAIRS:
        answers, spent = [], 0.0
        for noise in (0.0, 1e-2):
            x = low + (high - low) * torch.rand(points, generator=rng, dtype=torch.float64)
            y = primitive(law).torch(x)
            y = y + noise * y.std() * torch.randn(points, generator=rng, dtype=torch.float64)
            begun = time.thread_time()
            answers.append(suggest(x, y)[0])
            spent += (time.thread_time() - begun) / 2
        exact, noisy = answers
        print(f"{law:>26} {exact.error:8.0e} {noisy.error:7.0e} {spent:6.2f}   {exact.formula}")


def beside_pykan(count: int, points: int, seed: int) -> None:
    """Search formulas of the same curves with pykan's own sweep: time, and the first by R2 and by its score."""
    from kan.utils import SYMBOLIC_LIB, fit_params  # pyright: ignore[reportMissingImports]

    rng = torch.Generator().manual_seed(seed)
    edges: list[Edge] = []
    while len(edges) < count:
        edge = random_edge(rng, points, 0.0)
        if edge.family in SYMBOLIC_LIB and edge.family not in ("x", "0"):
            edges.append(edge)
    print(f"\n{count} edges of pykan's library ({len(SYMBOLIC_LIB)} names), CPU seconds each")
    print(f"{'edge':>14} {'kanviz':>8} {'s':>7}   {'pykan by R2':>12} {'by score':>10} {'s':>7}")
    hits = [0, 0, 0]
    for edge in edges:
        begun = time.thread_time()
        ours = family(suggest(edge.x, edge.y)[0])
        middle = time.thread_time()
        by_r2, by_score = _pykan(edge, SYMBOLIC_LIB, fit_params)
        end = time.thread_time()
        hits = [n + (name == edge.family) for n, name in zip(hits, (ours, by_r2, by_score), strict=True)]
        print(f"{edge.family:>14} {ours:>8} {middle - begun:7.3f}   {by_r2:>12} {by_score:>10} {end - middle:7.1f}")
    print(f"right: kanviz {hits[0]}, pykan by R2 {hits[1]}, by its score {hits[2]} of {count}")


def _pykan(edge: Edge, library: dict[str, tuple], fit: Callable[..., tuple[Tensor, Tensor]]) -> tuple[str, str]:
    """Return pykan's best name by R2, and by its default score 0.8 complexity + 0.2 log2(1 + 1e-5 - R2)."""
    r2 = {name: float(fit(edge.x, edge.y, row[0], verbose=False)[1]) for name, row in library.items() if name != "0"}
    score = {name: 0.8 * library[name][2] + 0.2 * math.log2(max(1 + 1e-5 - value, 1e-12)) for name, value in r2.items()}
    first = max(r2, key=r2.__getitem__), min(score, key=score.__getitem__)
    return SAME_AS.get(first[0], first[0]), SAME_AS.get(first[1], first[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How often the right primitive is found for a curve.")
    parser.add_argument("--edges", type=int, default=500)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pykan", type=int, default=0, help="edges to give to pykan too, where it is installed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    suggest(torch.linspace(-1, 1, 50), torch.linspace(-1, 1, 50) ** 2)  # fills the dictionary, which is made once
    random_edges(options.edges, options.points, options.seed)
    alone(options.points, options.seed)
    law_edges(options.points)
    pairs(options.points)
    if options.pykan:
        beside_pykan(options.pykan, options.points, options.seed)
