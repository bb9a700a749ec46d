"""Define the edits of whole layers and networks: refine a grid, insert knots, train."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import domain, insert, refine
from kanviz.core.training.train import Progress, TrainConfig, train
from kanviz.edit import protocol as read
from kanviz.edit.protocol import EditRecord
from kanviz.errors import EditError
from kanviz.json_reader import JsonValue
from kanviz.text import SOLVER_TITLES, counted, shown

FINEST = 1000  # intervals
ROUNDING = 16  # times the precision of the largest knot: knots closer than this count as equal
AIDS = {"": "", "replay": "old rows mixed in", "ewc": "elastic weights from old rows"}  # a recipe has no old rows


def _check_size(grid: int) -> None:
    if grid > FINEST:
        raise EditError(f"A grid of {grid} intervals is more than kanviz handles; choose at most {FINEST:,}.")


@dataclass(frozen=True)
class RefineGrid(EditRecord):
    """The edit that refines the grid of one layer: knots are inserted, every function stays the same.

    grid: new number of intervals, up to 1,000. Raises EditError where it is not larger than before.
    Source: Boehm, Inserting new knots into B-spline curves, CAD 12 (1980).

    >>> import kanviz, kanviz.edit, torch
    >>> kan = kanviz.init([1, 1], grid=5)
    >>> finer = kanviz.edit.RefineGrid(layer=0, grid=12).apply(kan)
    >>> finer.layers[0].grid, torch.allclose(finer([[0.3], [2.0]]), kan([[0.3], [2.0]]))
    (12, True)
    """

    layer: int
    grid: int
    kind: ClassVar[str] = "refine grid"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        if not 0 <= self.layer < len(kan.layers):
            raise EditError(f"There is no layer {self.layer}: this network has layers 0 to {len(kan.layers) - 1}.")
        layer = kan.layers[self.layer]
        if self.grid <= layer.grid:
            raise EditError(f"Layer {self.layer} has {layer.grid} intervals already; choose more to refine it.")
        _check_size(self.grid)
        knots, coef = refine(layer.knots, layer.coef, self.grid)
        return kan.with_layer(self.layer, knots=knots, coef=coef)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {edge for edge in kan.edges(pruned=True) if edge.layer == self.layer}

    def __str__(self) -> str:
        return f"Refine layer {self.layer} to {self.grid} intervals"

    @staticmethod
    def read(found: JsonValue) -> "RefineGrid":
        return RefineGrid(found["layer"].whole(), found["grid"].whole())


@dataclass(frozen=True)
class InsertKnots(EditRecord):
    """The edit that inserts knots where one edge needs them; every function stays the same.

    All grids of a layer have the same number of knots, so each source of the layer gets as many. knots: the new knots
    of every source (network units), ascending, strictly inside its grid, and different from its knots.
    Raises EditError for others. Source: that of `RefineGrid`.

    >>> import kanviz, kanviz.edit, torch
    >>> kan = kanviz.init([2, 1], grid=5)
    >>> finer = kanviz.edit.InsertKnots(kanviz.EdgeId(0, 1, 0), knots=((0.1,), (0.7,))).apply(kan)
    >>> finer.layers[0].grid, torch.allclose(finer([[0.3, 0.8]]), kan([[0.3, 0.8]]))
    (6, True)
    """

    edge: EdgeId
    knots: tuple[tuple[float, ...], ...]
    kind: ClassVar[str] = "insert knots"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n = kan.check(self.edge).layer
        layer = kan.layers[n]
        if len(self.knots) != layer.sources or len({len(row) for row in self.knots}) != 1 or not self.knots[0]:
            raise EditError(
                f"Layer {n} needs equally many new knots, one or more, for each of {layer.sources} sources."
            )
        _check_size(layer.grid + len(self.knots[0]))
        new = torch.tensor(self.knots, dtype=torch.float64).to(layer.knots.dtype)
        low, high = domain(layer.knots, layer.order)
        inside = (new > low[:, None]) & (new < high[:, None])
        if not bool(inside.all()) or not bool((new[:, 1:] > new[:, :-1]).all()):
            raise EditError(f"New knots of layer {n} must be inside its grids, in ascending order; choose others.")
        near = ROUNDING * torch.finfo(new.dtype).eps * layer.knots.abs().amax(1)
        if bool(((new[:, :, None] - layer.knots[:, None]).abs() <= near[:, None, None]).any()):
            raise EditError(f"A new knot of layer {n} is on one that exists; choose a place between knots.")
        knots, coef = insert(layer.knots, layer.coef, self.knots)
        return kan.with_layer(n, knots=knots, coef=coef)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {edge for edge in kan.edges(pruned=True) if edge.layer == self.edge.layer}

    def __str__(self) -> str:
        others = f", as many into the others of layer {self.edge.layer}" if len(self.knots) > 1 else ""
        count = max(map(len, self.knots), default=0)
        return f"Insert {counted(count, 'knot')} into the grid of {self.edge}{others}"

    @staticmethod
    def read(found: JsonValue) -> "InsertKnots":
        return InsertKnots(read.edge(found["edge"]), found["knots"].each(JsonValue.numbers))


@dataclass(frozen=True)
class Retrain(EditRecord):
    """The edit that trains on a data set; its result is the best network of the steps that were done.

    data_digest: digest of the table with its columns in the network's order (`Dataset.matching`) · steps: number of
    steps done · aid: the method against forgetting besides the lock, of AIDS; it needs old rows, which a recipe does
    not contain, so such a training cannot be applied again. Raises EditError without that table.

    >>> import kanviz, kanviz.edit
    >>> data = kanviz.Dataset.from_arrays([[0.0], [0.5], [1.0], [1.5]], [0.0, 0.25, 1.0, 2.25], test=0)
    >>> kan, config = kanviz.init([1, 1], inputs=data.inputs, outputs=data.outputs), kanviz.TrainConfig(steps=3)
    >>> *_, last = kanviz.train(kan, data, config)
    >>> edit = kanviz.edit.Retrain.of(config, data, last)
    >>> str(edit), edit.apply(kan, data).digest == last.best.digest
    ('Retrain: 3 steps of L-BFGS', True)
    """

    config: TrainConfig
    data_digest: str
    steps: int
    aid: str = ""
    kind: ClassVar[str] = "retrain"

    def __post_init__(self):
        if not 0 <= self.steps <= self.config.steps:
            raise EditError(f"A training of {self.config.steps} steps cannot have done {self.steps}.")
        if self.aid not in AIDS:
            raise EditError("This training used a protection unknown here; open it in the newest kanviz.")

    @staticmethod
    def of(config: TrainConfig, data: Dataset, last: Progress, aid: str = "") -> "Retrain":
        """Make the edit of a training that ended (or was stopped) at `last`, with the solver that ran."""
        picked = last.state.config
        how = replace(config, solver=picked.solver, batch=picked.batch)
        return Retrain(how, data.matching(last.kan).digest, last.step, aid)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        if self.aid:
            raise EditError(
                f"This training was done with {AIDS[self.aid]}, and a recipe does not hold the old rows. Do it again "
                "on the Retrain page, or open the network that was saved after it."
            )
        if data is None or data.matching(kan).digest != self.data_digest:
            raise EditError("This training needs the table it was done on; load that table first, with the same split.")
        best = kan
        for item in train(kan, data, self.config):
            best = item.best
            if item.step == self.steps:
                break
        return best

    def touches(self, kan: KAN) -> set[EdgeId]:
        held, lock = set(self.config.frozen), self.config.lock
        if lock is not None:
            lock.check(kan)
            held |= {edge for edge in kan.edges() if lock.holds(edge)}
        moving = {e for e in kan.edges() if e not in held and not kan.layers[e.layer].frozen[e.source, e.target]}
        if lock is not None:  # a lock fixes every grid
            return moving
        if self.config.finest or self.config.starts:  # a layer without frozen edges may change its grid
            kept = {e.layer for e in held} | {n for n, layer in enumerate(kan.layers) if bool(layer.frozen.any())}
            moving |= {e for e in kan.edges(pruned=True) if e.layer not in kept}
        if self.config.follow:  # a grid that moves also changes the pruned edges of its source
            moving |= {e for e in kan.edges(pruned=True) if e.layer > 0 and e not in held}
        return moving

    def __str__(self) -> str:
        lock = self.config.lock
        under = "" if lock is None else f", {shown(lock.name)} locked"
        aided = f", {AIDS[self.aid]}" if self.aid else ""
        return f"Retrain: {counted(self.steps, 'step')} of {SOLVER_TITLES[self.config.solver]}{under}{aided}"

    @staticmethod
    def read(found: JsonValue) -> "Retrain":
        config, aid = TrainConfig.from_json(found["config"].value), read.label(found.get("aid", ""))
        return Retrain(config, read.label(found["data_digest"]), found["steps"].whole(), aid)
