"""Define the edit that replaces the numbers of whole layers: the result of a search over all edges together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.core.data.dataset import Dataset
from kanviz.core.formulas.formula import primitive
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Layer
from kanviz.core.spline import domain, fit, spline
from kanviz.edit import protocol as read
from kanviz.edit.protocol import EditRecord
from kanviz.errors import EditError, UserError
from kanviz.json_reader import JsonValue

NUMBERS = ("knots", "coef", "base_weight", "bias", "offset", "affine")
PARTS = (*NUMBERS, "active", "formulas")
Nested = Any  # numbers, or tuples of nested numbers


@dataclass(frozen=True)
class Rewrite(EditRecord):
    """The edit that replaces parts of layers; parts: (layer, name of the part, its numbers as nested tuples) each.

    Raises EditError for no parts, unknown ones, and a network of another shape.

    >>> import kanviz, kanviz.edit
    >>> one, two = kanviz.init([2, 1], seed=0), kanviz.init([2, 1], seed=1)
    >>> edit = kanviz.edit.Rewrite.of(one, two, "Another start")
    >>> str(edit), edit.apply(one).digest == two.digest, len(edit.touches(one))
    ('Another start', True, 2)
    """

    parts: tuple[tuple[int, str, Nested], ...]
    label: str
    kind: ClassVar[str] = "rewrite"

    def __post_init__(self):
        if not self.parts or any(name not in PARTS for _, name, _ in self.parts):
            raise EditError("This step replaces nothing, or something that is no part of a layer; make it again.")

    @staticmethod
    def of(before: KAN, after: KAN, label: str) -> "Rewrite":
        """Make the edit that changes the network `before` into `after`, which must have the same shape.

        Curves that `after` does not use are saved, inactive, so that they can be restored. Raises EditError for another
        shape.
        """
        found = []
        for n, (old, new) in enumerate(zip(before.layers, after.layers, strict=True)):
            kept = with_old_curves(old, new)
            for name in PARTS:
                a, b = getattr(old, name), getattr(kept, name)
                if a != b if name == "formulas" else a.shape != b.shape or not bool(same_bits(a, b).all()):
                    found.append((n, name, b if name == "formulas" else _nested(b)))
        return Rewrite(tuple(found), label)

    def apply(self, kan: KAN, data: Dataset | None = None) -> KAN:
        new: dict[int, dict[str, Any]] = {}
        for n, name, value in self.parts:
            if n >= len(kan.layers):
                raise EditError(f"There is no layer {n}: this network has layers 0 to {len(kan.layers) - 1}.")
            new.setdefault(n, {})[name] = value
        try:
            return kan.with_layers({n: _rewritten(kan.layers[n], parts) for n, parts in new.items()})
        except (UserError, ValueError, TypeError, OverflowError):
            raise EditError("This step was made for a network of another shape; it cannot be done here.") from None

    def touches(self, kan: KAN) -> set[EdgeId]:
        after, found = self.apply(kan), set()
        for n in {n for n, _, _ in self.parts}:
            found |= {EdgeId(n, i, j) for i, j in _changed(kan.layers[n], after.layers[n])}
        return found

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def read(found: JsonValue) -> "Rewrite":
        return Rewrite(found["parts"].each(_part), read.label(found["label"]))


def with_old_curves(old: Layer, new: Layer) -> Layer:
    """Return the new layer with the old layer's curves, on the new grid, for edges where the new one has no curve."""
    if old.coef.shape[:2] != new.coef.shape[:2]:
        raise EditError("Only networks of one shape can be compared edge by edge.")
    aside = ~new.active
    knots, coef, weight = new.knots.clone(), new.coef.clone(), torch.where(aside, old.base_weight, new.base_weight)
    for i in aside.any(1).nonzero().flatten().tolist():
        alone = bool(aside[i].all()) and old.coef.shape == new.coef.shape
        if alone or (old.knots.shape == new.knots.shape and torch.equal(old.knots[i], new.knots[i])):
            knots[i], coef[i, aside[i]] = old.knots[i], old.coef[i, aside[i]]
        else:
            low, high = (float(end) for end in domain(knots[i : i + 1], new.order))
            x = torch.linspace(low, high, 8 * new.coef.shape[2], dtype=torch.float64)[:, None]
            table = old.knots[i : i + 1].double()
            heights = spline(x, table, old.coef[i : i + 1].double(), outside=old.outside)
            fitted = fit(x, heights, knots[i : i + 1].double(), new.order)[0].to(coef.dtype)
            coef[i, aside[i]] = fitted[aside[i]]
    return replace(new, knots=knots, coef=coef, base_weight=weight)


def _rewritten(layer: Layer, parts: Mapping[str, Any]) -> Layer:
    numbers = {name: torch.tensor(v, dtype=layer.coef.dtype) for name, v in parts.items() if name in NUMBERS}
    if "affine" in numbers:
        numbers["affine"] = numbers["affine"].reshape(-1, 4)
    if not all(bool(v.isfinite().all()) for v in numbers.values()):
        raise ValueError("not finite in this precision")
    others: dict[str, Any] = {}
    if "active" in parts:
        others["active"] = torch.tensor(parts["active"], dtype=torch.bool)
    if "formulas" in parts:
        others["formulas"] = tuple(tuple(row) for row in parts["formulas"])
    new = replace(layer, **numbers, **others)
    if new.coef.shape[:2] != layer.coef.shape[:2]:
        raise ValueError("another number of edges")
    return new


def _changed(old: Layer, new: Layer) -> list[tuple[int, int]]:
    """List the edges with a number that differs in its bits."""
    edges = torch.ones_like(old.active)
    if old.knots.shape == new.knots.shape:
        edges = ~same_bits(old.knots, new.knots).all(1)[:, None].expand_as(old.active)
        edges = edges | ~same_bits(old.coef, new.coef).all(2) | ~same_bits(old.base_weight, new.base_weight)
        edges = edges | (old.active != new.active)
        for i, j in {(i, j) for i, j, _ in (*old.formulas, *new.formulas)}:
            edges[i, j] |= old.formula(i, j) != new.formula(i, j)
    return [(i, j) for i, j in edges.nonzero().tolist()]


def _nested(values: Tensor) -> Nested:
    def tuples(value: Any) -> Nested:
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    return tuples(values.double().tolist() if values.is_floating_point() else values.tolist())


def _part(found: JsonValue) -> tuple[int, str, Nested]:
    n, name, value = found.items(3, 3)
    values = value.each(_formula) if name.choice(PARTS) == "formulas" else _numbers(value, 0)
    return n.whole(), name.value, values


def _formula(found: JsonValue) -> tuple[int, int, str]:
    i, j, name = found.items(3, 3)
    primitive(read.label(name))  # raises FormulaError for other names
    return i.whole(), j.whole(), name.value


def _numbers(found: JsonValue, depth: int) -> Nested:
    if type(found.value) is bool:
        return found.value
    if type(found.value) is list and depth < 3:
        flat = not any(type(one) in (list, bool) for one in found.value)
        return found.numbers() if flat else found.each(lambda one: _numbers(one, depth + 1))
    return found.number()
