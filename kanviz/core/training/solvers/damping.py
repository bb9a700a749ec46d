"""Take one Levenberg-Marquardt step, with enough damping to lower the objective.

(A + Q + mu I) d = -(g + Q theta), mu by Nielsen's gain ratio (Madsen, Nielsen & Tingleff 2004, section 3.2). A step is
refused, and a shorter one tried, if it does not lower the objective or if value or slope become NaN or infinite.
"""

import math
from dataclasses import dataclass

import numpy as np

from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.gauss_newton import Point, Problem, System, solve
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.smoothing import Penalty

FIRST = 4e-4  # of the largest curvature: the initial damping
TRIES = 14  # the damping grows faster each time: the last step is shorter than the first by a factor of 1e30


@dataclass(frozen=True, eq=False)
class Damping:
    """The damping mu, and the factor by which it grows when a step is refused."""

    mu: float
    growth: float = 2.0

    @staticmethod
    def first(system: System) -> "Damping":
        return Damping(FIRST * max(float(system.curvature.diagonal().max(initial=0.0)), 1e-12))


@dataclass(frozen=True, eq=False)
class Descent:
    """The result of a step: the new point and system, the relative decrease of the objective, and the next damping."""

    point: Point
    system: System
    gain: float
    damping: Damping


def held(shape: Penalty, smooth: float, theta: Array, tether: Tether | None = None) -> float:
    """Compute the sum of the smoothing penalty and the EWC penalty, if any."""
    bend = smooth * shape.value(theta)
    return bend if tether is None else bend + tether.value(theta)


def descend(
    problem: Problem, point: Point, system: System, shape: Penalty, smooth: float, damping: Damping
) -> Descent | None:
    """Take a step that lowers the objective; return None where no step does."""
    theta, tether = point.work.theta, problem.tether
    value = system.loss + held(shape, smooth, theta, tether)
    slope = system.slope + 2 * smooth * shape.push(theta)
    matrix = system.curvature + 2 * smooth * shape.matrix
    diagonal = matrix.diagonal().copy()
    if tether is not None:
        slope, diagonal = slope + tether.slope(theta), diagonal + tether.curvature
    mu, growth = damping.mu, damping.growth
    for _ in range(TRIES):
        np.fill_diagonal(matrix, diagonal + mu)
        step = solve(matrix, -slope)
        if step is not None and np.isfinite(step).all():
            new = theta + step
            there = problem.at(point.work.moved(new))
            down = value - (there.loss + held(shape, smooth, new, tether))
            if math.isfinite(down) and down > 0:
                fresh = problem.system(there)
                if fresh.finite:
                    # predicted decrease: -(slope step + step M step / 2) = (mu |step|^2 - slope step) / 2
                    promised = (mu * float(step @ step) - float(slope @ step)) / 2
                    ratio = min(down / max(promised, 1e-300), 2.0)
                    calmer = Damping(mu * max(1 / 3, 1 - (2 * ratio - 1) ** 3))
                    return Descent(there, fresh, down / value, calmer)
        mu, growth = mu * growth, growth * 2
        if not math.isfinite(mu):
            break
    return None
