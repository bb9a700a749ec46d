"""Remove curves of a fitted network, or make them straight, as long as the held-out error allows it."""

import math
import time
from dataclasses import replace

import numpy as np
import torch

from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.laws.fitting.network_fit import Fit, Task

WORSE = 4.0  # times the held-out error before: a larger error is worse ...
QUIET = 5e-4  # ... unless it is still below this share of the spread
STIFFER = 1.5  # times the error before, where it comes from the grid: a line cannot correct the errors of other splines
STRAIGHT, TRIED = 0.2, 20  # bend, as a share of its spread, of an almost straight curve; edges tried one by one
ROUNDING = 1e-12
NOISY = 1.02  # the same where the error is noise, which an unneeded curve cannot lower


def curves(fit: Fit) -> list[EdgeId]:
    """Return the edges that need a formula."""
    return curves_of(fit.kan)


def curves_of(kan: KAN) -> list[EdgeId]:
    """Return the edges that need a formula: those with a curve, unless they are frozen."""
    left = [layer.active & ~layer.frozen for layer in kan.layers]
    return [EdgeId(n, int(i), int(j)) for n, there in enumerate(left) for i, j in there.nonzero().tolist()]


def values(fit: Fit, edge: EdgeId) -> tuple[Array, Array]:
    """Return the inputs of an edge on the training rows, and its outputs."""
    x = fit.point.entering[edge.layer][edge.source]
    return x, fit.kan.edge(edge)(torch.from_numpy(x)).numpy()


def without(kan: KAN, edge: EdgeId) -> KAN:
    """Return the network without a spline edge."""
    layer = kan.layers[edge.layer].with_formula(edge.source, edge.target, None)
    active, coef, weight = layer.active.clone(), layer.coef.clone(), layer.base_weight.clone()
    active[edge.source, edge.target] = False
    coef[edge.source, edge.target] = 0.0
    weight[edge.source, edge.target] = 0.0
    return kan.with_layers({edge.layer: replace(layer, active=active, coef=coef, base_weight=weight)})


def missed(before: Fit, after: Fit, *, noisy: bool) -> bool:
    """Return whether the held-out error is clearly larger than before."""
    if noisy:
        return after.held > NOISY * before.held
    return after.held > max(WORSE * before.held, min(QUIET, 100 * before.held))


def pruned(task: Task, fit: Fit, *, noisy: bool = False, allowed: float | None = None, until: float = math.inf) -> Fit:
    """Remove the curves that the fit does not need, the least varying first.

    allowed: a held-out error that is good enough; None requires each fit to be about as good as the one before it,
    strictly where `noisy`. until: when to stop, by time.perf_counter.
    """
    tried: set[EdgeId] = set()
    while True:
        left = [edge for edge in curves(fit) if edge not in tried]
        if len(left) + len(tried) <= 1 or not left or time.perf_counter() > until:
            return fit
        edge = min(left, key=lambda e: float(np.std(values(fit, e)[1])))
        tried.add(edge)
        if not _may_go(fit.kan, edge):
            continue
        v = values(fit, edge)[1]
        layer = fit.kan.layers[edge.layer]
        bias = layer.bias.clone()
        bias[edge.target] += float(v.mean())
        kan = without(fit.kan.with_layer(edge.layer, bias=bias), edge)
        shorter = task.fitted(kan, steps=12)
        if shorter is None or not shorter.finite:
            continue
        worse = missed(fit, shorter, noisy=noisy) if allowed is None else shorter.held > allowed
        fit = fit if worse else shorter


def straightened(task: Task, fit: Fit, until: float = math.inf) -> Fit:
    """Replace curves by straight lines where possible: first all almost straight curves, then one by one."""
    noisy = not task.falls(fit)
    bends = {edge: _bend(*values(fit, edge)) for edge in curves(fit)}
    order = sorted(bends, key=bends.__getitem__)
    hardly = [edge for edge in order if bends[edge] < STRAIGHT]
    for edges in [hardly, *([edge] for edge in order[:TRIED])]:
        left = set(curves(fit))
        kan = fit.kan
        for edge in edges:
            if edge in left:
                kan = _straight(kan, edge, *values(fit, edge))
        if kan is fit.kan or time.perf_counter() > until:
            continue
        found = task.fitted(kan, steps=30)
        if found is not None and found.finite and found.held <= max((NOISY if noisy else STIFFER) * fit.held, ROUNDING):
            fit = found
    return fit


def _bend(x: Array, y: Array) -> float:
    """Return how far a curve is from its best straight line, as a share of its standard deviation."""
    spread = float(y.std())
    return float(np.std(y - np.polyval(_line(x, y), x))) / spread if spread > 0 else 0.0


def _line(x: Array, y: Array) -> Array:
    return np.polyfit(x, y, 1) if np.ptp(x) > 0 else np.array([0.0, y.mean()])


def _straight(kan: KAN, edge: EdgeId, x: Array, y: Array) -> KAN:
    slope, level = (float(v) for v in _line(x, y))
    kan = without(kan, edge)
    layer = kan.layers[edge.layer].with_formula(edge.source, edge.target, Formula("x", 1.0, 0.0, slope, level))
    return kan.with_layers({edge.layer: layer})


def _may_go(kan: KAN, edge: EdgeId) -> bool:
    """Return whether its target has another curve, may become constant (as a factor), or is one of several nodes."""
    layer = kan.layers[edge.layer]
    others = int(layer.present[:, edge.target].sum()) - 1
    return others > 0 or len(layer.arity) > 1 or layer.arity[layer.owners[edge.target]] > 1


def with_free(kan: KAN) -> KAN:
    """Return the network with nothing frozen."""
    return replace(kan, layers=tuple(replace(layer, frozen=torch.zeros_like(layer.frozen)) for layer in kan.layers))
