"""A training as the session begins it, and takes it up again; and what a retraining must not forget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.train import Checkpoint, Progress, TrainConfig, train
from kanviz.edit.edits import Retrain
from kanviz.edit.history import History
from kanviz.io.project_training import Underway

Mark = tuple[int, *tuple[float | None, ...]]  # step, and errors: see Run.mark
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
    def digest(self) -> str:
        """The same for the same rows or the same box."""
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

    @cached_property
    def rows_digest(self) -> str:
        """Of the rows with their columns in the network's order, as a step of the history names them."""
        return self.data.matching(self.kan).digest

    def learned(self, last: Progress) -> bool:
        """Whether there is a better network than the one it began with."""
        return last.best is not self.kan and last.best.digest != self.kan.digest

    def recorded(self, history: History, last: Progress) -> History:
        """The history with what was learned up to this item as one step, behind the version that it began with."""
        picked = last.state.config
        how = replace(self.config, solver=picked.solver, batch=picked.batch)
        return history.jump(self.at).record(Retrain(how, self.rows_digest, last.step, self.aid), last.best)

    def underway(self, last: Progress, trail: Sequence[Mark], *, running: bool) -> Underway:
        """All that it takes to go on from this item elsewhere."""
        known = self.known
        marks = torch.tensor([[torch.nan if v is None else v for v in mark] for mark in trail], dtype=torch.float64)
        return Underway(
            self.at, self.config, last, self.data, marks if len(marks) else marks.reshape(0, 3), running,
            "" if known is None else known.name, None if known is None else known.data,
            None if known is None else known.box, self.region, self.aid, self.promise,
        )  # fmt: skip

    @staticmethod
    def of(found: Underway, kan: KAN) -> "tuple[Run, list[Mark]]":
        """The run that was stored, and its trail. kan: the network that it began with."""
        known = None
        if found.known_data is not None:
            known = Known.rows(found.known_data, found.known)
        elif found.known_box is not None:
            known = Known.region(found.known_box)
        marks: list[Mark] = [
            (int(step), *(None if v != v else v for v in errors)) for step, *errors in found.trail.tolist()
        ]
        return Run(
            kan, found.data, found.config, found.at, known=known, region=found.region, aid=found.aid,
            promise=found.promise,
        ), marks  # fmt: skip

    def mark(self, item: Progress) -> Mark:
        """A point of the trail: step, error on the rows learned, on those held out, and on what is known."""
        shown = (item.train_rmse, item.test_rmse) if item.train_rmse is not None else (item.train_loss, item.test_loss)
        old = () if self.known is None else (self.known.error(item.kan, self.kan),)
        return (item.step, *shown, *old)
