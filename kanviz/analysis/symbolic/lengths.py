"""Explain the ranking of candidates by the parts of each one's description length."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.samples import Samples


@dataclass(frozen=True)
class Length:
    """The nats to describe a curve by one candidate; `misfit` is relative to the best fit, so it is never below 0.

    misfit: of the residual · constants: the numbers fitted within the function · function: how unusual it is.
    """

    misfit: float
    constants: float
    function: float

    @property
    def total(self) -> float:
        return self.misfit + self.constants + self.function


def lengths(found: Sequence[Candidate], points: Samples) -> tuple[Length, ...]:
    """Return the parts of each candidate's score, in the given order; totals differ by the same amounts as the scores.

    Source: the terms of `judge.description`.
    """
    count = points.independent
    misfits = [count * math.log(one.error**2 + points.floor**2) for one in found]
    least = min(misfits, default=0.0)
    return tuple(
        Length(misfit - least, one.free * math.log(count), 2 * math.log(2) * one.complexity)
        for one, misfit in zip(found, misfits, strict=True)
    )
