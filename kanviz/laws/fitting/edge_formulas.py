"""From a fitted network to formulas on all its edges: one edge after the other, everything left fitted again each time.

Several ways are followed at once (a beam), ranked by description length: how far off, how many constants, how unusual
the functions. Below the error of the spline network itself, nearer is not better until the last edge is a formula.
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

BEAM, EACH, EACH_LAST = 3, 3, 8  # ways, and candidates for an edge; for the last one trying is cheap
FEW = 2  # curves left, that are then fitted on a finer grid
WORSE = 1.5  # times the error before: several formulas at once have spoiled it
SPLINE_BITS = 14.0  # what a curve without a formula costs beside one with
CLEAR, QUIET = 3.0, 1e-6  # times the noise: a single function farther off than this will not do
NOISY = 1e-3  # noise of a curve, as a share of its spread, that lets many functions follow it, polynomials among them
FLOOR = 1e-12
MANY, SHARE = 8, 0.2  # curves beyond which the clearest, such a share of them, get their formulas at once
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Way:
    """A network on its way to formulas; bits: complexity of those it has."""

    fit: Fit
    bits: float

    def value(self, floor: float) -> float:
        """Description length in nats, lower is better."""
        bits = self.bits + SPLINE_BITS * len(curves(self.fit))
        error = max(self.fit.held, self.fit.error)
        return INDEPENDENT * math.log(error**2 + floor**2) + 2 * math.log(2) * bits


def sensitivities(task: Task, fit: Fit) -> list[Array]:
    """Per layer, how much every sum moves the outputs, the root of the squared derivatives: (target, rows)."""
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
    """What every edge does to what enters it, and how far it can be trusted: an error of the edge larger than `noise`
    would be seen in the output. floor: an error of the output that is none.
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
    """The network with the candidate in the place of the curve."""
    kan = without(kan, edge)
    layer = kan.layers[edge.layer].with_formula(edge.source, edge.target, candidate.formula)
    return kan.with_layers({edge.layer: layer})


def formulated(task: Task, fit: Fit, primitives: Sequence[str] | None, until: float) -> list[Way]:
    """Networks with a formula on every edge, best first; none that is not there in time (time.perf_counter)."""
    done = [way for ways in formulating(task, fit, primitives, until) for way in ways if not curves(way.fit)]
    return sorted(done, key=lambda way: way.value(ROUNDING))


def formulating(
    task: Task, fit: Fit, primitives: Sequence[str] | None, until: float, *, floor: float = FLOOR
) -> Iterator[list[Way]]:
    """Networks with ever more formulas: those with a formula more, or several, that are followed or whole; best first.

    It ends when every edge of all of them has one, or at `until` (time.perf_counter). floor: an error below which
    nearer is not better before the last edge has its formula, if it is above the network's own.
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
    """The way with a formula more, on the edge where it is clearest which."""
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
    """With few curves left, those on a finer grid if that pays: coarse ones can hide how well the formulas fit."""
    fit = way.fit
    if len(curves(fit)) > FEW or ROOM * len(fit.point.work.free) > task.rows.y.size:
        return way
    finer = task.fitted(task.refined(fit), steps=12)
    pays = finer is not None and finer.finite and finer.held < FALLS * fit.held
    return replace(way, fit=finer) if pays else way


def _several(task: Task, way: Way, formulas: Mapping[EdgeId, Candidate]) -> Way | None:
    """The way with formulas that leave no doubt, all at once; None where that spoils it, or where there are none."""
    kan = way.fit.kan
    for edge, candidate in formulas.items():
        kan = applied(kan, edge, candidate)
    fit = task.fitted(kan, steps=12) if formulas else None
    if fit is None or not fit.finite or fit.held > WORSE * way.fit.held + FLOOR:
        return None
    return Way(fit, way.bits + sum(candidate.complexity for candidate in formulas.values()))


def _with(task: Task, way: Way, edge: EdgeId, candidate: Candidate, *, steps: int) -> list[Way]:
    """The way with that formula on that edge; nothing where the network is then not a number."""
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
    """Whether its node is a product that splines read: they can take any power of it, so one factor can be x itself."""
    layer = kan.layers[edge.layer]
    node = layer.owners[edge.target]
    return (
        edge.layer + 1 < len(kan.layers)
        and layer.arity[node] > 1
        and bool(kan.layers[edge.layer + 1].active[node].any())
    )


def _doubt(candidates: Sequence[Candidate]) -> float:
    """How unclear it is which function an edge is: far off or complicated comes late."""
    if not candidates:
        return math.inf
    best = candidates[0]
    return math.log(best.error + 1e-7) + 0.3 * best.complexity


def _distinct(ways: Sequence[Way]) -> list[Way]:
    """One of each set of formulas."""
    seen: dict[object, Way] = {}
    for way in ways:
        key = tuple(layer.formulas for layer in way.fit.kan.layers)
        if key not in seen or way.fit.held < seen[key].fit.held:
            seen[key] = way
    return list(seen.values())
