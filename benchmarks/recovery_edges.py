"""How often the right primitive is found for a curve, and how long that takes: prints tables, asserts nothing.

    python benchmarks/recovery_edges.py [--edges 200] [--points 1000]

Random edges: a random primitive on a random stretch of its own axis, random affine maps inside and outside, and noise
as a share of the spread. Where another primitive with no more constants fits as well, "distinct" leaves the edge out.
Law edges: the one-variable functions inside the laws of the recovery targets, on the ranges they are met there.
"""

import argparse
import math
import time

import torch

from kanviz.analysis.symbolic import Candidate, suggest
from kanviz.analysis.symbolic.shapes import SAME_AS, SEARCHED
from kanviz.core.formula import Formula, primitive

STRETCH = {
    "loc": (0.05, 6.0), "locp": (-3.0, 3.0), "rate": (-4.0, 4.0), "ab": (-4.0, 4.0), "dom": (-0.97, 0.97),
    "lin": (-3.0, 3.0),
}  # fmt: skip
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


def random_edge(rng: torch.Generator) -> tuple[str, Formula, tuple[float, float]]:
    """A primitive, a formula of it, and the range of x."""

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=rng, dtype=torch.float64))

    name = SEARCHED[int(torch.randint(len(SEARCHED), (), generator=rng))]
    low, high = (-8.0, 8.0) if name in ("sin", "sinc") else STRETCH[primitive(name).kind or "ab"]
    if name == "tan":
        low, high = -1.4, 1.4
    width = draw(0.2, 1.0) * (high - low)
    start = draw(low, high - width)
    first, length = draw(-3, 3), draw(0.5, 6)
    a = width / length
    formula = Formula(name, a, start - a * first, math.copysign(math.exp(draw(-2, 2)), draw(-1, 1)), draw(-3, 3))
    return name, formula, (first, first + length)


def rank(found: tuple[Candidate, ...], name: str) -> int:
    """Place of a primitive among the candidates, from 1; a large number when it is not there."""
    names = [SAME_AS.get(c.formula.primitive, c.formula.primitive) for c in found]
    wanted = SAME_AS.get(name, name)
    return names.index(wanted) + 1 if wanted in names else 99


def random_edges(count: int, points: int) -> None:
    print(f"{count} random edges, {points} points, {len(SEARCHED)} primitives")
    print(f"{'noise':>8} {'first':>7} {'top 3':>7} {'distinct':>9} {'first of these':>15} {'error':>9} {'ms':>6}")
    for noise in (0.0, 1e-3, 1e-2):
        rng = torch.Generator().manual_seed(0)
        first = three = distinct = right = 0
        errors, missed = [], []
        spent = 0.0
        for _ in range(count):
            name, formula, (low, high) = random_edge(rng)
            x = low + (high - low) * torch.rand(points, generator=rng, dtype=torch.float64)
            y = formula(x)
            y = y + noise * y.std() * torch.randn(points, generator=rng, dtype=torch.float64)
            begun = time.process_time()
            found = suggest(x, y)
            spent += time.process_time() - begun
            place = rank(found, name)
            first, three = first + (place == 1), three + (place <= 3)
            if not found[0].rivals:
                distinct, right = distinct + 1, right + (place == 1)
            errors.append(found[0].error)
            if place != 1:
                missed.append(f"{name}->{found[0].formula.primitive} {found[0].error:.0e}")
        median = sorted(errors)[len(errors) // 2]
        print(
            f"{noise:8.0e} {first / count:7.1%} {three / count:7.1%} {distinct:9d} {right / max(distinct, 1):15.1%} "
            f"{median:9.1e} {1e3 * spent / count:6.0f}"
        )
        print(f"         missed: {', '.join(missed[:12])}")


def law_edges(points: int) -> None:
    print("\nedges of the recovery laws")
    print(f"{'law':34} {'edge':>14} {'noise 0':>8} {'1e-3':>6} {'1e-2':>6}   found at 1e-2 (rivals)")
    rng = torch.Generator().manual_seed(1)
    for law, name, formula, (low, high) in LAWS:
        places = []
        for noise in (0.0, 1e-3, 1e-2):
            x = low + (high - low) * torch.rand(points, generator=rng, dtype=torch.float64)
            y = formula(x)
            y = y + noise * y.std() * torch.randn(points, generator=rng, dtype=torch.float64)
            found = suggest(x, y)
            places.append(rank(found, name))
        print(
            f"{law:34} {name:>14} {places[0]:8d} {places[1]:6d} {places[2]:6d}   "
            f"{found[0].formula} ({', '.join(found[0].rivals[:4])})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How often the right primitive is found for a curve.")
    parser.add_argument("--edges", type=int, default=200)
    parser.add_argument("--points", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    suggest(torch.linspace(-1, 1, 50), torch.linspace(-1, 1, 50) ** 2)  # the dictionary is made once
    random_edges(options.edges, options.points)
    law_edges(options.points)
