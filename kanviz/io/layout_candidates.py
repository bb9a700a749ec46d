"""Proposes layouts for weights of a class that no reader knows, from names, shapes and which numbers ascend."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from kanviz.core.families import SPLINE
from kanviz.io.outline import Shape
from kanviz.io.tensor_groups import Group, groups_of
from kanviz.io.weight_layout import AXES, Place, WeightLayout

MOST = 5  # proposals
MOST_CHOICES, MOST_NEAR = 300, 50  # ways to choose the coefficients that are looked at; groups of a module
LEAST_JOINED = 4  # functions on an edge, where an axis holds sources and functions: so many ascend by chance seldom
_TARGET_FIRST, _TARGET_LAST = ("target", "source basis"), ("source basis", "target")
ORDERS = (3, 2, 1, 4, 5)  # of splines, the likeliest first
_HINTS = (("cheb", "chebyshev"), ("taylor", "power"), ("poly", "power"))

Sizes = list[dict[str, int]]  # of the axes of each layer


@dataclass(frozen=True)
class _Choice:
    """A group taken as the coefficients: which of its numbers are which, and the sizes of its layers.

    holes: placeholders, by the places of the numbers · fixed: the other numbers · usual: how likely it is.
    """

    group: Group
    place: Place
    holes: Mapping[int, str]
    fixed: Mapping[int, int]
    sizes: Sizes
    usual: float


class _Weights:
    """The tensors of a file by their groups; whether numbers ascend is looked up once."""

    def __init__(self, tensors: Mapping[str, Tensor]):
        self.tensors = tensors
        every = groups_of({name: tuple(values.shape) for name, values in tensors.items()})
        self.groups = [group for group in every if all(0 not in shape for shape in group.shapes.values())]
        self._inside: dict[str, list[Group]] = {}
        for group in self.groups:
            self._inside.setdefault(group.module, []).append(group)
        self._ascending: dict[tuple[str, ...], bool] = {}

    def near(self, group: Group) -> list[Group]:
        """List the groups next to one, or above it: one for all edges of a layer, or for all layers."""
        steps = group.module.split(".")[:-1]
        modules = ["".join(f"{step}." for step in steps[:n]) for n in range(len(steps), -1, -1)]
        there = [one for module in modules for one in self._inside.get(module, ())[:MOST_NEAR] if one is not group]
        return [one for one in there if set(one.shapes) == {at[: len(one.parts) - 1] for at in group.shapes}]

    def ascend(self, group: Group) -> bool:
        """Say whether the numbers of all tensors ascend along their last axis, as knots and centres do."""
        if group.parts not in self._ascending:
            names = (group.named({}, at) for at in group.shapes)
            self._ascending[group.parts] = all(_ascends(self.tensors[name]) for name in names)
        return self._ascending[group.parts]


def candidates(tensors: Mapping[str, Tensor]) -> list[WeightLayout]:
    """Propose layouts for these weights, the likeliest first; none where no tensor can be coefficients."""
    weights = _Weights(tensors)
    every = (choice for group in weights.groups for choice in (*_choices(group), *_joined(group, weights)))
    chosen = itertools.islice(every, MOST_CHOICES)
    found = [one for choice in chosen for one in _completed(choice, weights)]
    found.sort(key=lambda one: -one[0])
    return list(dict.fromkeys(layout for _, layout in found))[:MOST]


def _choices(group: Group) -> Iterator[_Choice]:
    """Yield the ways in which a group can be the coefficients of layers that meet."""
    first = next(iter(group.shapes))
    if group.axes == 3:
        layer = group.varying[-1:]
        fixed = {k: number for k, number in enumerate(first) if k not in layer}
        holes = dict.fromkeys(layer, "{layer}")
        for axes in itertools.permutations(("source", "target", "basis")):
            sizes = [dict[str, int](zip(axes, shape, strict=True)) for shape in group.within(fixed).values()]
            if _meet(sizes):
                usual = 0.4 * (axes[2] == "basis") + 0.2 * (axes[0] == "target") + (len(sizes) > 1)
                yield _Choice(group, Place(group.named(holes), axes), holes, fixed, sizes, usual)
    elif group.axes == 1 and len(first) >= 2:
        before = len(first) - 2  # the last two numbers are those of an edge, the one before them that of a layer
        fixed = {k: first[k] for k in range(before - 1)}
        for edge in (["{target}", "{source}"], ["{source}", "{target}"]):
            sizes = _sizes_of_edges(group.within(fixed), edge)
            if sizes:
                holes = {before: edge[0], before + 1: edge[1], **({before - 1: "{layer}"} if before else {})}
                usual = 0.5 + 0.1 * (edge[0] == "{target}") + (len(sizes) > 1)
                yield _Choice(group, Place(group.named(holes), ("basis",)), holes, fixed, sizes, usual)


def _joined(group: Group, weights: _Weights) -> Iterator[_Choice]:
    """Yield the ways in which a table can be the coefficients, one of its axes holding two that points tell apart."""
    if group.axes != 2:
        return
    layer = group.varying[-1:]
    fixed = {k: number for k, number in enumerate(next(iter(group.shapes))) if k not in layer}
    holes = dict.fromkeys(layer, "{layer}")
    shapes = list(group.within(fixed).values())
    points = [one for one in weights.near(group) if "bias" not in "".join(one.parts).lower() and weights.ascend(one)]
    lengths = {shape[-1] for one in points for shape in one.shapes.values()}
    counts = {length - more for length in lengths for more in (0, ORDERS[0] + 1)}  # bells, or cubic splines
    for count, axes in itertools.product(sorted(counts, reverse=True), (_TARGET_FIRST, _TARGET_LAST)):
        first = axes == _TARGET_FIRST
        rows = [shape if first else shape[::-1] for shape in shapes]
        if count < LEAST_JOINED or any(length % count for _, length in rows):
            continue
        sizes = [{"target": target, "source": length // count, "basis": count} for target, length in rows]
        if _meet(sizes):
            yield _Choice(group, Place(group.named(holes), axes), holes, fixed, sizes, 0.2 * first + (len(sizes) > 1))


def _meet(sizes: Sizes) -> bool:
    return all(a["target"] == b["source"] for a, b in pairwise(sizes))


def _sizes_of_edges(shapes: Mapping[tuple[int, ...], Shape], edge: Sequence[str]) -> Sizes:
    """Return the sizes of layers that have a tensor for each edge; none where some are missing or do not meet."""
    layers: dict[int, list[tuple[int, ...]]] = {}
    for numbers in shapes:
        layers.setdefault(numbers[-3] if len(numbers) > 2 else 0, []).append(numbers[-2:])
    (basis, *more) = {shape[0] for shape in shapes.values()}
    found: Sizes = []
    for _, pairs in sorted(layers.items()):
        first, second = (len({pair[k] for pair in pairs}) for k in (0, 1))
        if first * second != len(pairs) or more:
            return []
        sizes = dict(zip((name.strip("{}") for name in edge), (first, second), strict=True))
        found.append({**sizes, "basis": basis})
    return found if _meet(found) else []


def _completed(choice: _Choice, weights: _Weights) -> Iterator[tuple[float, WeightLayout]]:
    """Yield layouts with what stands next to the coefficients (points, base weights, biases): (how likely, layout)."""
    group, sizes = choice.group, choice.sizes
    near = weights.near(group)
    extra = _weights_near(choice, near)
    likely = choice.usual + 0.5 * ("base_weight" in extra)
    found = False
    for one in near:
        if not weights.ascend(one):
            continue
        shapes = _shapes(one, choice)
        for function, order, weight in _functions(shapes, sizes):
            found = True
            axes = _axes_of_points(shapes, sizes, numbered=bool(choice.place.numbered))
            if axes is not None:
                yield likely + weight, WeightLayout(choice.place, function, Place(_name(one, choice), axes), order,
                                                    **extra)  # fmt: skip
    if not found:
        name = "".join(group.parts).lower()
        hint = next((function for part, function in _HINTS if part in name), None)
        plain = WeightLayout(choice.place, SPLINE, (-1.0, 1.0), 3, **extra)
        if hint:
            yield likely + 0.6, replace(plain, function=hint, points=None, order=None)
        if all(size["basis"] > 3 for size in sizes):
            yield likely, plain


def _weights_near(choice: _Choice, near: Sequence[Group]) -> dict[str, Any]:
    """Return base weights and biases among the groups next to the coefficients, as parts of a layout."""
    extra: dict[str, Any] = {}
    if choice.place.numbered:
        return extra
    for one in near:
        there = _shapes(one, choice)
        if one.axes == 2 and "base_weight" not in extra:
            for axes in (("target", "source"), ("source", "target")):
                if there == [tuple(size[a] for a in axes) for size in choice.sizes]:
                    extra |= {"base": "silu", "base_weight": Place(_name(one, choice), axes)}
                    break
        elif (
            one.axes == 1
            and "bias" in "".join(one.parts).lower()
            and there == [(size["target"],) for size in choice.sizes]
        ):
            extra |= {"bias": Place(_name(one, choice), ("target",))}
    return extra


def _shapes(group: Group, choice: _Choice) -> list[Shape]:
    """Return the shapes of the tensors of a group that belong to the chosen layers."""
    fixed = {k: number for k, number in choice.fixed.items() if k < len(group.parts) - 1}
    return list(group.within(fixed).values())


def _name(group: Group, choice: _Choice) -> str:
    return group.named(choice.holes)


def _ascends(values: Tensor) -> bool:
    if not values.ndim or values.shape[-1] < 2:
        return False
    return bool((values.diff(dim=-1) > 0).all()) and bool(torch.isfinite(values).all())


def _functions(points: Sequence[Shape], sizes: Sizes) -> Iterator[tuple[str, int | None, float]]:
    """Yield functions to which so many points belong: function, order, how likely it is."""
    lengths = [shape[-1] for shape in points]
    if len(lengths) != len(sizes):  # one for all layers, or a tensor for each edge
        lengths = lengths[:1] * len(sizes)
    more = {length - size["basis"] for length, size in zip(lengths, sizes, strict=True)}
    if len(more) > 1:
        return
    (extra,) = more
    if extra == 0:
        yield "gaussian", None, 1.0
    for order in ORDERS:
        if extra in (order + 1, 1 - order):
            yield SPLINE, order, 1.2 if extra else 0.8  # straight pieces have as many points as bells
            return


def _axes_of_points(points: Sequence[Shape], sizes: Sizes, *, numbered: bool) -> tuple[str, ...] | None:
    """Return the axes of knots or centres, by the lengths of those before the last; None where they do not tell."""
    if numbered or len(points[0]) == 1:
        return ("knot",) if len(points[0]) == 1 else None
    for axes in (("source",), ("target", "source"), ("source", "target")):
        if [shape[:-1] for shape in points] == [tuple(size[a] for a in axes) for size in sizes]:
            return (*axes, AXES[3])
    return None
