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

Says = Callable[[Float[Tensor, "rows input"]], Tensor]


@dataclass(frozen=True, eq=False)
class Said:
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
class Beside:
    """The measured values of one target, and the predictions of the same rows. held: whether the rows are held out."""

    target: str
    unit: str
    measured: Float[np.ndarray, " rows"]
    said: tuple[Said, ...]
    held: bool


@torch.no_grad()
def beside(data: Dataset, others: Mapping[str, Says], output: int = 0) -> Beside:
    """Compare all models on the held-out rows (on all rows, where none are held out), in table units."""
    held = len(data.test) > 0
    x, y = data.rows("test" if held else "all")
    measured = y[:, output].double().numpy()
    said = tuple(_said(name, says(x.double()).double().reshape(-1).numpy(), measured) for name, says in others.items())
    return Beside(data.outputs[output].name, data.outputs[output].unit, measured, said, held)


def _said(name: str, values: np.ndarray, measured: np.ndarray) -> Said:
    there = np.isfinite(values)
    gap = (values - measured)[there]
    spread = float(measured.std()) if len(measured) else 0.0
    rmse = float(np.sqrt(np.mean(gap**2))) if len(gap) else float("nan")
    largest = float(np.abs(gap).max()) if len(gap) else float("nan")
    return Said(name, values, rmse, largest, rmse / (spread or 1.0), int((~there).sum()))


def network_for(kan: KAN, data: Dataset) -> Says | None:
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
