"""Every change to a network as a small frozen record: apply, what it touches, words, JSON.

An edit is *resolved*: it holds the numbers it will put, not the wish that found them, so it replays to the same bits.
A new edit is one class here, one row in `EDITS`, and one row in the tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol

import torch

from kanviz.core.dataset import Dataset
from kanviz.core.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain, fit, refine
from kanviz.core.train import Progress, TrainConfig, train
from kanviz.errors import EditError

Json = dict[str, Any]


class Edit(Protocol):
    """What every edit can do. `touches` are the edges that may change; all others come out bit-identical."""

    kind: ClassVar[str]

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN: ...
    def touches(self, kan: KAN) -> set[EdgeId]: ...
    def merge(self, later: "Edit") -> "Edit | None": ...
    def to_json(self) -> Json: ...


class _Edit:
    kind: ClassVar[str] = ""

    def merge(self, later: Edit) -> Edit | None:
        """One edit that does both, when two in a row are one gesture; None when they are two."""
        return None

    def to_json(self) -> Json:
        record: Json = {"kind": self.kind}
        for part in fields(self):  # pyright: ignore[reportArgumentType]
            record[part.name] = _plain(getattr(self, part.name))
        return record


def _plain(value: Any) -> Any:
    if isinstance(value, Formula):
        return {"primitive": value.primitive, "a": value.a, "b": value.b, "c": value.c, "d": value.d}
    if isinstance(value, TrainConfig):
        return value.to_json()
    if isinstance(value, _Edit):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _edges(record: Json, key: str = "edges") -> tuple[EdgeId, ...]:
    return tuple(EdgeId(*map(int, e)) for e in record[key])


def _formula(record: Json | None) -> Formula | None:
    return Formula(**record) if record else None


def _named(edges: Iterable[EdgeId]) -> str:
    edges = list(edges)
    return str(edges[0]) if len(edges) == 1 else f"{len(edges)} edges"


def _put(layer: Layer, part: str, index: tuple[int, ...], value: Any) -> Layer:
    new = getattr(layer, part).clone()
    new[index] = value
    return replace(layer, **{part: new})


@dataclass(frozen=True)
class Prune(_Edit):
    """Hide edges; the mean of each (network units) goes into its target's bias, so the outputs keep their level."""

    edges: tuple[EdgeId, ...]
    means: tuple[float, ...]
    kind: ClassVar[str] = "prune"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        layers = dict(enumerate(kan.layers))
        for edge, mean in zip(self.edges, self.means, strict=True):
            n, i, j = kan.check(edge)
            layer = layers[n]
            if not layer.present[i, j]:
                raise EditError(f"{edge} is pruned already.")
            layer = _put(layer, "active", (i, j), False).with_formula(i, j, None)
            layers[n] = _put(layer, "bias", (j,), layer.bias[j] + mean)
        return kan.with_layers(layers)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)

    def __str__(self) -> str:
        return f"Prune {_named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "Prune":
        return Prune(_edges(record), tuple(map(float, record["means"])))


@dataclass(frozen=True)
class Restore(_Edit):
    """Bring pruned edges back, with the formula each had (None: its spline), and take their means out of the biases."""

    edges: tuple[EdgeId, ...]
    means: tuple[float, ...]
    splines: tuple[bool, ...]
    formulas: tuple[Formula | None, ...]
    kind: ClassVar[str] = "restore"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        layers = dict(enumerate(kan.layers))
        for edge, mean, learned, formula in zip(self.edges, self.means, self.splines, self.formulas, strict=True):
            n, i, j = kan.check(edge)
            layer = layers[n]
            if layer.present[i, j]:
                raise EditError(f"{edge} is not pruned; there is nothing to restore.")
            layer = _put(layer, "active", (i, j), learned).with_formula(i, j, formula)
            layers[n] = _put(layer, "bias", (j,), layer.bias[j] - mean)
        return kan.with_layers(layers)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)

    def __str__(self) -> str:
        return f"Restore {_named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "Restore":
        formulas = tuple(_formula(f) for f in record["formulas"])
        return Restore(_edges(record), tuple(record["means"]), tuple(record["splines"]), formulas)


@dataclass(frozen=True)
class MoveControlPoint(_Edit):
    """Set the ordinate of one control point (network units); the curve changes on its order + 1 intervals only."""

    edge: EdgeId
    point: int
    height: float
    kind: ClassVar[str] = "move control point"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n, i, j = kan.check(self.edge)
        layer = kan.layers[n]
        if not layer.active[i, j]:
            remedy = "Release its formula first." if kan.edge(self.edge).formula else "Restore it first."
            raise EditError(f"{self.edge} has no spline to move. {remedy}")
        if not 0 <= self.point < layer.coef.shape[2]:
            raise EditError(f"{self.edge} has control points 0 to {layer.coef.shape[2] - 1}; there is no {self.point}.")
        if not abs(self.height) < float("inf"):
            raise EditError("A control point needs a finite height.")
        return kan.with_layers({n: _put(layer, "coef", (i, j, self.point), self.height)})

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {self.edge}

    def merge(self, later: Edit) -> Edit | None:
        same = isinstance(later, MoveControlPoint) and (later.edge, later.point) == (self.edge, self.point)
        return later if same else None

    def __str__(self) -> str:
        return f"Move control point {self.point} of {self.edge} to {self.height:.4g}"

    @staticmethod
    def from_json(record: Json) -> "MoveControlPoint":
        return MoveControlPoint(EdgeId(*record["edge"]), int(record["point"]), float(record["height"]))


@dataclass(frozen=True)
class FixFormula(_Edit):
    """Put a formula in the place of an edge's curve; the spline is kept aside."""

    edge: EdgeId
    formula: Formula
    kind: ClassVar[str] = "fix formula"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n, i, j = kan.check(self.edge)
        layer = kan.layers[n]
        if not layer.present[i, j]:
            raise EditError(f"{self.edge} is pruned. Restore it first.")
        layer = layer.with_formula(i, j, self.formula)
        return kan.with_layers({n: _put(layer, "active", (i, j), False)})

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {self.edge}

    def __str__(self) -> str:
        return f"Fix {self.edge} as {self.formula}"

    @staticmethod
    def from_json(record: Json) -> "FixFormula":
        return FixFormula(EdgeId(*record["edge"]), Formula(**record["formula"]))


@dataclass(frozen=True)
class ReleaseFormula(_Edit):
    """Back from the formula to a spline: the one kept aside, or (`refit`) one fitted to the formula over the grid."""

    edge: EdgeId
    refit: bool = False
    kind: ClassVar[str] = "release formula"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n, i, j = kan.check(self.edge)
        layer, edge = kan.layers[n], kan.edge(self.edge)
        if edge.formula is None:
            raise EditError(f"{self.edge} has no formula to release.")
        if self.refit:
            low, high = (float(v[i]) for v in domain(layer.knots, layer.order))
            x = torch.linspace(low, high, 40 * layer.coef.shape[2], dtype=torch.float64)
            y = edge.formula(x)
            if not y.isfinite().all():
                raise EditError(f"The formula of {self.edge} is not finite on its grid; release it without refit.")
            coef = fit(x[:, None], y[:, None, None], layer.knots[i : i + 1].double(), layer.order, 0.0)
            layer = _put(layer, "coef", (i, j), coef[0, 0].to(kan.dtype))
            layer = _put(layer, "base_weight", (i, j), 0.0)
        layer = layer.with_formula(i, j, None)
        return kan.with_layers({n: _put(layer, "active", (i, j), True)})

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {self.edge}

    def __str__(self) -> str:
        return f"Release {self.edge} {'to a spline of the same shape' if self.refit else 'back to its spline'}"

    @staticmethod
    def from_json(record: Json) -> "ReleaseFormula":
        return ReleaseFormula(EdgeId(*record["edge"]), bool(record["refit"]))


@dataclass(frozen=True)
class FreezeEdge(_Edit):
    """Training leaves these edges alone, bit for bit."""

    edges: tuple[EdgeId, ...]
    kind: ClassVar[str] = "freeze"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, True)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)

    def __str__(self) -> str:
        return f"Freeze {_named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "FreezeEdge":
        return FreezeEdge(_edges(record))


@dataclass(frozen=True)
class ThawEdge(_Edit):
    """Training may move these edges again."""

    edges: tuple[EdgeId, ...]
    kind: ClassVar[str] = "thaw"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, False)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)

    def __str__(self) -> str:
        return f"Thaw {_named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "ThawEdge":
        return ThawEdge(_edges(record))


def _with_frozen(kan: KAN, edges: Iterable[EdgeId], frozen: bool) -> KAN:
    layers = dict(enumerate(kan.layers))
    for edge in edges:
        n, i, j = kan.check(edge)
        layers[n] = _put(layers[n], "frozen", (i, j), frozen)
    return kan.with_layers(layers)


@dataclass(frozen=True)
class RefineGrid(_Edit):
    """More control points for the same curves: knots inserted in one layer, every function unchanged."""

    layer: int
    grid: int
    kind: ClassVar[str] = "refine grid"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        if not 0 <= self.layer < len(kan.layers):
            raise EditError(f"There is no layer {self.layer}: this network has layers 0 to {len(kan.layers) - 1}.")
        layer = kan.layers[self.layer]
        if self.grid <= layer.grid:
            raise EditError(f"Layer {self.layer} has {layer.grid} intervals already; choose more to refine it.")
        if self.grid > 1000:
            raise EditError(f"A grid of {self.grid} intervals is more than kanviz handles; choose at most 1,000.")
        knots, coef = refine(layer.knots, layer.coef, self.grid)
        return kan.with_layer(self.layer, knots=knots, coef=coef)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {edge for edge in kan.edges(pruned=True) if edge.layer == self.layer}

    def __str__(self) -> str:
        return f"Refine layer {self.layer} to {self.grid} intervals"

    @staticmethod
    def from_json(record: Json) -> "RefineGrid":
        return RefineGrid(int(record["layer"]), int(record["grid"]))


@dataclass(frozen=True)
class Retrain(_Edit):
    """Train on a data set; keeps the best network of the steps that were really done."""

    config: TrainConfig
    data_digest: str
    steps: int
    kind: ClassVar[str] = "retrain"

    @staticmethod
    def of(config: TrainConfig, data: Dataset, last: Progress) -> "Retrain":
        """The edit that stands for a run that ended (or was stopped) at `last`."""
        return Retrain(config, data.digest, last.step)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        if data is None or data.digest != self.data_digest:
            raise EditError("This training needs the table it was done on; load that table first, with the same split.")
        best = kan
        for item in train(kan, data, self.config):
            best = item.best
            if item.step == self.steps:
                break
        return best

    def touches(self, kan: KAN) -> set[EdgeId]:
        held = set(self.config.frozen)
        moving = {e for e in kan.edges() if e not in held and not kan.layers[e.layer].frozen[e.source, e.target]}
        if self.config.follow:  # a grid that moves takes the pruned edges of its source with it
            return moving | {e for e in kan.edges(pruned=True) if e.layer > 0 and e not in held}
        return moving

    def __str__(self) -> str:
        return f"Retrain {self.steps} steps ({self.config.solver})"

    @staticmethod
    def from_json(record: Json) -> "Retrain":
        return Retrain(TrainConfig.from_json(record["config"]), record["data_digest"], int(record["steps"]))


@dataclass(frozen=True)
class Batch(_Edit):
    """Several edits as one step of the history."""

    edits: tuple[Edit, ...]
    label: str
    kind: ClassVar[str] = "batch"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        for edit in self.edits:
            kan = edit.apply(kan, data)
        return kan

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set().union(*(edit.touches(kan) for edit in self.edits))

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def from_json(record: Json) -> "Batch":
        return Batch(tuple(edit_from_json(e) for e in record["edits"]), str(record["label"]))


EDITS = {
    edit.kind: edit
    for edit in (
        Prune, Restore, MoveControlPoint, FixFormula, ReleaseFormula, FreezeEdge, ThawEdge, RefineGrid, Retrain, Batch,
    )
}  # fmt: skip


def edit_from_json(record: Any) -> Edit:
    """The edit a recipe's line stands for; refuses, in words, what is none."""
    kind = record.get("kind") if isinstance(record, dict) else None
    if kind not in EDITS:
        raise EditError(f"A recipe's step must be one of {', '.join(EDITS)}; found {str(kind)[:40]!r}.")
    try:
        return EDITS[kind].from_json(record)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise EditError(f"The recipe's step {kind!r} is incomplete or damaged.") from None
