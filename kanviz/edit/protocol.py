"""Define what every edit can do, and convert edits to JSON and read them back from untrusted JSON."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, ClassVar, Protocol

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.training.train import TrainConfig
from kanviz.errors import EditError
from kanviz.json_reader import JsonValue

Json = dict[str, Any]
LONGEST_LABEL = 10_000


class Edit(Protocol):
    """The interface of every edit. `touches` returns the edges that may change; all others stay bit-identical.

    `apply` raises EditError, with the remedy, where the edit does not fit the network; data: the table, for trainings.

    >>> import kanviz, kanviz.edit
    >>> kan, edge = kanviz.init([2, 1]), kanviz.EdgeId(0, 1, 0)
    >>> edit = kanviz.edit.MoveControlPoint(edge, 0, 0.5)
    >>> edit.touches(kan), kanviz.diff(kan, edit.apply(kan)).changed[0].id
    ({EdgeId(layer=0, source=1, target=0)}, EdgeId(layer=0, source=1, target=0))
    >>> str(edit.merge(kanviz.edit.MoveControlPoint(edge, 0, 0.75)))
    'Move control point 0 of edge 0,1,0 to 0.75'
    >>> kanviz.edit.edit_from_json(edit.to_json()) == edit
    True
    """

    kind: ClassVar[str]

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN: ...
    def touches(self, kan: KAN) -> set[EdgeId]: ...
    def merge(self, later: "Edit") -> "Edit | None": ...
    def to_json(self) -> Json: ...


class EditRecord:
    """The common base of all edits: it does not merge, and writes its fields to JSON."""

    kind: ClassVar[str] = ""

    def merge(self, later: Edit) -> Edit | None:
        """Combine with a later edit into one, if both are one gesture (such as a drag); return None otherwise."""
        return None

    def to_json(self) -> Json:
        record: Json = {"kind": self.kind}
        for part in fields(self):  # pyright: ignore[reportArgumentType]
            record[part.name] = _plain(getattr(self, part.name))
        return record


def _plain(value: Any) -> Any:
    if isinstance(value, Formula):
        return {"primitive": value.primitive, "a": value.a, "b": value.b, "c": value.c, "d": value.d}
    if isinstance(value, TrainConfig | EditRecord):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


# Readers of values that several edits contain.


def edge(found: JsonValue) -> EdgeId:
    return EdgeId(*found.each(JsonValue.whole, 3, 3))


def edges(found: JsonValue) -> tuple[EdgeId, ...]:
    return found.each(edge)


def label(found: JsonValue) -> str:
    return found.text(LONGEST_LABEL)


def formula(found: JsonValue) -> Formula:
    return Formula(label(found["primitive"]), *(found[name].number() for name in "abcd"))


# Functions that several edits use.


def named(edges: Iterable[EdgeId]) -> str:
    edges = list(edges)
    return str(edges[0]) if len(edges) == 1 else f"{len(edges)} edges"


def put(layer: Layer, part: str, index: tuple[int, ...], value: Any) -> Layer:
    """Return the layer with one number of one part replaced."""
    new = getattr(layer, part).clone()
    new[index] = value
    return replace(layer, **{part: new})


def finite(layer: Layer, *values: float) -> bool:
    """Return whether these are finite numbers in the layer's precision: 1e300 is infinite in float32."""
    return bool(torch.tensor(values, dtype=torch.float64).to(layer.coef.dtype).isfinite().all())


def check_edges(edges: tuple[EdgeId, ...], *others: tuple[Any, ...]) -> None:
    """Raise EditError for no edges, an edge named twice, or other fields whose length is not the number of edges."""
    if not edges:
        raise EditError("Choose at least one edge.")
    if len(set(edges)) < len(edges):
        raise EditError("An edge is named twice; name each once.")
    if any(len(other) != len(edges) for other in others):
        raise EditError("This edit does not hold as many numbers as edges; make it again.")
