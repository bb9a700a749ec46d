"""Fit the constants of functions by variable projection, from many starts, all curves and primitives in one batch.

A curve is fitted by one or two atoms (functions) with a factor each, and a shift. For given numbers inside the atoms,
the factors and the shift are a linear fit, so only those numbers are searched, by Levenberg-Marquardt with a damping
for each row. Rows do not influence each other. Source: Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973), with the
Jacobian of Kaufman, BIT 15 (1975).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kanviz.analysis.symbolic.samples import Curves
from kanviz.analysis.symbolic.shapes import POWER, Rows
from kanviz.core.formulas.formula import primitive

EXACT = 1e-30  # a smaller share of the variance is rounding
DAMPING, LESS, MORE = 1e-3, 0.2, 4.0  # at the start; its factors after a step that helped, and one that did not
LITTLE = 1e-6  # of the loss: a step that promises or gains less does not help


class Model(Protocol):
    """Atoms with free numbers inside, row by row; `owner` gives the atom that each number belongs to."""

    @property
    def owner(self) -> tuple[int, ...]: ...

    @property
    def y(self) -> Float[Tensor, "row sample"]: ...

    @property
    def w(self) -> Float[Tensor, "row sample"]: ...

    @property
    def bounds(self) -> tuple[Float[Tensor, "row number"], Float[Tensor, "row number"]]: ...

    def look(self, theta: Float[Tensor, "row number"]) -> tuple[Tensor, Tensor]:
        """Return the atoms (row, atom, sample), and their derivatives (row, number, sample)."""
        ...

    def take(self, index: Int[Tensor, " part"]) -> "Model":
        """Return some of the rows."""
        ...


def values(rows: Rows, theta: Float[Tensor, "row 2"], t: Float[Tensor, "row sample"]) -> tuple[Tensor, Tensor]:
    """Return f(alpha t + beta) of every row, and its derivatives by theta: (row, sample) and (row, 2, sample)."""
    alpha, beta, by_theta = rows.place(theta)
    value, slope, by_power = applied(rows, torch.addcmul(beta[:, None], alpha[:, None], t), theta[:, 1])
    along = torch.addcmul(by_theta[:, 1, :, None], by_theta[:, 0, :, None], t[:, None]) * slope[:, None]
    if by_power is not None:
        along[dict(rows.parts)[POWER], 1] = by_power
    return value, along


def applied(rows: Rows, u: Tensor, exponent: Float[Tensor, " row"]) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return f(u) and f'(u) of every row, and the derivative by the exponent of powers with a fitted exponent."""
    value, slope, by_power = torch.empty_like(u), torch.empty_like(u), None
    for name, part in rows.parts:
        if name == POWER:
            value[part], slope[part], by_power = _power(u[part], exponent[part, None])
        else:
            row = primitive(name)
            value[part], slope[part] = row.torch(u[part]), row.slope(u[part])
    return value, slope, by_power


def heights(rows: Rows, u: Tensor, exponent: Float[Tensor, " row"]) -> Tensor:
    """Return f(u) of every row, without slopes; a thousand rows at a time, since there may be very many."""
    value = torch.empty_like(u)
    for name, part in rows.parts:
        for at in range(part.start, part.stop, 1000):
            some = slice(at, min(at + 1000, part.stop))
            value[some] = _power(u[some], exponent[some, None])[0] if name == POWER else primitive(name).torch(u[some])
    return value


def _power(u: Tensor, n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (u^n - 1)/n, which is the logarithm at n = 0, its slope, and its derivative by n.

    Source: Box & Cox, J. R. Stat. Soc. B 26 (1964).
    """
    log = u.log()
    safe = torch.where(n.abs() < 1e-5, 1e-5, n)
    grown = safe * log
    value = torch.expm1(grown) / safe
    slope = torch.exp(grown) / u
    return value, slope, (u * slope * log - value) / safe


@dataclass(frozen=True)
class Single:
    """Rows of one primitive each, every one on its own curve."""

    rows: Rows
    t: Float[Tensor, "row sample"]
    y: Float[Tensor, "row sample"]
    w: Float[Tensor, "row sample"]

    @staticmethod
    def of(rows: Rows, curves: Curves) -> "Single":
        return Single(rows, curves.t[rows.curve], curves.y[rows.curve], curves.w[rows.curve])

    @property
    def owner(self) -> tuple[int, ...]:
        return 0, 0

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        return self.rows.bounds()

    def look(self, theta: Float[Tensor, "row 2"]) -> tuple[Tensor, Tensor]:
        value, along = values(self.rows, theta, self.t)
        return value[:, None], along

    def take(self, index: Int[Tensor, " part"]) -> "Single":
        return Single(self.rows.take(index), self.t[index], self.y[index], self.w[index])


@dataclass(frozen=True)
class _State:
    theta: Float[Tensor, "row number"]
    loss: Float[Tensor, " row"]  # share of the variance that is unexplained
    normal: Float[Tensor, "row number number"]
    slope: Float[Tensor, "row number"]
    damping: Float[Tensor, " row"]
    idle: Int[Tensor, " row"]  # steps since one helped or could have helped

    def take(self, index: Int[Tensor, " part"]) -> "_State":
        return _State(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def polish(model: Model, theta: Tensor, steps: int, patience: int = 4) -> tuple[Tensor, Float[Tensor, " row"]]:
    """Move each row to its local minimum; return its numbers, and the share of the variance it leaves unexplained.

    A row stops after `patience` steps that did not help; stopped rows are removed from the batch when they are many.
    """
    low, high = model.bounds
    theta = theta.clamp(low, high)
    state = _State(theta, *_fit(model, theta), torch.full_like(theta[:, 0], DAMPING), torch.zeros(len(theta)).long())
    moved, loss = theta.clone(), state.loss.clone()
    here = torch.arange(len(theta))
    for _ in range(steps):
        state = _stepped(model, state, low, high, patience)
        busy = (state.idle < patience) & (state.loss > EXACT)
        if int(busy.sum()) <= 0.7 * len(busy):
            moved[here], loss[here] = state.theta, state.loss
            index = busy.nonzero()[:, 0]
            if not len(index):
                break
            model, state, here, low, high = model.take(index), state.take(index), here[index], low[index], high[index]
    moved[here], loss[here] = state.theta, state.loss
    return moved, loss


def _stepped(model: Model, old: _State, low: Tensor, high: Tensor, patience: int) -> _State:
    step = _step(old)
    theta = (old.theta + step).clamp(low, high)
    promised = (step * old.slope).sum(1)
    loss, normal, slope = _fit(model, theta)
    busy = (old.idle < patience) & (old.loss > EXACT)
    better = (loss < old.loss) & busy
    return _State(
        torch.where(better[:, None], theta, old.theta),
        torch.where(better, loss, old.loss),
        torch.where(better[:, None, None], normal, old.normal),
        torch.where(better[:, None], slope, old.slope),
        torch.where(better, old.damping * LESS, old.damping * MORE).clamp(1e-12, 1e12),
        torch.where((promised > LITTLE * old.loss) & ~(better & (loss > (1 - LITTLE) * old.loss)), 0, old.idle + 1),
    )


def _step(state: _State) -> Float[Tensor, "row number"]:
    """Solve (N + damping diag N) step = slope, by elimination after scaling N's diagonal to 1."""
    size = state.normal.diagonal(dim1=1, dim2=2).sqrt()
    unit = torch.where(size > 0, 1 / size, torch.zeros_like(size))
    count = size.shape[1]
    left = state.normal * unit[:, :, None] * unit[:, None, :]
    left = left + torch.diag_embed((state.damping[:, None] + 1e-14).expand(-1, count) + (size == 0))
    right = state.slope * unit
    for k in range(count - 1):
        share = left[:, k + 1 :, k] / left[:, k, k, None]
        left[:, k + 1 :] -= share[..., None] * left[:, k, None]
        right[:, k + 1 :] -= share * right[:, k, None]
    step = torch.zeros_like(right)
    for k in reversed(range(count)):
        step[:, k] = (right[:, k] - (left[:, k, k + 1 :] * step[:, k + 1 :]).sum(1)) / left[:, k, k]
    return (step * unit).nan_to_num(0.0, 0.0, 0.0)


def _fit(model: Model, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return loss, J'J and J'r of every row, with the best factors and shift."""
    atoms, along = model.look(theta)
    w = model.w
    atoms = atoms - (atoms * w[:, None]).sum(2, keepdim=True)
    rest, factors, frame = _projected(atoms, model.y, w)
    loss = (w * rest * rest).sum(1)
    along = along * factors[:, list(model.owner), None]
    heavy = along * w[:, None]
    mean = heavy.sum(2)
    normal = heavy @ along.mT - mean[:, :, None] * mean[:, None, :]
    for direction, size in frame:
        share = (heavy * direction[:, None]).sum(2)
        normal = normal - share[:, :, None] * (share / size[:, None])[:, None, :]
    slope = (heavy * rest[:, None]).sum(2)
    loss = torch.where(loss.isfinite(), loss, torch.full_like(loss, torch.inf))
    return loss, normal.nan_to_num(0.0, 0.0, 0.0), slope.nan_to_num(0.0, 0.0, 0.0)


def _projected(atoms: Tensor, y: Tensor, w: Tensor) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
    """Return the residual of y after the atoms (of mean 0), their factors, and an orthogonal basis with its sizes."""
    first = atoms[:, 0]
    heavy = first * w
    size = (heavy * first).sum(1)
    factor = (heavy * y).sum(1) / size
    if atoms.shape[1] == 1:
        return y - factor[:, None] * first, factor[:, None], [(first, size)]
    second = atoms[:, 1]
    overlap = (heavy * second).sum(1) / size
    second = second - overlap[:, None] * first
    heavy = second * w
    size2 = (heavy * second).sum(1)
    factor2 = (heavy * y).sum(1) / size2
    rest = y - factor[:, None] * first - factor2[:, None] * second
    factors = torch.stack([factor - overlap * factor2, factor2], 1)
    return rest, factors, [(first, size), (second, size2)]
