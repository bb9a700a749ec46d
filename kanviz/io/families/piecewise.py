"""Reads layers of straight pieces: mlp-kan's interpolation layers, and KANditioned.

Sources: mlp-kan 0.1.0 on PyPI (KANInterpoLayer: hats as wide as two steps, so a curve returns to 0 within one step
beyond its ends) and KANditioned 1.0.4 (KANLayer: its first and last piece go on).
"""

import torch

from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.families.even import continued, even_step
from kanviz.io.families.family import Family, Parts, Shapes
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

WIDTH = Question("width", "its spline_width, over which the points of every curve are spread", assumed=4.0)


def _sizes(sources: int, targets: int, places: int) -> LayerSizes | None:
    return LayerSizes.of((sources, places + 2), (sources, targets, places))


def _hat_sizes(shapes: Shapes) -> LayerSizes | None:
    return _sizes(*shapes["Y"]) if shapes["X"] == shapes["Y"][2:] else None


def _hat_layer(parts: Parts) -> Layer:
    heights = parts.weight("Y", 3)
    places = expect(parts.name("X"), parts.weight("X", 1), heights.shape[2])
    return parts.curves(continued(places, even_step(parts.name("X"), places), 1, 1), heights)


def _hat_notes(layers: list[Layer]) -> list[str]:
    return ["Read as mlp-kan's interpolation: beyond its first and last point a curve returns to 0 within one step."]


def _straight_sizes(shapes: Shapes) -> LayerSizes | None:
    sources, places, targets = shapes["kan_weight"]
    return _sizes(sources, targets, places)


def _straight_layer(parts: Parts) -> Layer:
    heights = parts.weight("kan_weight", 3).transpose(1, 2)
    sources, _, count = heights.shape
    if count < 2:
        raise LoadError(f"{parts.name('kan_weight')} has one point for each edge; straight pieces need two.")
    _check_counts(parts, "local_bias", torch.arange(count).reshape(1, -1, 1))
    _check_counts(parts, "feature_offset", torch.arange(sources)[None] * count)
    if (width := parts.answers.number(WIDTH)) <= 0:
        raise LoadError(f"width={width:g} is no spline_width; it is above 0.")
    places = torch.linspace(-width / 2, width / 2, count, dtype=torch.float64)
    return parts.curves(continued(places, width / (count - 1), 1, 1), heights, outside="linear")


def _check_counts(parts: Parts, name: str, right: torch.Tensor) -> None:
    """Refuse counters that KANditioned computes itself, if they are others."""
    found = parts.opened.others.get(parts.head + name)
    if name in parts and (found is None or not torch.equal(found.read().long(), right)):
        raise LoadError(f"{parts.name(name)} is not as KANditioned makes it, so what it computes is not known.")


def _straight_notes(layers: list[Layer]) -> list[str]:
    return ["Read as KANditioned."]


INTERPOLATION = Family(
    name="mlp-kan",
    marks={"Y": 3, "X": 1},
    parts=("Y", "X"),
    fixed=("X",),
    sizes=_hat_sizes,
    layer=_hat_layer,
    notes=_hat_notes,
)
KANDITIONED = Family(
    name="KANditioned",
    marks={"kan_weight": 3},
    parts=("kan_weight", "local_bias", "feature_offset"),
    fixed=("local_bias", "feature_offset"),
    sizes=_straight_sizes,
    layer=_straight_layer,
    notes=_straight_notes,
)
