"""Compare the predictions of formulas and networks with measured values, on held-out rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.errors import UserError

Model = Callable[[Float[Tensor, "rows input"]], Tensor]


@dataclass(frozen=True, eq=False)
class Predicted:
    """One of the compared models.

    rmse, largest: of its finite errors, in the target's unit · share: rmse over the spread of the measured values ·
    missing: rows where its value is NaN or infinite.
    """

    name: str
    values: Float[np.ndarray, " rows"]
    rmse: float
    largest: float
    share: float
    missing: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """The measured values of one target, and the predictions of the same rows. held: whether the rows are held out."""

    target: str
    unit: str
    measured: Float[np.ndarray, " rows"]
    models: tuple[Predicted, ...]
    held: bool


@torch.no_grad()
def compare(data: Dataset, others: Mapping[str, Model], output: int = 0) -> Comparison:
    """Compare all models on the held-out rows (on all rows, where none are held out), in table units."""
    held = len(data.test) > 0
    x, y = data.rows("test" if held else "all")
    measured = y[:, output].double().numpy()
    models = tuple(
        _predicted(name, model(x.double()).double().reshape(-1).numpy(), measured) for name, model in others.items()
    )
    return Comparison(data.outputs[output].name, data.outputs[output].unit, measured, models, held)


def _predicted(name: str, values: np.ndarray, measured: np.ndarray) -> Predicted:
    there = np.isfinite(values)
    gap = (values - measured)[there]
    spread = float(measured.std()) if len(measured) else 0.0
    rmse = float(np.sqrt(np.mean(gap**2))) if len(gap) else float("nan")
    largest = float(np.abs(gap).max()) if len(gap) else float("nan")
    return Predicted(name, values, rmse, largest, rmse / (spread or 1.0), int((~there).sum()))


def network_for(kan: KAN, data: Dataset) -> Model | None:
    """Return the network as a function of the table's inputs in its order; None where its columns differ."""
    try:
        data.matching(kan)
    except UserError:
        return None
    names, wanted = [v.name for v in data.inputs], [v.name for v in kan.inputs]
    if kan.task != "regression" or set(names) != set(wanted) or data.outputs[0].name != kan.outputs[0].name:
        return None
    order = [names.index(name) for name in wanted]
    return lambda x: kan(x[:, order].to(kan.dtype))[:, 0]
