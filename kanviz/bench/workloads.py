"""Define the timed workloads: a shape, a batch and a grid for each name in the tables."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

ORDER = 3


@dataclass(frozen=True)
class Workload:
    """A network and a batch to run through it, forward and backward."""

    name: str
    shape: tuple[int, ...]
    rows: int
    grid: int

    def __str__(self) -> str:
        return f"{self.name} [{','.join(map(str, self.shape))}] N={self.rows} G={self.grid}"

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        return itertools.pairwise(self.shape)

    @property
    def parameters(self) -> int:
        """The number of coefficients, base weights and biases of a KAN of this shape."""
        return sum(a * b * (self.grid + ORDER + 1) + b for a, b in self.pairs)

    def inputs(self, dtype: torch.dtype, device: str = "cpu") -> Tensor:
        """Return rows uniform on the grid, [-1, 1]; they require a gradient, as within a larger network."""
        rng = torch.Generator().manual_seed(0)
        x = 2 * torch.rand(self.rows, self.shape[0], generator=rng, dtype=torch.float64) - 1
        return x.to(device, dtype).requires_grad_()


WORKLOADS = {
    name: Workload(name, shape, rows, grid)
    for name, shape, rows, grid in (
        ("a1", (2, 5, 1), 1000, 5),
        ("a3", (2, 5, 1), 1000, 100),
        ("a4", (4, 10, 10, 1), 1000, 5),
        ("a6", (4, 10, 10, 1), 10_000, 20),
        ("a7", (4, 10, 10, 1), 10_000, 100),
        ("b1", (64, 64), 1024, 5),
        ("b2", (64, 64), 1024, 50),
        ("b5", (64, 64), 1024, 100),
        ("b3", (784, 64, 10), 1024, 5),
        ("b4", (784, 64, 10), 1024, 50),
        ("c1", (256, 1024, 256), 4096, 5),
    )
}
