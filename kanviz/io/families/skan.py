"""Reads SKAN: every edge is a function with one number of its own, k, as log(1 + exp(k x)) - log 2.

The weights are those of a linear map with a column for the bias, an input that is 1; the file does not say which
function. Sources: Chen and Zhang, LSS-SKAN, 2024, arXiv 2410.14951; single-kan 0.2.0 on PyPI (basis.py, skans.py).
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from kanviz.core.formulas.formula import primitive
from kanviz.core.layer import Layer
from kanviz.core.spline import uniform_knots
from kanviz.io.families.family import Family, Parts, Shapes
from kanviz.io.foreign import expect
from kanviz.io.layer_runs import gap, runs_of
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

GRID, ORDER, RANGE = 5, 3, (-2.0, 2.0)  # of the splines that an edge may get; SKAN has none


@dataclass(frozen=True)
class Curve:
    """An edge's function of x and its number k: f(k x) + d, k f(x) + d, or f(k x) / k + d with a limit for k = 0.

    primitive: f · form: "f(kx)", "k f(x)" or "f(kx)/k" · slope: of the limit, which is a straight line.
    """

    primitive: str
    form: str = "f(kx)"
    d: float = 0.0
    slope: float = 0.0

    def affine(self, k: Tensor) -> Tensor:
        """Return a, b, c and d of c f(a x + b) + d, by k (edge)."""
        one, zero = torch.ones_like(k), torch.zeros_like(k)
        safe = torch.where(k == 0, one, k)
        a = one if self.form == "k f(x)" else k
        c = {"f(kx)": one, "k f(x)": k, "f(kx)/k": 1 / safe}[self.form]
        rows = torch.stack([a, zero, c, torch.full_like(k, self.d)], 1)
        line = torch.stack([one, zero, torch.full_like(k, self.slope), zero], 1)
        return torch.where(self.lines(k)[:, None], line, rows)

    def lines(self, k: Tensor) -> Tensor:
        """Say which edges are the limit, a straight line."""
        return (k == 0) & (self.form == "f(kx)/k")


_GELU = f"0.5*x*(1+tanh({math.sqrt(2 / math.pi)!r}*(x+0.044715*x^3)))"
CURVES = {  # by the names in the library
    "lshifted_softplus": Curve("softplus", d=-math.log(2)),
    "lsoftplus": Curve("softplus"),
    "lrelu": Curve("0.5*(x+abs(x))"),
    "lswish": Curve("x*sigmoid(x)", "f(kx)/k", slope=0.5),
    "lmish": Curve("x*tanh(softplus(x))", "f(kx)/k", slope=0.6),
    "lgelup": Curve(_GELU, "f(kx)/k", slope=0.5),
    "lhard_sigmoid": Curve("0.5*(1+abs(x+0.5)-abs(x-0.5))"),
    "lsin": Curve("sin", "k f(x)"),
    "lcos": Curve("cos", "k f(x)"),
    "larctan": Curve("arctan", "k f(x)"),
    "sin(kx)": Curve("sin"),
    "cos(kx)": Curve("cos"),
    "arctan(kx)": Curve("arctan"),
}
FUNCTION = Question("function", "the function of its edges", tuple(CURVES), "lshifted_softplus")
WITHOUT_BIAS = Question(
    "function",
    "the function of its edges: weights alone are SKAN's without bias, or those of plain linear maps",
    tuple(CURVES),
)


def _networks(shapes: Shapes) -> list[tuple[list[str], bool]]:
    """Find lists of modules that have a weight each and nothing else, and say whether these have a column of biases.

    Lists under another name than that of the library, `layers`, and lists without biases are only taken for SKAN where
    they are the whole file.
    """
    found: list[tuple[list[str], bool]] = []
    names = [
        name for name, shape in shapes.items() if len(shape) == 2 and (name == "weight" or name.endswith(".weight"))
    ]
    for prefix, heads in runs_of([name.removesuffix("weight") for name in names]).items():
        inside = [name for name in shapes if name.startswith(prefix)]
        sizes = [shapes[head + "weight"] for head in heads]
        whole = len(inside) == len(shapes)
        alone = len(heads) > 1 and len(inside) == len(heads) and not gap(heads)
        if alone and (whole or prefix.endswith("layers.")) and all(a[0] + 1 == b[1] for a, b in pairwise(sizes)):
            found.append((heads, True))
        elif alone and whole and all(a[0] == b[1] for a, b in pairwise(sizes)):
            found.append((heads, False))
    return found


class _Skan(Family):
    """Finds SKAN's layers, whose only mark is that they fit each other."""

    def heads(self, shapes: Shapes) -> list[str]:
        return [head for heads, _ in _networks(shapes) for head in heads]

    def _sizes(self, shapes: Shapes, head: str) -> LayerSizes | None:
        biased = next((biased for heads, biased in _networks(shapes) if head in heads), None)
        targets, columns = shapes[head + "weight"]
        sources = columns - bool(biased)
        return None if biased is None or targets < 1 or sources < 1 else LayerSizes(sources, targets, 1, 0)


def _no_sizes(shapes: Shapes) -> LayerSizes | None:
    return None


def _layer(parts: Parts) -> Layer:
    weight = parts.weight("weight", 2)
    targets, columns = weight.shape
    biased = next(biased for heads, biased in _networks(parts.opened.shapes()) if parts.head in heads)
    name = parts.answers.choose(FUNCTION if biased else WITHOUT_BIAS)
    curve, sources = CURVES[name], columns - biased
    expect(parts.name("weight"), weight, targets, max(sources, 1) + biased)
    k = weight[:, :sources].T.to(parts.dtype).flatten()
    places = [(i, j) for i in range(sources) for j in range(targets)]
    names = ["x" if line else curve.primitive for line in curve.lines(k).tolist()]
    knots = uniform_knots(*RANGE, GRID, ORDER)
    none = torch.zeros(sources, targets, dtype=torch.bool)
    layer = parts.curves(
        knots, torch.zeros(sources, targets, GRID + ORDER), active=none, bias=_bias(curve, weight, biased)
    )
    return replace(
        layer, formulas=tuple((i, j, f) for (i, j), f in zip(places, names, strict=True)), affine=curve.affine(k)
    )


def _bias(curve: Curve, weight: Tensor, biased: bool) -> Tensor | None:
    """Return what the column of biases adds to each target: its functions at 1."""
    if not biased:
        return None
    k = weight[:, -1].double()
    a, _, c, d = curve.affine(k).unbind(1)
    return torch.where(curve.lines(k), c, c * primitive(curve.primitive).torch(a) + d)


def _notes(layers: list[Layer]) -> list[str]:
    low, high = RANGE
    return [
        f"Read as SKAN: every edge is a formula, drawn from {low:g} to {high:g}. Its biases are in those of the nodes."
    ]


SKAN = _Skan(
    name="SKAN",
    marks={"weight": 2},
    parts=("weight",),
    sizes=_no_sizes,
    layer=_layer,
    notes=_notes,
)
