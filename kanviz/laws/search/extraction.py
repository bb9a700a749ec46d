"""Read a trained network as a formula: all edges together, with everything fitted again after each edge.

The curve of one edge does not determine its function: an error of one edge is compensated by another. So edges get
formulas one after the other, in a beam search, with Levenberg-Marquardt on all numbers after each (`edge_formulas.py`).
Intermediate networks are results too, and their front shows the cost of each further formula.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sympy
import torch
from jaxtyping import Float
from torch import Tensor

from kanviz.analysis.compose import Composition, compose
from kanviz.analysis.rows import typical_inputs
from kanviz.analysis.symbolic.edge import resolution
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.needs import need_no_steps, need_splines
from kanviz.core.threads import on_one_thread
from kanviz.core.training.ending import Ending
from kanviz.core.training.parameters import FreeParameters
from kanviz.errors import FormulaError, UserError
from kanviz.laws.fitting.edge_formulas import FLOOR, ROUNDING, Way, formulating, sensitivities
from kanviz.laws.fitting.network_fit import PARTS, Fit, Task
from kanviz.laws.fitting.pruning import curves_of, pruned, straightened, values
from kanviz.laws.law import polished
from kanviz.laws.search.extraction_record import SAME, ExtractConfig, Extraction, Reading
from kanviz.laws.structures.screen import NOISE

MOST_NUMBERS = 2_000  # numbers of a network that can be fitted again and again within a minute
LEARNED, HELD = 2_000, 1_000  # rows
PRUNING, TURNS = 0.3, 4  # of the time, and how often at most
BETTER = 0.99  # times the error of a simpler reading: a larger error is not better
AS_GOOD = 1.02  # times the network's own held-out error: the error allowed to a network with fewer curves
POLISH = 10.0  # seconds for one expression
LAWS = 2  # networks of formulas that are written as one expression and polished


@dataclass(frozen=True, eq=False)
class _Rows:
    """The values to fit, in table units: x (rows, inputs), y (rows, outputs).

    predicted: the given network's outputs on these rows.
    """

    x: Float[Tensor, "rows input"]
    y: Float[Tensor, "rows output"]
    predicted: Float[Tensor, "rows output"]

    @staticmethod
    def of(kan: KAN, x: Tensor, y: Tensor | None) -> "_Rows":
        with torch.no_grad():
            predicted = kan(x).double()
        return _Rows(x.double(), predicted if y is None else y.double(), predicted)

    def off(self, values: Tensor, other: Tensor) -> float:
        """Return the root mean square over rows and outputs; infinite where a value is NaN or infinite."""
        found = float((values - other).square().mean().sqrt())
        return found if math.isfinite(found) else math.inf


@on_one_thread
def extract(kan: KAN, data: Dataset | None = None, config: ExtractConfig | None = None) -> Iterator[Extraction]:
    """Generate the readings as they are found; the first is the network itself, the last states why it ended.

    Fits to the table's training rows and judges on the held-out rows. Without a table, for classes, and with `imitate`,
    it fits to the network's own values. Frozen edges do not change. A caller may stop at any time. Raises UserError for
    a network that is too large, has no curve left, has curves of another family or a step, TableError where the data do
    not fit it.

    >>> import kanviz
    >>> x = [k / 10 for k in range(40)]
    >>> data = kanviz.Dataset.from_frame({"x": x, "y": [2 * v + 1 for v in x]}, "y")
    >>> kan = kanviz.init([1, 1], inputs=data.inputs, outputs=data.outputs)
    >>> *_, last = kanviz.train(kan, data, kanviz.TrainConfig.for_new(layers=1, steps=20))
    >>> *_, found = kanviz.extract(last.best, data)
    >>> str(found.best.law.expression), found.best.curves
    ('2*x + 1', 0)
    """
    need_splines(kan)
    need_no_steps(kan, "Reading all edges together")
    config = config or ExtractConfig()
    until = time.perf_counter() + config.seconds
    edges = len(curves_of(kan))
    if not edges:
        raise UserError("No edge is left to find a formula for: each has one, is frozen, or is pruned.")
    count = FreeParameters.of(kan, PARTS).count
    if count > MOST_NUMBERS:
        raise UserError(
            f"All edges together can be read in networks of at most {MOST_NUMBERS:,} numbers; this one has {count:,}. "
            "Prune it first, or find formulas for each edge alone."
        )
    imitates = config.imitate or data is None or data.task != "regression"
    learned, held = _rows(kan, data, imitates)
    task, spread = _task(kan, learned, held), float(held.y.std(0, correction=0).square().mean().sqrt()) or 1.0
    fit = task.fitted(kan.to(torch.float64), steps=0)
    if fit is None or not fit.finite:
        raise UserError("The network's output is not a number on some of these rows; check its formulas first.")
    start = _reading(kan, learned, held)
    readings, now = [start], start

    def so_far(why: Ending = Ending.RUNNING) -> Extraction:
        return Extraction(_front(readings, spread), start, now, edges, imitates, spread, len(held.x), why)

    yield so_far()
    floor = _resolved(task, fit) if imitates else FLOOR
    if config.prune:
        pause = time.perf_counter() + PRUNING * config.seconds
        fit = _simpler(task, fit, max(AS_GOOD * fit.held, floor), pause)
        now = _reading(fit.kan.to(kan.dtype), learned, held)
        readings.append(now)
        yield so_far()
    noisy = not imitates and fit.held > NOISE and not task.falls(fit)
    done: list[Way] = []
    for ways in formulating(task, fit, config.primitives, until, floor=floor):
        done += [way for way in ways if not curves_of(way.fit.kan)]
        now = _reading(ways[0].fit.kan.to(kan.dtype), learned, held)
        readings.append(now)
        yield so_far()
    for way in sorted(done, key=lambda way: way.value(max(ROUNDING, floor)))[:LAWS]:
        now = _reading(way.fit.kan.to(kan.dtype), learned, held)
        law = _law(now, learned, held, min(POLISH, max(until - time.perf_counter(), 1.0)), config.primitives, noisy)
        readings += [now] if law is None else [now, law]
        now = law or now
        yield so_far()
        if law is not None and law.test_rmse < SAME * spread:
            break
    late = time.perf_counter() > until
    yield so_far(Ending.TIME_UP if late else Ending.ALL_READ)


def _simpler(task: Task, fit: Fit, allowed: float, until: float) -> Fit:
    """Remove curves and straighten curves, in turns, while that helps."""
    for _ in range(TURNS):
        left = len(curves_of(fit.kan))
        fit = straightened(task, pruned(task, fit, allowed=allowed, until=until), until)
        if len(curves_of(fit.kan)) in (0, left):
            break
    return fit


def _rows(kan: KAN, data: Dataset | None, imitates: bool) -> tuple[_Rows, _Rows]:
    """Return rows to fit to and held-out rows; where the table has none held out, a fifth is."""
    if data is None:
        x, y = typical_inputs(kan, None), None
    else:
        x, y = data.matching(kan).rows("train")
        y = None if imitates else y
        x_held, y_held = data.matching(kan).rows("test")
        if len(x_held) > 1:
            y_held = None if y is None else y_held
            return _thinned(kan, x, y, LEARNED), _thinned(kan, x_held, y_held, HELD)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    held, learned = order[: max(2, len(x) // 5)], order[max(2, len(x) // 5) :]
    if len(learned) < 2:
        raise UserError("There are too few rows to fit to; an extraction needs at least four.")
    return tuple(
        _thinned(kan, x[rows], None if y is None else y[rows], most)
        for rows, most in ((learned, LEARNED), (held, HELD))
    )  # pyright: ignore[reportReturnType]


def _thinned(kan: KAN, x: Tensor, y: Tensor | None, most: int) -> _Rows:
    index = torch.linspace(0, len(x) - 1, min(most, len(x)), dtype=torch.float64).round().long()
    return _Rows.of(kan, x[index], None if y is None else y[index])


def _task(kan: KAN, learned: _Rows, held: _Rows) -> Task:
    """Return the rows in network units."""
    kan = kan.to(torch.float64)
    scale, shift = (torch.tensor([getattr(v, p) for v in kan.outputs], dtype=torch.float64) for p in ("scale", "shift"))
    (x, y), (held_x, held_y) = (
        (kan.normalise(rows.x).T.contiguous().numpy(), ((rows.y - shift) / scale).T.contiguous().numpy())
        for rows in (learned, held)
    )
    return Task.of(x, y, held_x, held_y)


def _resolved(task: Task, fit: Fit) -> float:
    """Estimate the error of the outputs that comes only from each curve being a spline on its grid."""
    along, total = sensitivities(task, fit), FLOOR**2
    for edge in curves_of(fit.kan):
        steep = along[edge.layer][edge.target]
        unsure = resolution(fit.kan.edge(edge)) * float(values(fit, edge)[1].std())
        total += unsure**2 * float((steep**2).mean())
    return math.sqrt(total)


@torch.no_grad()
def _reading(kan: KAN, learned: _Rows, held: _Rows) -> Reading:
    there, here = kan(held.x).double(), kan(learned.x).double()
    return Reading(
        kan=kan,
        curves=len(curves_of(kan)),
        complexity=_complexity(compose(kan)),
        train_rmse=learned.off(here, learned.y),
        test_rmse=held.off(there, held.y),
        gap=held.off(there, held.predicted),
        largest=float((there - held.predicted).abs().max()),
    )


def _complexity(whole: Composition) -> int:
    """Return the nodes of the expressions, plus one for each control point of a remaining curve."""
    written: Sequence[sympy.Expr] = whole.expressions if whole.expanded else [step.expression for step in whole.steps]
    parts = sum(1 for expression in written for _ in sympy.preorder_traversal(expression))
    return parts + sum(whole.kan.layers[edge.layer].coef.shape[2] for edge in whole.spline_edges)


def _law(
    reading: Reading, learned: _Rows, held: _Rows, seconds: float, primitives: Sequence[str] | None, noisy: bool
) -> Reading | None:
    """Return the formula of one output as a law, its constants exact where the rows allow it; None if too long."""
    try:
        whole = compose(reading.kan)
    except FormulaError:
        return None
    if not whole.expanded or not whole.exact or len(whole.expressions) != 1:
        return None
    law = polished(
        whole.expressions[0], whole.inputs, learned.x, learned.y[:, 0], held.x, held.y[:, 0],
        seconds=seconds, noisy=noisy, primitives=primitives,
    )  # fmt: skip
    there = law(held.x)
    return replace(
        reading,
        complexity=law.complexity,
        train_rmse=law.train_rmse,
        test_rmse=law.test_rmse,
        gap=held.off(there, held.predicted[:, 0]),
        largest=float((there - held.predicted[:, 0]).abs().max()),
        law=law,
    )


def _front(readings: Sequence[Reading], spread: float) -> tuple[Reading, ...]:
    """Return the readings that no other beats in complexity and held-out error; errors below rounding are equal."""
    kept: list[Reading] = []
    lowest = math.inf
    for one in sorted(readings, key=lambda one: (one.complexity, one.test_rmse, one.law is None)):
        error = max(one.test_rmse, SAME * spread)
        if error < BETTER * lowest:
            kept.append(one)
            lowest = error
    return tuple(kept)
