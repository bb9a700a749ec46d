"""Define a training run and a retraining run, which must not forget what is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from kanviz.continual.known import Box, Known
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.train import Checkpoint, Progress, TrainConfig, train
from kanviz.edit.edits import Retrain
from kanviz.edit.history import History
from kanviz.io.project_training import Underway

Mark = tuple[int, *tuple[float | None, ...]]  # step, then errors: see Run.mark and Retraining.mark


@dataclass(frozen=True, eq=False)
class Run:
    """A training of the network of version `at`. seconds: time spent before it was continued."""

    kan: KAN
    data: Dataset
    config: TrainConfig
    at: int
    seconds: float = 0.0

    @cached_property
    def seen(self) -> Dataset:
        """The rows used for figures of its network."""
        return self.data

    def items(self, resume: Checkpoint | None = None) -> Iterator[Progress]:
        """Yield the items of the training, from the start or from a checkpoint."""
        for item in self._steps(resume):
            yield replace(item, seconds=self.seconds + item.seconds)

    def _steps(self, resume: Checkpoint | None) -> Iterator[Progress]:
        return train(self.kan, self.data, self.config, resume=resume)

    @cached_property
    def rows_digest(self) -> str:
        """Digest of the rows with their columns in the network's order, as in the history."""
        return self.data.matching(self.kan).digest

    def learned(self, last: Progress) -> bool:
        """Return whether the training found a better network than its first one."""
        return last.best is not self.kan and last.best.digest != self.kan.digest

    def recorded(self, history: History, last: Progress) -> History:
        """Return the history with the result up to this item as one step after the version it started from."""
        return history.jump(self.at).record(self._edit(last), last.best)

    def _edit(self, last: Progress) -> Retrain:
        picked = last.state.config
        how = replace(self.config, solver=picked.solver, batch=picked.batch)
        return Retrain(how, self.rows_digest, last.step)

    def underway(self, last: Progress, trail: Sequence[Mark], *, running: bool) -> Underway:
        """Return all that is needed to continue from this item elsewhere."""
        marks = torch.tensor([[torch.nan if v is None else v for v in mark] for mark in trail], dtype=torch.float64)
        marks = marks if len(marks) else marks.reshape(0, 3)
        return Underway(self.at, self.config, last, self.data, marks, running)

    @staticmethod
    def of(found: Underway, kan: KAN) -> "tuple[Run, list[Mark]]":
        """Return the saved run and its trail. kan: the network that it started with."""
        marks: list[Mark] = [
            (int(step), *(None if v != v else v for v in errors)) for step, *errors in found.trail.tolist()
        ]
        known = None
        if found.known_data is not None:
            known = Known.rows(found.known_data, found.known)
        elif found.known_box is not None:
            known = Known.region(found.known_box)
        if known is None:
            return Run(kan, found.data, found.config, found.at), marks
        return Retraining(
            kan, found.data, found.config, found.at, known=known, region=found.region, aid=found.aid,
            promise=found.promise,
        ), marks  # fmt: skip

    def mark(self, item: Progress) -> Mark:
        """Return a point of the trail: step, training error, and error on held-out rows."""
        shown = (item.train_rmse, item.test_rmse) if item.train_rmse is not None else (item.train_loss, item.test_loss)
        return (item.step, *shown)


@dataclass(frozen=True, eq=False, kw_only=True)
class Retraining(Run):
    """A training that must not forget what is known.

    known: the rows or region it must not forget; the error there is watched · region: the box that is locked, if any ·
    aid, anchor: the protection besides a lock, named as in `Retrain.aid` · promise: the protection's name for the
    person.
    """

    known: Known
    region: Box | None = None
    aid: str = ""
    anchor: Anchor | None = None
    promise: str = ""

    @cached_property
    def seen(self) -> Dataset:
        """Old and new rows together: where curves change, and where they must not."""
        old = self.known.data
        return self.data if old is None or self.aid == "replay" else old.joined(self.data)

    def _steps(self, resume: Checkpoint | None) -> Iterator[Progress]:
        return train(self.kan, self.data, self.config, resume=resume, anchor=None if resume else self.anchor)

    def _edit(self, last: Progress) -> Retrain:
        return replace(super()._edit(last), aid=self.aid)

    def underway(self, last: Progress, trail: Sequence[Mark], *, running: bool) -> Underway:
        """Return all that is needed to continue from this item elsewhere, with what must not be forgotten."""
        known = self.known
        return replace(
            super().underway(last, trail, running=running), known=known.name, known_data=known.data,
            known_box=known.box, region=self.region, aid=self.aid, promise=self.promise,
        )  # fmt: skip

    def mark(self, item: Progress) -> Mark:
        """Return a point of the trail; its last number is the error on what is known."""
        return (*super().mark(item), self.known.error(item.kan, self.kan))
