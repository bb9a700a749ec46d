"""Edits of single edges: prune and restore, move, fix and release, freeze and thaw."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from kanviz.core.dataset import Dataset
from kanviz.core.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.core.spline import domain, fit
from kanviz.edit import protocol as read
from kanviz.edit.protocol import Edit, EditRecord, Json, check_edges, finite, named, put
from kanviz.errors import EditError


@dataclass(frozen=True)
class _OnEdges(EditRecord):
    """An edit of several edges, each named once."""

    edges: tuple[EdgeId, ...]

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)


@dataclass(frozen=True)
class Prune(_OnEdges):
    """Hide edges; the mean of each (network units) goes into its target's bias, so the outputs keep their level."""

    means: tuple[float, ...]
    kind: ClassVar[str] = "prune"

    def __post_init__(self):
        check_edges(self.edges, self.means)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        layers = dict(enumerate(kan.layers))
        for edge, mean in zip(self.edges, self.means, strict=True):
            n, i, j = kan.check(edge)
            layer = layers[n]
            if not layer.present[i, j]:
                raise EditError(f"{edge} is pruned already.")
            if not finite(layer, mean):
                raise EditError(f"The mean of {edge} is not a finite number; prune it with a mean of 0.")
            layer = put(layer, "active", (i, j), False).with_formula(i, j, None)
            layers[n] = put(layer, "bias", (j,), layer.bias[j] + mean)
        return kan.with_layers(layers)

    def __str__(self) -> str:
        return f"Prune {named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "Prune":
        return Prune(read.rows(record["edges"], read.edge), read.rows(record["means"], read.number))


@dataclass(frozen=True)
class Restore(_OnEdges):
    """Bring pruned edges back: whether each had its spline, the formula it had, and its target's bias from then on."""

    splines: tuple[bool, ...]
    formulas: tuple[Formula | None, ...]
    biases: tuple[float, ...]
    kind: ClassVar[str] = "restore"

    def __post_init__(self):
        check_edges(self.edges, self.splines, self.formulas, self.biases)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        layers = dict(enumerate(kan.layers))
        for edge, learned, formula, bias in zip(self.edges, self.splines, self.formulas, self.biases, strict=True):
            n, i, j = kan.check(edge)
            layer = layers[n]
            if layer.present[i, j]:
                raise EditError(f"{edge} is not pruned; there is nothing to restore.")
            if not learned and formula is None:
                raise EditError(f"There is neither a spline nor a formula to bring back on {edge}.")
            layer = put(layer, "active", (i, j), learned).with_formula(i, j, formula)
            layers[n] = put(layer, "bias", (j,), bias)
        return kan.with_layers(layers)

    def __str__(self) -> str:
        return f"Restore {named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "Restore":
        return Restore(
            read.rows(record["edges"], read.edge),
            read.rows(record["splines"], read.truth),
            read.rows(record["formulas"], lambda value: None if value is None else read.formula(value)),
            read.rows(record["biases"], read.number),
        )


@dataclass(frozen=True)
class _OnEdge(EditRecord):
    """An edit of one edge."""

    edge: EdgeId

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {self.edge}


@dataclass(frozen=True)
class MoveControlPoint(_OnEdge):
    """Set the ordinate of one control point (network units); the curve changes on its order + 1 intervals only."""

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
        if not finite(layer, self.height):
            raise EditError("A control point needs a finite height.")
        return kan.with_layers({n: put(layer, "coef", (i, j, self.point), self.height)})

    def merge(self, later: Edit) -> Edit | None:
        same = isinstance(later, MoveControlPoint) and (later.edge, later.point) == (self.edge, self.point)
        return later if same else None

    def __str__(self) -> str:
        return f"Move control point {self.point} of {self.edge} to {self.height:.4g}"

    @staticmethod
    def from_json(record: Json) -> "MoveControlPoint":
        return MoveControlPoint(read.edge(record["edge"]), read.whole(record["point"]), read.number(record["height"]))


@dataclass(frozen=True)
class FixFormula(_OnEdge):
    """Put a formula in the place of an edge's curve; the spline is kept aside."""

    formula: Formula
    kind: ClassVar[str] = "fix formula"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n, i, j = kan.check(self.edge)
        layer, formula = kan.layers[n], self.formula
        if not layer.present[i, j]:
            raise EditError(f"{self.edge} is pruned. Restore it first.")
        if not finite(layer, formula.a, formula.b, formula.c, formula.d):
            raise EditError("The constants of a formula must be finite numbers.")
        return kan.with_layers({n: put(layer.with_formula(i, j, formula), "active", (i, j), False)})

    def __str__(self) -> str:
        return f"Fix {self.edge} as {self.formula}"

    @staticmethod
    def from_json(record: Json) -> "FixFormula":
        return FixFormula(read.edge(record["edge"]), read.formula(record["formula"]))


@dataclass(frozen=True)
class ReleaseFormula(_OnEdge):
    """Back from the formula to a spline: the one kept aside, or (`refit`) one fitted to the curve over the grid."""

    refit: bool = False
    kind: ClassVar[str] = "release formula"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        n, i, j = kan.check(self.edge)
        layer, edge = kan.layers[n], kan.edge(self.edge)
        if edge.formula is None:
            raise EditError(f"{self.edge} has no formula to release.")
        layer = put(layer.with_formula(i, j, None), "active", (i, j), True)
        if self.refit:
            low, high = (float(v[i]) for v in domain(layer.knots, layer.order))
            x = torch.linspace(low, high, 40 * layer.coef.shape[2], dtype=torch.float64)
            y = edge(x).double()
            if not y.isfinite().all():
                raise EditError(f"The formula of {self.edge} is not finite on its grid; release it without refit.")
            coef = fit(x[:, None], y[:, None, None], layer.knots[i : i + 1].double(), layer.order, 0.0)
            layer = put(put(layer, "coef", (i, j), coef[0, 0].to(kan.dtype)), "base_weight", (i, j), 0.0)
        return kan.with_layers({n: layer})

    def __str__(self) -> str:
        return f"Release {self.edge} {'to a spline of the same shape' if self.refit else 'back to its spline'}"

    @staticmethod
    def from_json(record: Json) -> "ReleaseFormula":
        return ReleaseFormula(read.edge(record["edge"]), read.truth(record["refit"]))


@dataclass(frozen=True)
class FreezeEdge(_OnEdges):
    """Training leaves these edges alone, bit for bit."""

    kind: ClassVar[str] = "freeze"

    def __post_init__(self):
        check_edges(self.edges)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, True)

    def __str__(self) -> str:
        return f"Freeze {named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "FreezeEdge":
        return FreezeEdge(read.rows(record["edges"], read.edge))


@dataclass(frozen=True)
class ThawEdge(_OnEdges):
    """Training may move these edges again."""

    kind: ClassVar[str] = "thaw"

    def __post_init__(self):
        check_edges(self.edges)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, False)

    def __str__(self) -> str:
        return f"Thaw {named(self.edges)}"

    @staticmethod
    def from_json(record: Json) -> "ThawEdge":
        return ThawEdge(read.rows(record["edges"], read.edge))


def _with_frozen(kan: KAN, edges: Iterable[EdgeId], frozen: bool) -> KAN:
    layers: dict[int, Any] = dict(enumerate(kan.layers))
    for edge in edges:
        n, i, j = kan.check(edge)
        layers[n] = put(layers[n], "frozen", (i, j), frozen)
    return kan.with_layers(layers)
