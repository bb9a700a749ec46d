"""Reads the state_dict of an efficient-kan: grid and order follow from the shapes; the base function is not stored.

Each layer computes silu(x) base_weight + B-splines(x) (spline_weight spline_scaler), with axes target, source.
Source: github.com/Blealtan/efficient-kan, src/efficient_kan/kan.py.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch
from torch import Tensor

from kanviz.core.kan import KAN, Caution
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.contents import Tensors
from kanviz.io.foreign import check_knots, expect, network, numbers_of, order_of, own_parts
from kanviz.text import listing

OWN = re.compile(r"(?<![^.])((layers\.)?(0|[1-9][0-9]{0,3})\.)?(grid|base_weight|spline_weight|spline_scaler)$")


def recognises(names: Iterable[str]) -> bool:
    return any(re.search(r"(?<![^.])spline_weight$", name) for name in names)


def read(opened: Tensors) -> KAN:
    """Read the network of an efficient-kan state_dict; its base function is assumed to be silu, the default."""
    state, notes = own_parts(opened, OWN, "efficient-kan")
    parts: dict[int, dict[str, Tensor]] = {}
    heads: dict[int, str] = {}
    for name, tensor in state.items():
        head, _, part = name.rpartition(".")
        n = int(head.rpartition(".")[2] or 0)
        heads[n] = f"{head}." if head else ""
        parts.setdefault(n, {})[part] = tensor
    if sorted(parts) != list(range(len(parts))):
        raise LoadError(
            f"The KAN layers are numbered {numbers_of(sorted(parts))}: what is between them is not in the "
            "file, so kanviz cannot know what the network computes. Save the KAN alone."
        )
    dtype = torch.float64 if any(part.dtype == torch.float64 for part in state.values()) else torch.float32
    layers = [_layer(n, heads[n], parts[n], dtype) for n in sorted(parts)]
    for n, (before, after) in enumerate(pairwise(layers)):
        if before.targets != after.sources:
            raise LoadError(f"Layer {n} gives {before.targets} values, but layer {n + 1} takes {after.sources}.")
    read_off = ", ".join(sorted({f"grid {layer.grid}, order {layer.order}" for layer in layers}))
    notes.extend(note for n, layer in enumerate(layers) for note in _repeated(n, layer))
    notes.append(
        Caution(
            f"Read as efficient-kan ({read_off} from the shapes); the base function is not stored, silu is assumed."
        )
    )
    return network(layers, notes)


def _repeated(n: int, layer: Layer) -> list[str]:
    """Note repeated knots: efficient-kan divides by the width of every interval and has no value there."""
    inputs = (layer.knots.diff(dim=1) == 0).any(1).nonzero().flatten().tolist()
    names = listing([str(i) for i in inputs])
    words = f"Some knots of layer {n}, input {names} coincide: efficient-kan gives NaN there, kanviz a sharp bend."
    return [Caution(words)] if inputs else []


def _layer(n: int, head: str, parts: Mapping[str, Tensor], dtype: torch.dtype) -> Layer:
    knots, weight = parts.get("grid"), parts.get("spline_weight")
    if knots is None or knots.ndim != 2 or parts.get("base_weight") is None or parts["base_weight"].ndim != 2:
        raise LoadError(
            f"{head}grid or {head}base_weight is missing or has the wrong shape. Save the whole state_dict."
        )
    targets, sources = parts["base_weight"].shape
    if not sources or not targets:
        raise LoadError(
            f"Layer {n} has {sources} inputs and {targets} outputs. Save a network with at least one of each."
        )
    basis = weight.shape[-1] if weight is not None and weight.ndim == 3 else knots.shape[1] - 4
    weight = expect(f"{head}spline_weight", weight, targets, sources, basis)
    expect(f"{head}grid", knots, sources, knots.shape[1])
    order_of(n, knots.shape[1], basis)
    check_knots(n, knots)
    flat = (knots[:, 0] == knots[:, -1]).nonzero().flatten().tolist()
    if flat:
        raise LoadError(
            f"The knots of layer {n}, input {flat[0]} are all equal ({float(knots[flat[0], 0]):g}): its splines "
            "divide by zero. Leave that constant input out and train again."
        )
    coef = weight.double()
    if "spline_scaler" in parts:
        coef = coef * expect(f"{head}spline_scaler", parts["spline_scaler"], targets, sources).double()[..., None]
    everywhere = torch.ones(sources, targets, dtype=torch.bool)
    return Layer(
        knots=knots.to(dtype).sort(dim=1).values,
        coef=coef.transpose(0, 1).to(dtype).contiguous(),
        base_weight=parts["base_weight"].T.to(dtype).contiguous(),
        active=everywhere,
        bias=torch.zeros(targets, dtype=dtype),
        offset=torch.zeros(targets, dtype=dtype),
        affine=torch.zeros(0, 4, dtype=dtype),
        frozen=~everywhere,
    )
