"""Fit the constants of a law by least squares, and estimate their standard errors."""

import math
import time
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.laws.expressions.template import Rows, Template

ITERATIONS = 200
NULL = 1e-10  # singular values below this share of the largest are null directions: the rows do not determine them
ROUNDING = 1e-15  # share of the target's size: smaller errors are rounding
LEAST_GAIN = 1e-9  # share of the squares; PATIENCE steps in a row that gain less end the fit
LEAST_GAIN_OF_TRIAL = 1e-3
PATIENCE = 3


@dataclass(frozen=True)
class Fit:
    """A template at its best constants. squares: sum of squared residuals; infinite where a row is NaN or infinite."""

    template: Template
    squares: float
    rows: int

    @property
    def mse(self) -> float:
        return self.squares / self.rows


def refit(template: Template, rows: Rows, deadline: float = math.inf, *, trial: bool = False) -> Fit:
    """Fit the constants of the template to the rows; the result is never worse than the start, and never NaN.

    Ends at the deadline (time.monotonic) with the best so far; a trial ends as soon as it gains little.
    Levenberg-Marquardt with Marquardt's scaling, the step from a QR and a truncated SVD, so that null directions do not
    move. Source: Nocedal and Wright, Numerical Optimization, ch. 10.
    """
    values = torch.tensor(template.values, dtype=torch.float64)
    found, slopes = rows.value_and_slopes(template, values)
    loss = _Loss.of(found, rows.y)
    floor = len(rows.y) * (ROUNDING * float(rows.y.abs().max())) ** 2
    damping, idle = 1e-3, 0
    least = LEAST_GAIN_OF_TRIAL if trial else LEAST_GAIN
    for _ in range(ITERATIONS if len(values) else 0):
        if not math.isfinite(loss.squares) or (loss.squares <= floor and not loss.lost) or idle == PATIENCE:
            break
        system = _System.of(slopes, found - rows.y)
        before = loss
        while loss is before and damping < 1e8:
            if time.monotonic() > deadline:
                break
            new = values - system.step(damping)
            there, slopes_there = rows.value_and_slopes(template, new)
            if (left := _Loss.of(there, rows.y)) < before:
                values, found, slopes, loss = new, there, slopes_there, left
            damping = max(damping / 10, 1e-14) if loss is left else damping * 10
        if loss is before:
            break
        idle = idle + 1 if loss.lost == before.lost and loss.squares > (1 - least) * before.squares else 0
    return Fit(template.at(values.tolist()), math.inf if loss.lost else loss.squares, len(rows.y))


@dataclass(frozen=True, order=True)
class _Loss:
    """The number of rows without a finite value, which is compared first, and the squared residuals of the others."""

    lost: int
    squares: float

    @staticmethod
    def of(found: Float[Tensor, " rows"], y: Float[Tensor, " rows"]) -> "_Loss":
        finite = found.isfinite()
        lost = int((~finite).sum())
        squares = float(torch.where(finite, found - y, torch.zeros_like(y)).square().sum())
        return _Loss(lost, math.inf if lost == len(y) or not math.isfinite(squares) else squares)


def standard_errors(template: Template, rows: Rows, least: float = 0.0) -> tuple[float | None, ...]:
    """Return one standard error of each constant; None where the rows do not determine it.

    Square roots of the diagonal of s^2 (J^T J)^-1 on the identifiable subspace, s^2 the squared residuals divided by
    the remaining degrees of freedom. least: a residual that rounding may hide. Source: Seber and Wild, Nonlinear
    Regression, ch. 5.
    """
    values = torch.tensor(template.values, dtype=torch.float64)
    if not len(values):
        return ()
    found, slopes = rows.value_and_slopes(template, values)
    system = _System.of(slopes, found - rows.y)
    seen = system.seen
    freedom = len(rows.y) - int(seen.sum())
    squares = _squares(found - rows.y)
    if freedom <= 0 or not math.isfinite(squares):
        return (None,) * len(values)
    hidden = system.v[:, ~seen].square().sum(1) > 1e-6
    spread = (system.v[:, seen] / system.s[seen]).square().sum(1).sqrt() / system.scale
    errors = max(math.sqrt(squares / freedom), least) * spread
    unknown = hidden | (slopes == 0).all(0) | ~errors.isfinite()
    return tuple(None if lost else float(error) for error, lost in zip(errors, unknown, strict=True))


@dataclass(frozen=True)
class _System:
    """The factors of J = u diag(s) v^T diag(scale), and the residual in the directions of u."""

    s: Float[Tensor, " constants"]
    v: Float[Tensor, "constants constants"]
    scale: Float[Tensor, " constants"]
    residual: Float[Tensor, " constants"]

    @staticmethod
    def of(slopes: Float[Tensor, "rows constants"], residual: Float[Tensor, " rows"]) -> "_System":
        # a row with an infinite slope (a root at zero) carries no information, and LAPACK must not get it
        usable = slopes.isfinite().all(1) & residual.isfinite()
        slopes = torch.where(usable[:, None], slopes, torch.zeros_like(slopes))
        residual = torch.where(usable, residual, torch.zeros_like(residual))
        if len(slopes) < slopes.shape[1]:
            more = slopes.shape[1] - len(slopes)
            slopes = torch.cat([slopes, torch.zeros(more, slopes.shape[1], dtype=slopes.dtype)])
            residual = torch.cat([residual, torch.zeros(more, dtype=residual.dtype)])
        # largest first, so that slopes of 1e200 do not overflow in the norm
        largest = slopes.abs().amax(0).clamp(min=1e-300)
        scale = largest * (slopes / largest).norm(dim=0).clamp(min=1.0)  # a column of zeros keeps its scale
        q, r = torch.linalg.qr(slopes / scale)
        u, s, vt = torch.linalg.svd(r)
        return _System(s, vt.T, scale, u.T @ (q.T @ residual))

    @property
    def seen(self) -> Tensor:
        """The directions that the rows determine."""
        return self.s > NULL * self.s[0]

    def step(self, damping: float) -> Float[Tensor, " constants"]:
        s = self.s
        gain = torch.where(self.seen, s / (s.square() + damping * s[0].square()), torch.zeros_like(s))
        return (self.v @ (gain * self.residual)) / self.scale


def _squares(residual: Float[Tensor, " rows"]) -> float:
    value = float(residual.square().sum())
    return value if math.isfinite(value) else math.inf
