"""Reads flashkan and inkan: cubic splines on even knots, of which the file has the start of each basis function.

Both compute silu(x) w + sum_m c_m N((x - start_m) / h) with the cubic B-spline N on 0..4; what flashkan calls
spline_order only moves the starts. Source: flashkan 0.2.0 (layer.py, basis.py) and inkan 0.5.2 on PyPI.
"""

from torch import Tensor

from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.families.even import check_cubic, continued, even_step
from kanviz.io.families.family import Family, Parts, Shapes, read_as
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes


def _flash_sizes(shapes: Shapes) -> LayerSizes | None:
    targets, sources, basis = shapes["spline_weight"]
    fits = shapes.get("base_weight") == (targets, sources) and shapes["grid_starts"] == (basis,)
    return LayerSizes.of((sources, basis + 4), (sources, targets, basis)) if fits else None


def _flash_layer(parts: Parts) -> Layer:
    coef, base = parts.weight("spline_weight", 3), parts.weight("base_weight", 2)
    targets, sources, basis = coef.shape
    expect(parts.name("base_weight"), base, targets, sources)
    return parts.curves(_knots(parts, basis), coef.transpose(0, 1), base.T, base=parts.base())


def _in_sizes(shapes: Shapes) -> LayerSizes | None:
    targets, packed = shapes["weight"]
    (basis,) = shapes["grid_starts"]
    sources = packed // (basis + 1)
    return LayerSizes.of((sources, basis + 4), (sources, targets, basis)) if packed == sources * (basis + 1) else None


def _in_layer(parts: Parts) -> Layer:
    """Read a layer whose weights are packed: all spline weights of a target, then its base weights."""
    weight, basis = parts.weight("weight", 2), len(parts.weight("grid_starts", 1))
    targets, packed = weight.shape
    if packed == basis * basis + 2 and packed % (basis + 1):
        raise LoadError(
            f"{parts.name('weight')} is a surface of two inputs (inkan's dim=2), no sum of curves; kanviz has none. "
            "Train the network with dim=1."
        )
    if packed % (basis + 1):
        raise LoadError(
            f"{parts.name('weight')} has {packed} columns, which {basis} spline functions and a base weight for each "
            "input do not divide. Save the whole state_dict."
        )
    sources = packed // (basis + 1)
    coef = weight[:, : sources * basis].reshape(targets, sources, basis)
    base = weight[:, sources * basis :]
    return parts.curves(_knots(parts, basis), coef.transpose(0, 1), base.T, base=parts.base())


def _knots(parts: Parts, basis: int) -> Tensor:
    check_cubic(parts.n, basis)
    starts = expect(parts.name("grid_starts"), parts.weight("grid_starts", 1), basis)
    return continued(starts, even_step(parts.name("grid_starts"), starts), 0, 4)


FLASHKAN = Family(
    name="flashkan",
    marks={"grid_starts": 1, "spline_weight": 3},
    parts=("spline_weight", "base_weight", "grid_starts"),
    fixed=("grid_starts",),
    sizes=_flash_sizes,
    layer=_flash_layer,
    notes=read_as("flashkan"),
)
INKAN = Family(
    name="inkan",
    marks={"grid_starts": 1, "weight": 2},
    parts=("weight", "grid_starts"),
    fixed=("grid_starts",),
    sizes=_in_sizes,
    layer=_in_layer,
    notes=read_as("inkan"),
)
