"""Describe what a network must not forget: rows of a table, or every point of a region of its inputs."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN

Box = tuple[tuple[float, float], ...]
POINTS = 2_000  # points that represent a region
WATCHED = 2_000  # most rows on which the error is computed at every step of a training


@dataclass(frozen=True, eq=False)
class Known:
    """The rows or region that a network must not forget while it learns more; made by `Known.rows` or `Known.region`.

    name: shown to users · x: inputs (row, input) in table units; for a region, points sampled evenly from it · data:
    the table, with its targets; None if only inputs are known · box: least and greatest value of each input in table
    units; None for rows.

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> Known.region(((0.0, 1.0), (-2.0, 2.0))).x.shape
    torch.Size([2000, 2])
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0]], [3.0, 4.0])
    >>> start, known = kanviz.init([1, 1]), Known.rows(data, "old.csv")
    >>> known.noun, known.error(start, start) > 0, Known.region(((0.0, 1.0),)).error(start, start)
    ('old rows', True, 0.0)
    """

    name: str
    x: Float[Tensor, "rows input"]
    data: Dataset | None = None
    box: Box | None = None

    @staticmethod
    def rows(data: Dataset, name: str) -> "Known":
        """Make a `Known` of all rows of a table, held-out ones included."""
        return Known(name, data.x, data)

    @staticmethod
    def region(box: Box) -> "Known":
        """Make a `Known` of all points of a box, (least, greatest) per input; equal boxes give equal points `x`."""
        low, high = torch.tensor(box, dtype=torch.float64).T
        draws = torch.quasirandom.SobolEngine(len(box), scramble=True, seed=0).draw(POINTS).double()
        return Known("the region", low + (high - low) * draws, None, box)

    @cached_property
    def digest(self) -> str:
        """Identifier of the rows or region, for cached results."""
        if self.data is not None:
            return self.data.digest
        return (
            repr(self.box) if self.box else hashlib.sha256(self.x.double().contiguous().numpy().tobytes()).hexdigest()
        )

    @property
    def noun(self) -> str:
        """Plural noun for its points, for messages."""
        return "old rows" if self.box is None else "points of the region"

    @torch.no_grad()
    def error(self, kan: KAN, start: KAN) -> float:
        """Compute the error of a network on it: RMSE in table units, for classes cross-entropy.

        Without targets, the root mean square change of the outputs since `start`. On at most 2,000 rows, spread evenly.
        """
        at = self._watched
        found = kan(self.x[at]).double()
        wanted = self.data.y[at] if self.data is not None else start(self.x[at]).double()
        if self.data is not None and kan.task == "classification":
            return float(torch.nn.functional.cross_entropy(found, wanted.argmax(1)))
        return float((found - wanted).square().mean().sqrt())

    @cached_property
    def _watched(self) -> Tensor:
        return torch.linspace(0, len(self.x) - 1, min(WATCHED, len(self.x))).long()
