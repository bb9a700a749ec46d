"""A training as the session begins it, and takes it up again; and what a retraining must not forget."""

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

Mark = tuple[int, *tuple[float | None, ...]]  # step, and errors: see Run.mark, Retraining.mark


@dataclass(frozen=True, eq=False)
class Run:
    """A training of the network of version `at`. seconds: spent on it before it was taken up again."""

    kan: KAN
    data: Dataset
    config: TrainConfig
    at: int
    seconds: float = 0.0

    @cached_property
    def seen(self) -> Dataset:
        """The rows that its network is drawn with."""
        return self.data

    def items(self, resume: Checkpoint | None = None) -> Iterator[Progress]:
        """Train, or go on from where it was stopped."""
        for item in self._steps(resume):
            yield replace(item, seconds=self.seconds + item.seconds)

    def _steps(self, resume: Checkpoint | None) -> Iterator[Progress]:
        return train(self.kan, self.data, self.config, resume=resume)

    @cached_property
    def rows_digest(self) -> str:
        """Of the rows with their columns in the network's order, as a step of the history names them."""
        return self.data.matching(self.kan).digest

    def learned(self, last: Progress) -> bool:
        """Whether there is a better network than the one it began with."""
        return last.best is not self.kan and last.best.digest != self.kan.digest

    def recorded(self, history: History, last: Progress) -> History:
        """The history with what was learned up to this item as one step, behind the version that it began with."""
        return history.jump(self.at).record(self._edit(last), last.best)

    def _edit(self, last: Progress) -> Retrain:
        picked = last.state.config
        how = replace(self.config, solver=picked.solver, batch=picked.batch)
        return Retrain(how, self.rows_digest, last.step)

    def underway(self, last: Progress, trail: Sequence[Mark], *, running: bool) -> Underway:
        """All that it takes to go on from this item elsewhere."""
        marks = torch.tensor([[torch.nan if v is None else v for v in mark] for mark in trail], dtype=torch.float64)
        marks = marks if len(marks) else marks.reshape(0, 3)
        return Underway(self.at, self.config, last, self.data, marks, running)

    @staticmethod
    def of(found: Underway, kan: KAN) -> "tuple[Run, list[Mark]]":
        """The run that was stored, and its trail. kan: the network that it began with."""
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
        """A point of the trail: step, error on the rows learned, and on those held out."""
        shown = (item.train_rmse, item.test_rmse) if item.train_rmse is not None else (item.train_loss, item.test_loss)
        return (item.step, *shown)


@dataclass(frozen=True, eq=False, kw_only=True)
class Retraining(Run):
    """A training during which something must not be forgotten.

    known: what that is; the error on it is watched · region: the box that is locked, if one is · aid, anchor: what is
    done against forgetting beside a lock, as `Retrain.aid` names it · promise: the protection's name, for people.
    """

    known: Known
    region: Box | None = None
    aid: str = ""
    anchor: Anchor | None = None
    promise: str = ""

    @cached_property
    def seen(self) -> Dataset:
        """Old and new rows together: where curves move, and where they must not."""
        old = self.known.data
        return self.data if old is None or self.aid == "replay" else old.joined(self.data)

    def _steps(self, resume: Checkpoint | None) -> Iterator[Progress]:
        return train(self.kan, self.data, self.config, resume=resume, anchor=None if resume else self.anchor)

    def _edit(self, last: Progress) -> Retrain:
        return replace(super()._edit(last), aid=self.aid)

    def underway(self, last: Progress, trail: Sequence[Mark], *, running: bool) -> Underway:
        """All that it takes to go on from this item elsewhere, what must not be forgotten included."""
        known = self.known
        return replace(
            super().underway(last, trail, running=running), known=known.name, known_data=known.data,
            known_box=known.box, region=self.region, aid=self.aid, promise=self.promise,
        )  # fmt: skip

    def mark(self, item: Progress) -> Mark:
        """A point of the trail, with the error on what is known as its last number."""
        return (*super().mark(item), self.known.error(item.kan, self.kan))
