"""What training makes small: the loss on the training rows, and what holds the network back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from kanviz.core.anchor import Anchor
from kanviz.core.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.train_config import TrainConfig
from kanviz.errors import TrainError

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda y, target: ((y - target) ** 2).mean(),
    "mae": lambda y, target: (y - target).abs().mean(),
    "cross_entropy": torch.nn.functional.cross_entropy,
}

SMOOTH = 1e-8  # where the data are to choose the smoothing and the solver cannot ask them


@dataclass(frozen=True)
class Objective:
    """Rows in the network's units, and the number to make small on them.

    x: training rows in table units · inputs, targets: the same in network units · test: held-out (inputs, targets).
    anchor: what holds the network near where it was, if anything.
    """

    config: TrainConfig
    loss: str
    x: Tensor
    inputs: Tensor
    targets: Tensor
    test: tuple[Tensor, Tensor] | None
    regression: bool
    anchor: Anchor | None = None

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
        return Objective(config, loss, rows[0], *ready(*rows), test, regression, anchor)

    def outputs(self, kan: KAN, values: Tensor) -> Tensor:
        """What the loss compares: network units for regression, for cross-entropy outputs as `kan(x)` gives them."""
        return values if self.regression else kan.denormalise(values)

    @torch.no_grad()
    def measured(
        self, kan: KAN, part: Literal["train", "test"], values: Tensor | None = None
    ) -> tuple[float | None, float | None]:
        """Loss and rmse on the training or the held-out rows; None for the rmse of classes, and where no row is.

        values: the outputs in network units, where they are known already.
        """
        rows = (self.inputs, self.targets) if part == "train" else self.test
        if rows is None:
            return None, None
        values = kan.run(rows[0]) if values is None else values
        loss = float(LOSSES[self.loss](self.outputs(kan, values), rows[1]))
        if not self.regression:
            return loss, None
        gap = (values - rows[1]) * rows[1].new_tensor([v.scale for v in kan.outputs])
        return loss, float((gap**2).mean().sqrt())

    def __call__(self, kan: KAN, rows: Tensor | None = None) -> Tensor:
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
        smooth = SMOOTH if c.smooth is None else c.smooth
        if smooth:
            for layer in kan.layers:
                bend = layer.coef.diff(dim=-1).diff(dim=-1)
                bend = torch.where(layer.active[..., None], bend, torch.zeros_like(bend))
                total = total + smooth * bend.square().sum()
        return total if self.anchor is None else total + self.anchor.penalty(kan)


def _sparsity(act: Tensor, l1: float, entropy: float) -> Tensor:
    """L1 and entropy of the edges' mean absolute activation, about its mean: a constant costs nothing to keep."""
    size = (act - act.mean(0)).abs().mean(0)
    total = size.sum()
    share = size / (total + 1e-12)
    return l1 * total - entropy * (share * (share + 1e-12).log()).sum()
