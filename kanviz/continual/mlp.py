"""Compare with a multilayer perceptron that has as many numbers as the KAN, and is tuned to learn every peak."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset

SCALES = (15.0, 25.0)  # inputs are multiplied by one of these: a peak is then as wide as a hidden unit can resolve
STEPS = 100  # L-BFGS steps in one round
ROUNDS = 6  # most rounds, while a task is not learned
LEARNED = 0.1  # a task is learned when its error is below this share of its target's standard deviation


@dataclass(frozen=True, eq=False)
class MLP:
    """A network with one hidden layer of tanh: y = tanh(scale x w + b) v + c; weights: (w, b, v, c)."""

    weights: tuple[Tensor, ...]
    scale: float
    free: float = 1.0

    @property
    def numbers(self) -> int:
        return sum(part.numel() for part in self.weights)

    def learned(self, task: int, tables: Sequence[Dataset]) -> "MLP":
        """Train by L-BFGS with a line search on the mean squared error, in rounds, until the task is learned."""
        now, enough = self, (LEARNED * float(tables[task].rows("train")[1].std())) ** 2
        for _ in range(ROUNDS):
            now = now._round(tables[task])
            if _error(now, tables[task]) < enough:
                break
        return now

    def _round(self, data: Dataset) -> "MLP":
        x, y = data.rows("train")
        weights = [part.clone().requires_grad_(True) for part in self.weights]
        solver = torch.optim.LBFGS(
            weights, max_iter=STEPS, tolerance_grad=1e-9, tolerance_change=1e-12, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            solver.zero_grad()
            with torch.enable_grad():
                found = (_run(weights, self.scale, x) - y).square().mean()
                found.backward()
            return found

        solver.step(loss)  # pyright: ignore[reportArgumentType]
        return replace(self, weights=tuple(part.detach() for part in weights))

    def __call__(self, x: Tensor) -> Tensor:
        return _run(self.weights, self.scale, x)


def _run(weights: Sequence[Tensor], scale: float, x: Tensor) -> Tensor:
    w, b, v, c = weights
    return torch.tanh(scale * x @ w + b) @ v + c


def mlp(inputs: int, numbers: int, tables: Sequence[Dataset], seed: int) -> MLP:
    """Make a new MLP with about `numbers` weights, with the scale of `SCALES` that learns the first task best."""
    tried = [(_new(inputs, numbers, scale, seed), scale) for scale in SCALES]
    return min(tried, key=lambda one: _error(one[0].learned(0, tables), tables[0]))[0]


def _new(inputs: int, numbers: int, scale: float, seed: int) -> MLP:
    """Make an MLP whose hidden units have their centres spread over the inputs' range, -1 to 1."""
    rng = torch.Generator().manual_seed(seed)
    hidden = max(1, round((numbers - 1) / (inputs + 2)))
    w = torch.randn(inputs, hidden, generator=rng, dtype=torch.float64) / inputs**0.5
    turns = 2 * torch.rand(inputs, hidden, generator=rng, dtype=torch.float64) - 1
    v = torch.randn(hidden, 1, generator=rng, dtype=torch.float64) / hidden**0.5
    return MLP((w, -scale * (w * turns).sum(0), v, torch.zeros(1, dtype=torch.float64)), scale)


def _error(found: MLP, data: Dataset) -> float:
    x, y = data.rows("train")
    return float((found(x) - y).square().mean())
