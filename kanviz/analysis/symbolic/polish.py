"""Variable projection: from many starts to the best constants, all primitives in one batch.

For given alpha and beta the factor and the shift are a straight-line fit, so only two numbers are searched, by
Levenberg-Marquardt with each row's own damping. Source: Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973), with the
Jacobian of Kaufman, BIT 15 (1975).
"""

import itertools
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.symbolic.shapes import CELLS, Starts, bounds, place
from kanviz.core.formula import primitive


@dataclass(frozen=True)
class Curve:
    """Samples made scale-free: t in [-1, 1], y of mean 0 and variance 1 under the weights w, which sum to 1."""

    t: Float[Tensor, " sample"]
    y: Float[Tensor, " sample"]
    w: Float[Tensor, " sample"]


@dataclass(frozen=True)
class _State:
    theta: Tensor
    loss: Tensor  # share of the variance that is left
    normal: Tensor  # (row, 2, 2)
    slope: Tensor  # (row, 2)


def correlations(curve: Curve, curves: Float[Tensor, "row cell"]) -> Float[Tensor, " row"]:
    """Squared correlation of every curve in the dictionary with the samples, which are averaged in cells."""
    cell = ((curve.t + 1) * (CELLS / 2)).long().clamp(0, CELLS - 1)
    weight = torch.zeros(CELLS, dtype=torch.float64).index_add_(0, cell, curve.w)
    weighted = torch.zeros(CELLS, dtype=torch.float64).index_add_(0, cell, curve.w * curve.y)
    weight, weighted = weight.float(), weighted.float()
    spread = (curves**2) @ weight - (curves @ weight) ** 2
    return torch.where(spread > 1e-6, (curves @ weighted) ** 2 / spread.clamp(min=1e-6), torch.zeros_like(spread))


def best_starts(starts: Starts, found: Float[Tensor, " row"], blocks: int) -> Starts:
    """The best row of each of `blocks` stretches of every primitive's grid, so that several valleys survive."""
    rows = []
    for part in starts.slices:
        ends = torch.linspace(part.start, part.stop, blocks + 1).long().tolist()
        pieces = [(a, b) for a, b in itertools.pairwise(ends) if b > a]
        rows.append([a + int(found[a:b].argmax()) for a, b in pieces])
    return starts.take(rows)


def polish(starts: Starts, curve: Curve, steps: int) -> tuple[Starts, Float[Tensor, " row"]]:
    """Each row moved to its valley's floor: the new starts, and the share of the variance each leaves unexplained."""
    low = torch.empty(len(starts.theta), 1, dtype=torch.float64)
    high = low.clone()
    for name, part in zip(starts.names, starts.slices, strict=True):
        low[part], high[part] = bounds(primitive(name))
    state = _look(starts, starts.theta.clamp(low, high), curve)
    damping = torch.full_like(state.loss, 1e-3)
    idle = torch.zeros_like(state.loss)
    for _ in range(steps):
        trial = _look(starts, (state.theta + _step(state, damping)).clamp(low, high), curve)
        better = trial.loss < state.loss
        idle = torch.where(trial.loss < 0.999999 * state.loss, torch.zeros_like(idle), idle + 1)
        damping = torch.where(better, damping * 0.2, damping * 6).clamp(1e-12, 1e12)
        state = _State(
            torch.where(better[:, None], trial.theta, state.theta),
            torch.where(better, trial.loss, state.loss),
            torch.where(better[:, None, None], trial.normal, state.normal),
            torch.where(better[:, None], trial.slope, state.slope),
        )
        if bool((idle >= 5).all()):
            break
    return replace(starts, theta=state.theta), state.loss


def _step(state: _State, damping: Tensor) -> Tensor:
    (p, q), (_, r) = state.normal.permute(1, 2, 0).unbind(0)
    p, r = p * (1 + damping) + 1e-300, r * (1 + damping) + 1e-300
    determinant = p * r - q * q
    g, h = state.slope.unbind(1)
    step = torch.stack([r * g - q * h, p * h - q * g], 1) / determinant[:, None]
    alone = torch.stack([g / p, h / r], 1)  # where one of the two numbers does nothing
    return torch.where((determinant > 1e-14 * p * r)[:, None], step, alone).nan_to_num(0.0, 0.0, 0.0)


def _look(starts: Starts, theta: Tensor, curve: Curve) -> _State:
    values, along = [], []
    for name, part in zip(starts.names, starts.slices, strict=True):
        row = primitive(name)
        alpha, beta, by_theta = place(row, theta[part], starts.sign[part])
        u = alpha[:, None] * curve.t + beta[:, None]
        values.append(row.torch(u))
        inner = by_theta[:, 0, :, None] * curve.t + by_theta[:, 1, :, None]
        along.append(row.slope(u)[:, None] * inner)
    value, along = torch.cat(values), torch.cat(along)
    value = value - (value @ curve.w)[:, None]
    weighted = value * curve.w
    size = (weighted * value).sum(1)
    factor = weighted @ curve.y / size
    rest = curve.y - factor[:, None] * value
    loss = (rest**2) @ curve.w
    along = along - (along @ curve.w)[..., None]
    share = (along @ weighted[..., None]) / size[:, None, None]
    jacobian = factor[:, None, None] * (along - share * value[:, None])
    left = jacobian * curve.w
    normal = left @ jacobian.mT
    slope = (left @ rest[..., None])[..., 0]
    loss = torch.where(loss.isfinite(), loss, torch.full_like(loss, torch.inf))
    return _State(theta, loss, normal.nan_to_num(0.0, 0.0, 0.0), slope.nan_to_num(0.0, 0.0, 0.0))
