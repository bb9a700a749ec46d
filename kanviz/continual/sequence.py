"""Learn tasks one after another with one network, under a policy against forgetting."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.continual.known import Known
from kanviz.continual.policy import Policy
from kanviz.continual.protection import SMOOTH, STEPS, Protected
from kanviz.continual.retention import NAN, Retention
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.locks import Lock
from kanviz.core.training.parameters import FreeParameters
from kanviz.core.training.train import Progress, TrainConfig, train
from kanviz.errors import TableError, TrainError
from kanviz.text import listing


@dataclass(frozen=True, eq=False)
class Turn:
    """The state of a continual-learning run after a training step.

    task: index of the current task · progress: progress of its training; None if no number may change any more · kan:
    the network · done: whether the task is finished; `found` then includes it · found: the results so far.

    >>> import kanviz, torch
    >>> from kanviz.continual.sequence import learned_in_turn
    >>> x = torch.linspace(-1, 1, 20)[:, None]
    >>> tasks = [kanviz.Dataset.from_arrays(x, x[:, 0]), kanviz.Dataset.from_arrays(x, -x[:, 0])]
    >>> last = learned_in_turn(kanviz.init([1, 1]), tasks, config=kanviz.TrainConfig(steps=2))
    >>> last.task, last.done, last.progress.step, last.found.turns
    (1, True, 2, 2)
    """

    task: int
    progress: Progress | None
    kan: KAN
    done: bool
    found: Retention


def learn_in_turn(
    kan: KAN,
    tasks: Sequence[Dataset],
    policy: Policy | None = None,
    config: TrainConfig | None = None,
    seed: int = 0,
    names: Sequence[str] = (),
) -> Iterator[Turn]:
    """Learn each task with the network that the task before produced; the last item has the results of the whole run.

    config: settings of every task's training; None takes 60 steps and a little smoothing, with the solver that fits.
    Grids do not change under locks and anchors, so set `finest`, `starts` and `follow` to 0 to compare policies. seed:
    for batches and sampled old rows, which differ from task to task. Every policy gets whole tables: a lock also holds
    for held-out rows, but does not use their targets. If a lock leaves no number free, later tasks are not learned, and
    counted in `full`. Raises TableError for tasks that do not fit the network or have no held-out rows.

    >>> import kanviz, torch
    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.sequence import learn_in_turn
    >>> x = torch.linspace(-1, 0, 30)[:, None]
    >>> tasks = [kanviz.Dataset.from_arrays(part, part[:, 0] ** 2) for part in (x, x + 1)]
    >>> kan, config = kanviz.init([1, 1], grid=20, base="zero"), kanviz.TrainConfig(steps=3)
    >>> for turn in learn_in_turn(kan, tasks, Policy("lock"), config):
    ...     if turn.done:
    ...         print(turn.task, turn.found.turns, turn.found.bits)
    0 1 nan
    1 2 1.0
    """
    policy = policy or Policy()
    config = config or TrainConfig.for_trained(steps=STEPS, smooth=SMOOTH)
    tasks = _checked(kan, tasks, policy)
    held = Protected(tasks[0], config.lock)
    found = _empty_retention(kan, tasks, policy, names or [f"task {n + 1}" for n in range(len(tasks))])
    shown: list[Tensor] = []
    for turn, data in enumerate(tasks):
        how = replace(config, lock=held.lock, seed=config.seed + seed + turn)
        if FreeParameters.of(kan, how.parts, how.frozen, how.lock).count == 0:
            found, last = replace(found, full=found.full + 1), None
        else:
            last = None
            for item in train(kan, held.data, how, anchor=held.anchor):
                if last is not None:
                    yield Turn(turn, last, last.kan, False, found)
                last = item
            assert last is not None
            kan = last.best
        following = tasks[min(turn + 1, len(tasks) - 1)]
        known = _KNOWN[policy.name](policy, tasks[: turn + 1])
        held = held.joined(policy.protection(seed + turn + 1).apply(kan, known, following))
        with torch.no_grad():
            shown.append(kan(data.x))
        found = _measured(found, kan, tasks, shown, held.lock)
        yield Turn(turn, last, kan, True, found)


def learned_in_turn(
    kan: KAN, tasks: Sequence[Dataset], policy: Policy | None = None, config: TrainConfig | None = None, seed: int = 0
) -> Turn:
    """Run `learn_in_turn` to the end, and return its last item. Raises as it does.

    >>> import kanviz, torch
    >>> from kanviz.continual.policy import Policy
    >>> from kanviz.continual.sequence import learned_in_turn
    >>> x = torch.linspace(-1, 1, 20)[:, None]
    >>> tasks = [kanviz.Dataset.from_arrays(x, x[:, 0]), kanviz.Dataset.from_arrays(x, -x[:, 0])]
    >>> found = learned_in_turn(kanviz.init([1, 1]), tasks, Policy("lock"), kanviz.TrainConfig(steps=3)).found
    >>> found.tasks, found.bits, found.matrix.shape
    (('task 1', 'task 2'), 1.0, torch.Size([2, 2]))
    """
    *_, last = learn_in_turn(kan, tasks, policy, config, seed)
    return last


def _checked(kan: KAN, tasks: Sequence[Dataset], policy: Policy) -> list[Dataset]:
    """Return the tasks with columns in the network's order. Raises TableError or TrainError if they do not fit."""
    if not tasks:
        raise TableError("There is no task to learn; give one table for each.")
    if policy.boxes is not None and len(policy.boxes) != len(tasks):
        raise TrainError(f"There are {len(tasks)} tasks and {len(policy.boxes)} regions; give a region for each task.")
    outputs = [v.name for v in kan.outputs]
    for n, data in enumerate(tasks):
        if data.task != kan.task:
            raise TableError(f"Task {n + 1} was read for {data.task}, the network is for {kan.task}; read it for that.")
        if kan.task == "classification" and sorted(v.name for v in data.outputs) != sorted(outputs):
            raise TableError(
                f"Task {n + 1} does not have the classes {listing(outputs, 8)} that the network has; give every task "
                "all of them."
            )
        if not len(data.test):
            raise TableError(f"Task {n + 1} has no held-out rows to measure its error on; read it with some held out.")
    return [data.matching(kan) for data in tasks]


def _newest(policy: Policy, learned: Sequence[Dataset]) -> Known:
    """Return all rows of the newest task; the numbers that earlier tasks use are locked already."""
    return Known(f"task {len(learned)}", learned[-1].x)


def _region(policy: Policy, learned: Sequence[Dataset]) -> Known:
    """Return the region of the newest task."""
    return replace(_newest(policy, learned), box=policy.boxes[len(learned) - 1] if policy.boxes else None)


def _all(policy: Policy, learned: Sequence[Dataset]) -> Known:
    """Return the rows of all learned tasks, in order."""
    return Known.rows(learned[0].joined(*learned[1:]), "earlier tasks")


def _trained_on(policy: Policy, learned: Sequence[Dataset]) -> Known:
    """Return the training rows of the newest task; earlier tasks are in the anchor already."""
    return Known(f"task {len(learned)}", learned[-1].rows("train")[0])


_KNOWN: dict[str, Callable[[Policy, Sequence[Dataset]], Known]] = {
    "none": _newest, "lock": _newest, "certified": _region, "replay": _all, "ewc": _trained_on,
}  # which part of the tasks so far each policy gets  # fmt: skip


def _empty_retention(kan: KAN, tasks: list[Dataset], policy: Policy, names: Sequence[str]) -> Retention:
    """Make the record before the first task."""
    units = {v.unit for v in kan.outputs}
    unit = units.pop() if kan.task == "regression" and len(units) == 1 else ""
    y = torch.cat([data.rows("train")[1] for data in tasks])
    constant = y.mean(0)
    points = _points(kan)
    nothing = tuple(() for _ in tasks)
    guess = tuple(_error(constant.expand_as(data.rows("test")[1]), data) for data in tasks)
    return Retention(policy, tuple(names), unit, guess, nothing, nothing, points, tuple(() for _ in points))


def _points(kan: KAN) -> tuple[int, ...]:
    """Count the control points of each layer."""
    return tuple(int(layer.active.sum()) * layer.coef.shape[2] for layer in kan.layers)


def _error(guess: Tensor, data: Dataset) -> float:
    """Compute the error of predictions on the held-out rows: root mean square, for classes the share of wrong ones."""
    y = data.rows("test")[1]
    if data.task == "classification":
        return float((guess.argmax(1) != y.argmax(1)).double().mean())
    return float((guess.double() - y).square().mean().sqrt())


@torch.no_grad()
def _measured(found: Retention, kan: KAN, tasks: list[Dataset], shown: list[Tensor], lock: Lock | None) -> Retention:
    """Add one task to the record; shown: for each learned task, the predictions of its rows right after it."""
    errors = [_error(kan(data.x[data.test]), data) for data in tasks]
    kept = [
        float(same_bits(kan(tasks[i].x), shown[i]).all(1).double().mean()) if i < len(shown) else NAN
        for i in range(len(tasks))
    ]
    points = _points(kan)
    free = points if lock is None else [left.free for left in lock.capacity(kan)]

    def with_one(table, column):
        return tuple((*row, value) for row, value in zip(table, column, strict=True))

    return replace(
        found,
        errors=with_one(found.errors, errors),
        kept=with_one(found.kept, kept),
        points=points,
        free=with_one(found.free, free),
    )
