"""One Levenberg-Marquardt step: damped as much as it takes to go down.

(A + Q + mu I) d = -(g + Q theta), mu by Nielsen's gain ratio (Madsen, Nielsen & Tingleff 2004, section 3.2). A step
that does not lower the objective, or leads where value or slope is no number, is refused and tried again shorter.
"""

import math
from dataclasses import dataclass

import numpy as np

from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.gauss_newton import Point, Problem, System, solve
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.smoothing import Penalty

FIRST = 4e-4  # of the largest curvature: the damping to begin with
TRIES = 14  # with damping growing ever faster: the last is shorter than the first by ten to the thirty


@dataclass(frozen=True, eq=False)
class Damping:
    """mu, and the factor it grows by when a step is refused."""

    mu: float
    growth: float = 2.0

    @staticmethod
    def first(system: System) -> "Damping":
        return Damping(FIRST * max(float(system.curvature.diagonal().max(initial=0.0)), 1e-12))


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a step led, by how much of the objective it went down, and the damping for the next."""

    point: Point
    system: System
    gain: float
    damping: Damping


def held(shape: Penalty, smooth: float, theta: Array, tether: Tether | None = None) -> float:
    """What the penalty, and a tether, add to the loss."""
    bend = smooth * shape.value(theta)
    return bend if tether is None else bend + tether.value(theta)


def descend(
    problem: Problem, point: Point, system: System, shape: Penalty, smooth: float, damping: Damping
) -> Descent | None:
    """A step down from the point; None where no step goes down."""
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
                    # by the system itself, -(slope step + step M step / 2) = (mu |step|^2 - slope step) / 2
                    promised = (mu * float(step @ step) - float(slope @ step)) / 2
                    ratio = min(down / max(promised, 1e-300), 2.0)
                    calmer = Damping(mu * max(1 / 3, 1 - (2 * ratio - 1) ** 3))
                    return Descent(there, fresh, down / value, calmer)
        mu, growth = mu * growth, growth * 2
        if not math.isfinite(mu):
            break
    return None
