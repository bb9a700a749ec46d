"""Record a continual-learning run: the error on every task after every task, unchanged predictions, free numbers.

Sources: Lopez-Paz & Ranzato, Gradient episodic memory, NeurIPS 2017 (backward transfer); Chaudhry et al., Riemannian
walk, ECCV 2018 (forgetting). Both define them for accuracies; here they are used for errors.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.continual.policy import Policy
from kanviz.errors import UserError
from kanviz.json_reader import JsonReader, JsonValue

Rows = tuple[tuple[float, ...], ...]
NAN = float("nan")


@dataclass(frozen=True)
class Retention:
    """The results of a run so far. Tables are by task, then by turn: errors[i][j] is for task i after task j.

    policy: the policy against forgetting · tasks: their names · unit: unit of the errors · guess: for each task, the
    error of the best constant prediction for all tasks together · errors: root mean square on held-out rows in the
    target's units (for classes the share of wrong ones), also of tasks not yet learned · kept: share of the predictions
    on all rows of task i that have the same bits after task j as right after task i, 0 to 1; nan before · points:
    current number of control points of every layer · free: for each layer, number of those that could still change
    after each task · full: number of tasks that were not learned because no number could change any more.

    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.retention import Retention
    >>> errors, kept = ((0.25, 0.5), (2.0, 0.25)), ((1.0, 0.75), (float("nan"), 1.0))
    >>> found = Retention(Policy(), ("a", "b"), "kN", (1.0, 1.0), errors, kept, points=(8,), free=((8, 8),))
    >>> found.own, found.end, found.gained, found.forgetting, found.backward_transfer, found.bits
    ((0.25, 0.25), (0.5, 0.25), 0.75, 0.25, -0.25, 0.75)
    >>> Retention.from_json(found.to_json()).errors == found.errors
    True
    """

    policy: Policy
    tasks: tuple[str, ...]
    unit: str
    guess: tuple[float, ...]
    errors: Rows
    kept: Rows
    points: tuple[int, ...]
    free: tuple[tuple[int, ...], ...]
    full: int = 0

    @property
    def turns(self) -> int:
        """Tasks learned so far."""
        return len(self.errors[0])

    @property
    def matrix(self) -> Float[Tensor, "task turn"]:
        return torch.tensor(self.errors, dtype=torch.float64).reshape(len(self.tasks), self.turns)

    @property
    def own(self) -> tuple[float, ...]:
        """The error on each task right after it was learned."""
        return tuple(self.errors[i][i] for i in range(self.turns))

    @property
    def end(self) -> tuple[float, ...]:
        """The current error on each learned task."""
        return tuple(self.errors[i][-1] for i in range(self.turns))

    @property
    def gained(self) -> float:
        """Mean over tasks of the error of the constant prediction minus the error right after the task."""
        return _mean([self.guess[i] - error for i, error in enumerate(self.own)])

    @property
    def forgetting(self) -> float:
        """Mean over earlier tasks of the current error minus the lowest error since the task; 0 or more."""
        return _mean([self.errors[i][-1] - min(self.errors[i][i:]) for i in range(self.turns - 1)])

    @property
    def backward_transfer(self) -> float:
        """Mean over earlier tasks of the error right after the task minus the current error; negative if forgotten."""
        return _mean([self.errors[i][i] - self.errors[i][-1] for i in range(self.turns - 1)])

    @property
    def bits(self) -> float:
        """Share of the predictions on earlier tasks' rows that still have the same bits, 0 to 1; a mean over tasks."""
        return _mean([self.kept[i][-1] for i in range(self.turns - 1)])

    def to_json(self) -> dict[str, Any]:
        """Convert the record and the derived numbers to JSON; null for nan and infinity."""
        record = {part.name: _plain(getattr(self, part.name)) for part in fields(self) if part.name != "policy"}
        derived = {name: _plain(getattr(self, name)) for name in DERIVED} if self.turns else {}
        return {"policy": self.policy.to_json(), **record, **derived}

    @staticmethod
    def from_json(record: Any) -> "Retention":
        """Read a run that `to_json` wrote. Raises UserError for anything else."""
        found = RUN.value(record)
        tasks = found["tasks"].each(JsonValue.text, least=1)
        count, layers = len(tasks), len(found["points"].items())
        learned = len(found["errors"].items(count, count)[0].items(count))

        def table(part: str) -> Rows:
            return found[part].each(lambda row: row.each(_float, learned, learned), count, count)

        with RUN.explaining("its policy cannot be read"):
            policy = Policy.from_json(found["policy"].value)
        return Retention(
            policy, tasks, found["unit"].text(), found["guess"].each(_float, count, count), table("errors"),
            table("kept"), found["points"].each(JsonValue.whole),
            found["free"].each(lambda row: row.each(JsonValue.whole, learned, learned), layers, layers),
            found["full"].whole(),
        )  # fmt: skip


DERIVED = ("own", "end", "gained", "forgetting", "backward_transfer", "bits")
RUN = JsonReader(
    "This is not a run of tasks learned in turn that kanviz wrote, or it was damaged: {why}; run it again.", UserError
)


def _mean(values: list[float]) -> float:
    """Compute the mean; nan without values, since a single task has no earlier ones."""
    return sum(values) / len(values) if values else NAN


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _float(found: JsonValue) -> float:
    return NAN if found.value is None else found.number()
