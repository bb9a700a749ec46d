"""Ways of learning one task after another with a KAN, as values: each gives the next one when it has learned."""

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

RATE = 0.03  # Adam's, for one layer of coefficients


class Learner(Protocol):
    """Something that learns tasks in turn. numbers: how many it has to learn with · free: the share of them that may
    still move, 0 to 1.
    """

    @property
    def numbers(self) -> int: ...

    @property
    def free(self) -> float: ...

    def learned(self, task: int, tables: Sequence[Dataset]) -> Self:
        """Itself after that task; those before it have been learned."""
        ...

    def __call__(self, x: Tensor) -> Tensor:
        """Predictions (row, output) for inputs (row, input), in table units."""
        ...


def network(setting: Setting, seed: int) -> KAN:
    """The network that a rung begins with, in float64; a base function is there to be learned where there is one."""
    return init(setting.shape, grid=setting.grid, base=setting.base, noise=0.1, seed=seed)


def _parts(setting: Setting) -> tuple[str, ...]:
    return ("coef", "base_weight") if setting.base != "zero" else ("coef",)


AIDS: dict[str, Callable[[int], Protection]] = {  # by how many tasks are old: all their rows are replayed
    "none": lambda old: NoProtection(),
    "replay": lambda old: Replay(old / (old + 1)),
    "ewc": lambda old: ElasticWeights(),
}
LOCKS: dict[str, Protection] = {"none": NoProtection(), "rows": LockRows(), "region": LockRegion()}


def _newest(setting: Setting, task: int, data: Dataset) -> Known:
    """What is to be locked of the task that was just learned."""
    if setting.lock == "region":
        return Known.region(setting.where.region(task))
    return Known(f"task {task + 1}", data.x[: setting.locked_rows])


@dataclass(frozen=True, eq=False)
class Trained:
    """A network trained as `kanviz.train` does. aid: all old rows among the new ones, or an anchor by
    them (EWC); lock: what is held so far.
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
        data = replace(new, test=new.test[:0])  # held-out points are for looking, not for choosing
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
    """A network trained by torch's AdamW on all numbers, as other libraries do.

    state: of the optimiser, carried on from task to task where the setting says so.
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
    """The rung's own network."""
    kan = network(setting, seed)
    return ByAdam(setting, kan) if setting.solver == "adam" else Trained(setting, kan)


def beside(setting: Setting, seed: int) -> dict[str, Learner]:
    """The same network with the usual aids against forgetting and no lock; and without any, where a rung has a lock."""
    plain = replace(setting, lock="none", solver="lm", steps=min(setting.steps, 20))
    kan = network(plain, seed)
    found: dict[str, Learner] = {"KAN, no lock": Trained(plain, kan)} if setting.lock != "none" else {}
    return found | {"KAN, replay": Trained(plain, kan, "replay"), "KAN, EWC": Trained(plain, kan, "ewc")}
