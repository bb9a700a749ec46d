"""Reads Deep-KAN: efficient-kan's layers under other names, without their knots, which the file does not have.

Source: Deep-KAN 0.0.4 on PyPI (SplineLinearLayer): cubic splines on an even grid from -1 to 1, unless it was trained
with other arguments or with update_knots.
"""

from kanviz.core.layer import Layer
from kanviz.core.spline import uniform_knots
from kanviz.io.families.even import check_cubic
from kanviz.io.families.family import Family, Parts, Shapes, read_as
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

ORDER = 3
RANGE = Question("grid_range", "the range of its grid", assumed=(-1.0, 1.0))


def _sizes(shapes: Shapes) -> LayerSizes | None:
    targets, sources, basis = shapes["spline_weights"]
    fits = shapes["base_weights"] == (targets, sources)
    return LayerSizes.of((sources, basis + ORDER + 1), (sources, targets, basis)) if fits else None


def _layer(parts: Parts) -> Layer:
    weight, base = parts.weight("spline_weights", 3), parts.weight("base_weights", 2)
    targets, sources, basis = weight.shape
    expect(parts.name("base_weights"), base, targets, sources)
    coef = weight.double()
    if "spline_scales" in parts:
        scales = parts.weight("spline_scales", 2).double()
        coef = coef * expect(parts.name("spline_scales"), scales, targets, sources)[..., None]
    check_cubic(parts.n, basis)
    knots = uniform_knots(*parts.answers.span(RANGE), basis - ORDER, ORDER)
    return parts.curves(knots, coef.transpose(0, 1), base.T, base=parts.base())


DEEP_KAN = Family(
    name="Deep-KAN",
    marks={"spline_weights": 3, "base_weights": 2},
    parts=("spline_weights", "base_weights", "spline_scales"),
    sizes=_sizes,
    layer=_layer,
    notes=read_as("Deep-KAN"),
)
