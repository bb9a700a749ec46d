"""The records that the search for a law takes and gives."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from kanviz.laws.law import Law


@dataclass(frozen=True)
class Attempt:
    """One self-contained piece of work. shape: pykan's width · outer: the target's transform, "" for none."""

    shape: tuple
    outer: str
    seed: int

    def __str__(self) -> str:
        outer = f", {self.outer} of the target" if self.outer else ""
        return f"{list(self.shape)}{outer}, seed {self.seed}"


@dataclass(frozen=True)
class Table:
    """Rows to learn from and rows held out, in table units."""

    x: Float[np.ndarray, "rows input"]
    y: Float[np.ndarray, " rows"]
    held_x: Float[np.ndarray, "held input"]
    held_y: Float[np.ndarray, " held"]
    names: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A law that an attempt found."""

    law: "Law"
    train_rmse: float
    test_rmse: float
    seconds: float
    attempt: Attempt
    spline_rmse: float
