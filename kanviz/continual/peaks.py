"""Make the tasks of the ladder: five Gaussian peaks, learned one after another, each in its own region."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import Variable

LINE = (-0.8, -0.4, 0.0, 0.4, 0.8)
STEEP = 300.0  # a peak is exp(-300 d^2), as in pykan's example on continual learning: 0.08 wide at half its height

Box = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Place:
    """The places of the peaks, and the regions around them from which rows are sampled, on inputs from -1 to 1.

    centres: one point for each task · half: half the side of its region · additive: the target is a sum of peaks in
    single inputs, instead of peaks in all inputs together.
    """

    centres: tuple[tuple[float, ...], ...]
    half: float
    additive: bool = False

    @property
    def inputs(self) -> int:
        return len(self.centres[0])

    def region(self, task: int) -> Box:
        """Return the least and greatest value of each input for one task."""
        return tuple((c - self.half, c + self.half) for c in self.centres[task])

    def target(self, x: Float[Tensor, "rows input"]) -> Float[Tensor, "rows 1"]:
        """Compute the whole target function; every task contains a part of it."""
        peaks = torch.zeros(len(x), 1, dtype=x.dtype)
        for centre in self.centres if not self.additive else [(c,) * self.inputs for c in LINE]:
            away = (x - x.new_tensor(centre)).square()
            peaks += torch.exp(-STEEP * away).sum(1, keepdim=True) if self.additive else _peak(away)
        return peaks


def _peak(away: Tensor) -> Tensor:
    return torch.exp(-STEEP * away.sum(1, keepdim=True))


_ON_LINE = tuple((c,) for c in LINE)
_DIAGONAL = tuple((c, c) for c in LINE)
_SQUARE = ((-0.6, -0.6), (-0.6, 0.6), (0.6, -0.6), (0.6, 0.6), (0.0, 0.0))
PLACES = {
    "separated": Place(_ON_LINE, 2 / 15),
    "adjacent": Place(_ON_LINE, 0.2),
    "diagonal": Place(_DIAGONAL, 0.1),
    "square": Place(_SQUARE, 0.1),
    "sums apart": Place(_DIAGONAL, 2 / 15, additive=True),
    "sums shared": Place(((-0.4, -0.4), (-0.4, 0.4), (0.4, -0.4), (0.4, 0.4), (0.0, 0.0)), 2 / 15, additive=True),
}


def tasks(place: Place, rows: int, points: int, seed: int) -> tuple[Dataset, ...]:
    """Make a table for each peak: `rows` training rows and `points` held-out ones, sampled uniformly in its region."""
    rng = torch.Generator().manual_seed(seed)
    names = tuple(Variable(name) for name in (("x",) if place.inputs == 1 else ("x1", "x2")))
    found = []
    for centre in place.centres:
        spread = 2 * torch.rand(rows + points, place.inputs, generator=rng, dtype=torch.float64) - 1
        x = torch.tensor(centre, dtype=torch.float64) + place.half * spread
        held = torch.arange(rows, rows + points)
        found.append(Dataset(x, place.target(x), names, (Variable("y"),), torch.arange(rows), held, target="y"))
    return tuple(found)
