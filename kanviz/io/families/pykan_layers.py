"""Reads layers of pykan's class KANLayer that stand in somebody's own model, without pykan's symbolic part and nodes.

A layer computes sum over sources of mask (scale_base b(x) + scale_sp spline(x)). Source: kan/KANLayer.py of pykan
0.2.8.
"""

import re

import torch

from kanviz.core.layer import Layer
from kanviz.io.families.family import Family, Parts, Shapes, read_as
from kanviz.io.foreign import check_knots, expect, order_of
from kanviz.io.outline import LayerSizes
from kanviz.io.pykan import note_masks

_SCALES = ("mask", "scale_base", "scale_sp")


def _sizes(shapes: Shapes) -> LayerSizes | None:
    coef = shapes["coef"]
    edges = {shapes.get(name) for name in _SCALES}
    return LayerSizes.of(shapes["grid"], coef) if edges == {coef[:2]} else None


def _layer(parts: Parts) -> Layer:
    coef = parts.weight("coef", 3)
    sources, targets, basis = coef.shape
    knots = parts.weight("grid", 2)
    expect(parts.name("grid"), knots, sources, knots.shape[1])
    order_of(parts.n, knots.shape[1], basis)
    check_knots(parts.n, knots)
    mask, base, scale = (expect(parts.name(name), parts.weight(name, 2), sources, targets).double() for name in _SCALES)
    factor = torch.where(mask == 0, 1.0, mask)  # a pruned edge keeps its numbers
    note_masks(parts.n, "Mask", mask, parts.notes)
    return parts.curves(
        knots.sort(dim=1).values,
        coef.double() * (factor * scale)[..., None],
        factor * base,
        active=mask != 0,
        base=parts.base(),
    )


PYKAN_LAYERS = Family(
    name="pykan's layer",
    marks={"coef": 3, "grid": 2, "scale_sp": 2},
    parts=("grid", "coef", *_SCALES),
    fixed=("grid", "mask"),
    sizes=_sizes,
    layer=_layer,
    notes=read_as("layers of pykan"),
    not_in=re.compile(r"(?<![^.])act_fun\.[0-9]+\.$"),
)
