"""Trains five peaks one after another, by kanviz or in plain torch, and measures what remains of each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from kanviz.continual.policy import Policy
from kanviz.continual.sequence import learn_in_turn
from kanviz.core.data.dataset import Dataset
from kanviz.core.init import init
from kanviz.core.kan import KAN
from kanviz.core.module import KANLayer
from kanviz.core.training.train import TrainConfig

Centre = tuple[float, ...]
Model = Callable[[Tensor], Tensor]
LINE = tuple((c,) for c in (-0.8, -0.4, 0.0, 0.4, 0.8))
DIAGONAL = tuple((c, c) for (c,) in LINE)
SQUARE = ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5), (0.0, 0.0))
APART, ADJACENT = 0.13, 0.2  # half the side of a patch: 4 cells of a grid of 60 between patches, or none
SHARP = 200.0
ROWS, FRESH, STEPS = {1: 200, 2: 400}, 20_000, 300
LBFGS = TrainConfig("lbfgs", steps=40, smooth=0.0, parts=("coef",))
ADAM = TrainConfig("adam", steps=STEPS, rate=0.02, smooth=0.0, parts=("coef",))
RATE = 0.04  # of Adam in plain torch, at the start of each task; it falls to 0


@dataclass(frozen=True)
class Setting:
    """A network, the patches it learns in turn, and how it learns them.

    page: (own, end, share of bits) on the design page, means over the tasks; nan where it has none · additive: the
    target is a sum over the inputs, otherwise a bump in each patch · how: of Adam in plain torch (keep_state, mlp,
    weight_decay, lr), or None for kanviz's own training by config · even: rows evenly spaced.
    """

    name: str
    shape: tuple[int, ...]
    centres: tuple[Centre, ...]
    page: tuple[float, float, float]
    half: float = APART
    grid: int = 60
    base: str = "zero"
    additive: bool = False
    how: dict[str, Any] | None = None
    policy: Policy | None = None
    config: TrainConfig = LBFGS
    dtype: torch.dtype = torch.float32
    sharp: float = SHARP
    rows: int = 0
    even: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """The result. own: error right after each task, end: on the tasks before the last at the end, both root mean square
    on fresh points · rows, fresh: share of the rows of earlier tasks, and of fresh points there, whose prediction has
    the same bits as right after the task · locked: share of the control points of each layer that are locked at the
    end.
    """

    own: tuple[float, ...]
    end: tuple[float, ...]
    rows: float
    fresh: float
    locked: tuple[float, ...] = ()


def target(setting: Setting, x: Tensor, centre: Centre) -> Tensor:
    """Compute the target, (row, 1)."""
    if not setting.additive and len(centre) > 1:
        return torch.exp(-setting.sharp * (x - x.new_tensor(centre)).square().sum(1, keepdim=True))
    coordinates = sorted({value for place in setting.centres for value in place})
    bumps = torch.exp(-setting.sharp * (x[..., None] - x.new_tensor(coordinates)).square())
    return bumps.sum((1, 2))[:, None]


def patch(setting: Setting, task: int, rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Sample random points around a centre, and the target there (float64)."""
    rng = torch.Generator().manual_seed(1_000 * setting.seed + 100 * seed + task)
    centre = setting.centres[task]
    along = torch.rand(rows, len(centre), generator=rng).double()
    if setting.even and seed == 0:
        along = torch.linspace(0, 1, rows, dtype=torch.float64)[:, None]
    x = torch.tensor(centre, dtype=torch.float64) + setting.half * (2 * along - 1)
    return x, target(setting, x, centre)


def shown(setting: Setting) -> list[tuple[Tensor, Tensor]]:
    """Sample the rows of each task."""
    return [patch(setting, n, setting.rows or ROWS[setting.shape[0]], seed=0) for n in range(len(setting.centres))]


def run(setting: Setting) -> Outcome:
    tasks = shown(setting)
    models, locked = _by_torch(setting, tasks) if setting.how is not None else _by_kanviz(setting, tasks)
    fresh = [patch(setting, n, FRESH, seed=1) for n in range(len(models))]
    last = models[-1]
    old = range(len(models) - 1)
    return Outcome(
        own=tuple(_rms(model(x) - y) for model, (x, y) in zip(models, fresh, strict=True)),
        end=tuple(_rms(last(fresh[n][0]) - fresh[n][1]) for n in old),
        rows=_mean([_kept(models[n], last, tasks[n][0]) for n in old]),
        fresh=_mean([_kept(models[n], last, fresh[n][0]) for n in old]),
        locked=locked,
    )


def _kept(then: Model, now: Model, x: Tensor) -> float:
    return float((then(x) == now(x)).double().mean())


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _rms(gap: Tensor) -> float:
    return float(gap.double().square().mean().sqrt())


def network(setting: Setting) -> KAN:
    return init(
        list(setting.shape), grid=setting.grid, base=setting.base, noise=0.1, seed=setting.seed, dtype=setting.dtype
    )  # fmt: skip


def _by_kanviz(setting: Setting, tasks: list[tuple[Tensor, Tensor]]) -> tuple[list[Model], tuple[float, ...]]:
    """Train with kanviz; return the network after each task, and the locked share at the end."""
    tables = [_with_held_out(*rows, *patch(setting, n, len(rows[0]) // 5, seed=2)) for n, rows in enumerate(tasks)]
    items = [item for item in learn_in_turn(network(setting), tables, setting.policy, setting.config) if item.done]
    found = items[-1].found
    share = tuple(1 - free[-1] / points for free, points in zip(found.free, found.points, strict=True))
    return [item.kan for item in items], share


def _with_held_out(x: Tensor, y: Tensor, held_x: Tensor, held_y: Tensor) -> Dataset:
    data = Dataset.from_arrays(torch.cat([x, held_x]), torch.cat([y, held_y]), test=0)
    rows = torch.arange(len(data))
    return replace(data, train=rows[: len(x)], test=rows[len(x) :])


def _by_torch(setting: Setting, tasks: list[tuple[Tensor, Tensor]]) -> tuple[list[Model], tuple[float, ...]]:
    """Train the same tasks in plain torch, with optimisers that kanviz's training does not offer."""
    assert setting.how is not None
    how: dict[str, Any] = {"lr": RATE, "weight_decay": 0.0} | setting.how
    kept, mlp = how.pop("keep_state", False), how.pop("mlp", False)
    model = _mlp(setting.shape[0]) if mlp else nn.Sequential(*map(KANLayer.from_layer, network(setting).layers))
    for name, number in model.named_parameters():
        if not mlp and name.rpartition(".")[2] not in setting.config.parts:
            number.requires_grad_(False)
    moved = [number for number in model.parameters() if number.requires_grad]
    solver = None
    models: list[Model] = []
    for x, y in tasks:
        if solver is None or not kept:
            solver = torch.optim.AdamW(moved, **how)
        for step in range(STEPS):
            if not mlp:
                solver.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
            solver.zero_grad()
            (model(x.float()) - y.float()).square().mean().backward()
            solver.step()
        models.append(_frozen(model))
    return models, ()


def _mlp(inputs: int) -> nn.Module:
    """Build two layers of 64 tanh units; inputs are scaled to the width of a peak."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    with torch.no_grad():
        first = model[0]
        assert isinstance(first, nn.Linear)
        first.weight *= 10.0
    return model


def _frozen(model: nn.Module) -> Model:
    """Copy the model in its current state."""
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def now(x: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.func.functional_call(model, state, (x.float(),))

    return now
