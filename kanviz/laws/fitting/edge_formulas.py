"""Put formulas on all edges of a fitted network: one edge after the other, with everything fitted again each time.

Several networks are followed at once (a beam), ranked by description length: error, number of constants, how unusual
the functions are. Below the error of the spline network itself, a smaller error does not count until the last edge has
a formula.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.deeper import search_deeper
from kanviz.analysis.symbolic.edge import UNSURE
from kanviz.analysis.symbolic.polynomial import polynomials
from kanviz.analysis.symbolic.samples import INDEPENDENT, Samples, samples
from kanviz.analysis.symbolic.search import search, search_many
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.training.solvers.gauss_newton import Problem
from kanviz.core.training.solvers.jacobian import back, through_products
from kanviz.core.training.solvers.numpy_splines import Array
from kanviz.laws.fitting.fix_product_constant import without_constant
from kanviz.laws.fitting.network_fit import FALLS, ROOM, Fit, Task
from kanviz.laws.fitting.pruning import curves, curves_of, values, without

BEAM, EACH, EACH_LAST = 3, 3, 8  # networks in the beam, candidates for an edge, and candidates for the last edge
FEW = 2  # when this many curves or fewer are left, they are fitted on a finer grid
WORSE = 1.5  # times the error before: setting several formulas at once has failed
SPLINE_BITS = 14.0  # cost of a curve without a formula, compared with one with a formula
CLEAR, QUIET = 3.0, 1e-6  # times the noise: a function with a larger error is not good enough
NOISY = 1e-3  # noise of a curve, as a share of its spread, in which many functions fit it, polynomials among them
FLOOR = 1e-12
MANY, SHARE = 8, 0.2  # with more curves than this, the clearest share of them get their formulas at once
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Way:
    """A network with formulas on some or all edges. bits: complexity of those formulas."""

    fit: Fit
    bits: float

    def value(self, floor: float) -> float:
        """Return the description length in nats; lower is better."""
        bits = self.bits + SPLINE_BITS * len(curves(self.fit))
        error = max(self.fit.held, self.fit.error)
        return INDEPENDENT * math.log(error**2 + floor**2) + 2 * math.log(2) * bits


def sensitivities(task: Task, fit: Fit) -> list[Array]:
    """Return, per layer, how much every sum moves the outputs: root of the squared derivatives, (target, rows)."""
    work = fit.point.work
    sweeps = fit.point.sweeps or next(Problem(task.rows, work).swept(work))[1]
    rows, outputs = sweeps[0].x.shape[1], len(task.rows.y)
    delta, found = np.broadcast_to(np.eye(outputs)[:, :, None], (outputs, outputs, rows)), []
    for n in range(len(sweeps) - 1, -1, -1):
        delta = through_products(work.layers[n], sweeps[n].sums, delta)
        found.insert(0, np.sqrt(np.square(delta).sum(1)))
        if n:
            delta = back(work.layers[n], sweeps[n], delta, work.vector)
    return found


def edge_samples(
    task: Task, fit: Fit, edges: Sequence[EdgeId], most: int = 1_000, *, floor: float = 0.0
) -> list[Samples]:
    """Return points (input, output) of every edge, with their noise.

    An error of the edge larger than the noise would show in the output. floor: an error of the output that does not
    count.
    """
    along, found = sensitivities(task, fit), []
    for edge in edges:
        x, v = values(fit, edge)
        spread = float(v.std())
        steep = math.sqrt(float(np.square(along[edge.layer][edge.target]).mean()))
        off = max(fit.held, fit.error, floor)
        noise = off / max(steep * spread, 1e-300)
        found.append(samples(x[:most], v[:most], noise=min(max(noise, 1e-7), UNSURE)))
    return found


def applied(kan: KAN, edge: EdgeId, candidate: Candidate) -> KAN:
    """Return the network with the candidate in place of the curve."""
    kan = without(kan, edge)
    layer = kan.layers[edge.layer].with_formula(edge.source, edge.target, candidate.formula)
    return kan.with_layers({edge.layer: layer})


def formulated(task: Task, fit: Fit, primitives: Sequence[str] | None, until: float) -> list[Way]:
    """Return networks with a formula on every edge, best first, that are found before `until` (time.perf_counter)."""
    done = [way for ways in formulating(task, fit, primitives, until) for way in ways if not curves(way.fit)]
    return sorted(done, key=lambda way: way.value(ROUNDING))


def formulating(
    task: Task, fit: Fit, primitives: Sequence[str] | None, until: float, *, floor: float = FLOOR
) -> Iterator[list[Way]]:
    """Generate networks with more and more formulas, those in the beam and the finished ones; best first.

    Ends when every edge of all of them has a formula, or at `until` (time.perf_counter). floor: an error below which a
    smaller one does not count before the last edge has its formula, if it is above the network's own.
    """
    near = max(fit.held, fit.error, floor)
    ways = [Way(fit, 0.0)]
    if not curves(fit):
        yield ways
        return
    while ways:
        new: list[Way] = []
        for way in ways:
            if time.perf_counter() > until:
                break
            new += _next(task, way, floor, primitives)
        new = sorted(_distinct(new), key=lambda way: way.value(near))
        whole = [way for way in new if not curves(way.fit)]
        ways = [_settled(task, way) for way in [way for way in new if curves(way.fit)][:BEAM]]
        if new:
            yield sorted([*ways, *whole], key=lambda way: way.value(near))
        if time.perf_counter() > until:
            return


def _next(task: Task, way: Way, floor: float, primitives: Sequence[str] | None) -> list[Way]:
    """Return the network with one more formula, on the edge whose function is clearest."""
    edges = curves(way.fit)
    points = edge_samples(task, way.fit, edges, floor=floor)
    each = EACH_LAST if len(edges) == 1 else EACH
    found = search_many(points, primitives, each)
    order = sorted(range(len(edges)), key=lambda n: _doubt(found[n]))
    if len(edges) > MANY:
        clear = [n for n in order if found[n] and found[n][0].error <= max(CLEAR * points[n].noise, QUIET)]
        several = _several(task, way, {edges[n]: found[n][0] for n in clear[: math.ceil(SHARE * len(edges))]})
        if several is not None:
            return [several]
    n, new = order[0], []
    candidates = found[n]
    if primitives is None and (not candidates or candidates[0].error > max(CLEAR * points[n].noise, QUIET)):
        candidates = (*search_deeper(points[n], each), *candidates[:1])
    elif primitives is None and points[n].noise > NOISY and len(edges) == 1:
        candidates = (*candidates, *polynomials(points[n]))
    for candidate in candidates:
        new += _with(task, way, edges[n], candidate, steps=12)
    for edge, point in zip(edges, points, strict=True):
        if _may_be_straight(way.fit.kan, edge):
            new += _with(task, way, edge, search(point, ("x",), 1)[0], steps=30)
    return new


def _settled(task: Task, way: Way) -> Way:
    """Refine the grid of the last few curves if that pays: coarse curves can hide how well the formulas fit."""
    fit = way.fit
    if len(curves(fit)) > FEW or ROOM * len(fit.point.work.free) > task.rows.y.size:
        return way
    finer = task.fitted(task.refined(fit), steps=12)
    pays = finer is not None and finer.finite and finer.held < FALLS * fit.held
    return replace(way, fit=finer) if pays else way


def _several(task: Task, way: Way, formulas: Mapping[EdgeId, Candidate]) -> Way | None:
    """Set all formulas that leave no doubt at once; None where that fails, or where there are none."""
    kan = way.fit.kan
    for edge, candidate in formulas.items():
        kan = applied(kan, edge, candidate)
    fit = task.fitted(kan, steps=12) if formulas else None
    if fit is None or not fit.finite or fit.held > WORSE * way.fit.held + FLOOR:
        return None
    return Way(fit, way.bits + sum(candidate.complexity for candidate in formulas.values()))


def _with(task: Task, way: Way, edge: EdgeId, candidate: Candidate, *, steps: int) -> list[Way]:
    """Return the network with that formula on that edge; nothing where its output is then NaN or infinite."""
    kan = applied(way.fit.kan, edge, candidate)
    plain = without_constant(kan, edge)
    if plain is not None and bool(plain.layers[edge.layer].coef.isfinite().all()):
        kan = plain
    if not curves_of(kan):
        fit = task.fitted(kan, steps=60, pays=1e-3)
    else:
        fit = task.fitted(kan, steps=steps)
        if fit is not None and len(kan.layers) > 1:
            fit = task.fitted(task.relaid(fit), steps=steps // 2)
    return [Way(fit, way.bits + candidate.complexity)] if fit is not None and fit.finite else []


def _may_be_straight(kan: KAN, edge: EdgeId) -> bool:
    """Return whether its node is a product that splines read.

    These splines can take any power of the product, so one factor can be x itself.
    """
    layer = kan.layers[edge.layer]
    node = layer.owners[edge.target]
    return (
        edge.layer + 1 < len(kan.layers)
        and layer.arity[node] > 1
        and bool(kan.layers[edge.layer + 1].active[node].any())
    )


def _doubt(candidates: Sequence[Candidate]) -> float:
    """Return how unclear the function of an edge is: a large error or a complex formula comes late."""
    if not candidates:
        return math.inf
    best = candidates[0]
    return math.log(best.error + 1e-7) + 0.3 * best.complexity


def _distinct(ways: Sequence[Way]) -> list[Way]:
    """Return the best network of each set of formulas."""
    seen: dict[object, Way] = {}
    for way in ways:
        key = tuple(layer.formulas for layer in way.fit.kan.layers)
        if key not in seen or way.fit.held < seen[key].fit.held:
            seen[key] = way
    return list(seen.values())
