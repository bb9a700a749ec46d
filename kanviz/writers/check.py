"""Compare what was written with the network: both are run on given rows and on points around the grid."""

from dataclasses import dataclass

import numpy as np
import torch

from kanviz.analysis.check_record import Check
from kanviz.core.families import FAMILIES, SPLINE
from kanviz.core.kan import KAN
from kanviz.core.spline import domain
from kanviz.core.steps import USUAL
from kanviz.text import counted
from kanviz.writers.runs import CannotRun, Rows
from kanviz.writers.targets import Target

POINTS = 1_000
MOST_ROWS = 1_000
BEYOND = 0.2  # of the grid's half width, on each side
SPARE = 20.0  # a target may lose so many times what the network itself loses by rounding


@dataclass(frozen=True)
class Checked:
    """What a comparison came to. check: None where nothing could be run · reason: then the reason, as a sentence."""

    target: Target
    check: Check | None
    reason: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it was run, and agrees."""
        return self.check is not None and self.check.agrees

    def __str__(self) -> str:
        if self.check is None:
            return f"Not checked. {self.reason}"
        words = "agrees with" if self.agrees else "differs from"
        gap = float(self.check.gaps.max())
        return (
            f"{self.target.ran} {words} the network on {counted(self.check.rows, 'row')}: largest gap {gap:.2g}, "
            f"{self.check.share(gap)}."
        )


def points_around(kan: KAN, count: int = POINTS, seed: int = 0) -> Rows:
    """Return points within the grid of the first layer and a fifth beyond it, in table units."""
    layer = kan.layers[0]
    if layer.step:
        low, high = torch.full((layer.takes,), -USUAL), torch.full((layer.takes,), USUAL)
    elif layer.family == SPLINE:
        low, high = domain(layer.knots, layer.order)
    else:
        low, high = FAMILIES[layer.family].span(layer.knots)
    low, high = low.double().numpy(), high.double().numpy()
    spread = np.random.default_rng(seed).uniform(-1 - BEYOND, 1 + BEYOND, (count, len(kan.inputs)))
    x = (low + high) / 2 + spread * (high - low) / 2
    return x * [v.scale for v in kan.inputs] + [v.shift for v in kan.inputs]


def checked(kan: KAN, target: Target, content: str | bytes, rows: Rows | None = None) -> Checked:
    """Run what `target` wrote for the network, and compare.

    rows: (rows, inputs) in table units; of many, every so manieth is taken. A target that computes in float32 is given
    inputs rounded to it. Raises UserError where the written code fails.

    >>> import kanviz
    >>> from kanviz.writers.check import checked
    >>> from kanviz.writers.targets import TARGETS
    >>> kan, numpy = kanviz.init([2, 1], seed=0), TARGETS["numpy"]
    >>> checked(kan, numpy, numpy.write(kan)).agrees
    True
    """
    x = points_around(kan)
    if rows is not None and len(rows):
        x = np.concatenate([rows[:: -(-len(rows) // MOST_ROWS)], x])
    if target.single:
        x = x.astype(np.float32).astype(float)
    try:
        found = target.run(content, x)
    except CannotRun as problem:
        return Checked(target, None, str(problem))
    return Checked(target, compared(kan, target, x, found))


@torch.no_grad()
def compared(kan: KAN, target: Target, x: Rows, found: Rows) -> Check:
    """Compare outputs of what was written with the network's own in double precision."""
    wanted = kan.to(torch.float64)(torch.from_numpy(x))
    tolerance = max(target.tolerance, SPARE * _lost(kan, x, wanted, single=target.single))
    return Check(torch.from_numpy(x), wanted, torch.from_numpy(found), tolerance)


def _lost(kan: KAN, x: Rows, wanted: torch.Tensor, *, single: bool) -> float:
    """Return how much the network itself loses by rounding, as a share of the largest output.

    In float32: what it computes then. In double precision: what it computes for inputs that differ in the last digit,
    which is much where a pole is near.
    """
    other = kan.to(torch.float32 if single else torch.float64)
    moved = torch.from_numpy(x).float() if single else torch.from_numpy(np.nextafter(x, np.inf))
    off = (other(moved).double() - wanted).abs()
    off, sizes = off[off.isfinite()], wanted[wanted.isfinite()].abs()
    return float(off.max() / sizes.max()) if len(off) and sizes.max() > 0 else 0.0
