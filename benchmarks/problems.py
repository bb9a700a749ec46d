"""Defines the problems of the training benchmark: a target, the sampling of its inputs, and the network's shape."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The function f of the columns of x, sampled by `draw(rng, rows)`; `rows` scales its values to a spread of 1."""

    name: str
    shape: tuple[int, ...]
    f: Callable[..., Array]
    draw: Callable[[np.random.Generator, int], Array]

    def rows(self, count: int, seed: int, noise: float = 0.0) -> tuple[Array, Array, Array]:
        """Sample x, y with noise of that share of the spread, and y without it."""
        rng = np.random.default_rng(seed)
        x = self.draw(rng, count)
        truth = self.truth(x)
        return x, truth + noise * rng.standard_normal(truth.shape), truth

    def truth(self, x: Array) -> Array:
        """Compute the target, scaled by one constant so that its spread is 1."""
        return self.f(*x.T) / self._spread

    @property
    def _spread(self) -> float:
        return float(self.f(*self.draw(np.random.default_rng(12345), 20_000).T).std())


def _uniform(*ranges: tuple[float, float]) -> Callable[[np.random.Generator, int], Array]:
    low, high = np.array(ranges, float).T
    return lambda rng, rows: rng.uniform(low, high, (rows, len(low)))


def _lognormal(rng: np.random.Generator, rows: int) -> Array:
    return np.exp(rng.standard_normal((rows, 2)))


SQUARE = ((-1.0, 1.0), (-1.0, 1.0))
PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("x y", (2, 5, 1), lambda x, y: x * y, _uniform(*SQUARE)),
        Problem("(a+b)/(1+ab)", (2, 5, 1), lambda a, b: (a + b) / (1 + a * b), _uniform((-0.9, 0.9), (-0.9, 0.9))),
        Problem("x^2/(1+y^2)+sin 3x", (2, 5, 1), lambda x, y: x**2 / (1 + y**2) + np.sin(3 * x), _uniform(*SQUARE)),
        Problem("tanh(2x+y) cos 2y", (2, 5, 1), lambda x, y: np.tanh(2 * x + y) * np.cos(2 * y), _uniform(*SQUARE)),
        Problem(
            "Feynman I.6.2", (2, 5, 1), lambda t, s: np.exp(-((t / s) ** 2) / 2) / (math.sqrt(2 * math.pi) * s),
            _uniform((1, 3), (1, 3)),
        ),
        Problem(
            "Feynman I.27.6", (3, 7, 1), lambda a, b, n: 1 / (1 / a + n / b), _uniform((1, 5), (1, 5), (1, 5))
        ),
        Problem(
            "Feynman I.12.11", (5, 11, 1), lambda q, e, b, v, t: q * (e + b * v * np.sin(t)), _uniform(*[(1, 5)] * 5)
        ),
        Problem(
            "Friedman 1", (5, 11, 1),
            lambda a, b, c, d, e: 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e,
            _uniform(*[(0, 1)] * 5),
        ),
        Problem("J0(20x)", (1, 5, 1), lambda x: j0(20 * x), _uniform((-1, 1))),
        Problem(
            "4-d toy", (4, 5, 5, 1),
            lambda a, b, c, d: np.exp((np.sin(np.pi * (a**2 + b**2)) + np.sin(np.pi * (c**2 + d**2))) / 2),
            _uniform(*[(-1, 1)] * 4),
        ),
        Problem("lognormal: log(x) sqrt(y)", (2, 5, 1), lambda x, y: np.log(x) * np.sqrt(y), _lognormal),
    )
}  # fmt: skip
NOISY = (
    ("x y", 0.10, 300), ("tanh(2x+y) cos 2y", 0.10, 300), ("Friedman 1", 0.10, 300),
    ("x y", 0.01, 1000), ("tanh(2x+y) cos 2y", 0.01, 1000), ("Friedman 1", 0.01, 1000),
    ("lognormal: log(x) sqrt(y)", 0.01, 1000),
)  # fmt: skip
