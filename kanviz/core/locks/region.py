"""Make the lock under which no prediction in a region changes by a single bit, whatever is learned later.

A box of inputs is propagated through the layers as intervals, which contain every value that the network, rounding
included, can compute from a point in the box. Numbers that no interval reaches are free. The interval of a sum is too
wide where its curves share an input, so the boxes are cut in two again and again, each time along the input that
changes the first layer most, as long as this frees numbers and the budget lasts (Moore, Interval Analysis, 1966).
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
from kanviz.core.needs import need_no_steps
from kanviz.errors import UserError
from kanviz.text import shown

BUDGET = 4_096  # boxes
MOST_WORK = 2**21  # boxes x activations of the widest layer: a few seconds
IN_VAIN = 2  # cuts per input that free nothing, before cutting ends
AT_ONCE = 2**21  # bounds of single activations in memory at once

Box = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Certified:
    """A lock that preserves the prediction of every point of a box, and how it was found.

    box: least and greatest value of each input, table units · reached: for each layer, bounds of its source values,
    (2, source), network units · boxes: number of boxes it was cut into.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1], grid=20)
    >>> [kanviz.certified_lock(kan, [(low, 1.0)]).exhausted(kan) for low in (-1.0, 0.0)]
    [(0,), ()]
    """

    lock: Lock
    box: tuple[tuple[float, float], ...]
    reached: tuple[Tensor, ...]
    boxes: int

    def exhausted(self, kan: KAN) -> tuple[int, ...]:
        """Return the layers without a free control point.

        In wide networks intervals become too wide; a data lock leaves more control points free.
        """
        return tuple(n for n, left in enumerate(self.lock.capacity(kan)) if left.free == 0)


@torch.no_grad()
def certified_lock(kan: KAN, box: Box, budget: int = BUDGET, name: str = "region") -> Certified:
    """Lock every number on which the prediction of a point in the box can depend.

    box: (least, greatest) of each input, in table units. budget: most boxes it may be cut into, fewer for wide layers.
    Formulas that may meet a pole count as unbounded: all control points after them are then locked. Raises UserError
    for limits that are not finite or in the wrong order, or do not fit the inputs.
    Source: Moore, Interval Analysis, 1966.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1], grid=20)
    >>> found = kanviz.certified_lock(kan, [(-1.0, 0.0)])
    >>> [part.free for part in found.lock.capacity(kan)], found.box
    ([9], ((-1.0, 0.0),))
    """
    need_no_steps(kan, "A lock")
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
    """Return the two corners of the box in network units, (2, input). Raises UserError for a wrong box."""
    if len(box) != len(kan.inputs):
        raise UserError(f"The region needs a least and a greatest value for each of the {len(kan.inputs)} inputs.")
    ends = torch.tensor([(float(a), float(b)) for a, b in box], dtype=torch.float64)
    for variable, (a, b) in zip(kan.inputs, ends.tolist(), strict=True):
        if not -math.inf < a <= b < math.inf:
            raise UserError(
                f"The region of {shown(variable.name)} goes from {a:g} to {b:g}; give finite numbers, the least first."
            )
    return kan.normalise(ends.T).double().sort(0).values  # a negative scale reverses the order


def _widest(kan: KAN) -> int:
    """Return the number of activations of the widest layer."""
    return max(layer.sources * layer.targets for layer in kan.layers)


def _overlapping(kan: KAN) -> bool:
    """Return whether smaller boxes can give narrower intervals: not where each node is a sum over different inputs."""
    return len(kan.layers) > 2 or (len(kan.layers) == 2 and max(kan.layers[0].arity) > 1)


def _cut(first: CurveBounds, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Cut all boxes in two, along the input whose curves in the first layer vary most over a box."""
    below, above = first(low, high)
    vary = (above - below).nan_to_num(0.0, 0.0, 0.0).sum(2).mean(0)
    vary = torch.where((high > low).any(0), vary, -1.0)
    axis = int(vary.argmax())
    middle = (low[:, axis] + high[:, axis]) / 2
    left, right = high.clone(), low.clone()
    left[:, axis] = right[:, axis] = middle
    return torch.cat([low, right]), torch.cat([left, high])


def _reached(kan: KAN, bounds: list[CurveBounds], low: Tensor, high: Tensor) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Find, for each layer, the basis functions that a point of a box may use, and bounds of its source values."""
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
