"""Define the edit that adds splines to edges without one, so that a network of formulas can learn."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId
from kanviz.edit import protocol as read
from kanviz.edit.protocol import EditRecord, check_edges
from kanviz.errors import EditError
from kanviz.json_reader import JsonValue


@dataclass(frozen=True)
class AddSplines(EditRecord):
    """The edit that adds splines to edges without one, all control points at 0: a formula stays, no value changes.

    Afterwards training, or a hand, can add what the formulas miss; a pruned edge becomes a curve that is 0. Control
    points that an edge had before are only in the history. Raises EditError for an edge that has a spline.

    >>> import kanviz, kanviz.edit, torch
    >>> kan, edges = kanviz.from_formula("sin(x)", {"x": (-1, 1), "y": (-1, 1)}), [(0, 0, 0), (0, 1, 0)]
    >>> wide = kanviz.edit.AddSplines(tuple(map(kan.check, edges))).apply(kan)
    >>> [wide.edge(edge).state for edge in edges], torch.equal(wide([[0.5, 1.0]]), kan([[0.5, 1.0]]))
    (['both', 'spline'], True)
    """

    edges: tuple[EdgeId, ...]
    kind: ClassVar[str] = "add splines"

    def __post_init__(self):
        check_edges(self.edges)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        places: dict[int, list[tuple[int, int]]] = {}
        for edge in self.edges:
            n, i, j = kan.check(edge)
            if kan.layers[n].active[i, j]:
                raise EditError(f"{edge} has a spline already.")
            places.setdefault(n, []).append((i, j))
        layers = {}
        for n, edges in places.items():
            layer, (i, j) = kan.layers[n], torch.tensor(edges).T
            active, coef, weight = layer.active.clone(), layer.coef.clone(), layer.base_weight.clone()
            active[i, j], coef[i, j], weight[i, j] = True, 0.0, 0.0
            layers[n] = replace(layer, active=active, coef=coef, base_weight=weight)
        return kan.with_layers(layers)

    def touches(self, kan: KAN) -> set[EdgeId]:
        return set(self.edges)

    def __str__(self) -> str:
        count = len(self.edges)
        return f"Add a spline to {self.edges[0]}" if count == 1 else f"Add splines to {count} edges"

    @staticmethod
    def read(found: JsonValue) -> "AddSplines":
        return AddSplines(read.edges(found["edges"]))
