"""A gate: one function of one axis on which two texts are apart, 0 where the old text lives.

The axis z of a place is the running sum of log p(c | previous; new) / p(c | previous; old) over the characters of the
window so far, in nats, from the counts of pairs of characters in either text. Wald's sequential test decides by the
same sum (Sequential tests of statistical hypotheses, Annals of Mathematical Statistics 1945).
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor
from torch.nn import functional as F

from kanviz.errors import TrainError, UserError
from kanviz.language.corpus import Corpus
from kanviz.language.symbols import SYMBOLS, encode
from kanviz.language.teaching.policy import CELLS, REACH
from kanviz.text import shown

SPAN = 40.0  # the axis, in nats, from -SPAN to SPAN
_STEPS = 1_024  # of a nat: ratios are rounded to these, so that sums are exact in any order
_PRIOR = 0.5  # pairs of each kind that are taken to have been seen, as often as their second character comes
_COUNTED = 10  # all but the last tenth of the old text is counted, and that tenth gives its range
_MOST_WINDOWS = 2_000

Pairs = Float32[Tensor, "previous symbol"]


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate between two texts.

    ratios: log of how much likelier a character is in the new text, by the character before it, in nats · heights: of
    the control points, on hats over even cells of [-40, 40] nats · locked: which of them stay 0: their hats reach where
    the old text lives · reach: up to where that is, in nats.
    """

    ratios: Pairs
    heights: Float32[Tensor, "point"]
    reach: float

    @property
    def locked(self) -> Bool[Tensor, "point"]:
        """Which control points stay 0: those whose hats reach where the old text lives."""
        return self.knots - 2 * SPAN / (len(self.heights) - 1) < self.reach

    @property
    def knots(self) -> Float32[Tensor, "point"]:
        """Where the control points are on the axis, in nats."""
        return torch.linspace(-SPAN, SPAN, len(self.heights))

    @property
    def closed_until(self) -> float:
        """The z up to which the gate is 0, in nats; infinite where it never opens."""
        return closed_until(self.heights)

    def moved(self, point: int, height: float) -> "Gate":
        """Return the gate with another height of a control point. Raises UserError for a locked one, or none of them.

        >>> import torch
        >>> from kanviz.language.teaching.gate import Gate
        >>> gate = Gate(torch.zeros(96, 96), torch.tensor([0.0, 0.0, 1.0]), reach=-1.0)
        >>> gate.moved(2, 0.5).heights.tolist(), gate.closed_until
        ([0.0, 0.0, 0.5], 0.0)
        """
        if not 0 <= point < len(self.heights):
            raise UserError(f"The gate has control points 0 to {len(self.heights) - 1}; there is no {point}.")
        if self.locked[point]:
            raise UserError(
                f"Control point {point} is locked at 0: its hat reaches below z = {self.reach:.1f}, where the old text "
                "lives. Move one that is free."
            )
        new = self.heights.clone()
        new[point] = height
        if not new.isfinite().all():
            raise UserError("A control point needs a finite height.")
        return replace(self, heights=new)


def gate_between(new: Corpus, old: Corpus, context: int, cells: int = CELLS, reach: float = REACH) -> Gate:
    """Make the gate that opens for the new text and stays closed for the old one.

    context: characters of a window · cells: of the axis · reach: share of the old text's predictions, above 0 and below
    1, for which it stays closed (up to rounding outward to cells). Raises UserError for settings that are not possible,
    TrainError where the old text reaches over the whole axis, so that no gate can open.

    >>> from kanviz.language import Corpus
    >>> from kanviz.language.teaching.gate import gate_between
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> gate = gate_between(new, old, context=32)
    >>> gate.heights.shape, gate.closed_until < 8
    (torch.Size([25]), True)
    """
    if not 1 <= cells <= 10_000:
        raise UserError(f"A gate has 1 to 10,000 cells, not {cells}.")
    if not 0 < reach < 1:
        raise UserError(f"The share of the old text that the gate leaves alone is above 0 and below 1, not {reach:g}.")
    old_numbers, new_numbers = encode(old.train), encode(new.train)
    cut = len(old_numbers) - len(old_numbers) // _COUNTED
    ratios = _logarithms(new_numbers) - _logarithms(old_numbers[:cut])
    ratios = ((ratios * _STEPS).round() / _STEPS).float()
    highest = places_on(ratios, windows(old_numbers[cut:], context)).cummax(1).values.flatten()
    end = float(highest.double().quantile(reach).float())
    gate = Gate(ratios, torch.ones(cells + 1), end)
    if gate.locked.all():
        raise TrainError(
            f"The two texts do not separate: {shown(old.name)} reaches over the whole axis of the gate, so nothing can "
            'be learned behind it. Use how="replay" instead, and look at what it forgets.'
        )
    return replace(gate, heights=(~gate.locked).float())


def places_on(ratios: Pairs, numbers: Int64[Tensor, "row place"]) -> Float32[Tensor, "row place"]:
    """Compute z at every place of windows; 0 at the first, before which nothing is known.

    The sums are exact in windows of up to a thousand characters: float32 holds 16,384 nats in steps of 1/1024.
    """
    return F.pad(ratios[numbers[:, :-1], numbers[:, 1:]].cumsum(1), (1, 0))


def openings(heights: Float32[Tensor, "point"], z: Float32[Tensor, "row place"]) -> Float32[Tensor, "row place"]:
    """Compute the gate at places z: straight lines between control points, level outside; exactly 0 between zeros."""
    cells = len(heights) - 1
    at = ((z + SPAN) * (cells / (2 * SPAN))).clamp(0, cells)
    cell = at.floor().clamp(max=cells - 1).long()
    left = heights[cell]
    return left + (at - cell) * (heights[cell + 1] - left)


def closed_until(heights: Float32[Tensor, "point"]) -> float:
    """Return the z up to which a gate of these heights is 0: its last control point before one that is not 0."""
    opens = (heights != 0).nonzero()
    if not len(opens):
        return float("inf")
    last = int(opens[0]) - 1
    return float("-inf") if last < 0 else -SPAN + 2 * SPAN * last / (len(heights) - 1)


def _logarithms(numbers: Int64[Tensor, "characters"]) -> Tensor:
    """Compute log p(character | the one before it) of a text, smoothed by how often the character comes at all."""
    symbols = len(SYMBOLS)
    pairs = torch.bincount(numbers[:-1] * symbols + numbers[1:], minlength=symbols**2).double()
    pairs = pairs.unflatten(0, (symbols, symbols))
    usual = (pairs.sum(0) + 1) / (pairs.sum() + symbols)
    prior = _PRIOR * symbols
    return ((pairs + prior * usual) / (pairs.sum(1, keepdim=True) + prior)).log()


def windows(numbers: Int64[Tensor, "characters"], context: int) -> Int64[Tensor, "row place"]:
    """Cut a text into windows that follow one another; of a long one, those spread evenly over it."""
    length = min(context, len(numbers))
    count = len(numbers) // length
    starts = torch.linspace(0, count - 1, min(count, _MOST_WINDOWS)).long() * length
    return numbers[starts[:, None] + torch.arange(length)]
