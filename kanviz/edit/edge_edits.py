"""Define the edits of edges: prune and restore, move a control point, fix and release a formula."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain, fit
from kanviz.edit import protocol as read
from kanviz.edit.protocol import Edit, EditRecord, check_edges, finite, named, put
from kanviz.errors import EditError
from kanviz.json_reader import JsonValue


class _Draft:
    """The changed parts of a layer, as copies to write into, so that an edit of many edges builds each layer once."""

    def __init__(self, layer: Layer) -> None:
        self.active, self.bias = layer.active.clone(), layer.bias.clone()
        self.formulas: dict[tuple[int, int], Formula | None] = {}


def _with_drafts(kan: KAN, drafts: Mapping[int, _Draft]) -> KAN:
    layers = {n: kan.layers[n].with_formulas(draft.formulas) for n, draft in drafts.items()}
    return kan.with_layers({n: replace(v, active=drafts[n].active, bias=drafts[n].bias) for n, v in layers.items()})


@dataclass(frozen=True)
class _OnEdges(EditRecord):
    """An edit of several edges, each named once."""

    edges: tuple[EdgeId, ...]

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)


@dataclass(frozen=True)
class Prune(_OnEdges):
    """The edit that prunes edges.

    means: mean activation of each edge (network units); it is added to the target's bias, so that the mean of the
    outputs does not change. Raises EditError for an edge that is pruned already.

    >>> import kanviz, kanviz.edit
    >>> kan = kanviz.edit.Prune((kanviz.EdgeId(0, 1, 0),), means=(0.25,)).apply(kanviz.init([2, 1]))
    >>> kan.edge([0, 1, 0]).state, kan.layers[0].bias.tolist()
    ('pruned', [0.25])
    """

    means: tuple[float, ...]
    kind: ClassVar[str] = "prune"

    def __post_init__(self):
        check_edges(self.edges, self.means)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        drafts: dict[int, _Draft] = {}
        for edge, mean in zip(self.edges, self.means, strict=True):
            n, i, j = kan.check(edge)
            layer, draft = kan.layers[n], drafts.setdefault(n, _Draft(kan.layers[n]))
            if not layer.present[i, j]:
                raise EditError(f"{edge} is pruned already.")
            if not finite(layer, mean):
                raise EditError(f"The mean of {edge} is not a finite number; prune it with a mean of 0.")
            draft.active[i, j], draft.formulas[i, j] = False, None
            draft.bias[j] += mean
        return _with_drafts(kan, drafts)

    def __str__(self) -> str:
        return f"Prune {named(self.edges)}"

    @staticmethod
    def read(found: JsonValue) -> "Prune":
        return Prune(read.edges(found["edges"]), found["means"].numbers())


@dataclass(frozen=True)
class Restore(_OnEdges):
    """The edit that restores pruned edges.

    splines: whether each edge gets its spline back · formulas: the formula of each, or None · biases: the bias of each
    edge's target afterwards (network units). Raises EditError for an edge that is not pruned.

    >>> import kanviz, kanviz.edit
    >>> edge = kanviz.EdgeId(0, 1, 0)
    >>> kan = kanviz.edit.Prune((edge,), means=(0.25,)).apply(kanviz.init([2, 1]))
    >>> kan = kanviz.edit.Restore((edge,), splines=(True,), formulas=(None,), biases=(0.0,)).apply(kan)
    >>> kan.edge(edge).state, kan.layers[0].bias.tolist()
    ('spline', [0.0])
    """

    splines: tuple[bool, ...]
    formulas: tuple[Formula | None, ...]
    biases: tuple[float, ...]
    kind: ClassVar[str] = "restore"

    def __post_init__(self):
        check_edges(self.edges, self.splines, self.formulas, self.biases)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        drafts: dict[int, _Draft] = {}
        for edge, learned, formula, bias in zip(self.edges, self.splines, self.formulas, self.biases, strict=True):
            n, i, j = kan.check(edge)
            draft = drafts.setdefault(n, _Draft(kan.layers[n]))
            if kan.layers[n].present[i, j]:
                raise EditError(f"{edge} is not pruned; there is nothing to restore.")
            if not learned and formula is None:
                raise EditError(f"There is neither a spline nor a formula to bring back on {edge}.")
            constants = (formula.a, formula.b, formula.c, formula.d) if formula else ()
            if not finite(kan.layers[n], bias, *constants):
                raise EditError(f"{edge} cannot be restored: a number is not finite; give finite numbers.")
            draft.active[i, j], draft.formulas[i, j] = learned, formula
            draft.bias[j] = bias
        return _with_drafts(kan, drafts)

    def __str__(self) -> str:
        return f"Restore {named(self.edges)}"

    @staticmethod
    def read(found: JsonValue) -> "Restore":
        return Restore(
            read.edges(found["edges"]),
            found["splines"].each(JsonValue.truth),
            found["formulas"].each(lambda value: value.maybe(read.formula)),
            found["biases"].numbers(),
        )


@dataclass(frozen=True)
class _OnEdge(EditRecord):
    """An edit of one edge."""

    edge: EdgeId

    def touches(self, kan: KAN) -> set[EdgeId]:
        return {self.edge}


@dataclass(frozen=True)
class MoveControlPoint(_OnEdge):
    """The edit that sets the ordinate of one control point (network units); only order + 1 intervals change.

    Raises EditError where the edge has no spline or no such control point.

    >>> import kanviz, kanviz.edit
    >>> kan = kanviz.edit.MoveControlPoint(kanviz.EdgeId(0, 1, 0), point=2, height=0.5).apply(kanviz.init([2, 1]))
    >>> float(kan.edge([0, 1, 0]).coef[2])
    0.5
    """

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
    def read(found: JsonValue) -> "MoveControlPoint":
        return MoveControlPoint(read.edge(found["edge"]), found["point"].whole(), found["height"].number())


@dataclass(frozen=True)
class FixFormula(_OnEdge):
    """The edit that replaces an edge's curve by a formula; the spline is saved, but inactive.

    Raises EditError for a pruned edge, and for constants that are not finite.

    >>> import kanviz, kanviz.edit
    >>> kan = kanviz.edit.FixFormula(kanviz.EdgeId(0, 0, 0), kanviz.Formula("x^2")).apply(kanviz.init([1, 1]))
    >>> kan([[3.0]]).tolist()
    [[9.0]]
    """

    formula: Formula
    kind: ClassVar[str] = "fix formula"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return fix_formulas(kan, [self])

    def __str__(self) -> str:
        return f"Fix {self.edge} as {self.formula}"

    @staticmethod
    def read(found: JsonValue) -> "FixFormula":
        return FixFormula(read.edge(found["edge"]), read.formula(found["formula"]))


def fix_formulas(kan: KAN, fixes: Iterable[FixFormula]) -> KAN:
    """Apply all fixes, one after the other, and build each layer only once. Raises EditError as `FixFormula` does."""
    drafts: dict[int, _Draft] = {}
    for fix in fixes:
        (n, i, j), formula = kan.check(fix.edge), fix.formula
        layer, draft = kan.layers[n], drafts.setdefault(n, _Draft(kan.layers[n]))
        if not layer.present[i, j]:
            raise EditError(f"{fix.edge} is pruned. Restore it first.")
        if not finite(layer, formula.a, formula.b, formula.c, formula.d):
            raise EditError("The constants of a formula must be finite numbers.")
        draft.active[i, j], draft.formulas[i, j] = False, formula
    return _with_drafts(kan, drafts)


@dataclass(frozen=True)
class ReleaseFormula(_OnEdge):
    """The edit that replaces a formula by a spline: the saved one, or with `refit` a fit to the curve on the grid.

    Raises EditError for an edge without a formula, or where `refit` meets a pole.

    >>> import kanviz, kanviz.edit
    >>> kan, edge = kanviz.init([1, 1]), kanviz.EdgeId(0, 0, 0)
    >>> fixed = kanviz.edit.FixFormula(edge, kanviz.Formula("x^2")).apply(kan)
    >>> kanviz.edit.ReleaseFormula(edge).apply(fixed).digest == kan.digest
    True
    >>> round(float(kanviz.edit.ReleaseFormula(edge, refit=True).apply(fixed)([[0.5]])), 6)
    0.25
    """

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
    def read(found: JsonValue) -> "ReleaseFormula":
        return ReleaseFormula(read.edge(found["edge"]), found["refit"].truth())
