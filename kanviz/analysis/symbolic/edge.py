"""Find closed forms for one edge of a network, judged where its data are and no finer than the network's accuracy."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import torch
from torch import Tensor

from kanviz.analysis.rows import entering, typical_inputs
from kanviz.analysis.symbolic.candidate import Candidate
from kanviz.analysis.symbolic.samples import QUIET, Samples, samples
from kanviz.analysis.symbolic.search import TOGETHER, search, search_many
from kanviz.core.data.dataset import Dataset
from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import Edge, EdgeId
from kanviz.core.threads import on_one_thread
from kanviz.errors import FormulaError

MOST = 12
ROWS = 2_000
EVENLY = 400
ENOUGH = 0.01  # an error, as a share of the standard deviation, that the spline itself may have
UNSURE = 0.02  # the largest noise assumed, as a share of the edge's standard deviation


@on_one_thread
def suggest_edge(
    kan: KAN,
    edge: EdgeId,
    data: Dataset | None = None,
    *,
    primitives: Sequence[str] | None = None,
    most: int = MOST,
    deeper: bool = True,
) -> tuple[Candidate, ...]:
    """Return closed forms for an edge (x and y in network units), best first.

    With data, fitted to its activations on the training rows, so that dense regions count more; without, evenly over
    its grid. deeper: where no primitive fits, pairs of them are tried too. Raises FormulaError for a pruned edge, or
    one whose values are NaN.
    """
    return search(edge_samples(kan, edge, data), primitives, most, deeper=deeper)


def fit_edge(kan: KAN, edge: EdgeId, name: str, data: Dataset | None = None) -> Candidate:
    """Return the best fit of one primitive, or of a typed expression in x, to an edge."""
    return search(edge_samples(kan, edge, data), (name,), 1)[0]


@on_one_thread
def suggest_all(
    kan: KAN, data: Dataset | None = None, *, deeper: bool = False
) -> Iterator[tuple[EdgeId, tuple[Candidate, ...]]]:
    """Generate candidates for every spline edge, TOGETHER at a time; none for an edge whose values are NaN."""
    left = [edge for edge in kan.edges() if kan.edge(edge).formula is None]
    for at in range(0, len(left), TOGETHER):
        batch = left[at : at + TOGETHER]
        points: dict[EdgeId, Samples] = {}
        for edge in batch:
            with suppress(FormulaError):
                points[edge] = edge_samples(kan, edge, data)
        found = dict(zip(points, search_many(list(points.values()), None, MOST, deeper=deeper), strict=True))
        yield from ((edge, found.get(edge, ())) for edge in batch)


@torch.no_grad()
def edge_samples(kan: KAN, edge: EdgeId, data: Dataset | None = None) -> Samples:
    """Return the points at which an edge is fitted, and its noise there."""
    edge = kan.check(edge)
    view = kan.edge(edge)
    if view.state == "pruned":
        raise FormulaError(f"The {edge} is pruned: it has no curve. Restore it first.")
    low, high = view.domain
    if data is None:
        x = torch.linspace(low, high, EVENLY, dtype=torch.float64)
        points = samples(x, view(x), noise=max(resolution(view), _rounding(view(x))))
        return replace(points, reach=(low, high), enough=ENOUGH)
    rows = typical_inputs(kan, data, ROWS)
    nodes = entering(kan, rows, edge.layer)[-1]
    x = nodes[:, edge.source]
    sums = kan.layers[edge.layer].sums(nodes)
    points = samples(x, view(x), noise=_rounding(view(x)))
    scale = float(sums[:, edge.target].std(correction=0))
    noise = max(resolution(view), _residual(kan, edge, data, sums) / max(points.std, 1e-300))
    reach = (min(low, points.range[0]), max(high, points.range[1]))
    return replace(points, noise=min(max(noise, points.noise), UNSURE), reach=reach, scale=scale, enough=ENOUGH)


def _rounding(y: Tensor) -> float:
    """Return the rounding error of the values, as a share of their standard deviation."""
    return 16 * torch.finfo(y.dtype).eps * float(y.abs().max()) / max(float(y.std(correction=0)), 1e-300)


def resolution(view: Edge) -> float:
    """Return the error of a spline on this grid, as a share of its standard deviation.

    For a smooth function it is about f^(k+1) h^(k+1) / (4^(k+1) (k+1)!), and differences of the coefficients estimate
    f^(k+1) h^(k+1). Source: de Boor, A Practical Guide to Splines, ch. XII.
    """
    if not view.active or view.family != SPLINE or len(view.coef) < view.order + 2:
        return QUIET
    bend = view.coef.double()
    size = float(bend.std(correction=0))
    factor = 1.0
    for n in range(view.order + 1):
        bend = bend.diff()
        factor *= 4 * (n + 1)
    return float(bend.square().mean().sqrt()) / factor / size if size > 0 else QUIET


def _residual(kan: KAN, edge: EdgeId, data: Dataset, sums: Tensor) -> float:
    """Return the error of this edge that would explain the network's errors on the training rows, in the edge's units.

    The root mean square of the residuals over that of the outputs' slopes by the target's sum; the smallest of the
    outputs. 0 for classification, where residuals are not distances.
    """
    if data.task != "regression":
        return 0.0
    x, y = data.matching(kan).rows("train")
    index = torch.linspace(0, len(x) - 1, len(sums)).long()
    y = y[index].to(kan.dtype)
    with torch.enable_grad():
        at = sums.detach().requires_grad_(True)
        out = kan.layers[edge.layer].combine(at)
        for layer in kan.layers[edge.layer + 1 :]:
            out = layer(out)
        out = kan.denormalise(out)
        found = []
        for k in range(out.shape[1]):
            (slope,) = torch.autograd.grad(out[:, k].sum(), at, retain_graph=True)
            steepness = float(slope[:, edge.target].square().mean().sqrt())
            missed = float((out[:, k].detach() - y[:, k]).square().mean().sqrt())
            if steepness > 0:
                found.append(missed / steepness)
    return min(found, default=0.0)
