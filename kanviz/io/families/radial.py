"""Reads layers of bells on a line of centres: fast-kan, FasterKAN, and DeepOKAN.

Sources: github.com/ZiyaoLi/fast-kan, fastkan/fastkan.py (Gaussians of the normalised inputs, base of the raw ones);
github.com/AthanasiosDelis/faster-kan (1 - tanh^2; `inv_denominator` scales only its gradient); DeepOKAN,
Example_3_transient/KAN_RBF6.py (Gaussians, with tanh between the layers).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from kanviz.core.kan import Caution
from kanviz.core.layer import BASES, Layer
from kanviz.core.steps import EPSILON, Step, normalised
from kanviz.errors import LoadError
from kanviz.io.families.family import Family, Parts, Shapes
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

BASE = Question("base", "the base function", tuple(BASES), "silu")
BELLS = Question("function", "which bells the edges are sums of", ("gaussian", "1-tanh^2"), "gaussian")
OLD_WIDTH = 0.33  # of FasterKAN before it had inv_denominator
_SAME = 1e-5  # of a width: rounding
_EVEN = 0.01  # of a step; half precision rounds centres by less


def _sizes(shapes: Shapes) -> LayerSizes | None:
    (count,) = shapes["rbf.grid"]
    targets, packed = shapes["spline_linear.weight"]
    sources = packed // max(count, 1)
    optional = {
        "layernorm.weight": (sources,),
        "layernorm.bias": (sources,),
        "base_linear.weight": (targets, sources),
        "base_linear.bias": (targets,),
    }
    fits = 0 < packed == sources * count and all(shapes.get(name, shape) == shape for name, shape in optional.items())
    return LayerSizes(sources, targets, count, 0) if fits and targets else None


def _okan_sizes(shapes: Shapes) -> LayerSizes | None:
    (count,) = shapes["grid"]
    packed, targets = shapes["rbf_weight"]
    sources = packed // max(count, 1)
    base = shapes.get("base_linear.weight", (targets, sources))
    fits = 0 < packed == sources * count and base == (targets, sources)
    return LayerSizes(sources, targets, count, 0) if fits and targets else None


def _fast_layer(parts: Parts) -> Layer:
    """Read a layer of fast-kan: Gaussians of LayerNorm(x), where it has one, and the base function of x itself."""
    if "base_linear.weight" in parts or parts.answers.choose(BELLS) == BELLS.assumed:
        width = _width(parts, _spacing(_centres(parts, "rbf.grid")), "the width of the Gaussians")
        return _bells(parts, "gaussian", width)
    return _bells(parts, "sech2", _width(parts, OLD_WIDTH, "the width of the bells"))


def _faster_layer(parts: Parts) -> Layer:
    return _bells(parts, "sech2", _width(parts, 1.0, "the width of the bells"))


def _bells(parts: Parts, family: str, width: float) -> Layer:
    centres = _centres(parts, "rbf.grid")
    weight = parts.weight("spline_linear.weight", 2)
    coef = _unpacked(parts, "spline_linear.weight", weight, len(centres))
    base, bias = _base(parts, coef)
    norm = _norm(parts, len(coef))
    step: Step = "" if norm is None else "norm"
    if norm is not None and base is not None:
        step = "raw and norm"
        coef = torch.cat([torch.zeros_like(coef), coef])
        base = torch.cat([base, torch.zeros_like(base)])
    kind = "silu" if base is None else parts.answers.choose(BASE)
    return parts.curves(_row(centres, width), coef, base, bias=bias, base=kind, family=family, step=step, norm=norm)


def _okan_layer(parts: Parts) -> Layer:
    """Read a layer of DeepOKAN, whose later layers get tanh of the nodes and had centres from -1 to 1."""
    centres = _centres(parts, "grid")
    spacing = _spacing(centres) if parts.n == 0 else 2 / max(len(centres) - 1, 1)
    width = _width(parts, spacing, "the width of the Gaussians")
    coef = _unpacked(parts, "rbf_weight", parts.weight("rbf_weight", 2).T, len(centres))
    base, bias = _base(parts, coef)
    kind = "silu" if base is None else parts.answers.choose(BASE)
    step: Step = "tanh" if parts.n else ""
    return parts.curves(_row(centres, width), coef, base, bias=bias, base=kind, family="gaussian", step=step)


def _row(centres: Tensor, width: float) -> Tensor:
    return torch.cat([centres.double(), torch.tensor([width], dtype=torch.float64)])


def _centres(parts: Parts, name: str) -> Tensor:
    """Return the centres of the bells. Raises LoadError where they are not numbers."""
    centres = parts.weight(name, 1).double()
    if not bool(centres.isfinite().all()):
        raise LoadError(f"{parts.name(name)} holds NaN or infinity. Save the network before that.")
    return centres


def _spacing(centres: Tensor) -> float:
    """Return the mean distance between neighbouring centres, 0 for a single one: the usual width."""
    return float(centres.max() - centres.min()) / max(len(centres) - 1, 1)


def _width(parts: Parts, usual: float, text: str) -> float:
    """Return the width of the bells of a layer: asked once, and once more for layers with another usual width.

    Raises LoadError where it is zero, or not known.
    """
    asked = next((one.question.assumed for one in parts.answers.asked if one.question.name == "width"), None)
    alike = not isinstance(asked, float) or abs(asked - usual) <= _SAME * abs(usual)
    name, where = ("width", "") if alike else (f"width.{parts.n}", f" in layer {parts.n}")
    if usual <= 0:
        where, name = f" in layer {parts.n}, whose centres are all in one place", f"width.{parts.n}"
    width = parts.answers.number(Question(name, text + where, assumed=usual if usual > 0 else None))
    if width <= 0:
        raise LoadError(f"{name} is {width:g}, but a width is greater than 0.")
    return width


def _unpacked(parts: Parts, name: str, weight: Tensor, count: int) -> Tensor:
    """Return the coefficients (source, target, basis) of a weight (target, source and basis)."""
    targets, packed = weight.shape
    if packed % count:
        raise LoadError(
            f"{parts.name(name)} has weights for {packed} bells of all inputs, which {count} centres do not divide. "
            "Save the whole state_dict."
        )
    return weight.reshape(targets, packed // count, count).transpose(0, 1)


def _base(parts: Parts, coef: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Return the weights of the base function (source, target) and the bias (target), None where there are none."""
    sources, targets, _ = coef.shape
    if "base_linear.weight" not in parts:
        if "base_linear.bias" in parts:
            parts.weight("base_linear.weight", 2)
        return None, None
    name, bias = "base_linear.weight", "base_linear.bias"
    found = expect(parts.name(name), parts.weight(name, 2), targets, sources).T
    return found, expect(parts.name(bias), parts.weight(bias, 1), targets) if bias in parts else None


def _norm(parts: Parts, sources: int) -> Tensor | None:
    """Return weight and bias of the LayerNorm before the bells, None where there is none."""
    name, bias = "layernorm.weight", "layernorm.bias"
    if name not in parts:
        if bias in parts:
            parts.weight(name, 1)
        return None
    weight = expect(parts.name(name), parts.weight(name, 1), sources)
    zero = torch.zeros_like(weight)
    return torch.stack([weight, expect(parts.name(bias), parts.weight(bias, 1), sources) if bias in parts else zero])


def _notes(library: str, bells: str) -> Callable[[list[Layer]], list[str]]:
    def notes(layers: list[Layer]) -> list[str]:
        counts = ", ".join(sorted({str(layer.coef.shape[2]) for layer in layers}))
        found = [f"Read as {library}: each curve is a sum of {counts} {bells}."]
        if any(normalised(layer.step) for layer in layers):
            found.append(f"The file does not store the epsilon of its LayerNorms; torch's own, {EPSILON:g}, is used.")
        found += [_uneven(n) for n, layer in enumerate(layers) if layer.family == "gaussian" and not _even(layer)]
        if any(layer.step == "tanh" for layer in layers):
            found.append(f"{library} computes tanh of the nodes between its layers; it is shown as a step.")
        return found

    return notes


def _even(layer: Layer) -> bool:
    steps = layer.knots[0, :-1].diff()
    return bool((steps > 0).all()) and bool(((steps - steps.mean()).abs() <= _EVEN * steps.mean()).all())


def _uneven(n: int) -> str:
    words = f"The centres of layer {n} do not ascend in even steps, as the library makes them: check the width."
    return Caution(words)


_PARTS = ("rbf.grid", "spline_linear.weight", "layernorm.weight", "layernorm.bias", "base_linear.weight",
          "base_linear.bias")  # fmt: skip
FAST_KAN = Family(
    name="fast-kan",
    marks={"rbf.grid": 1, "spline_linear.weight": 2},
    without=("rbf.inv_denominator",),
    parts=_PARTS,
    fixed=("rbf.grid",),
    sizes=_sizes,
    layer=_fast_layer,
    notes=_notes("fast-kan", "bells"),
)
FASTER_KAN = Family(
    name="FasterKAN",
    marks={"rbf.grid": 1, "spline_linear.weight": 2, "rbf.inv_denominator": 0},
    parts=(*_PARTS, "rbf.inv_denominator"),
    fixed=("rbf.grid", "rbf.inv_denominator"),
    sizes=_sizes,
    layer=_faster_layer,
    notes=_notes("FasterKAN", "bells 1 - tanh^2 (its inv_denominator scales only gradients)"),
)
DEEPOKAN = Family(
    name="DeepOKAN",
    marks={"grid": 1, "rbf_weight": 2},
    parts=("grid", "rbf_weight", "base_linear.weight", "base_linear.bias"),
    fixed=("grid",),
    sizes=_okan_sizes,
    layer=_okan_layer,
    notes=_notes("DeepOKAN", "Gaussians"),
)
