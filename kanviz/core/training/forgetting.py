"""Reduce forgetting while new rows are learned: mix in old rows (replay), or make an anchor for EWC.

Neither keeps a prediction exactly; both give up some accuracy on new rows for some accuracy on old ones.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from kanviz.core.data.dataset import Dataset, stacked_weights
from kanviz.core.kan import KAN
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.parameters import PARTS
from kanviz.core.training.solvers.gauss_newton import Problem, Rows, curvature_diagonal
from kanviz.core.training.solvers.working import Working
from kanviz.errors import TableError, TrainError
from kanviz.text import listing

ROWS = 2_000  # old rows used to compute the curvature


def with_replay(data: Dataset, old: Dataset, share: float = 0.5, seed: int = 0) -> Dataset:
    """Return the new table with training rows of the old table added to its training rows.

    share: share of old rows among the training rows of the result, above 0 and below 1. If fewer rows are needed than
    there are old ones, they are sampled with the seed; if more, all are repeated, as equally often as possible. The
    held-out rows are those of the new table. Raises TableError for another share or tables with different columns.
    """
    if not 0 < share < 1:
        raise TableError(f"The share of old rows is {share:g}; it must be above 0 and below 1.")
    for kind in ("inputs", "outputs"):
        ours, theirs = ([v.name for v in getattr(table, kind)] for table in (data, old))
        if data.task != old.task or sorted(ours) != sorted(theirs):
            raise TableError(
                f"The old rows have the {kind} {listing(theirs, 8)} ({old.task}), the new ones {listing(ours, 8)} "
                f"({data.task}); read both tables with the same columns."
            )
    old = old.matching(data)
    x, y = old.rows("train")
    wanted = max(1, round(share * len(data.train) / (1 - share)))
    rounds, rest = divmod(wanted, len(x))
    drawn = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:rest].sort().values
    index = torch.cat([torch.arange(len(x)).repeat(rounds), drawn])
    added = replace(old, x=x[index], y=y[index], weights=None if old.weights is None else old.weights[old.train][index])
    return replace(
        data,
        x=torch.cat([data.x, added.x]),
        y=torch.cat([data.y, added.y]),
        weights=stacked_weights([data, added]),
        train=torch.cat([data.train, len(data) + torch.arange(wanted)]),
        notes=(*data.notes, f"{wanted:,} of {len(data.train) + wanted:,} training rows are old ones."),
    )


@torch.no_grad()
def anchor(kan: KAN, old_x: Any, strength: float = 1.0) -> Anchor:
    """Make an EWC anchor at the network; the weight of each number is half the curvature of the loss on the old rows.

    old_x: rows in table units, or a table with columns of the inputs' names; targets are not needed. The curvature is
    that of Gauss-Newton, which is Fisher's information for squared errors and for classes. Of more than 2,000 rows,
    2,000 are used, spread evenly. Raises TrainError where there are no rows, or the network is not finite on one.
    """
    old_x = kan.rows(old_x)
    if not len(old_x):
        raise TrainError("There are no old rows to remember; give some.")
    x = kan.normalise(old_x)[torch.linspace(0, len(old_x) - 1, min(ROWS, len(old_x))).long()].double().numpy().T
    scale, shift = (np.array([[getattr(v, part)] for v in kan.outputs]) for part in ("scale", "shift"))
    nothing = np.zeros((len(kan.outputs), x.shape[1]))
    rows = Rows(np.ascontiguousarray(x), nothing, kan.task == "classification", scale, shift)
    work = Working.of(kan, PARTS, ())
    half = 0.5 * curvature_diagonal(Problem(rows, work))
    if not np.isfinite(half).all():
        raise TrainError("The network is not a finite number on some of the old rows; leave those out.")
    weights = []
    for layer in work.layers:
        parts = {name: torch.from_numpy(layer.part(half, name).copy()) for name in layer.places}
        active = torch.from_numpy(layer.active)
        parts["coef"] *= active[..., None]  # numbers of inactive edges need no weight
        parts["base_weight"] *= active
        weights.append(parts)
    return Anchor(kan, tuple(weights), strength)
