"""Define learners: values that learn one task after another with a KAN, and return a new learner after each task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

import torch
from torch import Tensor

from kanviz.continual.known import Known
from kanviz.continual.protection import (
    ElasticWeights,
    LockRegion,
    LockRows,
    NoProtection,
    Protected,
    Protection,
    Replay,
)
from kanviz.continual.rungs import Setting
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.locks import Lock
from kanviz.core.training.parameters import FreeParameters
from kanviz.core.training.train import trained

RATE = 0.03  # learning rate of Adam, for one layer of coefficients


class Learner(Protocol):
    """The interface of a model that learns tasks one after another.

    numbers: how many trainable numbers it has · free: share of them that may still change, 0 to 1.
    """

    @property
    def numbers(self) -> int: ...

    @property
    def free(self) -> float: ...

    def learned(self, task: int, tables: Sequence[Dataset]) -> Self:
        """Return the learner after this task; the tasks before it have been learned already."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """Predict (row, output) for inputs (row, input), in table units."""
        ...


def network(setting: Setting, seed: int) -> KAN:
    """Make the initial network of a rung, in float64; a base function other than zero is trained too."""
    return init(setting.shape, grid=setting.grid, base=setting.base, noise=0.1, seed=seed)


def _parts(setting: Setting) -> tuple[str, ...]:
    return ("coef", "base_weight") if setting.base != "zero" else ("coef",)


AIDS: dict[str, Callable[[int], Protection]] = {  # given the number of old tasks; replay uses all their rows
    "none": lambda old: NoProtection(),
    "replay": lambda old: Replay(old / (old + 1)),
    "ewc": lambda old: ElasticWeights(),
}
LOCKS: dict[str, Protection] = {"none": NoProtection(), "rows": LockRows(), "region": LockRegion()}


def _newest(setting: Setting, task: int, data: Dataset) -> Known:
    """Return the rows or region of the task just learned that are to be locked."""
    if setting.lock == "region":
        return Known.region(setting.where.region(task))
    return Known(f"task {task + 1}", data.x[: setting.locked_rows])


@dataclass(frozen=True, eq=False)
class Trained:
    """A learner that trains a network with `kanviz.train`.

    aid: mix all old rows in (replay), or anchor the network by them (EWC) · lock: the numbers locked so far.
    """

    setting: Setting
    kan: KAN
    aid: Literal["none", "replay", "ewc"] = "none"
    lock: Lock | None = None

    @property
    def numbers(self) -> int:
        return FreeParameters.of(self.kan, _parts(self.setting)).count

    @property
    def free(self) -> float:
        return FreeParameters.of(self.kan, _parts(self.setting), lock=self.lock).count / self.numbers

    def learned(self, task: int, tables: Sequence[Dataset]) -> "Trained":
        s, new = self.setting, tables[task]
        if FreeParameters.of(self.kan, _parts(s), lock=self.lock).count == 0:
            return self  # everything is locked
        data = replace(new, test=new.test[:0])  # held-out points only measure the error, they choose nothing
        held = Protected(data, self.lock)
        if task:
            old = tables[0].joined(*tables[1:task])
            known = Known("earlier tasks", old.rows("train")[0], old)
            held = held.joined(AIDS[self.aid](task).apply(self.kan, known, data))
        config = held.config(solver="lm", steps=s.steps, smooth=0.0, parts=_parts(s))
        kan = trained(self.kan, held.data, config, anchor=held.anchor).kan
        return replace(self, kan=kan, lock=held.joined(LOCKS[s.lock].apply(kan, _newest(s, task, new), data)).lock)

    def __call__(self, x: Tensor) -> Tensor:
        return self.kan(x)


@dataclass(frozen=True, eq=False)
class ByAdam:
    """A learner that trains a network by torch's AdamW on all numbers, as other libraries do.

    state: state of the optimiser, reused for the next task if `setting.kept` is set.
    """

    setting: Setting
    kan: KAN
    state: dict[str, Any] | None = None
    free: float = 1.0

    @property
    def numbers(self) -> int:
        return FreeParameters.of(self.kan, _parts(self.setting)).count

    def learned(self, task: int, tables: Sequence[Dataset]) -> "ByAdam":
        free = FreeParameters.of(self.kan, _parts(self.setting))
        theta = free.vector().requires_grad_(True)
        solver = torch.optim.AdamW([theta], lr=RATE, weight_decay=self.setting.decay)
        if self.setting.kept and self.state is not None:
            solver.load_state_dict(self.state)
        x, y = tables[task].rows("train")
        for _ in range(self.setting.steps):
            solver.zero_grad()
            with torch.enable_grad():
                (free.put(theta)(x) - y).square().mean().backward()
            solver.step()
        return replace(self, kan=free.put(theta.detach()), state=solver.state_dict())

    def __call__(self, x: Tensor) -> Tensor:
        return self.kan(x)


def of_setting(setting: Setting, seed: int) -> Learner:
    """Return the learner of the rung's own network."""
    kan = network(setting, seed)
    return ByAdam(setting, kan) if setting.solver == "adam" else Trained(setting, kan)


def reference_learners(setting: Setting, seed: int) -> dict[str, Learner]:
    """Return the learners to compare with: the same network without a lock, with replay and with EWC.

    If the rung has a lock, also the network without any protection.
    """
    plain = replace(setting, lock="none", solver="lm", steps=min(setting.steps, 20))
    kan = network(plain, seed)
    found: dict[str, Learner] = {"KAN, no lock": Trained(plain, kan)} if setting.lock != "none" else {}
    return found | {"KAN, replay": Trained(plain, kan, "replay"), "KAN, EWC": Trained(plain, kan, "ewc")}
