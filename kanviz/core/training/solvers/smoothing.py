"""Choose how smooth the curves should be from the data, by generalised cross-validation on the linearised network.

The penalty is that of `Objective`: smooth x the squared second differences of each free curve's coefficients (Eilers &
Marx 1996). Where the data decide, `LEAN` times the squared slopes are added, so that straight lines cost a little too:
a network has more of them than a table of a few hundred rows can determine.
Degrees of freedom: the trace of (A + Q)^-1 A (Hastie & Tibshirani 1990). Criterion: M RSS / (M - 1.4 dof)^2 (Craven &
Wahba 1979; Kim & Gu 2004), for classes the cross-entropy + 1.4 dof / rows (after Akaike). Fits that use more than half
of the rows' freedom are not considered: there the criterion is 0 / 0 and would choose the interpolating curve.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from kanviz.core.training.solvers.ewc_penalty import Tether
from kanviz.core.training.solvers.gauss_newton import Rows, System
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.core.training.solvers.working import Working

RUNGS = tuple(10.0**n for n in range(-13, 2))
TAILS = 1e-5  # the least for heavy-tailed inputs: no row determines the curves beyond the outermost rows
COST = 1.4  # of a degree of freedom: 1 chooses too wiggly a curve too often (Kim & Gu 2004)
LEAN = 0.03  # weight of slopes relative to second differences
RIDGE = 1e-11  # of the largest curvature: directions that no row determines would make the system singular


@dataclass(frozen=True, eq=False)
class Penalty:
    """The penalty theta' S theta + 2 theta' b + c of the free numbers; b and c come from partly locked curves."""

    matrix: Array
    linear: Array
    constant: float

    def value(self, theta: Array) -> float:
        return float(theta @ (self.matrix @ theta + 2 * self.linear)) + self.constant

    def push(self, theta: Array) -> Array:
        """Return half the gradient of the penalty."""
        return self.matrix @ theta + self.linear


def penalty(work: Working, lean: float = 0.0) -> Penalty:
    """Make the penalty of all free curves: squared second differences plus `lean` x mean squared slopes."""
    full = np.zeros(len(work.vector), bool)
    full[work.free] = True
    place = np.cumsum(full) - 1
    result, linear, constant = np.zeros((len(work.free), len(work.free))), np.zeros(len(work.free)), 0.0
    for layer in work.layers:
        k = layer.layer.coef.shape[2]
        slope = np.diff(np.eye(k), axis=0)
        bend = np.diff(slope, axis=0) if k > 2 else slope[:0]
        block = bend.T @ bend + 3 * lean / k * slope.T @ slope
        for at in range(layer.places["coef"].start, layer.places["coef"].stop, k):
            moves = full[at : at + k]
            if moves.all():
                result[place[at] : place[at] + k, place[at] : place[at] + k] = block
            elif moves.any():
                to, rest = place[at : at + k][moves], work.vector[at : at + k][~moves]
                result[np.ix_(to, to)] = block[np.ix_(moves, moves)]
                linear[to] = block[np.ix_(moves, ~moves)] @ rest
                constant += float(rest @ block[np.ix_(~moves, ~moves)] @ rest)
        for at in range(layer.places["base_weight"].start, layer.places["base_weight"].stop):
            if full[at]:
                result[place[at], place[at]] = lean
    return Penalty(result, linear, constant)


@dataclass(frozen=True)
class Choice:
    """A smoothing, and the degrees of freedom, loss and criterion of the linearised network with it."""

    smooth: float
    dof: float
    loss: float
    criterion: float


def criterion(rows: Rows, loss: float, dof: float) -> float:
    """Compute the criterion: generalised cross-validation for regression, Akaike's for classes.

    Infinite where dof is above half the number of residuals.
    """
    if not dof <= rows.count / 2:
        return math.inf
    return loss + COST * dof / rows.count if rows.classes else loss / (1 - COST * dof / rows.count) ** 2


@dataclass(frozen=True, eq=False)
class Ladder:
    """The linearised network, to be evaluated with any smoothing."""

    rows: Rows
    system: System
    shape: Penalty
    theta: Array
    tether: Tether | None = None

    def at(self, smooth: float) -> Choice:
        """Predict the result of a full step with this smoothing; criterion is infinite if the system is singular."""
        seen, slope = self.system.curvature, self.system.slope
        pull = slope if self.tether is None else slope + self.tether.slope(self.theta)
        matrix = seen + 2 * smooth * self.shape.matrix
        diagonal = np.einsum("ii->i", matrix)
        diagonal += RIDGE * max(float(seen.diagonal().max(initial=0.0)), 1e-300)
        if self.tether is not None:
            diagonal += self.tether.curvature
        root, bad = torch.linalg.cholesky_ex(torch.from_numpy(matrix))
        if int(bad) or not bool(root.diagonal().isfinite().all()):
            return Choice(smooth, math.nan, math.inf, math.inf)
        inverse = torch.cholesky_inverse(root).numpy()
        step = inverse @ -(pull + 2 * smooth * self.shape.push(self.theta))
        dof = min(max(float(inverse.reshape(-1) @ seen.reshape(-1)), 0.0), len(seen))
        loss = max(self.system.loss + float(slope @ step + step @ (seen @ step) / 2), 0.0)
        return Choice(smooth, dof, loss, criterion(self.rows, loss, dof))

    def best(self, least: float = 0.0) -> Choice:
        """Return the smoothing of at least `least` with the lowest criterion; of equal ones the smoothest.

        First every third value of `RUNGS` is tried, then the two neighbours of the best.
        """
        rungs = [smooth for smooth in reversed(RUNGS) if smooth >= least]
        seen = {n: self.at(rungs[n]) for n in range(len(rungs) - 2, -1, -3)}
        middle = _lowest(seen)
        seen |= {n: self.at(rungs[n]) for n in (middle - 1, middle + 1) if 0 <= n < len(rungs)}
        return seen[_lowest(seen)]


def _lowest(seen: dict[int, Choice]) -> int:
    return min(sorted(seen), key=lambda n: seen[n].criterion)
