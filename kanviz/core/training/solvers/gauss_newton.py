"""Compute the Gauss-Newton system of a network on its rows: curvature A, slope g and loss, summed in blocks of rows.

Regression: loss = mean r^2, A = 2 J J' / M, g = 2 J r / M over the M residuals. Classes: the softmax cross-entropy and
its generalised Gauss-Newton curvature (Schraudolph 2002); the backward sweep starts from a root of its Hessian.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from kanviz.core.kan import KAN
from kanviz.core.training.objective import Objective
from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.jacobian import Sweep, at_inputs, forward, jacobian, squares
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.working import Working

BLOCK = 4_000_000  # numbers of J in memory at once
TABLE = 8_000_000  # numbers of the inputs' basis that may be stored from step to step


@dataclass(frozen=True, eq=False)
class Rows:
    """The training rows as the solver reads them: inputs (source, rows) and targets (output, rows).

    weights: how much each row counts, 1 on average; None where all count the same.
    """

    x: Array
    y: Array
    classes: bool
    scale: Array
    shift: Array
    weights: Array | None = None

    @staticmethod
    def of(objective: Objective, kan: KAN) -> "Rows":
        scale = np.array([[v.scale] for v in kan.outputs])
        shift = np.array([[v.shift] for v in kan.outputs])
        x, y = (np.ascontiguousarray(v.double().numpy().T) for v in (objective.inputs, objective.targets))
        weights = None if objective.weights is None else objective.weights.double().numpy()
        return Rows(
            x, y, not objective.regression, scale, shift, None if weights is None else weights / weights.mean()
        )  # fmt: skip

    @staticmethod
    def held_out(objective: Objective, kan: KAN) -> "Rows | None":
        """Return the held-out rows in the same form, or None if there are none."""
        if objective.test is None:
            return None
        inputs, targets = objective.test
        return Rows.of(replace(objective, inputs=inputs, targets=targets, weights=objective.test_weights), kan)

    @property
    def count(self) -> int:
        """Number of residuals: rows for classes, rows x outputs otherwise."""
        return self.x.shape[1] if self.classes else self.y.size

    def loss(self, outputs: Array) -> float:
        """Compute the loss for outputs (output, rows), without penalties."""
        with np.errstate(all="ignore"):
            if not self.classes:
                gap = outputs - self.y if self.weights is None else (outputs - self.y) * np.sqrt(self.weights)
                gap = gap.reshape(-1)
                return float(gap @ gap) / self.count
            z = outputs * self.scale + self.shift
            z = z - z.max(0)
            each = self.y * (np.log(np.exp(z).sum(0)) - z)
            return float((each if self.weights is None else each * self.weights).sum()) / self.count

    def _seeds(self, outputs: Array, part: slice) -> tuple[Array, Array, float]:
        """Return the seeds of the backward sweep (node, seed, rows), the residual of each, and the weight of a row."""
        seeds, residual, share = self._plain_seeds(outputs, part)
        if self.weights is None:
            return seeds, residual, share
        root = np.sqrt(self.weights[part])
        return seeds * root, residual * root, share

    def _plain_seeds(self, outputs: Array, part: slice) -> tuple[Array, Array, float]:
        """Compute `_seeds` for rows without weights."""
        count, rows = outputs.shape
        if not self.classes:
            eye = np.broadcast_to(np.eye(count)[:, :, None], (count, count, rows))
            return eye, outputs - self.y[:, part], 2 / self.count
        z = outputs * self.scale + self.shift
        p = np.exp(z - z.max(0))
        p = np.maximum(p / p.sum(0), 1e-300)
        root = np.sqrt(p)
        seeds = -p[:, None] * root[None]
        seeds[np.arange(count), np.arange(count)] += root
        return seeds * self.scale[:, None], (p - self.y[:, part]) / root, 1 / self.count


@dataclass(frozen=True, eq=False)
class Point:
    """A network evaluated on all rows: outputs, loss, inputs of each layer; the sweeps if all rows are one block."""

    work: Working
    outputs: Array
    loss: float
    sweeps: list[Sweep] | None
    entering: list[Array]


@dataclass(frozen=True, eq=False)
class System:
    """The curvature A and slope g of the free numbers, and the loss, at a point."""

    curvature: Array
    slope: Array
    loss: float

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.slope).all() and np.isfinite(self.curvature.trace()))


@dataclass(frozen=True, eq=False)
class Problem:
    """The rows, the structure of a network with its current grids, and an EWC penalty (`tether`), if any."""

    rows: Rows
    work: Working
    tether: Tether | None = None

    @cached_property
    def blocks(self) -> list[slice]:
        total, width = self.rows.x.shape[1], len(self.work.vector) * len(self.rows.y)
        size = max(64, min(total, BLOCK // width))
        return [slice(at, min(at + size, total)) for at in range(0, total, size)]

    @cached_property
    def table(self) -> tuple[Array, Array] | None:
        """Basis and base function at the inputs, computed once; None where they are too large to store."""
        grid = self.work.layers[0].grid
        if self.rows.x.size * (grid.cells + grid.order) > TABLE:
            return None
        return at_inputs(self.work, self.rows.x)

    def swept(self, work: Working) -> Iterator[tuple[slice, list[Sweep], Array]]:
        for part in self.blocks:
            table = None if self.table is None else (self.table[0][:, :, part], self.table[1][:, part])
            yield part, *forward(work, self.rows.x[:, part], table)

    def at(self, work: Working) -> Point:
        """Evaluate the network on all rows."""
        with np.errstate(all="ignore"):
            if len(self.blocks) == 1:
                _, sweeps, outputs = next(self.swept(work))
                return Point(work, outputs, self.rows.loss(outputs), sweeps, [sweep.x for sweep in sweeps])
            parts, entering = [], []
            for _, sweeps, found in self.swept(work):
                parts.append(found)
                entering.append([sweep.x for sweep in sweeps])
            outputs = np.concatenate(parts, 1)
            whole = [np.concatenate(column, 1) for column in zip(*entering, strict=True)]
        return Point(work, outputs, self.rows.loss(outputs), None, whole)

    def system(self, point: Point) -> System:
        work = point.work
        size, mostly = len(work.free), not work.leading and 10 * len(work.free) >= 7 * len(work.vector)
        total = len(work.vector) if mostly else size
        curvature, slope, weight = np.zeros((total, total)), np.zeros(total), 1.0
        with np.errstate(all="ignore"):
            ready = [(self.blocks[0], point.sweeps, point.outputs)] if point.sweeps else self.swept(work)
            for part, sweeps, outputs in ready:
                seeds, residual, weight = self.rows._seeds(outputs, part)
                rows = jacobian(work, sweeps, seeds).reshape(len(work.vector), -1)
                rows = rows if mostly else rows[:size] if work.leading else rows[work.free]
                if len(self.blocks) == 1:
                    curvature, slope = rows @ rows.T, rows @ residual.reshape(-1)
                else:
                    curvature += rows @ rows.T
                    slope += rows @ residual.reshape(-1)
        if mostly and size < total:
            curvature, slope = curvature[np.ix_(work.free, work.free)], slope[work.free]
        return System(weight * curvature, weight * slope, point.loss)


def curvature_diagonal(problem: Problem) -> Array:
    """Compute the diagonal of the curvature for all numbers of the network, frozen ones included, without a matrix."""
    rows, work = problem.rows, problem.work
    total, weight = rows.x.shape[1], 1.0
    layers = [layer.layer for layer in work.layers]
    widest = max(v.sources * (v.targets * len(rows.y) + v.coef.shape[2]) for v in layers)
    size, found = max(1, BLOCK // widest), np.zeros(len(work.vector))
    with np.errstate(all="ignore"):
        for at in range(0, total, size):
            part = slice(at, min(at + size, total))
            sweeps, outputs = forward(work, rows.x[:, part])
            seeds, _, weight = rows._seeds(outputs, part)
            found += squares(work, sweeps, seeds)
    return weight * found


def solve(matrix: Array, right: Array) -> Array | None:
    """Solve a positive definite system; return None if the matrix is not positive definite."""
    root, bad = torch.linalg.cholesky_ex(torch.from_numpy(matrix))
    if int(bad):
        return None
    return torch.cholesky_solve(torch.from_numpy(right)[:, None], root)[:, 0].numpy()
