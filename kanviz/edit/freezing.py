"""Define the edits that freeze edges, so that training does not change them, and that thaw them again."""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit import protocol as read
from kanviz.edit.protocol import EditRecord, check_edges, named
from kanviz.json_reader import JsonValue


@dataclass(frozen=True)
class _Freezing(EditRecord):
    """An edit of what training may change on several edges, each named once."""

    edges: tuple[EdgeId, ...]

    def __post_init__(self):
        check_edges(self.edges)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)


@dataclass(frozen=True)
class FreezeEdge(_Freezing):
    """The edit that freezes edges: training does not change any of their bits.

    Raises EditError for no edges, and for one that is named twice.

    >>> import kanviz, kanviz.edit
    >>> kan = kanviz.edit.FreezeEdge((kanviz.EdgeId(0, 1, 0),)).apply(kanviz.init([2, 1]))
    >>> kan.layers[0].frozen.tolist()
    [[False], [True]]
    """

    kind: ClassVar[str] = "freeze"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, True)

    def __str__(self) -> str:
        return f"Freeze {named(self.edges)}"

    @staticmethod
    def read(found: JsonValue) -> "FreezeEdge":
        return FreezeEdge(read.edges(found["edges"]))


@dataclass(frozen=True)
class ThawEdge(_Freezing):
    """The edit that thaws edges: training may change them again.

    Raises EditError for no edges, and for one that is named twice.

    >>> import kanviz, kanviz.edit
    >>> kan, edges = kanviz.init([2, 1]), (kanviz.EdgeId(0, 1, 0),)
    >>> kanviz.edit.ThawEdge(edges).apply(kanviz.edit.FreezeEdge(edges).apply(kan)).digest == kan.digest
    True
    """

    kind: ClassVar[str] = "thaw"

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        return _with_frozen(kan, self.edges, False)

    def __str__(self) -> str:
        return f"Thaw {named(self.edges)}"

    @staticmethod
    def read(found: JsonValue) -> "ThawEdge":
        return ThawEdge(read.edges(found["edges"]))


def _with_frozen(kan: KAN, edges: tuple[EdgeId, ...], frozen: bool) -> KAN:
    masks: dict[int, Tensor] = {}
    for edge in edges:
        n, i, j = kan.check(edge)
        masks.setdefault(n, kan.layers[n].frozen.clone())[i, j] = frozen
    return kan.with_layers({n: replace(kan.layers[n], frozen=mask) for n, mask in masks.items()})
