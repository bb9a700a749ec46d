"""Make resolved edits from requests to prune, restore or widen, and predict the effect of an edit on the errors."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from kanviz.analysis.rows import entering, typical_inputs
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import AddSplines, Batch, Edit, Prune, Restore
from kanviz.edit.history import History, Version
from kanviz.errors import EditError

PART = 2**22  # numbers in memory at a time


def prune(kan: KAN, edges: Iterable[EdgeId], data: Dataset | None = None) -> Prune:
    """Make the edit that prunes edges and adds each edge's mean over the data to its sum.

    Means are measured layer by layer, in the network in which the earlier layers are pruned already. data: None takes
    typical inputs. Raises EditError for no edges.

    >>> import kanviz
    >>> from kanviz.edit.proposals import prune
    >>> kan = kanviz.init([2, 1], seed=0)
    >>> edit = prune(kan, [kanviz.EdgeId(0, 1, 0)])
    >>> float(edit.apply(kan).layers[0].bias) == edit.means[0]
    True
    """
    wanted = sorted({kan.check(edge) for edge in edges})
    if not wanted:
        raise EditError("Choose at least one edge to prune.")
    x, means, so_far = typical_inputs(kan, data), {}, kan
    for n in sorted({edge.layer for edge in wanted}):
        here = [edge for edge in wanted if edge.layer == n]
        values = entering(so_far, x, n)[-1]
        found = _levels(so_far, here, values)
        bad = [edge for edge, mean in found.items() if not abs(mean) < float("inf")]
        if bad:
            found |= dict.fromkeys(bad, 0.0)  # an edge that is not finite has no mean
        means |= found
        so_far = Prune(tuple(here), tuple(found[edge] for edge in here)).apply(so_far)
    return Prune(tuple(wanted), tuple(means[edge] for edge in wanted))


def _levels(kan: KAN, edges: list[EdgeId], values: Tensor) -> dict[EdgeId, float]:
    """Compute the mean activation of edges of one layer over its inputs (rows, source), some edges at a time."""
    layer = kan.layers[edges[0].layer]
    places = [(edge.source, edge.target) for edge in edges]
    step = max(1, PART // (len(values) * (3 * layer.coef.shape[2] + 8 * layer.functions_at_a_point)))
    found: list[float] = []
    for at in range(0, len(places), step):
        some = places[at : at + step]
        found += layer.alone(some).activations(values[:, [i for i, _ in some]])[..., 0].mean(0).tolist()
    return dict(zip(edges, found, strict=True))


def restore(history: History, edges: Iterable[EdgeId]) -> Restore:
    """Make the edit that restores edges as they last were in the history; those pruned in the file get their spline.

    The target's bias gets its old bits back if nothing else has changed it since, and all edges that were pruned with
    this one are restored. Raises EditError for no edges.

    >>> import kanviz
    >>> from kanviz.edit.proposals import prune, restore
    >>> edge, history = kanviz.EdgeId(0, 1, 0), kanviz.History.start(kanviz.init([2, 1]))
    >>> history = history.apply(prune(history.present, [edge]))
    >>> history.apply(restore(history, [edge])).present.digest == history.versions[0].kan.digest
    True
    """
    wanted = sorted({history.present.check(edge) for edge in edges})
    if not wanted:
        raise EditError("Choose at least one edge to restore.")
    pruned = {edge: _when_pruned(history, edge) for edge in wanted}
    splines, formulas = [], []
    for edge in wanted:
        step = pruned[edge]
        last = step[0].kan.edge(edge) if step else None
        splines.append(last.active if last else True)
        formulas.append(last.formula if last else None)
    biases = [_bias_without(history.present, edge, pruned) for edge in wanted]
    return Restore(tuple(wanted), tuple(splines), tuple(formulas), tuple(biases))


def widen(kan: KAN) -> AddSplines:
    """Make the edit that adds a spline to every edge without one, pruned edges too; no value changes.

    Raises EditError where every edge has one.

    >>> import kanviz
    >>> from kanviz.edit.proposals import widen
    >>> kan = kanviz.from_formula("sin(x) * y", {"x": (-1, 1), "y": (-1, 1)})
    >>> str(widen(kan)), [state for row in widen(kan).apply(kan).layers[0].states for state in row]
    ('Add splines to 4 edges', ['spline', 'both', 'both', 'spline'])
    """
    edges = tuple(EdgeId(n, i, j) for n, layer in enumerate(kan.layers) for i, j in (~layer.active).nonzero().tolist())
    if not edges:
        raise EditError("Every edge has a spline already; there is nothing to add.")
    return AddSplines(edges)


Step = tuple[Version, Version]  # before and after


def _when_pruned(history: History, edge: EdgeId) -> Step | None:
    """Find the last step of the history that pruned the edge; None if it was always pruned."""
    past = history.versions[: history.at + 1]
    for before, after in zip(reversed(past[:-1]), reversed(past[1:]), strict=True):
        if before.kan.edge(edge).state != "pruned":
            return before, after
    return None


def _bias_without(kan: KAN, edge: EdgeId, pruned: dict[EdgeId, Step | None]) -> float:
    """Compute the bias of the edge's target without the means that pruning added to it."""
    n, _, j = edge
    siblings = {e: step for e, step in pruned.items() if (e.layer, e.target) == (n, j)}
    steps = {id(step[1]): step for step in siblings.values() if step}
    now = float(kan.layers[n].bias[j])
    if len(steps) == 1 and all(siblings.values()):
        ((before, after),) = steps.values()
        gone = before.kan.layers[n].present[:, j] & ~after.kan.layers[n].present[:, j]
        if float(after.kan.layers[n].bias[j]) == now and int(gone.sum()) == len(siblings):
            return float(before.kan.layers[n].bias[j])
    return now - sum(_mean_of(e, step[1].edit) for e, step in siblings.items() if step)


def _mean_of(edge: EdgeId, edit: Edit | None) -> float:
    """Return the mean of the edge that this edit added to a bias."""
    if isinstance(edit, Prune) and edge in edit.edges:
        return edit.means[edit.edges.index(edge)]
    return sum(_mean_of(edge, part) for part in edit.edits) if isinstance(edit, Batch) else 0.0


@dataclass(frozen=True)
class Effect:
    """The effect of an edit on all rows.

    before, after: the error, None without data · error: its name, "RMSE" (root mean square, table units) or, for
    classification, "cross-entropy" (nats per row) · shift: largest change of any output on the rows, in table units ·
    rows: number of rows compared.

    >>> import kanviz
    >>> from kanviz.edit.proposals import compare_outputs
    >>> kan = kanviz.init([1, 1])
    >>> compare_outputs(kan, kan)
    Effect(before=None, after=None, shift=0.0, rows=1000, error='RMSE')
    """

    before: float | None
    after: float | None
    shift: float
    rows: int
    error: str = "RMSE"


def effect(kan: KAN, edit: Edit, data: Dataset | None = None) -> Effect:
    """Compute the effect of an edit without adding it to a history. Raises EditError if it cannot be applied.

    >>> import kanviz, kanviz.edit
    >>> from kanviz.edit.proposals import effect
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0], [3.0]], [1.0, 4.0, 9.0], test=0)
    >>> edit = kanviz.edit.FixFormula(kanviz.EdgeId(0, 0, 0), kanviz.Formula("x^2"))
    >>> found = effect(kanviz.init([1, 1]), edit, data)
    >>> found.error, found.after, found.before > 1, found.rows
    ('RMSE', 0.0, True, 3)
    """
    return compare_outputs(kan, edit.apply(kan, data), data)


@torch.no_grad()
def compare_outputs(before: KAN, after: KAN, data: Dataset | None = None) -> Effect:
    """Compare the errors and outputs of two networks with the same inputs and outputs on all rows.

    data: None takes typical inputs, without errors. Raises TableError where it does not fit.

    >>> import kanviz
    >>> from kanviz.edit.proposals import compare_outputs
    >>> kan = kanviz.init([1, 1])
    >>> round(compare_outputs(kan, kan.with_layer(0, bias=kan.layers[0].bias + 0.5)).shift, 6)
    0.5
    """
    if data is None:
        x = typical_inputs(before, None)
        return Effect(None, None, _largest(before(x), after(x)), len(x))
    x, y = data.matching(before).rows("all")
    one, two = before(x), after(x)
    error, name = (_entropy, "cross-entropy") if before.task == "classification" else (_rmse, "RMSE")
    return Effect(error(one, y), error(two, y), _largest(one, two), len(x), name)


def _largest(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


def _rmse(a: Tensor, b: Tensor) -> float:
    return float(((a - b) ** 2).mean().sqrt())


def _entropy(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(a, b.argmax(1)))
