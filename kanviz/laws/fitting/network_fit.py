"""Fit a network of splines and formulas to rows: Levenberg-Marquardt on all its numbers, from coarse to fine grids.

Everything here is in the network's own units: inputs within [-1, 1], targets of mean 0 and spread 1.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from kanviz.core.kan import KAN
from kanviz.core.training.solvers.damping import Damping, descend
from kanviz.core.training.solvers.gauss_newton import Point, Problem, Rows
from kanviz.core.training.solvers.grid_changes import over, rewritten
from kanviz.core.training.solvers.grid_growth import finer
from kanviz.core.training.solvers.numpy_splines import Array, Grid
from kanviz.core.training.solvers.smoothing import penalty
from kanviz.core.training.solvers.working import Working

PARTS = ("coef", "base_weight", "bias", "affine")
SMOOTH = 1e-9  # times the squared second differences: enough to determine the coefficients of empty cells
ROOM = 3  # rows needed for every number of a finer network
FALLS = 0.7  # an error that a finer grid does not lower below this factor is noise
IDLE = 2  # steps in a row that gain less than `pays` end a fit


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted network and its root mean square errors on the training and the held-out rows.

    Errors are in the network's own units (shares of the target's spread where that is 1) · outputs: its values on the
    held-out rows (output, rows).
    """

    kan: KAN
    point: Point
    error: float
    held: float
    outputs: Array

    @property
    def finite(self) -> bool:
        return math.isfinite(self.error) and math.isfinite(self.held)


@dataclass(frozen=True, eq=False)
class Task:
    """Training and held-out rows: inputs (source, rows), targets (output, rows)."""

    rows: Rows
    held: Rows

    @staticmethod
    def of(x: Array, y: Array, held_x: Array, held_y: Array) -> "Task":
        """Build a task from x (source, rows) and y (rows,), or (output, rows)."""
        one, none = np.ones((1, 1)), np.zeros((1, 1))
        y, held_y = np.atleast_2d(y), np.atleast_2d(held_y)
        return Task(Rows(x, y, False, one, none), Rows(held_x, held_y, False, one, none))

    def thinned(self, most: int) -> "Task":
        """Return the task with the first `most` training rows, which are in random order."""
        return replace(self, rows=replace(self.rows, x=self.rows.x[:, :most], y=self.rows.y[:, :most]))

    def seen(self, kan: KAN, point: Point) -> Fit:
        with np.errstate(all="ignore"):
            there = Problem(self.held, point.work).at(point.work) if self.held.x.size else point
        return Fit(kan, point, math.sqrt(max(point.loss, 0.0)), math.sqrt(max(there.loss, 0.0)), there.outputs)

    def fitted(self, kan: KAN, *, steps: int, pays: float = 0.02) -> Fit | None:
        """Fit the network in at most `steps` descent steps; None where its output on the rows is NaN or infinite.

        pays: the relative gain below which a step does not count.
        """
        work = Working.of(kan, PARTS, ())
        problem = Problem(self.rows, work)
        point = problem.at(work)
        if not math.isfinite(point.loss):
            return None
        if len(work.free) and steps:
            system = problem.system(point)
            if not system.finite:
                return None
            shape = penalty(work)
            damping, idle = Damping.first(system), 0
            for _ in range(steps):
                found = descend(problem, point, system, shape, SMOOTH, damping)
                if found is None:
                    break
                point, system, damping = found.point, found.system, found.damping
                idle = idle + 1 if found.gain < pays else 0
                if idle >= IDLE or point.loss < 1e-28:
                    break
        return self.seen(point.work.network(torch.float64), point)

    def relaid(self, fit: Fit) -> KAN:
        """Return the same curves with hidden grids laid over their values; a layer with a frozen curve is unchanged."""
        new = {}
        for n, layer in enumerate(fit.kan.layers):
            if n and bool(layer.active.any()) and not bool((layer.active & layer.frozen).any()):
                work = fit.point.work.layers[n]
                knots = over(work.grid, fit.point.entering[n])
                coef = rewritten(work.grid, layer.coef.numpy(), Grid.of(knots, layer.order, layer.outside))
                new[n] = replace(layer, knots=torch.from_numpy(knots), coef=torch.from_numpy(coef))
        return fit.kan.with_layers(new)

    def falls(self, fit: Fit) -> bool:
        """Return whether a finer grid lowers the held-out error, which it does until that error is noise."""
        finer = self.fitted(self.refined(fit), steps=12)
        return finer is not None and finer.held < FALLS * fit.held

    def refined(self, fit: Fit) -> KAN:
        """Return the same curves on twice as many intervals, with hidden grids laid over their values."""
        return finer(fit.point, self.rows.x, [bool(layer.active.any()) for layer in fit.kan.layers])
