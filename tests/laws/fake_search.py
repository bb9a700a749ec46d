"""A search that finds what it is told to, when it is told to: for tests of everything around the engine."""

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy
import torch

from kanviz.analysis.symbolic.walk import Walk
from kanviz.core.dataset import Dataset
from kanviz.laws.engine import Attempt, Found, Table
from kanviz.laws.hints import Hints

X, Y = sympy.symbols("x y", real=True)


@dataclass(frozen=True)
class FakeConstant:
    value: float
    error: float | None = None
    exact: str = ""


@dataclass(frozen=True)
class FakeLaw:
    """As much of a Law as discovery looks at."""

    expression: sympy.Expr
    names: tuple[str, ...] = ("x", "y")
    notes: tuple[str, ...] = ()

    @property
    def complexity(self) -> int:
        return sum(1 for _ in sympy.preorder_traversal(self.expression))

    @property
    def constants(self) -> tuple[FakeConstant, ...]:
        floats = sorted(self.expression.atoms(sympy.Float), key=float)
        return tuple(FakeConstant(float(value), 0.01) for value in floats)

    @property
    def free(self) -> int:
        return len(self.constants)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        symbols = [sympy.Symbol(name, real=True) for name in self.names]
        return Walk(dict(zip(symbols, x.T, strict=True)), {})(self.expression)


@dataclass(frozen=True)
class Plan:
    """What one attempt does: laws with their share of error (None: as measured), seconds it takes, or its failure."""

    laws: tuple[tuple[sympy.Expr, float | None], ...] = ()
    takes: float = 0.0
    stubborn: bool = False
    fails: bool = False
    dies: bool = False
    spline: float = 1e-3


@dataclass(frozen=True)
class FakeSearch:
    """Attempts by plan, in order. log: a folder in which every attempt that starts leaves a file named for it."""

    plans: tuple[Plan, ...]
    log: str = ""
    endless: bool = False

    def attempts(
        self, count: int, *, positive: bool, shape: tuple[Any, ...] | None, seeds: Sequence[int]
    ) -> Iterator[Attempt]:
        numbers = itertools.count() if self.endless else range(len(self.plans))
        return (Attempt(shape or (count, 1), "", number) for number in numbers)

    def pursue(self, attempt: Attempt, table: Table, hints: Hints, seconds: float) -> tuple[Found, ...]:
        plan = self.plans[attempt.seed % len(self.plans)]
        if self.log:
            Path(self.log, f"{attempt.seed}-{os.getpid()}").touch()
        time.sleep(plan.takes if plan.stubborn else min(plan.takes, seconds))
        if plan.dies:
            os._exit(1)
        if plan.fails:
            raise ValueError("this one went wrong")
        if plan.takes > seconds and not plan.stubborn:
            return ()
        return tuple(self._found(attempt, table, plan, *law) for law in plan.laws)

    def _found(self, attempt: Attempt, table: Table, plan: Plan, expression, error) -> Found:
        law = FakeLaw(expression, table.names)
        spread = float(table.held_y.std())
        train = _rmse(law, table.x, table.y) if error is None else error * spread
        held = _rmse(law, table.held_x, table.held_y) if error is None else error * spread
        return Found(law, train, held, 0.1, attempt, plan.spline * spread)  # pyright: ignore[reportArgumentType]


def _rmse(law: FakeLaw, x: np.ndarray, y: np.ndarray) -> float:
    return float(((law(torch.as_tensor(x)) - torch.as_tensor(y)) ** 2).mean().sqrt())


def rows(count: int = 60) -> Dataset:
    """y_ = x y + 1 on [1, 2]^2, without noise."""
    x = np.random.default_rng(0).uniform(1, 2, (count, 2))
    return Dataset.from_arrays(x, x[:, 0] * x[:, 1] + 1, inputs=("x", "y"), outputs=("z",))
