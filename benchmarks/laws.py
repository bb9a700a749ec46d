"""Reads the laws of the recovery benchmark as data, samples them as described, and judges found expressions."""

import ast
import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy
import torch
from jaxtyping import Float

from kanviz.analysis.symbolic.walk import Walk
from kanviz.core.data.dataset import Dataset
from kanviz.laws.law import same_law

TRAIN, VALID, TEST = 0, 1, 2  # seeds
TEST_ROWS = 2_000
NUMERIC = 1e-6  # largest held-out error, as a share of the truth's spread, at no more than twice its complexity
Array = np.ndarray


@dataclass(frozen=True)
class Target:
    """A law to recover. width: pykan's · noise: share of the spread, on the training rows."""

    name: str
    truth: sympy.Expr
    ranges: tuple[tuple[float, float], ...]
    names: tuple[str, ...]
    rows: int
    noise: float
    width: tuple[Any, ...]

    @property
    def symbols(self) -> list[sympy.Symbol]:
        return symbols_of(self.names)

    def draw(self, seed: int, rows: int) -> tuple[Float[Array, "rows input"], Float[Array, " rows"]]:
        """Sample inputs uniformly in their ranges, and compute the truth there."""
        rng = np.random.default_rng(seed)
        x = np.column_stack([rng.uniform(low, high, rows) for low, high in self.ranges])
        return x, values(self.truth, self.names, x)

    def data(self) -> Dataset:
        """Sample training rows and a quarter as many held-out rows of the same table, with its noise."""
        (x, y), (held, z) = self.draw(TRAIN, self.rows), self.draw(VALID, self.rows // 4)
        rng = np.random.default_rng([TRAIN, VALID])
        y, z = (v + self.noise * v.std() * rng.standard_normal(len(v)) for v in (y, z))
        both = Dataset.from_arrays(np.vstack([x, held]), np.concatenate([y, z]), inputs=self.names, test=0)
        index = torch.arange(len(both))
        return Dataset(
            both.x, both.y, both.inputs, both.outputs, index[: self.rows], index[self.rows :], target=self.name
        )  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """A result. recovered: "exact", "numeric" or "no" · error: on fresh clean rows, a share of the truth's spread."""

    recovered: str
    error: float
    complexity: int


def judged(found: sympy.Expr, target: Target) -> Verdict:
    """Judge whether an expression is the truth: to rounding, or within 1e-6 at no more than twice its complexity."""
    x, y = target.draw(TEST, TEST_ROWS)
    error = float(np.sqrt(np.mean((values(found, target.names, x) - y) ** 2)) / y.std())
    complexity = parts(found)
    if error < 1e-3 and same_law(found, target.truth, target.symbols, target.ranges):
        return Verdict("exact", error, complexity)
    close = error < NUMERIC and complexity <= 2 * parts(target.truth)
    return Verdict("numeric" if close else "no", error, complexity)


def parts(expression: sympy.Expr) -> int:
    return sum(1 for _ in sympy.preorder_traversal(expression))


def values(expression: sympy.Expr, names: tuple[str, ...], x: Float[Array, "rows input"]) -> Float[Array, " rows"]:
    columns = zip(symbols_of(names), torch.from_numpy(x.copy()).T, strict=True)
    return Walk(dict(columns), {})(expression).numpy()


def symbols_of(names: tuple[str, ...]) -> list[sympy.Symbol]:
    return [sympy.Symbol(name, real=True) for name in names]


def targets(path: str | Path) -> dict[str, Target]:
    """Read the laws of a file, by name."""
    found = {}
    for row in json.loads(Path(path).read_text(encoding="utf-8"))["targets"]:
        names = tuple(row["variables"])
        found[row["name"]] = Target(
            name=row["name"],
            truth=expression_of(row["expression"], dict(zip(names, symbols_of(names), strict=True))),
            ranges=tuple((low, high) for low, high in row["variables"].values()),
            names=names,
            rows=row["n_samples"],
            noise=row["noise"],
            width=tuple(tuple(column) if isinstance(column, list) else column for column in row["width"]),
        )
    return found


_SIGNS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_FUNCTIONS: dict[str, Any] = {
    "exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt, "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan,
    "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "sinh": sympy.sinh, "cosh": sympy.cosh,
    "tanh": sympy.tanh, "asinh": sympy.asinh, "acosh": sympy.acosh, "atanh": sympy.atanh, "Abs": sympy.Abs,
    "sign": sympy.sign,
}  # fmt: skip


def expression_of(text: str, symbols: Mapping[str, sympy.Symbol]) -> sympy.Expr:
    """Convert an expression in Python's notation to SymPy by its syntax tree; no code in it is run."""
    known = {"pi": sympy.pi, "E": sympy.E, **symbols}

    def read(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return sympy.Integer(node.value) if isinstance(node.value, int) else sympy.Float(node.value)
        if isinstance(node, ast.Name):
            return known[node.id]
        if isinstance(node, ast.UnaryOp):
            return _SIGNS[type(node.op)](read(node.operand))
        if isinstance(node, ast.BinOp):
            return _SIGNS[type(node.op)](read(node.left), read(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return _FUNCTIONS[node.func.id](*map(read, node.args))
        raise ValueError(f"not part of a formula: {ast.unparse(node)[:60]}")

    return read(ast.parse(text, mode="eval").body)
