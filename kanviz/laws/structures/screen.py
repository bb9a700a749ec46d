"""Try all small structures under every target transform that the target allows, and find those that describe the rows.

Coarse fits on few rows separate most of them in milliseconds; the few that remain are fitted on finer grids. With the
right structure the error continues to fall with the grid; with a wrong one it does not, however flexible it is.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from kanviz.core.formulas.formula import primitive
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.laws.fitting.network_fit import FALLS, ROOM, Fit, Task
from kanviz.laws.structures.nested import Nested
from kanviz.laws.structures.structure import Structure, formula_layer
from kanviz.laws.structures.target_transform import OUTERS, possible

FEW = 400  # training rows for the coarse fits
STEPS = 12
SIMPLE = 0.25  # one curve fewer outweighs this much of the logarithm of a coarse error
LEFT, LEFT_INSIDE = 10, 2  # structures that are fitted on finer grids: in all, and more for each target transform
FINER = 3  # doublings of the grid
NOISE = 1e-4  # share of the spread: smaller errors that do not fall come from the splines
HOPE = 8.0  # times the least error of all target transforms: one with a larger error is not followed
FEW_INPUTS = 3  # up to this many inputs, everything is tried


@dataclass(frozen=True, eq=False)
class Rows:
    """Training and held-out rows, inputs within [-1, 1], the target in table units: x (source, rows), y (rows,)."""

    x: Array
    y: Array
    held_x: Array
    held_y: Array

    @property
    def sign(self) -> float:
        """-1 where no target is positive: transforms such as exp are then tried for -y."""
        return -1.0 if float(self.y.max(initial=-np.inf)) <= 0 and float(self.held_y.max(initial=-np.inf)) <= 0 else 1.0

    @property
    def outers(self) -> list[str]:
        """The target transforms that the target allows."""
        return possible(self.sign * np.concatenate([self.y, self.held_y]))


@dataclass(frozen=True, eq=False)
class Target:
    """The rows under one target transform: y = sign f(u), u = mean + scale * (the network's output); reach: u's range.

    as_layer: whether the network includes f as a layer; it then learns y itself, shifted and scaled likewise.
    """

    outer: str
    task: Task
    mean: float
    scale: float
    reach: tuple[float, float]
    sign: float
    y: Array
    as_layer: bool = False

    @staticmethod
    def of(rows: Rows, outer: str) -> "Target":
        inverse, sign = OUTERS[outer].inverse, rows.sign
        with np.errstate(all="ignore"):
            u, held = inverse(sign * rows.y), inverse(sign * rows.held_y)
        mean, scale = float(u.mean()), float(u.std()) or 1.0
        task = Task.of(rows.x, (u - mean) / scale, rows.held_x, (held - mean) / scale)
        seen = np.concatenate([u, held])
        return Target(outer, task, mean, scale, (float(seen.min()), float(seen.max())), sign, rows.held_y)

    def error(self, fit: Fit) -> float:
        """Return the fit's held-out error as a share of the target's spread, transformed back to the target's units."""
        if self.outer == "x" or self.as_layer:
            return fit.held
        with np.errstate(all="ignore"):
            u = (self.mean + self.scale * fit.outputs[0]).clip(*self.reach)
            off = self.sign * primitive(self.outer).torch(torch.from_numpy(u)).numpy() - self.y
            found = float(np.sqrt(np.mean(np.square(off))) / (self.y.std() or 1.0))
        return found if np.isfinite(found) else np.inf

    def whole(self, kan: KAN) -> KAN:
        """Return the network with the target transform added: its output is the target in table units."""
        outer = "x" if self.as_layer else self.outer
        return _under(kan, formula_layer(1, outer, (self.scale, self.mean, self.sign, 0.0), frozen=False))

    def with_layer(self, rows: Rows, kan: KAN) -> tuple["Target", KAN]:
        """Return the untransformed target, and the network with the transform as its last layer, to be fitted to it."""
        plain = Target.of(rows, "x")
        constants = (self.scale, self.mean, 1 / plain.scale, -plain.mean / plain.scale)
        network = _under(kan, formula_layer(1, self.outer, constants, frozen=True))
        return replace(plain, outer=self.outer, as_layer=True), network


def _under(kan: KAN, layer: Layer) -> KAN:
    """Return the network with one more layer."""
    return replace(kan, layers=(*kan.layers, layer))


@dataclass(frozen=True, eq=False)
class Screened:
    """A fitted structure under a target transform.

    error: on the held-out rows, as a share of the target's spread · falling: whether a finer grid still lowered it.
    """

    target: Target
    structure: Structure | Nested
    fit: Fit
    error: float
    falling: bool = True

    @property
    def noisy(self) -> bool:
        """Return whether its error is noise of the rows."""
        return not self.falling and self.error > NOISE

    @property
    def size(self) -> int:
        """The number of curves; the target transform counts as one."""
        return self.structure.size + (self.target.outer != "x")


def screened(
    rows: Rows, candidates: Sequence[Structure | Nested], outers: Sequence[str], seed: int, until: float
) -> list[Screened]:
    """Return the structures that describe the rows best, smallest error first.

    until: when to stop, by time.perf_counter.
    """
    found: list[Screened] = []
    for target, structure in _tried([Target.of(rows, outer) for outer in outers], candidates, len(rows.x), found):
        if time.perf_counter() > until:
            break
        fit = _coarse(target.task.thinned(FEW), structure, len(rows.x), seed)
        if fit is not None and fit.finite:
            found.append(Screened(target, structure, fit, target.error(fit)))
    chosen = {id(one): one for one in sorted(found, key=_promise)[:LEFT]}
    for outer in outers:
        under = sorted((one for one in found if one.target.outer == outer), key=_promise_inside)
        chosen |= {id(one): one for one in under[:LEFT_INSIDE]}
    finer = sorted((_finer(one) for one in chosen.values()), key=lambda one: one.error)
    if not finer or not finer[0].noisy:
        return finer
    return sorted((_as_layer(one, rows) for one in finer), key=lambda one: one.error)


def _promise(one: Screened) -> float:
    """Return the rank of a coarse fit (lower is better): the logarithm of its error, plus a little for every curve."""
    return float(np.log(max(one.error, 1e-12))) + SIMPLE * one.size


def _promise_inside(one: Screened) -> float:
    """Return the same with the error in the transformed units; a steep transform enlarges it in the target's units."""
    return float(np.log(max(one.fit.held, 1e-12))) + SIMPLE * one.size


def _tried(
    targets: Sequence[Target], candidates: Sequence[Structure | Nested], count: int, found: Sequence[Screened]
) -> Iterator[tuple[Target, Structure | Nested]]:
    """Generate what to try: first structures that test a transform, then the rest under the promising transforms."""
    probes = [one for one in candidates if one.is_probe(count)]
    rest = [one for one in candidates if not one.is_probe(count)]
    for target in targets:
        for structure in probes:
            yield target, structure
    best = {t.outer: min((one.error for one in found if one.target is t), default=np.inf) for t in targets}
    limit = HOPE * min(best.values(), default=np.inf)
    everything = count <= FEW_INPUTS and not any(isinstance(one, Nested) for one in candidates)
    for target in targets:
        if everything or best[target.outer] <= limit:
            for structure in rest:
                yield target, structure


def _coarse(task: Task, structure: Structure | Nested, count: int, seed: int) -> Fit | None:
    fit = task.fitted(structure.network(count, seed), steps=STEPS)
    if fit is not None and isinstance(structure, Nested):
        fit = task.fitted(task.relaid(fit), steps=STEPS)
    return fit


def _finer(one: Screened) -> Screened:
    """Fit the same structure on all rows and on finer grids, as long as that pays."""
    fit, error, falling, task = one.fit, one.error, True, one.target.task
    for _ in range(FINER):
        if ROOM * len(fit.point.work.free) > task.rows.y.size:
            break
        finer = task.fitted(task.refined(fit), steps=STEPS)
        if finer is None or not finer.finite:
            break
        now = one.target.error(finer)
        falling = now < FALLS * error
        if now < error:
            fit, error = finer, now
        if not falling:
            break
    return replace(one, fit=fit, error=error, falling=falling)


def _as_layer(one: Screened, rows: Rows) -> Screened:
    """Fit the same structure in the target's own units: the inverse transform enlarges the noise of some rows."""
    if one.target.outer == "x":
        return one
    target, kan = one.target.with_layer(rows, one.fit.kan)
    fit = target.task.fitted(kan, steps=STEPS)
    return replace(one, target=target, fit=fit, error=fit.held) if fit and fit.finite and fit.held < one.error else one
