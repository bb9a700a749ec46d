"""Reads the results of `language.py`: groups runs by what they measured, pairs them by seed, and judges differences."""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kanviz.language.teaching.measure import TeachPoint, forgetting_at

Record = dict[str, Any]
BySeed = dict[int, Record]
SURE = 2  # standard errors
ENOUGH = 3  # seeds


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its standard error; None of a single seed."""

    value: float
    error: float | None
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Mean":
        found = list(values)
        error = statistics.stdev(found) / math.sqrt(len(found)) if len(found) > 1 else None
        return cls(statistics.fmean(found), error, len(found))

    @classmethod
    def paired(cls, one: Mapping[int, float], other: Mapping[int, float]) -> "Mean":
        """Return the mean of one minus the other, over the seeds that both have."""
        return cls.of(one[seed] - other[seed] for seed in one if seed in other)

    def words(
        self,
        less: str = "better",
        more: str = "worse",
        level: str = "within the spread",
        few: str = "too few seeds",
    ) -> str:
        """Judge a difference: by more than two standard errors over three seeds or more, or within the spread."""
        if self.error is None or self.count < ENOUGH:
            return few
        if abs(self.value) <= SURE * self.error:
            return level
        return less if self.value < 0 else more

    def shown(self, digits: int = 3, *, sign: bool = False) -> str:
        number = f"{round(self.value, digits) + 0.0:{'+' if sign else ''}.{digits}f}"  # no minus before zeros
        return number if self.error is None else f"{number} ± {self.error:.{digits}f}"


@dataclass(frozen=True)
class Results:
    """The record of all runs."""

    record: Record

    def of(self, *key: str | float) -> BySeed:
        """Return the runs whose key begins so, by seed."""
        runs = self.record["runs"]
        return {run["key"][-1]: run for run in runs if run["key"][:-1] == list(key)}

    @property
    def cost(self) -> Record | None:
        return next((run for run in self.record["runs"] if run["key"] == ["cost"]), None)

    @property
    def seconds(self) -> float:
        """CPU seconds of everything."""
        return sum(run["whole_seconds"] for run in self.record["runs"])

    def rates(self, kind: str) -> dict[float, BySeed]:
        """Return the trainings of a kind of block, by the factor of its learning rate."""
        factors = sorted({run["key"][2] for run in self.record["runs"] if run["key"][:2] == ["block", kind]})
        return {factor: self.of("block", kind, factor) for factor in factors}

    def enough(self, kind: str) -> dict[float, BySeed]:
        """Return the trainings at rates with enough seeds for a verdict; where there are none, at those with most."""
        rates = self.rates(kind)
        least = min(ENOUGH, max(map(len, rates.values())))
        return {factor: runs for factor, runs in rates.items() if len(runs) >= least}

    def best_factor(self, kind: str) -> float:
        """Return the factor of the best of these rates: the lowest mean over the seeds that all of them have."""
        rates = self.enough(kind)
        every = set.intersection(*(set(runs) for runs in rates.values()))
        return min(rates, key=lambda factor: statistics.fmean(rates[factor][seed]["bits"] for seed in every))

    def best(self, kind: str) -> BySeed:
        """Return the trainings at the best learning rate."""
        return self.rates(kind)[self.best_factor(kind)]


def bits(runs: BySeed) -> dict[int, float]:
    return {seed: run["bits"] for seed, run in runs.items()}


def forgotten(runs: BySeed, gain: float) -> dict[int, float]:
    """Return the forgetting of lessons where they reach a gain, by seed; without the seeds that do not."""
    found = {
        seed: forgetting_at([TeachPoint(*point) for point in run["trajectory"]], gain) for seed, run in runs.items()
    }
    return {seed: value for seed, value in found.items() if value is not None}


def mean(runs: BySeed, name: str) -> Mean:
    """Average what all runs have under a name."""
    return Mean.of(run[name] for run in runs.values())
