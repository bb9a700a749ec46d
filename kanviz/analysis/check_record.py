"""Hold the outputs of a network next to those of its original: gaps, the rows where they are large, a verdict."""

import math
from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Bool, Float
from torch import Tensor

from kanviz.analysis.check_hints import apart, scale_of
from kanviz.analysis.diff import difference
from kanviz.text import counted, listing

WORST = 5
LISTED = 6  # rows named in a sentence


@dataclass(frozen=True)
class RowGap:
    """A row of a comparison. row: counted from 0 · gap: the largest |difference| of its outputs, inf where only one
    side is a finite number.
    """

    row: int
    inputs: tuple[float, ...]
    original: tuple[float, ...]
    ours: tuple[float, ...]
    gap: float


@dataclass(frozen=True, eq=False)
class Check:
    """The outputs of a network next to those of its original, row by row, and a verdict.

    inputs, original, ours: in table units, outputs as float64 · tolerance: the largest gap that counts as agreement,
    as a share of the original's largest |output| · hints: sentences on what may explain the gaps, as measured.

    >>> import kanviz
    >>> kan = kanviz.init([2, 1], seed=0)
    >>> x = [[0.5, -0.5], [0.25, 1.0], [0.0, 0.1], [-0.75, 0.2]]
    >>> found = kanviz.check(kan, x, kan(x) + 1)
    >>> found.agrees, found.rows, len(found.worst), round(found.mean, 6), found.share(0.0)
    (False, 4, 4, 1.0, '0')
    >>> print(found.hints[0])
    On every row the original gives y + 1: a constant is missing, such as a bias.
    """

    inputs: Float[Tensor, "rows source"]
    original: Float[Tensor, "rows output"]
    ours: Float[Tensor, "rows output"]
    tolerance: float
    hints: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.original)

    @cached_property
    def gaps(self) -> Float[Tensor, "rows output"]:
        """|difference| of every output, inf where only one side is a finite number, 0 where both are NaN alike."""
        return difference(self.ours, self.original)[0]

    @cached_property
    def scale(self) -> float:
        """The largest |output| of the original, of those that are finite."""
        return scale_of(self.original)

    @cached_property
    def differing(self) -> Bool[Tensor, " rows"]:
        """Which rows differ by more than the tolerance."""
        return apart(self.original, self.ours, self.tolerance).any(1)

    @cached_property
    def _finite(self) -> Tensor:
        return self.gaps[self.original.isfinite() & self.ours.isfinite()]

    @property
    def largest(self) -> float:
        """The largest gap in the outputs' units, where both sides are finite; NaN if that is nowhere."""
        return float(self._finite.max()) if len(self._finite) else math.nan

    @property
    def mean(self) -> float:
        """The mean gap over rows and outputs, where both sides are finite."""
        return float(self._finite.mean())

    @property
    def relative(self) -> float:
        """The largest gap as a share of the original's largest output."""
        return self.largest / self.scale if self.scale else math.inf if self.largest else 0.0

    @property
    def agrees(self) -> bool:
        """Whether no row differs; False, too, where there was nothing to compare."""
        return bool(len(self._finite)) and not bool(self.differing.any())

    @cached_property
    def worst(self) -> tuple[RowGap, ...]:
        """The rows with the largest gaps, at most WORST, the largest first."""
        size, rows = self.gaps.amax(1).topk(min(WORST, self.rows))
        sides = (side[rows].tolist() for side in (self.inputs, self.original, self.ours))
        return tuple(
            RowGap(row, tuple(x), tuple(theirs), tuple(own), gap)
            for row, x, theirs, own, gap in zip(rows.tolist(), *sides, size.tolist(), strict=True)
            if gap
        )

    def share(self, gap: float) -> str:
        """Write a gap as a share of the original's largest output."""
        if not self.scale:
            return f"{gap:.3g} (the original gives 0 everywhere)"
        share = gap / self.scale
        if share >= 10:
            return f"{share:,.0f} times the largest output"
        words = f"{100 * share:.3g} %" if share >= 1e-3 else f"{share:.1e}"
        return f"{words} of the largest output" if gap else "0"

    @property
    def verdict(self) -> str:
        """The verdict in a sentence; rows are counted from 1 in it."""
        if self.agrees:
            return f"Agrees with the original on {counted(self.rows, 'row')}: largest gap {self.share(self.largest)}."
        if not len(self._finite):
            return "Differs from the original: no output is a finite number on both sides."
        if self.largest > self.tolerance * self.scale:
            row = int(self.gaps.nan_to_num(posinf=-1.0).amax(1).argmax())
            return f"Differs from the original: largest gap {self.share(self.largest)}, on row {row + 1:,}."
        return f"Differs from the original: only one of them is a finite number on {_rows(self.differing)}."

    @property
    def facts(self) -> tuple[str, ...]:
        """More that was measured, in sentences: the mean gap, how many rows differ, rows with NaN or infinity."""
        found = []
        if len(self._finite):
            found.append(f"The mean gap is {self.share(self.mean)}; the largest output is {self.scale:.4g}.")
        limit = f"{self.tolerance:.3g} of the largest output"
        if self.agrees:
            found.append(f"A gap of up to {limit} counts as agreement.")
        else:
            count = f"{int(self.differing.sum()):,} of {counted(self.rows, 'row')}"
            found.append(f"{count} differ by more than the tolerance, {limit}.")
        for side, words in (
            (self.inputs, "an input is"), (self.original, "the original gives"), (self.ours, "this network gives"),
        ):  # fmt: skip
            without = (~side.isfinite()).any(1)
            if without.any():
                found.append(f"On {_rows(without)} {words} NaN or infinity.")
        return tuple(found)

    def __str__(self) -> str:
        return "\n".join((self.verdict, *self.facts, *self.hints))


def _rows(which: Bool[Tensor, " rows"]) -> str:
    """Name rows in a sentence, counted from 1, with their number where there are many."""
    rows = which.nonzero()[:, 0].tolist()
    named = listing([f"{row + 1:,}" for row in rows], LISTED)
    return f"row {named}" if len(rows) == 1 else f"{len(rows):,} rows ({named})"
