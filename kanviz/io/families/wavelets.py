"""Reads Wav-KAN and ikan's wavelet layers: w psi((x - t) / s) on every edge, held as a formula of that edge.

Sources: github.com/zavareh1/Wav-KAN, KAN.py (KANLinear, followed by its own BatchNorm; its weight1 is made and not
used); ikan 1.3.0 on PyPI, WaveletKAN.py (with a base function, without BatchNorm, the Mexican hat not normalised).
"""

import math
from dataclasses import replace

import torch

from kanviz.core.layer import BASES, Layer
from kanviz.core.spline import uniform_knots
from kanviz.errors import LoadError
from kanviz.io.families.family import Family, Parts, Shapes
from kanviz.io.families.ikan import with_base
from kanviz.io.families.norms import BATCH_NORM, batch_norm, scaled
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question

_STEP = "1-relu(1-relu(2*abs(x)-1))"  # of abs(x): 0 up to 1/2, 1 from 1 on, straight between
_MEYER = f"sin(pi*abs(x))*cos(pi/2*({_STEP})^4*(35-84*({_STEP})+70*({_STEP})^2-20*({_STEP})^3))"
# by their names in both libraries: a formula f, and how psi is made of it: psi(u) = factor f(u / width)
WAVELETS: dict[str, tuple[str, float, float]] = {
    "mexican_hat": ("(x^2-1)*exp(-x^2/2)", 1.0, 1.0),
    "morlet": ("cos(5*x)*exp(-x^2/2)", 1.0, 1.0),
    "dog": ("x exp(-x^2)", math.sqrt(2), -math.sqrt(2)),
    "meyer": (_MEYER, 1.0, 1.0),
    "shannon": ("sinc", 1.0, 1.0),
}
WAVELET = Question("wavelet", "which wavelet its edges have", tuple(WAVELETS), "mexican_hat")
BASE = Question("base", "whether weight1 weighs a base function (Wav-KAN's own code does not use it)",
                ("zero", *(name for name in BASES if name != "zero")), "zero")  # fmt: skip
_NORMALISED = 2 / (math.sqrt(3) * math.pi**0.25)  # Wav-KAN's factor of the Mexican hat
_GRID = uniform_knots(-3.0, 3.0, 5, 3)  # of the splines, which are not used
_EDGES = ("wavelet_weights", "scale", "translation")
_FOLDED = "The BatchNorm of a layer is in evaluation mode and multiplied into the layer's formulas and biases."


def _sizes(shapes: Shapes) -> LayerSizes | None:
    targets, sources = shapes["wavelet_weights"]
    fits = all(shapes.get(name) == (targets, sources) for name in _EDGES)
    return LayerSizes(sources, targets, 1, 0) if fits and sources * targets else None


def _waves(parts: Parts, normalised: float) -> Layer:
    """Make the layer of the wavelets alone."""
    weights = parts.weight("wavelet_weights", 2).double()
    targets, sources = weights.shape
    scale, place = (expect(parts.name(name), parts.weight(name, 2), targets, sources).double() for name in _EDGES[1:])
    if bool((scale == 0).any()):
        target, source = (scale == 0).nonzero()[0].tolist()
        raise LoadError(f"{parts.name('scale')} is 0 on edge {parts.n},{source},{target}: a wavelet divides by it.")
    wavelet = parts.answers.choose(WAVELET)
    formula, width, factor = WAVELETS[wavelet]
    if wavelet == "mexican_hat":
        factor *= normalised
    if wavelet == "shannon":  # its window is laid over the inputs, not over x: a factor of each input
        weights = weights * torch.hamming_window(sources, periodic=False, dtype=torch.float64)
    a = 1 / (scale * width)
    constants = torch.stack([a, -place * a, factor * weights, torch.zeros_like(a)], 2).transpose(0, 1)
    nothing = torch.zeros(sources, targets, _GRID.shape[-1] - 4)
    layer = parts.curves(_GRID, nothing, active=torch.zeros(sources, targets, dtype=torch.bool))
    places = tuple((i, j, formula) for i in range(sources) for j in range(targets))
    return replace(layer, formulas=places, affine=constants.reshape(-1, 4).to(parts.dtype))


def _notes(layers: list[Layer]) -> list[str]:
    return ["Every wavelet is a formula of its edge; without rows, edges are drawn from -3 to 3."]


def _wav_kan(parts: Parts) -> Layer:
    layer = _waves(parts, _NORMALISED)
    if "weight1" in parts and (base := parts.answers.choose(BASE)) != "zero":
        weights = expect(parts.name("weight1"), parts.weight("weight1", 2), layer.targets, layer.sources)
        layer = _active(replace(layer, base=base, base_weight=weights.T.to(parts.dtype).contiguous()))
    if not any(f"bn.{name}" in parts for name in BATCH_NORM):
        return layer
    if _FOLDED not in parts.notes:
        parts.notes.append(_FOLDED)
    return scaled(layer, *batch_norm(parts.opened, f"{parts.head}bn.", layer.targets))


def _ikan(parts: Parts) -> Layer:
    return _active(with_base(parts, _waves(parts, 1.0)))


def _active(layer: Layer) -> Layer:
    return replace(layer, active=torch.ones_like(layer.active))


WAV_KAN = Family(
    name="Wav-KAN",
    marks={"wavelet_weights": 2},
    without=("base_weight",),
    parts=(*_EDGES, "weight1", *(f"bn.{name}" for name in BATCH_NORM)),
    fixed=("weight1", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked"),
    sizes=_sizes,
    layer=_wav_kan,
    notes=_notes,
)
IKAN_WAVELETS = Family(
    name="ikan WaveletKAN",
    marks={"wavelet_weights": 2, "base_weight": 2},
    parts=(*_EDGES, "base_weight", "bias"),
    sizes=_sizes,
    layer=_ikan,
    notes=_notes,
)
