"""Reads norms that are modules of their own between a network's layers: LayerNorm and BatchNorm1d of torch.

A LayerNorm becomes the step before the next layer. A BatchNorm is in evaluation mode an affine map of each node, and is
multiplied into the layer before it, or into the scaling of the inputs where it comes first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.spline import uniform_knots
from kanviz.core.steps import EPSILON
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import expect, weight
from kanviz.io.outline import Shape
from kanviz.text import shown

BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_STATISTICS = {"running_mean", "running_var"}
_BATCH_WORDS = re.compile(r"(^|[._])(bn|batch_?norm)s?[0-9]*\b", re.IGNORECASE)


def norm_heads(names: Mapping[str, Shape]) -> list[str]:
    """Return the prefixes, ending with a dot, of the modules whose tensors are those of a LayerNorm or BatchNorm1d."""
    modules: dict[str, dict[str, Shape]] = {}
    for name, shape in names.items():
        head, dot, part = name.rpartition(".")
        if dot:
            modules.setdefault(head + dot, {})[part] = shape
    return [head for head, parts in modules.items() if _is_norm(parts)]


def _is_norm(parts: Mapping[str, Shape]) -> bool:
    vectors = {shape for part, shape in parts.items() if part != BATCH_NORM[-1]}
    paired = ("weight" in parts) == ("bias" in parts)
    kind = set(parts) == {"weight", "bias"} or (set(parts) >= _STATISTICS and set(parts) <= set(BATCH_NORM))
    return kind and paired and len(vectors) == 1 and len(vectors.pop()) == 1


def batch_norm(opened: Tensors, head: str, width: int) -> tuple[Tensor, Tensor]:
    """Return factor and summand (node) that a BatchNorm applies in evaluation mode, in float64.

    Source: Ioffe and Szegedy, Batch Normalization, 2015. Raises LoadError for parts that are missing or do not fit.
    """
    there = {name: weight(opened, head + name) for name in BATCH_NORM[:-1] if head + name in opened}
    if ("weight" in there) == ("bias" in there):  # both are left out where the norm learns nothing
        there = {"weight": torch.ones(width), "bias": torch.zeros(width), **there}
    parts = [expect(head + name, there.get(name), width).double() for name in BATCH_NORM[:-1]]
    gain, bias, mean, variance = parts
    if bool((variance < 0).any()):
        raise LoadError(f"{shown(head)}running_var is negative, which no variance is. Save the network again.")
    factor = gain / (variance + EPSILON).sqrt()
    return factor, bias - mean * factor


def scaled(layer: Layer, factor: Tensor, summand: Tensor) -> Layer:
    """Multiply each sum of a layer by a factor and add a summand (target), exactly."""
    by = factor.to(layer.coef.dtype)
    affine = layer.affine.clone()
    if layer.formulas:
        affine[:, 2:] *= by[[j for _, j, _ in layer.formulas]][:, None]
    return replace(
        layer,
        coef=layer.coef * by[:, None],
        base_weight=layer.base_weight * by,
        bias=(layer.bias.double() * factor + summand).to(layer.bias.dtype),
        affine=affine,
    )


@dataclass(frozen=True)
class Norm:
    """A norm of a file: its prefix, and before which layer it stands; after the last one for the number of layers."""

    head: str
    at: int

    def is_batch(self, opened: Tensors) -> bool:
        return f"{self.head}running_mean" in opened

    def width(self, opened: Tensors) -> int:
        return len(weight(opened, self.head + ("running_mean" if self.is_batch(opened) else "weight")))


def apply_norms(layers: list[Layer], norms: list[Norm], opened: Tensors) -> tuple[list[Layer], Tensor]:
    """Put norms, in their order, into the layers around them; after the last one, into one more layer.

    The second result is what is left for the inputs: factor and summand of each. Raises LoadError for a norm that does
    not fit, or that a layer cannot hold.
    """
    layers = list(layers)
    inputs = torch.stack([torch.ones(layers[0].takes), torch.zeros(layers[0].takes)]).double()
    normed: set[int] = set()  # layers that have their step from here
    for norm in norms:
        n = norm.at
        if not norm.is_batch(opened):
            layers = _with_layer_norm(layers, norm, opened)
            normed.add(n)
            continue
        width = layers[n].takes if n < len(layers) else layers[-1].nodes
        factor, summand = batch_norm(opened, norm.head, width)
        if n in normed:
            both = _mapped(layers[n].norm.double(), factor, summand)
            layers[n] = replace(layers[n], norm=both.to(layers[n].norm.dtype))
        elif n and layers[n - 1].nodes < layers[n - 1].targets:
            raise LoadError(
                f"Module {shown(norm.head.removesuffix('.'))} is a BatchNorm after nodes that multiply, into which "
                "kanviz cannot put it. Save the KAN without it."
            )
        elif n:
            layers[n - 1] = scaled(layers[n - 1], factor, summand)
        else:
            inputs = _mapped(inputs, factor, summand)
    return layers, inputs


def _with_layer_norm(layers: list[Layer], norm: Norm, opened: Tensors) -> list[Layer]:
    """Return the layers with a LayerNorm before one of them, or after the last one. Raises LoadError for a second."""
    n, name = norm.at, shown(norm.head.removesuffix("."))
    if n == len(layers):
        layers = [*layers, _unchanged(layers[-1])]
    if _BATCH_WORDS.search(norm.head):
        raise LoadError(
            f"{name}.running_mean and running_var are missing: what a BatchNorm computes without them depends on the "
            "other rows. Save the whole state_dict."
        )
    layer = layers[n]
    if layer.step:
        raise LoadError(
            f"Module {name} is a LayerNorm before layer {n}, which has a norm or tanh already; kanviz can hold one of "
            "them. Save the KAN without it."
        )
    parts = [expect(norm.head + part, weight(opened, norm.head + part), layer.takes) for part in ("weight", "bias")]
    changed = replace(layer, step="norm", norm=torch.stack(parts).to(layer.coef.dtype))
    return [*layers[:n], changed, *layers[n + 1 :]]


def _unchanged(before: Layer) -> Layer:
    """Return a layer that gives what it gets: a formula x on each edge from a node to the same node."""
    width = before.nodes
    nothing = torch.zeros(width, width, dtype=torch.bool)
    number = before.coef.new_zeros
    return Layer(
        knots=uniform_knots(-2.0, 2.0, 1, 1).to(before.coef.dtype).repeat(width, 1),
        coef=number(width, width, 2),
        base_weight=number(width, width),
        active=nothing,
        bias=number(width),
        offset=number(width),
        affine=before.coef.new_tensor([1, 0, 1, 0]).repeat(width, 1),
        frozen=nothing,
        formulas=tuple((i, i, "x") for i in range(width)),
        base="zero",
    )


def _mapped(rows: Tensor, factor: Tensor, summand: Tensor) -> Tensor:
    """Let an affine map follow another one; rows: its factors, and its summands."""
    return torch.stack([rows[0] * factor, rows[1] * factor + summand])


def on_inputs(kan: KAN, inputs: Tensor) -> KAN:
    """Scale the inputs of a network by factor and summand of each. Raises LoadError where that has no inverse."""
    factors, summands = inputs.tolist()
    if not bool(inputs.isfinite().all()) or 0 in factors:
        raise LoadError("The BatchNorm before the first layer has a weight that is 0, NaN or infinite.")
    changed = [
        replace(variable, shift=-summand / factor, scale=1 / factor)
        for variable, factor, summand in zip(kan.inputs, factors, summands, strict=True)
    ]
    return replace(kan, inputs=tuple(changed))
