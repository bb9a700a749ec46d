"""Compute the objective that training minimises: the loss on the training rows, and penalties."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.training.config import TrainConfig
from kanviz.core.training.ewc import Anchor
from kanviz.errors import TrainError

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def _mean(by_row: Tensor, weights: Tensor | None) -> Tensor:
    """Compute the weighted mean over rows."""
    return by_row.mean() if weights is None else (by_row * weights).sum() / weights.sum()


def _squared(y: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    return ((y - target) ** 2).mean() if weights is None else _mean(((y - target) ** 2).mean(1), weights)


def _absolute(y: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    return (y - target).abs().mean() if weights is None else _mean((y - target).abs().mean(1), weights)


def _cross_entropy(y: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    if weights is None:
        return torch.nn.functional.cross_entropy(y, target)
    return _mean(torch.nn.functional.cross_entropy(y, target, reduction="none"), weights)


LOSSES: dict[str, Loss] = {"mse": _squared, "mae": _absolute, "cross_entropy": _cross_entropy}

SMOOTH = 1e-8  # smoothing for solvers that cannot let the data choose it


@dataclass(frozen=True)
class Objective:
    """The rows of a training, and the objective on them as a function of the network.

    x: training rows in table units · inputs, targets: the same in network units · test: held-out (inputs, targets) ·
    anchor: the EWC anchor, if any · weights, test_weights: weight of each row, None where all are equal.
    """

    config: TrainConfig
    loss: str
    x: Tensor
    inputs: Tensor
    targets: Tensor
    test: tuple[Tensor, Tensor] | None
    regression: bool
    anchor: Anchor | None = None
    weights: Tensor | None = None
    test_weights: Tensor | None = None

    @staticmethod
    def of(kan: KAN, data: Dataset, config: TrainConfig, anchor: Anchor | None = None) -> "Objective":
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
        weights = (None, None)
        if data.weights is not None:
            weights = tuple(data.weights[part].to(kan.dtype) for part in (data.train, data.test))
        return Objective(config, loss, rows[0], *ready(*rows), test, regression, anchor, *weights)

    def outputs(self, kan: KAN, values: Tensor) -> Tensor:
        """Return the outputs that enter the loss: network units for regression, table units for cross-entropy."""
        return values if self.regression else kan.denormalise(values)

    @torch.no_grad()
    def measured(
        self, kan: KAN, part: Literal["train", "test"], values: Tensor | None = None
    ) -> tuple[float | None, float | None]:
        """Compute loss and rmse on the training or the held-out rows; None for the rmse of classes, and without rows.

        values: the outputs in network units, if they are known already.
        """
        rows = (self.inputs, self.targets) if part == "train" else self.test
        if rows is None:
            return None, None
        values = kan.run(rows[0]) if values is None else values
        weights = self.weights if part == "train" else self.test_weights
        loss = float(LOSSES[self.loss](self.outputs(kan, values), rows[1], weights))
        if not self.regression:
            return loss, None
        gap = (values - rows[1]) * rows[1].new_tensor([v.scale for v in kan.outputs])
        return loss, float((gap**2).mean().sqrt())

    def __call__(self, kan: KAN, rows: Tensor | None = None) -> Tensor:
        """Compute the objective: loss plus penalties, on all training rows or on those with the indices `rows`."""
        c = self.config
        x, y = (self.inputs, self.targets) if rows is None else (self.inputs[rows], self.targets[rows])
        weights = self.weights if self.weights is None or rows is None else self.weights[rows]
        if c.l1 == 0 and c.entropy == 0:
            total = LOSSES[self.loss](self.outputs(kan, kan.run(x)), y, weights)
        else:
            total, values = torch.zeros((), dtype=x.dtype), x
            for layer in kan.layers:
                act = layer.activations(layer.enter(values))
                total = total + _sparsity(act, c.l1, c.entropy)
                values = layer.combine(act.sum(1) + layer.bias)
            total = total + LOSSES[self.loss](self.outputs(kan, values), y, weights)
        smooth = SMOOTH if c.smooth is None else c.smooth
        if smooth:
            for layer in kan.layers:
                bend = layer.coef.diff(dim=-1).diff(dim=-1)
                bend = torch.where(layer.active[..., None], bend, torch.zeros_like(bend))
                total = total + smooth * bend.square().sum()
        return total if self.anchor is None else total + self.anchor.penalty(kan)


def _sparsity(act: Tensor, l1: float, entropy: float) -> Tensor:
    """Compute the L1 and entropy penalties of the edges' mean absolute activation, about its mean.

    A constant activation is not penalised.
    """
    size = (act - act.mean(0)).abs().mean(0)
    total = size.sum()
    share = size / (total + 1e-12)
    return l1 * total - entropy * (share * (share + 1e-12).log()).sum()
