"""Laws to recover, and how a trained network would write them: numbers slightly off, scales and shifts that cancel."""

import math
import random
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from jaxtyping import Float
from sympy import Add, Mul, Pow, Symbol, cos, exp, log, pi, sin, sqrt
from torch import Tensor

from kanviz.laws.expressions.template import Rows

Range = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """A law and the ranges of its inputs. noise: as a share of the target's spread."""

    name: str
    law: Any
    inputs: tuple[Symbol, ...]
    ranges: tuple[Range, ...]
    rows: int = 1000
    noise: float = 0.0

    def data(self, rows: int, noise: float, seed: int) -> tuple[Float[Tensor, "rows input"], Float[Tensor, " rows"]]:
        rng = torch.Generator().manual_seed(seed)
        low, high = torch.tensor(self.ranges, dtype=torch.float64).T
        x = low + (high - low) * torch.rand(rows, len(self.inputs), generator=rng, dtype=torch.float64)
        y = Rows(self.inputs, x, x[:, 0]).values(self.law)
        return x, y + noise * y.std() * torch.randn(rows, generator=rng, dtype=torch.float64)

    def four(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rows to learn from, and rows held out."""
        return (*self.data(self.rows, self.noise, 0), *self.data(self.rows // 4, self.noise, 1))


def _sample(name: str, law: Any, ranges: dict[Symbol, Range], rows: int = 1000, noise: float = 0.0) -> Sample:
    return Sample(name, law, tuple(ranges), tuple(ranges.values()), rows, noise)


def _symbols(names: str) -> tuple[Symbol, ...]:
    return tuple(Symbol(name, real=True) for name in names.split())


x, y, theta, sigma, a, b, c = _symbols("x y theta sigma a b c")
m, u, v, w, t1, t2, delta, alpha = _symbols("m u v w t1 t2 delta alpha")
ONE, TWO, TURN, MOST = (-1.0, 1.0), (-2.0, 2.0), (0.0, 6.28318530718), (-0.9, 0.9)

SAMPLES = (
    _sample("kan_toy_exp_sin_sq", exp(sin(pi * x) + y**2), {x: ONE, y: ONE}),
    _sample("product_sum_nodes", x * y, {x: ONE, y: ONE}),
    _sample("product_mult_node", x * y, {x: ONE, y: ONE}),
    _sample("ratio_positive", x / y, {x: (0.5, 2.0), y: (0.5, 2.0)}),
    _sample("hypot", sqrt(x**2 + y**2), {x: (-1.5, 1.5), y: (-1.5, 1.5)}),
    _sample("lorentzian_2d", 1 / (1 + x**2 + y**2), {x: TWO, y: TWO}),
    _sample("feynman_I_6_2a", exp(-(theta**2) / 2) / sqrt(2 * pi), {theta: (-3.0, 3.0)}, 500),
    _sample(
        "feynman_I_6_2",
        exp(-(theta**2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2),
        {theta: ONE, sigma: (0.5, 2.0)},
    ),
    _sample("feynman_I_12_11", 1 + a * sin(theta), {a: ONE, theta: TURN}),
    _sample("feynman_I_13_4", m * (u**2 + v**2 + w**2) / 2, {m: (0.0, 1.0), u: ONE, v: ONE, w: ONE}),
    _sample("feynman_I_15_3x", (1 - a) / sqrt(1 - b**2), {a: MOST, b: MOST}),
    _sample("feynman_I_16_6", (a + b) / (1 + a * b), {a: MOST, b: MOST}),
    _sample("feynman_I_29_16", sqrt(1 + a**2 - 2 * a * cos(t1 - t2)), {a: (0.2, 2.0), t1: TURN, t2: TURN}, 2000),
    _sample("feynman_I_37_4", 1 + a + 2 * sqrt(a) * cos(delta), {a: (0.1, 1.0), delta: TURN}),
    _sample("feynman_I_50_26", cos(a) + alpha * cos(a) ** 2, {a: TURN, alpha: (0.0, 1.0)}),
    _sample("feynman_II_6_15a", c * sqrt(a**2 + b**2) / (4 * pi), {a: (0.2, 1.0), b: (0.2, 1.0), c: (0.2, 1.0)}),
    _sample("nguyen_7", log(x + 1) + log(x**2 + 1), {x: (0.0, 2.0)}, 500),
    _sample("nguyen_9", sin(x) + sin(y**2), {x: TWO, y: TWO}),
    _sample("nguyen_10_noise", 2 * sin(x) * cos(y), {x: TWO, y: TWO}, 1000, 0.001),
    _sample("kan_toy_noise", exp(sin(pi * x) + y**2), {x: ONE, y: ONE}, 2000, 0.01),
)
BY_NAME = {sample.name: sample for sample in SAMPLES}


def as_a_network_writes_it(law: Any, seed: int, off: float) -> Any:
    """The law with every number a float that is wrong by up to a share `off`, and with redundant scales and shifts.

    Each function is c f(k u + s) + d as an edge's formula is, each product has scales that cancel, each sum an offset.
    Exponents stay: a formula's own power is exact.
    """
    draw = random.Random(seed)

    def near(value: Any) -> sympy.Float:
        return sympy.Float(float(value) * (1 + off * draw.uniform(-1, 1)), 15)

    def tiny() -> sympy.Float:
        return sympy.Float(off * draw.uniform(-0.2, 0.2), 15)

    def scale() -> float:
        return draw.uniform(0.5, 2.0)

    def edge(part: Any) -> Any:
        if part.is_number:
            return near(part)
        if part.is_Symbol:
            return near(1) * part
        if part.is_Add or part.is_Mul:
            number, rest = part.as_independent(*part.free_symbols, as_Add=part.is_Add)
            inner = [edge(one) for one in (rest.args if rest.func is part.func else (rest,))]
            k = scale()
            if part.is_Add:
                return near(k) * Add(*(near(1 / k) * one for one in inner), near(number / k) if number else tiny())
            scales = [scale() for _ in inner]
            fronts = near(number / math.prod(scales))
            return Mul(fronts, *(near(k) * one for k, one in zip(scales, inner, strict=True)), evaluate=True)
        if part.is_Pow and part.exp.is_number:
            k = scale()
            return near(k ** float(-part.exp)) * Pow(near(k) * edge(part.base), part.exp) + tiny()
        if part.func is exp:
            shift = draw.uniform(-1, 1)
            return near(math.exp(-shift)) * exp(edge(part.args[0]) + near(shift)) + tiny()
        if part.func is log:
            k = scale()
            return near(1) * log(near(k) * edge(part.args[0])) + near(-math.log(k))
        if part.func is cos:
            return near(-1) * sin(near(-1) * edge(part.args[0]) + near(-math.pi / 2)) + tiny()
        return near(1) * part.func(near(1) * edge(part.args[0]) + tiny()) + tiny()

    return edge(law)
