"""Run a rung of the ladder, and yield the outcome so far after every task of every method."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.continual.learned import Learned
from kanviz.continual.learners import Learner, of_setting, reference_learners
from kanviz.continual.mlp import mlp
from kanviz.continual.outcome import Outcome
from kanviz.continual.peaks import Place, tasks
from kanviz.continual.rungs import Rung, Setting
from kanviz.continual.verdict import Verdict, verdict
from kanviz.core.data.dataset import Dataset
from kanviz.core.threads import on_one_thread

LINE, WINDOW = 401, 21  # points to plot along a line, and along each side of a region


@dataclass(frozen=True, eq=False)
class Step:
    """The progress of a run. done, total: tasks over all methods; method: the one that learns, or learned last.

    >>> import kanviz
    >>> step = next(kanviz.climb(kanviz.RUNGS[0], alone=True))
    >>> step.done, step.total, step.method, step.verdict
    (0, 5, 'KAN', None)
    """

    done: int
    total: int
    method: str
    outcome: Outcome

    @property
    def verdict(self) -> Verdict | None:
        """Verdict on the rung's own network so far."""
        own = self.outcome.own
        return verdict(own, self.outcome.spread) if own is not None else None


@on_one_thread
def climb(rung: Rung, seed: int = 0, *, alone: bool = False) -> Iterator[Step]:
    """Run a rung, and yield an item after every task; the last has `outcome.finished`. Equal seeds give equal numbers.

    alone: run only the rung's own network, without the methods to compare with.

    >>> import itertools, kanviz
    >>> *_, step = itertools.islice(kanviz.climb(kanviz.RUNGS[0], alone=True), 3)  # two of five tasks
    >>> step.done, step.total
    (2, 5)
    >>> step.verdict.text
    'exact: all 100 old predictions kept their bits'
    """
    clock = time.perf_counter()
    s = rung.setting
    tables = tasks(s.where, s.rows, s.points, seed)
    mesh = _mesh(s.where)
    own = of_setting(s, seed)
    others = {} if alone else reference_learners(s, seed)
    names = ["KAN", *others, *([] if alone else ["MLP"])]
    outcome = Outcome(
        rung, seed, mesh.numpy(), s.where.target(mesh)[:, 0].numpy(),
        tuple(float(table.rows("test")[1].std(correction=0)) for table in tables),
    )  # fmt: skip
    done, total = 0, len(names) * len(tables)
    yield Step(done, total, names[0], outcome)
    for place, name in enumerate(names):
        learner = (
            own if name == "KAN" else others[name] if name in others else mlp(s.where.inputs, own.numbers, tables, seed)
        )
        for found in _in_turn(name, learner, tables, mesh, s):
            done += 1
            outcome = replace(
                outcome, methods=(*outcome.methods[:place], found), seconds=time.perf_counter() - clock,
                finished=done == total,
            )  # fmt: skip
            yield Step(done, total, name, outcome)


def _in_turn(
    name: str, learner: Learner, tables: Sequence[Dataset], mesh: Tensor, setting: Setting
) -> Iterator[Learned]:
    """Run one method task by task.

    Predictions are compared with the same batch shape, since sums of other shapes are rounded differently.
    """
    count, local = len(tables), name != "MLP" and len(setting.shape) == 2  # else cells of the inputs mean nothing
    held = [table.rows("test") for table in tables]
    then: list[Tensor] = []
    found = Learned(name, learner.numbers, np.full((count, count), np.nan), points=len(held[0][0]))
    for task in range(count):
        clock = time.perf_counter()
        learner = learner.learned(task, tables)
        spent = time.perf_counter() - clock
        now = [learner(x).double() for x, _ in held[: task + 1]]
        then.append(now[task])
        errors = found.errors.copy()
        errors[: task + 1, task] = [
            float((value - y).square().mean().sqrt()) for value, (_, y) in zip(now, held, strict=False)
        ]
        changed = [~same_bits(a, b).all(1) for a, b in zip(now[:task], then, strict=False)]
        found = replace(
            found, errors=errors, kept=tuple(int((~one).sum()) for one in changed),
            drift=max([found.drift, *(_drift(a, b) for a, b in zip(now[:task], then, strict=False))]),
            reach=_reach(changed, tables[: task + 1], setting.grid) if local else np.nan,
            seconds=found.seconds + spent, free=(*found.free, learner.free),
            predictions=(*found.predictions, learner(mesh)[:, 0].double().numpy()),
        )  # fmt: skip
        yield found


def _drift(now: Tensor, then: Tensor) -> float:
    gap = (now - then).abs()
    return float(gap.max()) if bool(gap.isfinite().all()) else float("inf")


def _reach(changed: Sequence[Tensor], tables: Sequence[Dataset], grid: int) -> float:
    """Compute the greatest distance of a changed point from rows of later tasks, in cells of the grid on [-1, 1]."""
    found = float("nan")
    for task, mask in enumerate(changed):
        points = tables[task].rows("test")[0][mask]
        if len(points):
            later = torch.cat([table.rows("train")[0] for table in tables[task + 1 :]])
            nearest = (points[:, None] - later).abs().flatten(1).min(1).values
            found = float(np.fmax(found, float(nearest.max()) * grid / 2))
    return found


def _mesh(place: Place) -> Tensor:
    """Make the points to plot: along the line, or for two inputs a window on each region, first input fastest."""
    if place.inputs == 1:
        return torch.linspace(-1, 1, LINE, dtype=torch.float64)[:, None]
    windows = []
    for task in range(len(place.centres)):
        across, up = (torch.linspace(a, b, WINDOW, dtype=torch.float64) for a, b in place.region(task))
        windows.append(torch.stack([across.repeat(WINDOW), up.repeat_interleave(WINDOW)], 1))
    return torch.cat(windows)
