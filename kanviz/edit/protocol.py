"""What every edit can do, how it becomes JSON, and how JSON nobody vouches for is read back."""

import math
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any, ClassVar, Protocol, TypeVar

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import Formula
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.training.train import TrainConfig
from kanviz.errors import EditError

Json = dict[str, Any]
T = TypeVar("T")


class Edit(Protocol):
    """What every edit can do. `touches` are the edges that may change; all others come out bit-identical."""

    kind: ClassVar[str]

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN: ...
    def touches(self, kan: KAN) -> set[EdgeId]: ...
    def merge(self, later: "Edit") -> "Edit | None": ...
    def to_json(self) -> Json: ...


class EditRecord:
    """The half of an edit that is the same for all: not merged, written field by field."""

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
    if isinstance(value, TrainConfig | EditRecord):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


# Readers of JSON: the value if it is of its kind, else ValueError, which `edit_from_json` puts into words.


def whole(value: Any) -> int:
    """A whole number, 0 or more."""
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number")
    return value


def number(value: Any) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def text(value: Any) -> str:
    if type(value) is not str or len(value) > 10_000:
        raise ValueError("not a text")
    return value


def edge(value: Any) -> EdgeId:
    return EdgeId(*rows(value, whole))


def formula(value: Any) -> Formula:
    return Formula(text(value["primitive"]), *(number(value[name]) for name in "abcd"))


def rows(value: Any, read: Callable[[Any], T]) -> tuple[T, ...]:
    """A JSON list, each value read in the same way."""
    if type(value) is not list:
        raise ValueError("not a list")
    return tuple(read(v) for v in value)


# What several edits need.


def named(edges: Iterable[EdgeId]) -> str:
    edges = list(edges)
    return str(edges[0]) if len(edges) == 1 else f"{len(edges)} edges"


def put(layer: Layer, part: str, index: tuple[int, ...], value: Any) -> Layer:
    """The layer with one number of one part replaced."""
    new = getattr(layer, part).clone()
    new[index] = value
    return replace(layer, **{part: new})


def finite(layer: Layer, *values: float) -> bool:
    """Whether these are finite numbers in the layer's precision: 1e300 is none in float32."""
    return bool(torch.tensor(values, dtype=torch.float64).to(layer.coef.dtype).isfinite().all())


def check_edges(edges: tuple[EdgeId, ...], *others: tuple[Any, ...]) -> None:
    """Refuse an edit that names no edge, one edge twice, or not as many of the rest as edges."""
    if not edges:
        raise EditError("Choose at least one edge.")
    if len(set(edges)) < len(edges):
        raise EditError("An edge is named twice; name each once.")
    if any(len(other) != len(edges) for other in others):
        raise EditError("This edit does not hold as many numbers as edges; make it anew.")
