"""The lock under which every point of a region keeps its prediction, bit for bit, whatever is learned later.

A box of inputs is carried through the layers as intervals, which hold everything that the network, rounding included,
can compute from a point in the box. What no interval reaches is free. Sums of curves that share an input are wider as
intervals than they are, so the box is cut in two again and again, each time along the input that moves the first layer
most, as long as that sets numbers free and the budget of boxes lasts (Moore, Interval Analysis, 1966).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from kanviz.core.intervals.curve_bounds import CurveBounds
from kanviz.core.intervals.propagation import through
from kanviz.core.kan import KAN
from kanviz.core.locks.lock import Lock
from kanviz.core.locks.reach import reached
from kanviz.core.locks.rows import using
from kanviz.errors import UserError
from kanviz.text import shown

BUDGET = 4_096  # boxes
MOST_WORK = 2**21  # boxes x activations of the widest layer: a few seconds
IN_VAIN = 2  # cuts along every input that set nothing free, before no more are tried
AT_ONCE = 2**21  # bounds of single activations held at once

Box = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Certified:
    """A lock that holds for every point of a box, and how it was found.

    box: least and greatest value of each input, table units · reached: per layer, between what its sources lie
    (2, source), network units · boxes: how many the box was cut into.
    """

    lock: Lock
    box: tuple[tuple[float, float], ...]
    reached: tuple[Tensor, ...]
    boxes: int

    def exhausted(self, kan: KAN) -> tuple[int, ...]:
        """The layers that have no free control point left: for wide networks intervals grow too wide, and a data lock
        leaves more.
        """
        return tuple(n for n, left in enumerate(self.lock.capacity(kan)) if left.free == 0)


@torch.no_grad()
def certified_lock(kan: KAN, box: Box, budget: int = BUDGET, name: str = "region") -> Certified:
    """Every number that the prediction of any point in the box can be made from; box: (least, greatest) per input.

    budget: boxes it may be cut into, fewer for wide layers. Formulas that may meet a pole count as unbounded: all
    control points that follow them are then locked. Raises UserError where the box is none.
    """
    corners = _corners(kan, box)
    layers = [CurveBounds.of(layer) for layer in kan.layers[:-1]]
    low, high = corners[:1], corners[1:]
    found, ranges = _reached(kan, layers, low, high)
    budget = min(budget, MOST_WORK // _widest(kan)) if _overlapping(kan) else 1
    vain, boxes = 0, 1
    while 2 * len(low) <= budget and vain < IN_VAIN * len(kan.inputs):
        low, high = _cut(layers[0], low, high)
        new, ranges = _reached(kan, layers, low, high)
        both = [a & b for a, b in zip(found, new, strict=True)]
        fewer = sum(int(a.sum()) for a in both) < sum(int(a.sum()) for a in found)
        vain, found, boxes = 0 if fewer else vain + 1, both, len(low)
    words = ", ".join(f"{v.name} {a:g} to {b:g}" for v, (a, b) in zip(kan.inputs, box, strict=True))
    lock = Lock(tuple(map(using, kan.layers, found)), name, f"every number that points with {words} can use"[:2000])
    return Certified(lock, tuple((float(a), float(b)) for a, b in box), ranges, boxes)


def _corners(kan: KAN, box: Box) -> Tensor:
    """The two ends of the box in network units, (2, input)."""
    if len(box) != len(kan.inputs):
        raise UserError(f"The region needs a least and a greatest value for each of the {len(kan.inputs)} inputs.")
    ends = torch.tensor([(float(a), float(b)) for a, b in box], dtype=torch.float64)
    for variable, (a, b) in zip(kan.inputs, ends.tolist(), strict=True):
        if not -math.inf < a <= b < math.inf:
            raise UserError(
                f"The region of {shown(variable.name)} goes from {a:g} to {b:g}; give finite numbers, the least first."
            )
    return kan.normalise(ends.T).double().sort(0).values  # a negative scale turns them round


def _widest(kan: KAN) -> int:
    """Activations of the widest layer."""
    return max(layer.sources * layer.targets for layer in kan.layers)


def _overlapping(kan: KAN) -> bool:
    """Whether smaller boxes can tell more: not where each node that matters is a sum over different inputs."""
    return len(kan.layers) > 2 or (len(kan.layers) == 2 and max(kan.layers[0].arity) > 1)


def _cut(first: CurveBounds, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """All boxes cut in two, along the input whose curves in the first layer vary most over a box."""
    below, above = first(low, high)
    vary = (above - below).nan_to_num(0.0, 0.0, 0.0).sum(2).mean(0)
    vary = torch.where((high > low).any(0), vary, -1.0)
    axis = int(vary.argmax())
    middle = (low[:, axis] + high[:, axis]) / 2
    left, right = high.clone(), low.clone()
    left[:, axis] = right[:, axis] = middle
    return torch.cat([low, right]), torch.cat([left, high])


def _reached(kan: KAN, bounds: list[CurveBounds], low: Tensor, high: Tensor) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Per layer, the functions that some point of some box uses, and between what its sources lie."""
    found: list[list[Tensor]] = [[] for _ in kan.layers]
    ranges: list[list[Tensor]] = [[] for _ in kan.layers]
    size = max(1, AT_ONCE // _widest(kan))
    for a, b in zip(low.split(size), high.split(size), strict=True):
        for n, layer in enumerate(kan.layers):
            found[n].append(reached(layer, a, b))
            ranges[n].append(torch.stack([a.amin(0), b.amax(0)]))
            if n + 1 < len(kan.layers):
                a, b = through(bounds[n], a, b)
    masks = [reduce(torch.logical_or, parts) for parts in found]
    whole = [torch.stack(parts) for parts in ranges]
    return masks, tuple(torch.stack([part[:, 0].amin(0), part[:, 1].amax(0)]) for part in whole)
