"""A training as the session begins it, and takes it up again; and what a retraining must not forget."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.anchor import Anchor
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.train import Checkpoint, Progress, TrainConfig, train

DRAWN = 2_000  # points that stand for a region
WATCHED = 2_000  # rows on which the error is computed at every step


@dataclass(frozen=True, eq=False)
class Known:
    """What the network knows and must remember: rows, or a region of inputs. x, box: in table units.

    box: least and greatest value of each input, None for rows · data: the table, None for a region, which has no
    targets; x are then points drawn from it.
    """

    name: str
    x: Float[Tensor, "rows input"]
    data: Dataset | None = None
    box: tuple[tuple[float, float], ...] | None = None

    @staticmethod
    def rows(data: Dataset, name: str) -> "Known":
        return Known(name, data.x, data)

    @staticmethod
    def region(box: tuple[tuple[float, float], ...]) -> "Known":
        """Points spread evenly over the box; the same box gives the same points."""
        low, high = torch.tensor(box, dtype=torch.float64).T
        draws = torch.quasirandom.SobolEngine(len(box), scramble=True, seed=0).draw(DRAWN).double()
        return Known("the region", low + (high - low) * draws, None, box)

    @property
    def key(self) -> str:
        """What it is, for results that are remembered."""
        return self.data.digest if self.data is not None else repr(self.box)

    @property
    def noun(self) -> str:
        return "old rows" if self.data is not None else "points of the region"

    @torch.no_grad()
    def error(self, kan: KAN, start: KAN) -> float:
        """How well the network still knows it: rmse, in table units, or cross-entropy; without targets the root mean
        square of how far outputs have moved since `start`. On at most 2,000 rows, spread evenly.
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


@dataclass(frozen=True, eq=False)
class Run:
    """A training of the network of version `at`. seconds: spent on it before it was taken up again.

    known: what is watched beside the rows that are learned, in a retraining · region: the box that is locked, if one
    is · aid, anchor: what is done against forgetting beside a lock, as `Retrain.aid` names it · promise: the
    protection's name, for people.
    """

    kan: KAN
    data: Dataset
    config: TrainConfig
    at: int
    seconds: float = 0.0
    known: Known | None = None
    region: tuple[tuple[float, float], ...] | None = None
    aid: str = ""
    anchor: Anchor | None = None
    promise: str = ""

    @cached_property
    def seen(self) -> Dataset:
        """Old and new rows together: where curves move, and where they must not."""
        old = self.known.data if self.known is not None else None
        return self.data if old is None or self.aid == "replay" else old.joined(self.data)

    def items(self, resume: Checkpoint | None = None) -> Iterator[Progress]:
        for item in train(self.kan, self.data, self.config, resume=resume, anchor=None if resume else self.anchor):
            yield replace(item, seconds=self.seconds + item.seconds)

    def mark(self, item: Progress) -> tuple[int, *tuple[float | None, ...]]:
        """A point of the trail: step, error on the rows learned, on those held out, and on what is known."""
        shown = (item.train_rmse, item.test_rmse) if item.train_rmse is not None else (item.train_loss, item.test_loss)
        old = () if self.known is None else (self.known.error(item.kan, self.kan),)
        return (item.step, *shown, *old)
