"""Training as a stream of values: each step yields a network; the caller stops by not asking for the next."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from kanviz.core.dataset import Dataset
from kanviz.core.grids import follow_activations
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.parameters import PARTS, FreeParameters
from kanviz.errors import TrainError

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda y, target: ((y - target) ** 2).mean(),
    "mae": lambda y, target: (y - target).abs().mean(),
    "cross_entropy": torch.nn.functional.cross_entropy,
}
MAX_STEPS = 1_000_000
MAX_WEIGHT = 1e30
LOSS_NAMES = {"mse": "mean squared error", "mae": "mean absolute error", "cross_entropy": "cross-entropy"}


@dataclass(frozen=True)
class TrainConfig:
    """How to train: solver, what moves, what holds it back.

    loss: None takes mse for regression, cross_entropy for classification; regression losses count in the network's own
    output units (the target's standard deviation for a network made from a table). rate: None takes 1 for L-BFGS, 0.01
    for Adam. batch: rows per Adam step, None for all. l1, entropy: weight of the edges' mean absolute activation and of
    the entropy of its distribution over a layer (Liu et al. 2024, KAN, section 2.5.1). smooth: weight of the squared
    second differences of neighbouring coefficients. patience: steps without a better held-out loss before stopping, 0
    for never. follow: how many times hidden grids are moved onto their activations, in the first half of the steps;
    this refits curves, so it needs coef among the parts.
    parts: which numbers move. frozen: edges that do not, beside those frozen in the network.
    """

    solver: Literal["lbfgs", "adam"] = "lbfgs"
    steps: int = 100
    loss: str | None = None
    rate: float | None = None
    batch: int | None = None
    l1: float = 0.0
    entropy: float = 0.0
    smooth: float = 1e-8
    patience: int = 0
    follow: int = 0
    parts: tuple[str, ...] = PARTS
    frozen: tuple[EdgeId, ...] = ()
    seed: int = 0

    def __post_init__(self):
        fits = {
            "solver": self.solver in tuple(SOLVERS),
            "steps": _whole(self.steps, 1, MAX_STEPS),
            "loss": self.loss is None or self.loss in tuple(LOSSES),
            "rate": self.rate is None or (_positive(self.rate) and self.rate > 0),
            "batch": self.batch is None or _whole(self.batch, 1),
            "l1": _positive(self.l1),
            "entropy": _positive(self.entropy),
            "smooth": _positive(self.smooth),
            "patience": _whole(self.patience),
            "parts": bool(self.parts) and all(part in PARTS for part in self.parts),
            "follow": _whole(self.follow, 0, MAX_STEPS) and (self.follow == 0 or "coef" in self.parts),
            "frozen": all(len(edge) == 3 and all(map(_whole, edge)) for edge in self.frozen),
            "seed": _whole(self.seed),
        }
        wrong = [name for name, fit in fits.items() if not fit]
        if wrong:
            raise TrainError(f"The training settings do not make sense: check {', '.join(wrong)}.")

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"frozen": [list(e) for e in self.frozen], "parts": list(self.parts)}

    @staticmethod
    def from_json(record: Any) -> "TrainConfig":
        """The settings `to_json` wrote; raises TrainError for anything else."""
        try:
            edges = tuple(EdgeId(*edge) for edge in record.get("frozen", ()))
            return TrainConfig(**{**record, "frozen": edges, "parts": tuple(record.get("parts", PARTS))})
        except (AttributeError, TypeError, ValueError):
            raise TrainError("These are not training settings; export them again.") from None


def _whole(value: Any, low: int = 0, high: int = 2**63 - 1) -> bool:
    return type(value) is int and low <= value <= high


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_WEIGHT


@dataclass(frozen=True)
class Progress:
    """Where training is: `kan` is the network now, `best` the one with the lowest held-out (else training) loss.

    Losses carry the name `loss`; rmse is in the target's units (root mean square over outputs), for regression.
    """

    step: int
    steps: int
    loss: str
    train_loss: float
    test_loss: float | None
    train_rmse: float | None
    test_rmse: float | None
    seconds: float
    kan: KAN
    best: KAN
    best_step: int
    stopped_because: str = ""


def train(kan: KAN, data: Dataset, config: TrainConfig | None = None) -> Iterator[Progress]:
    """Train a copy of `kan`; the first item is the start itself, the last carries `stopped_because`.

    Raises TrainError when nothing may move, the table does not fit, or the loss stops being a number.
    """
    config = config or TrainConfig()
    task = _Task.of(kan, data, config)
    frozen = [kan.check(edge) for edge in config.frozen]
    start = time.perf_counter()
    follow_at = (
        {round(n * config.steps / (2 * config.follow)) for n in range(config.follow)} if config.follow else set()
    )
    now = best = kan
    train_loss, test_loss = task.losses(kan)
    if not math.isfinite(train_loss):
        raise TrainError("The network's loss on these rows is not a finite number before training; check its weights.")
    lowest, best_step, why = math.inf, 0, ""
    solver = None
    for step in range(config.steps + 1):
        if step:
            if step - 1 in follow_at:
                now, solver = follow_activations(now, task.x, frozen), None
            if solver is None:
                solver = SOLVERS[config.solver](task, now, step)
            now = next(solver)
            train_loss, test_loss = task.losses(now)
            if not math.isfinite(train_loss):
                raise TrainError(
                    f"The loss stopped being a number at step {step}; the network of step {best_step} is kept. "
                    "Try a smaller learning rate or Adam."
                )
        watched = test_loss if test_loss is not None else train_loss
        if watched < lowest:
            best, lowest, best_step = now, watched, step
        if step == config.steps:
            why = f"all {config.steps} steps done"
        elif config.patience and step - best_step >= config.patience:
            why = f"no better loss for {config.patience} steps"
        elif train_loss < 1e-28:
            why = "nothing left to learn"
        yield Progress(
            step, config.steps, task.loss, train_loss, test_loss, task.rmse(now, "train"), task.rmse(now, "test"),
            time.perf_counter() - start, now, best, best_step, why,
        )  # fmt: skip
        if why:
            return


@dataclass(frozen=True)
class _Task:
    """Rows in the network's units, and the objective on them."""

    config: TrainConfig
    loss: str
    x: Tensor
    inputs: Tensor
    targets: Tensor
    test: tuple[Tensor, Tensor] | None
    regression: bool

    @staticmethod
    def of(kan: KAN, data: Dataset, config: TrainConfig) -> "_Task":
        data = data.matching(kan)
        loss = config.loss or ("cross_entropy" if data.task == "classification" else "mse")
        if loss == "cross_entropy" and data.task != "classification":
            raise TrainError("Cross-entropy needs a table read for classification, at least two classes; use mse here.")
        regression = loss != "cross_entropy"
        scale, shift = (data.y.new_tensor([getattr(v, part) for v in kan.outputs]) for part in ("scale", "shift"))

        def ready(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            return kan.normalise(x), ((y - shift) / scale if regression else y).to(kan.dtype)

        rows, held = data.rows("train"), data.rows("test")
        test = ready(*held) if len(held[0]) else None
        return _Task(config, loss, rows[0], *ready(*rows), test, regression)

    def outputs(self, kan: KAN, values: Tensor) -> Tensor:
        """What the loss compares: network units for regression, for cross-entropy outputs as `kan(x)` gives them."""
        return values if self.regression else kan.denormalise(values)

    @torch.no_grad()
    def losses(self, kan: KAN) -> tuple[float, float | None]:
        measure = LOSSES[self.loss]
        train = float(measure(self.outputs(kan, kan.run(self.inputs)), self.targets))
        test = float(measure(self.outputs(kan, kan.run(self.test[0])), self.test[1])) if self.test else None
        return train, test

    @torch.no_grad()
    def rmse(self, kan: KAN, part: Literal["train", "test"]) -> float | None:
        rows = (self.inputs, self.targets) if part == "train" else self.test
        if not self.regression or rows is None:
            return None
        gap = (kan.run(rows[0]) - rows[1]) * rows[1].new_tensor([v.scale for v in kan.outputs])
        return float((gap**2).mean().sqrt())

    def objective(self, kan: KAN, rows: Tensor | None = None) -> Tensor:
        """The loss plus what holds the network back."""
        c = self.config
        x, y = (self.inputs, self.targets) if rows is None else (self.inputs[rows], self.targets[rows])
        if c.l1 == 0 and c.entropy == 0:
            total = LOSSES[self.loss](self.outputs(kan, kan.run(x)), y)
        else:
            total, values = torch.zeros((), dtype=x.dtype), x
            for layer in kan.layers:
                act = layer.activations(values)
                total = total + _sparsity(act, c.l1, c.entropy)
                values = layer.combine(act.sum(1) + layer.bias)
            total = total + LOSSES[self.loss](self.outputs(kan, values), y)
        if c.smooth:
            for layer in kan.layers:
                bend = layer.coef.diff(dim=-1).diff(dim=-1)
                total = (
                    total + c.smooth * torch.where(layer.active[..., None], bend, torch.zeros_like(bend)).square().sum()
                )
        return total


def _sparsity(act: Tensor, l1: float, entropy: float) -> Tensor:
    """L1 and entropy of the edges' mean absolute activation, about its mean: a constant costs nothing to keep."""
    size = (act - act.mean(0)).abs().mean(0)
    total = size.sum()
    share = size / (total + 1e-12)
    return l1 * total - entropy * (share * (share + 1e-12).log()).sum()


def _free(task: _Task, kan: KAN) -> FreeParameters:
    free = FreeParameters.of(kan, task.config.parts, task.config.frozen)
    if free.count == 0:
        raise TrainError("Nothing may move: every edge is frozen or pruned, or no part is chosen. Thaw an edge.")
    return free


def _lbfgs(task: _Task, kan: KAN, step: int) -> Iterator[KAN]:
    """Five L-BFGS iterations with a strong Wolfe line search an item (Nocedal & Wright, ch. 7)."""
    free = _free(task, kan)
    theta = free.vector().requires_grad_(True)
    rate = task.config.rate or 1.0
    while True:
        solver = torch.optim.LBFGS(
            [theta], lr=rate, max_iter=5, history_size=20, line_search_fn="strong_wolfe",
            tolerance_grad=1e-14, tolerance_change=1e-18,
        )  # fmt: skip

        def closure() -> Tensor:
            solver.zero_grad()  # noqa: B023 (the solver of this round calls it)
            loss = task.objective(free.put(theta))
            loss.backward()
            return loss

        good = theta.detach().clone()
        while True:
            solver.step(closure)
            if not theta.isfinite().all():  # a line search that flew off: go back, forget the curvature, step shorter
                with torch.no_grad():
                    theta.copy_(good)
                rate *= 0.3
                break
            good = theta.detach().clone()
            yield free.put(good)
        yield free.put(good)


def _adam(task: _Task, kan: KAN, step: int) -> Iterator[KAN]:
    free = _free(task, kan)
    theta = free.vector().requires_grad_(True)
    solver = torch.optim.Adam([theta], lr=task.config.rate or 0.01)
    rng = torch.Generator().manual_seed(task.config.seed + step)
    count, batch = len(task.inputs), task.config.batch
    while True:
        rows = torch.randperm(count, generator=rng)[:batch] if batch and batch < count else None
        solver.zero_grad()
        with torch.enable_grad():
            task.objective(free.put(theta), rows).backward()
        solver.step()
        yield free.put(theta.detach().clone())


SOLVERS: dict[str, Callable[[_Task, KAN, int], Iterator[KAN]]] = {"lbfgs": _lbfgs, "adam": _adam}


def trained(kan: KAN, data: Dataset, config: TrainConfig | None = None) -> Progress:
    """The last item of `train`: run to the end, for scripts and tests."""
    last = None
    for item in train(kan, data, config):
        last = item
    assert last is not None
    return replace(last, kan=last.best)
