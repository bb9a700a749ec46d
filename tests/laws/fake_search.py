"""A search that finds what it is told to, when it is told to: for tests of everything around the engine."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sympy
import torch

from kanviz.analysis.symbolic.walk import Walk
from kanviz.core.data.dataset import Dataset
from kanviz.laws.search.attempt import Attempt, Found, Table

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
    train_rmse: float = 0.0
    test_rmse: float = 0.0
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
    """Attempts by plan, in order. log: a folder in which every attempt that starts leaves a
    file named for it, and a stubborn one another when it has slept."""

    plans: tuple[Plan, ...]
    log: str = ""
    endless: bool = False

    def attempts(self, inputs: int, shape: Sequence[Any] | None = None, seeds: int = 5) -> Iterator[Attempt]:
        yield from (Attempt(tuple(shape or (inputs, 1)), n) for n in range(1_000 if self.endless else len(self.plans)))

    def pursuit(
        self, attempt: Attempt, table: Table, primitives: Sequence[str] | None, seconds: float
    ) -> Iterator[Found]:
        plan = self.plans[attempt.seed % len(self.plans)]
        if self.log:
            Path(self.log, f"{attempt.seed}-{os.getpid()}").touch()
        time.sleep(plan.takes if plan.stubborn else min(plan.takes, seconds))
        if self.log and plan.stubborn:
            Path(self.log, f"{attempt.seed}-{os.getpid()}-slept").touch()
        if plan.dies:
            os._exit(1)
        if plan.fails:
            raise ValueError("this one went wrong")
        if plan.takes > seconds and not plan.stubborn:
            return
        yield from (self._found(attempt, table, plan, *law) for law in plan.laws)

    def _found(self, attempt: Attempt, table: Table, plan: Plan, expression, error) -> Found:
        law, spread = FakeLaw(expression, table.names), table.spread
        if error is None:
            train, held = _rmse(law, table.x, table.y), _rmse(law, table.held_x, table.held_y)
        else:
            train = held = error * spread
        law = replace(law, train_rmse=train, test_rmse=held)
        return Found(law, plan.spline * spread, 0.1, attempt)  # pyright: ignore[reportArgumentType]


def _rmse(law: FakeLaw, x: np.ndarray, y: np.ndarray) -> float:
    return float(((law(torch.as_tensor(x)) - torch.as_tensor(y)) ** 2).mean().sqrt())


def rows(count: int = 60) -> Dataset:
    """y_ = x y + 1 on [1, 2]^2, without noise."""
    x = np.random.default_rng(0).uniform(1, 2, (count, 2))
    return Dataset.from_arrays(x, x[:, 0] * x[:, 1] + 1, inputs=("x", "y"), outputs=("z",))
